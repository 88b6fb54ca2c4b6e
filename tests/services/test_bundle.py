from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson
import pytest
import zstandard

from replay_viewer.domain.errors import BadInput, Cancelled, NewerVersion, NotFound, StorageProblem
from replay_viewer.domain.rows import KINDS, ConsoleEntry, Interaction, NetworkRequest
from replay_viewer.domain.session import Facts, Finding, Note, Session, Tab, User
from replay_viewer.library import Library
from replay_viewer.recording import chunk, keyframe
from replay_viewer.redaction import Redactor
from replay_viewer.services.bundle import import_bundle, looks_like_bundle, read_bundle, write_bundle
from replay_viewer.services.importer import import_paths
from replay_viewer.services.recorder import TabRecorder
from tests.data_dir import needs_shared, session_dir

START = 1_785_000_000_000.0
SECRET = "ann.secret@example.com"


def _events(count: int) -> list[bytes]:
    """A page whose text and input change."""
    text = {"type": 3, "id": 4, "textContent": "0"}
    field = {"type": 2, "id": 5, "tagName": "input", "attributes": {"type": "email"}, "childNodes": []}
    body = {"type": 2, "id": 3, "tagName": "body", "attributes": {}, "childNodes": [text, field]}
    html = {"type": 2, "id": 2, "tagName": "html", "attributes": {}, "childNodes": [body]}
    page: list[dict[str, Any]] = [
        {"type": 4, "data": {"href": "https://shop.test/", "width": 800, "height": 600}},
        {"type": 2, "data": {"node": {"type": 0, "id": 1, "childNodes": [html]}, "initialOffset": {}}},
        {"type": 3, "data": {"source": 5, "id": 5, "text": SECRET, "isChecked": False}},
    ]
    for i in range(count):
        change = [{"id": 4, "value": f"{i} {SECRET}" if i % 2 else str(i)}]
        data = {"source": 0, "adds": [], "removes": [], "attributes": [], "texts": change}
        page.append({"type": 3, "data": data})
    return [orjson.dumps({**event, "timestamp": START + 10 * i}) for i, event in enumerate(page)]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with session `s1`: two tabs, rows, a note."""
    with Library.open(tmp_path / "home") as one:
        with one.writer("s1", "/home/me/secret-folder/x.json") as writer:
            tabs = []
            for index in range(2):
                tab = TabRecorder(writer, index, f"w{index}", patient=False)
                tab.add(_events(9000 if index == 0 else 3))
                tab.finish()
                tabs.append(
                    Tab(index=index, key=tab.key, start=tab.start, end=tab.end, events=tab.count, chunks=tab.chunks)
                )
            writer.rows(
                [ConsoleEntry(t=START + i, tab=0, event=i, level="log", message=f"line {i}") for i in range(50)]
            )
            writer.rows([ConsoleEntry(t=START + 5, tab=0, level="error", message=f"mail to {SECRET} failed")])
            writer.rows([NetworkRequest(t=START, end=START + 5, url="https://shop.test/a?token=abc", status=502)])
            writer.rows([Interaction(t=START, tab=0, action="input", words="Typed", value=SECRET)])
            writer.activity(START, 1000.0, np.array([1, 2, 3]))
            facts = Facts(url="https://shop.test/", user=User(email=SECRET, name="Ann"))
            health = [Finding(code="gap", message="A gap.")]
            writer.finish(
                Session(id="s1", facts=facts, start=START, end=tabs[0].end, tabs=tabs, events=9006, health=health)
            )
        one.put_note(Note(id="n1", session="s1", t=START + 4, text=f"ask {SECRET}"))
        yield one


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Library]:
    """An empty library."""
    with Library.open(tmp_path / "elsewhere") as one:
        yield one


@pytest.fixture
def bundle(library: Library, tmp_path: Path) -> Path:
    """The bundle of `s1`."""
    write_bundle(library, "s1", tmp_path / "s1.replay")
    return tmp_path / "s1.replay"


def _content(library: Library, id: str) -> dict[str, Any]:
    """Everything of a session, for comparison."""
    session = library.session(id)
    tabs = [tab.index for tab in session.tabs]
    start, bucket, counts = library.activity(id)
    return {
        "session": msgspec.structs.replace(session, imported=0.0, origin="", tabs=[]),
        "rows": {kind: library.rows(id, kind) for kind in KINDS},
        "chunks": [library.chunks(id, tab) for tab in tabs],
        "keyframes": [library.keyframes(id, tab) for tab in tabs],
        "blobs": [library.blob(one.blob) for tab in tabs for one in (*library.chunks(id, tab),)],
        "activity": (start, bucket, counts.tolist()),
        "notes": library.notes(id),
    }


def test_importing_elsewhere_gives_identical_content(library: Library, elsewhere: Library, bundle: Path) -> None:
    seen: list[tuple[int, int]] = []
    assert import_bundle(elsewhere, bundle, progress=lambda done, total: seen.append((done, total))) == "s1"
    assert _content(elsewhere, "s1") == _content(library, "s1")
    assert len(library.chunks("s1", 0)) > 1
    assert len(library.keyframes("s1", 0)) > 1
    assert seen[-1][0] == seen[-1][1] == 1 + len(library.chunks("s1", 0))
    assert elsewhere.session("s1").tabs[0].keyframes == len(library.keyframes("s1", 0))
    assert elsewhere.session("s1").origin == str(bundle)


def test_the_same_content_gives_the_same_bytes(elsewhere: Library, bundle: Path, tmp_path: Path) -> None:
    import_bundle(elsewhere, bundle)
    again, third = tmp_path / "again.replay", tmp_path / "third.replay"
    write_bundle(elsewhere, "s1", again)
    write_bundle(elsewhere, "s1", third)
    assert again.read_bytes() == third.read_bytes()
    ours, theirs = zipfile.ZipFile(bundle), zipfile.ZipFile(again)
    names = [name for name in ours.namelist() if name not in ("manifest.json", "session.json")]
    assert all(ours.read(name) == theirs.read(name) for name in names)
    assert b"secret-folder" not in ours.read("session.json")
    ours.close()
    theirs.close()


def test_notes_can_stay_at_home(library: Library, elsewhere: Library, tmp_path: Path) -> None:
    write_bundle(library, "s1", tmp_path / "x.replay", notes=False)
    import_bundle(elsewhere, tmp_path / "x.replay")
    assert elsewhere.notes("s1") == []


def test_a_redacted_bundle_holds_nothing_removed(library: Library, elsewhere: Library, tmp_path: Path) -> None:
    out = tmp_path / "clean.replay"
    manifest = write_bundle(library, "s1", out, transform=Redactor("strict", facts=library.session("s1").facts))
    assert manifest.redacted
    with zipfile.ZipFile(out) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            content = zstandard.ZstdDecompressor().decompress(data) if name.endswith(".zst") else data
            assert SECRET.encode() not in content, name
            assert not name.startswith("keyframes/")
        assert orjson.loads(archive.read("removed.json"))
    with read_bundle(out) as opened:
        assert opened.removed[0].keys() == {"rule", "where", "count", "before", "after"}
    import_bundle(elsewhere, out)
    frames, before = elsewhere.keyframes("s1", 0), library.keyframes("s1", 0)
    assert frames[0].event == before[0].event
    assert len(frames) == elsewhere.session("s1").tabs[0].keyframes > 1
    assert SECRET not in str(keyframe.decode(elsewhere.blob(frames[-1].blob)).nodes)
    ours, theirs = library.chunks("s1", 0), elsewhere.chunks("s1", 0)
    assert [(one.first, one.events, one.t0, one.t1) for one in ours] == [
        (one.first, one.events, one.t0, one.t1) for one in theirs
    ]
    assert chunk.Chunk(elsewhere.blob(theirs[0].blob)).times.tolist()[:3] == [START, START + 10, START + 20]
    assert len(elsewhere.rows("s1", "console")) == len(library.rows("s1", "console"))


def test_a_redacted_bundle_never_replaces_its_original(library: Library, tmp_path: Path) -> None:
    out = tmp_path / "clean.replay"
    write_bundle(library, "s1", out, transform=Redactor("strict"))
    before = _content(library, "s1")
    assert import_bundle(library, out) == "s1-redacted"
    assert _content(library, "s1") == before
    [note] = library.notes("s1-redacted")
    assert import_bundle(library, out) == "s1-redacted"
    assert library.notes("s1-redacted") == [note]


def test_redaction_that_removes_nothing_writes_a_plain_bundle(library: Library, bundle: Path, tmp_path: Path) -> None:
    write_bundle(library, "s1", tmp_path / "none.replay", transform=Redactor("none"))
    assert (tmp_path / "none.replay").read_bytes() == bundle.read_bytes()


def _rebuild(bundle: Path, change: Callable[[dict[str, bytes]], None], *, sums: bool = True) -> Path:
    """A copy of a bundle with its members changed, its manifest made to fit."""
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    if sums and "manifest.json" in members:
        manifest = orjson.loads(members["manifest.json"])
        manifest["members"] = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for name, data in members.items()
            if name != "manifest.json"
        }
        members["manifest.json"] = orjson.dumps(manifest)
    out = bundle.with_name("changed.replay")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out


def _set(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.__setitem__(name, data)


def _edit(name: str, **values: Any) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.__setitem__(name, orjson.dumps({**orjson.loads(members[name]), **values}))


def _bomb() -> bytes:
    return zstandard.ZstdCompressor().compress(bytes(257 << 20))


@pytest.mark.parametrize(
    ("change", "sums", "says"),
    [
        (_set("../evil.txt", b"x"), True, "does not belong"),
        (_set("rows/../../evil.jsonl", b"x"), True, "does not belong"),
        (_set("/etc/passwd", b"x"), True, "does not belong"),
        (_set("rows/console.jsonl", b"{}\n"), False, "manifest says"),
        (_set("rows/console.jsonl", b"{}\n"), True, "not what they should be"),
        (_set("rows/console.jsonl", b'{"type":"vital","t":1,"name":"LCP","value":1}\n'), True, "something else"),
        (lambda members: members.pop("session.json"), True, "session.json"),
        (lambda members: members.pop("chunks/0/000000.zst"), True, "index does not list"),
        (lambda members: members.pop("manifest.json"), True, "not a bundle"),
        (_edit("manifest.json", format="other"), False, "not a bundle"),
        (_edit("manifest.json", session="other"), False, "which session"),
        (_set("manifest.json", b"[]"), False, "not what they should be"),
        (_set("chunks/0/000000.zst", b"no zstd"), True, "cannot be unpacked"),
        (_set("chunks/0/000000.zst", _bomb()), True, "far more than"),
        (_set("health.json", bytes(300 << 20)), True, "far more than"),
        (_set("index.json", b"[]"), True, "index does not list"),
        (_set("activity.json", b'{"start":1,"bucket":1,"counts":[18446744073709551615]}'), True, "too large"),
        (
            _set(
                "rows/console.jsonl", b'{"type":"console","t":1,"tab":9223372036854775808,"level":"log","message":""}'
            ),
            True,
            "too large",
        ),
    ],
)
def test_what_is_wrong_is_refused(
    elsewhere: Library, bundle: Path, change: Callable[[dict[str, bytes]], None], sums: bool, says: str
) -> None:
    with pytest.raises(BadInput, match=says) as error:
        import_bundle(elsewhere, _rebuild(bundle, change, sums=sums))
    assert error.value.message.count(". ") == 0, "one sentence"
    assert elsewhere.sessions() == []
    assert list(elsewhere.blobs.files()) == []


def test_a_newer_version_says_so(elsewhere: Library, bundle: Path) -> None:
    def newer(members: dict[str, bytes]) -> None:
        members["manifest.json"] = b'{"format": "replay-viewer-bundle", "version": 4, "more": {}}'
        members["something.new"] = b""

    with pytest.raises(NewerVersion, match="version 4"):
        import_bundle(elsewhere, _rebuild(bundle, newer, sums=False))


def test_files_that_are_no_bundles(bundle: Path, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    for name, data in {"a.replay": b"", "b.replay": b"PK\x03\x04 no", "c.replay": whole[: len(whole) // 2]}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadInput, match="damaged"):
            read_bundle(tmp_path / name)
    with pytest.raises(BadInput, match="no file"):
        read_bundle(tmp_path / "missing.replay")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("x.json", "[]")
    (tmp_path / "other.zip").write_bytes(other.getvalue())
    assert not looks_like_bundle(tmp_path / "other.zip")
    assert looks_like_bundle(bundle)
    bundle.rename(tmp_path / "renamed.bin")
    assert looks_like_bundle(tmp_path / "renamed.bin")
    assert not looks_like_bundle(tmp_path / "a.replay")
    assert not looks_like_bundle(tmp_path)


def test_flipped_bytes_never_pass(elsewhere: Library, bundle: Path) -> None:
    whole = bytearray(bundle.read_bytes())
    flipped = bundle.with_name("flipped.replay")
    for at in range(40, len(whole), max(1, len(whole) // 60)):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        flipped.write_bytes(damaged)
        try:
            read_bundle(flipped).close()
        except (BadInput, NewerVersion):
            continue
        # a byte of the zip's own lists that nothing depends on: the content is still the right one
        import_bundle(elsewhere, flipped)
        assert elsewhere.session("s1").events == 9006


def test_cancel_leaves_nothing(elsewhere: Library, bundle: Path) -> None:
    with pytest.raises(Cancelled):
        import_bundle(elsewhere, bundle, cancelled=lambda: True)
    assert elsewhere.sessions() == []


def test_what_cannot_be_written(library: Library, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        write_bundle(library, "nothing", tmp_path / "x.replay")
    with pytest.raises(StorageProblem, match="could not be written"):
        write_bundle(library, "s1", tmp_path / "no" / "x.replay")
    digest = library.chunks("s1", 0)[0].blob
    library.blobs.path(digest).write_bytes(b"damaged")
    (tmp_path / "old.replay").write_bytes(b"old")
    with pytest.raises(StorageProblem, match="damaged"):
        write_bundle(library, "s1", tmp_path / "old.replay")
    assert (tmp_path / "old.replay").read_bytes() == b"old"
    assert not list(tmp_path.glob(".*"))
    with library.writer("s2", "") as writer:
        writer.update(Session(id="s2"))
        writer.commit()
        with pytest.raises(BadInput, match="still being imported"):
            write_bundle(library, "s2", tmp_path / "s2.replay")


@needs_shared
@pytest.mark.parametrize("name", ["two_tabs_posthog", "shop_crash_rrweb"])
def test_real_sessions_come_through(elsewhere: Library, tmp_path: Path, name: str) -> None:
    [id] = import_paths(tmp_path / "real", [session_dir(name)])
    with Library.open(tmp_path / "real") as real:
        write_bundle(real, id, tmp_path / "real.replay")
        import_bundle(elsewhere, tmp_path / "real.replay")
        assert _content(elsewhere, id) == _content(real, id)
        write_bundle(real, id, tmp_path / "clean.replay", transform=Redactor("strict"))
        assert import_bundle(elsewhere, tmp_path / "clean.replay") == f"{id}-redacted"
        for tab in real.session(id).tabs:
            ours = [(one.event, one.t) for one in real.keyframes(id, tab.index)]
            assert [(one.event, one.t) for one in elsewhere.keyframes(f"{id}-redacted", tab.index)] == ours
