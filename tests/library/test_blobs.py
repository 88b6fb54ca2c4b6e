from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import zstandard

from replay_viewer.domain.errors import StorageProblem
from replay_viewer.library import blobs
from replay_viewer.library.blobs import BlobStore, BlobWriter


def test_content_is_stored_once_packed_and_named_by_its_sum(home: Path) -> None:
    store = BlobStore(home)
    writer = BlobWriter(store)
    digests = [writer.put(b"a" * 10_000), writer.put(b""), writer.put(b"a" * 10_000)]
    writer.sync()
    writer.close()
    assert digests[0] == digests[2]
    assert [path.name for path in store.files()] == sorted(set(digests))
    assert store.read(digests[0]) == b"a" * 10_000
    assert store.read(digests[1]) == b""
    assert store.path(digests[0]).stat().st_size < 100
    assert store.packed(digests[0]) == store.path(digests[0]).read_bytes()


def test_what_was_given_is_there_after_sync_however_much(home: Path) -> None:
    store = BlobStore(home)
    writer = BlobWriter(store)
    given = [os.urandom(8 << 20) for _ in range(10)]  # more than may be on its way at once
    digests = [writer.put(data) for data in given]
    writer.sync()
    writer.close()
    assert [store.read(digest) for digest in digests] == given


def test_a_damaged_blob_is_mended(home: Path) -> None:
    store = BlobStore(home)
    for _ in range(2):
        writer = BlobWriter(store)
        digest = writer.put(b"content")
        writer.sync()
        writer.close()
        assert store.is_good(digest)
        store.path(digest).write_bytes(b"rot")
        assert not store.is_good(digest)
        with pytest.raises(StorageProblem, match="damaged"):
            store.packed(digest)


def test_an_error_in_a_thread_comes_out(home: Path) -> None:
    home.mkdir()
    (home / "blobs").write_text("in the way")
    writer = BlobWriter(BlobStore(home))
    writer.put(b"x")
    with pytest.raises(StorageProblem):
        writer.sync()
    writer.close()


def test_a_flipped_byte_anywhere_is_noticed(home: Path) -> None:
    store = BlobStore(home)
    writer = BlobWriter(store)
    content = b"events of one tab, " * 20
    digest = writer.put(content)
    writer.sync()
    writer.close()
    stored = store.path(digest).read_bytes()
    for at in range(len(stored)):
        damaged = bytearray(stored)
        damaged[at] ^= 0x55
        store.path(digest).write_bytes(damaged)
        with pytest.raises(StorageProblem, match="damaged"):
            store.read(digest)


def test_a_frame_without_a_checksum_of_its_own_is_held_against_its_digest(home: Path) -> None:
    # As older versions wrote them.
    store = BlobStore(home)
    digest = hashlib.sha256(b"content").hexdigest()
    store.path(digest).parent.mkdir(parents=True)
    store.path(digest).write_bytes(zstandard.ZstdCompressor().compress(b"content"))
    assert store.read(digest) == b"content"
    store.path(digest).write_bytes(zstandard.ZstdCompressor().compress(b"another"))
    with pytest.raises(StorageProblem, match="damaged"):
        store.read(digest)


def test_a_blob_in_parts_is_the_blob(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "_PART", 100)
    store = BlobStore(home)
    writer = BlobWriter(store)
    content = b"".join(b"line %d\n" % n for n in range(500))
    digest = writer.put(content)
    empty = writer.put(b"")
    writer.sync()
    writer.close()
    parts = list(store.parts(digest))
    assert len(parts) > 10
    assert b"".join(parts) == content
    assert list(store.parts(empty)) == []
    damaged = bytearray(store.path(digest).read_bytes())
    damaged[-3] ^= 0x55
    store.path(digest).write_bytes(damaged)
    with pytest.raises(StorageProblem, match="damaged"):
        list(store.parts(digest))
