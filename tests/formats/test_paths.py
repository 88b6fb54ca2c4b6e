"""Folders and archives, and input that is no recording: one clear sentence each, with bounded memory."""

from __future__ import annotations

import gzip
import io
import resource
import tarfile
import zipfile
import zlib
from collections import deque
from pathlib import Path
from typing import Any

import pytest
import zstandard

from replay_viewer.domain.errors import BadInput, NotFound
from replay_viewer.formats import Said, read_body, read_paths
from replay_viewer.formats.base import Document, Stream, TooLarge, archive, stream
from tests.formats.made import REPLAY, Read, capture_folder, dumps, events, packed, replay_envelope, sentry_event

EVENTS = events()


def refused(path: Path, *more: Path) -> str:
    """The sentence a person reads."""
    with pytest.raises(BadInput) as caught:
        list(read_paths([path, *more]))
    error = caught.value
    assert path.name in error.message or "outside" in error.message
    assert error.advice
    assert "\n" not in str(error)
    return str(error)


def made(tmp_path: Path, data: bytes, name: str = "recording.json") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n ", "white space"),
        (b"hello, world", "is not a recording"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "is not a recording"),
        (dumps([1, 2, {"a": 1}]), "none of them is a recorded event"),
        (dumps([{"type": 3, "data": {}}] * 4), "4 events without timestamps"),
        (b"[]", "holds no events"),
        (b"{}", "not a recording"),
        (dumps({"log": {"entries": []}}), "without a request"),
        (dumps({"events": []}), "holds no events"),
        (b"<html><body>events</body></html>", "without a recording"),
        (b"[section]\nkey = 1\n", "not valid JSON"),
        (dumps(EVENTS)[:-30], "5 events could be read before that"),
        (dumps({"events": EVENTS})[:-30], "5 events could be read before that"),
        (dumps(EVENTS)[:20], "not one event could be read"),
        (gzip.compress(dumps(EVENTS * 500))[:-100], "could be read before that"),
        (gzip.compress(b"\n".join(map(dumps, EVENTS * 500)))[:-100], "could be read before that"),
        (zlib.compress(dumps(EVENTS * 500))[:-300], "could be read before that"),
        (zstandard.compress(dumps(EVENTS * 500))[:-30], "breaks off"),
        (gzip.compress(dumps(EVENTS))[:12], "cut off"),
        (b"PK\x03\x04 no zip", "damaged"),
        (dumps(EVENTS) + b" trailing", "not valid JSON"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_sentence(tmp_path: Path, data: bytes, words: str) -> None:
    assert words in refused(made(tmp_path, data))


def test_missing_file_and_folders_of_other_things(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no file"):
        list(read_paths([tmp_path / "nothing.json"]))
    folder = tmp_path / "photos"
    folder.mkdir()
    assert "holds no files" in refused(folder)
    for name, data in {
        "a.txt": b"text",
        "b.json": b'{"a": 1}',
        "c.json": b"[1]",
        "d.json": b"// no\n{",
        "e.html": b"<html>",
    }.items():
        (folder / name).write_bytes(data)
    with pytest.raises(BadInput, match="no recording"):
        list(read_paths([folder]))


@pytest.mark.parametrize("kind", ["gzip", "zstd", "zip", "tar.gz", "json", "array", "spaces"])
def test_two_gigabytes_in_a_small_file_are_refused(tmp_path: Path, kind: str) -> None:
    size = 2 << 30
    path = tmp_path / f"bomb.{kind}"
    block = bytes(1 << 20)
    head, fill = {
        "json": (b'[{"type":3,"timestamp":1,"data":"', b"0" * (1 << 20)),
        "array": (b"[", b'{"type":3,"timestamp":1},' * 40_000),
        "spaces": (b"", b" " * (1 << 20)),
    }.get(kind, (b"", block))
    if kind == "zstd":
        with path.open("wb") as file, zstandard.ZstdCompressor(level=1).stream_writer(file) as out:
            for _ in range(size >> 20):
                out.write(block)
    elif kind == "zip":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped,
            zipped.open("a.json", "w", force_zip64=True) as out,
        ):
            for _ in range(300):
                out.write(block)
    else:
        if kind == "tar.gz":
            info = tarfile.TarInfo("a.json")
            info.size = size
            head = info.tobuf()
        made_of = zlib.compressobj(6, zlib.DEFLATED, 31)
        with path.open("wb") as file:
            file.write(made_of.compress(head))
            for _ in range(300):  # enough to pass every limit; the rest would never be read
                file.write(made_of.compress(fill))
            file.write(made_of.flush())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput):
        deque(read_paths([path]), maxlen=0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 << 10


def test_a_packed_bomb_is_a_broken_event(tmp_path: Path) -> None:
    bomb = zlib.compress(b"0" * (80 << 20)).decode("latin-1")
    found = Read(list(read_paths([made(tmp_path, dumps([packed(EVENTS[0]), bomb]))])))
    assert len(found.events) == 1
    assert found.skipped == {"broken-event": 1}


def test_limits_hold_for_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge):
        Stream(io.BytesIO(gzip.compress(bytes(5000))), "x", limit=4000).read(5000)
    monkeypatch.setattr(stream, "RATIO_FROM", 1000)
    with pytest.raises(TooLarge, match="inflates to far more"):
        Stream(io.BytesIO(gzip.compress(bytes(9_000_000))), "x").read(9_000_000)


def test_gzip_of_several_members() -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two") + bytes(7)
    assert Stream(io.BytesIO(data), "x").read(100) == b"one two"


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def tar_of(path: Path, files: dict[str, bytes], mode: Any = "w") -> Path:
    with tarfile.open(path, mode) as out:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/evil.json", "a/../../evil.json", "..\\evil.json", "C:/evil.json"]
)
def test_archives_that_point_outside_are_refused(tmp_path: Path, name: str) -> None:
    files = {"good.json": dumps(EVENTS), name: dumps(EVENTS)}
    assert "points outside" in refused(zip_of(tmp_path / "a.zip", files))
    assert "points outside" in refused(tar_of(tmp_path / "a.tar", files))


def test_archives_of_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    files = {f"{n}.json": dumps(EVENTS) for n in range(5)}
    assert "more than 3 files" in refused(zip_of(tmp_path / "a.zip", files))
    assert "more than 3 files" in refused(tar_of(tmp_path / "a.tar", files))


MIXED = {
    "a/one.json": dumps(EVENTS),
    "a/two.json.gz": gzip.compress(dumps(EVENTS[:3])),
    "b/three.jsonl": b"\n".join(map(dumps, EVENTS)),
    "b/replay.bin": replay_envelope(0, EVENTS),
    "b/readme.txt": b"hello",
    "package.json": b'{"name": "x"}',
    "broken.json": b"{no",
}


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_a_mixed_folder_is_several_sessions(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"mixed.{kind}"
    if kind == "folder":
        for name, data in MIXED.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    elif kind == "zip":
        zip_of(path, MIXED)
    else:
        tar_of(path, MIXED, "w:gz" if kind == "tar.gz" else "w")
    found = Read(list(read_paths([path])))
    assert found.sessions == {"a/one.json", "a/two.json.gz", "b/three.jsonl", REPLAY}
    assert found.of("a/two.json.gz") == EVENTS[:3]
    assert found.of(REPLAY) == EVENTS
    assert found.skipped == {"other-file": 3}


def test_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    paths = [tmp_path / name / "events.json" for name in "ab"]
    for i, path in enumerate(paths):
        path.parent.mkdir()
        path.write_bytes(dumps(EVENTS[: 3 + i]))
    found = Read(list(read_paths(paths)))
    assert [len(found.of(session)) for session in sorted(found.sessions)] == [3, 4]


def test_a_session_folder_reads_the_recording_only(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    capture_folder(folder / "raw", [("/api/42/envelope/", replay_envelope(0, EVENTS))])
    (folder / "ground_truth").mkdir()
    (folder / "ground_truth" / "01.json.gz").write_bytes(gzip.compress(dumps({"events": EVENTS})))
    (folder / "meta.json").write_bytes(b'{"name": "shop"}')
    found = Read(list(read_paths([folder])))
    assert found.of(REPLAY) == EVENTS
    assert found.skipped == {"other-file": 2}


def test_facts_grow_and_are_not_repeated(tmp_path: Path) -> None:
    bodies = [("/api/42/envelope/", replay_envelope(n, EVENTS)) for n in (0, 1, 1)]
    said = [p for p in read_paths([capture_folder(tmp_path / "raw", bodies)]) if isinstance(p, Said)]
    assert [piece.facts.extra["segments"] for piece in said] == [[0], [0, 1]]


def test_errors_without_a_recording_are_rows_still(tmp_path: Path) -> None:
    found = Read(list(read_paths([made(tmp_path, dumps(sentry_event(tags={"replayId": REPLAY})))])))
    assert found.sessions == {REPLAY}


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    paths = [made(tmp_path, dumps(EVENTS * 2000), f"{n}.json") for n in range(2)]
    seen: list[tuple[int, int]] = []
    list(read_paths(paths, lambda done, total: seen.append((done, total))))
    total = sum(path.stat().st_size for path in paths)
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)


def test_bodies_that_are_nothing() -> None:
    for body, words in ((b"", "is empty"), (b"hello", "not a recording"), (b"[1]", "none of them")):
        with pytest.raises(BadInput, match=words):
            read_body(body, {}, "/api/replay/x/events")
    with pytest.raises(BadInput, match="Brotli"):
        read_body(b"x", {"Content-Encoding": "br"}, "/s/")


def test_a_batch_takes_its_session_from_the_url() -> None:
    found = Read(read_body(dumps({"events": EVENTS}), {}, "/api/replay/s-7/events"))
    assert found.of("s-7") == EVENTS


def test_documents_close_what_they_open(tmp_path: Path) -> None:
    document = Document.of_file(made(tmp_path, dumps(EVENTS)))
    assert document.head.startswith(b"[")
    inflated = document.stream()
    document.close()
    inflated.read(4)  # what was looked at to find the compression
    with pytest.raises(ValueError, match="closed"):
        inflated.read(1)
