"""Import through the real formats into a real library: every shared recording, and everything that is not one."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import orjson
import pytest

from replay_viewer.domain.errors import BadInput, Cancelled, UserError
from replay_viewer.library import Library
from replay_viewer.recording.events import decode_event
from replay_viewer.recording.mirror import Mirror
from replay_viewer.services.importer import Progress, import_paths
from replay_viewer.services.jobs import ImportJob, end_spares, tidy
from replay_viewer.services.states import TabStates
from tests.data_dir import SHARED, needs_shared, session_dir
from tests.recording.test_mirror import T0, mutation, raw, snapshot, text

SESSIONS = sorted(p.name for p in (SHARED / "sessions").iterdir()) if SHARED else []


def recording(count: int = 30) -> list[bytes]:
    """A small sound recording: a page, texts that change, custom events in between."""
    events = [raw(4, {"href": "https://shop.test/", "width": 800, "height": 600}), snapshot(text(10, "0"))]
    for n in range(1, count):
        one = orjson.loads(mutation(texts=[{"id": 10, "value": str(n)}]))
        one["timestamp"] = T0 + n * 100
        events.append(orjson.dumps(one))
        events.append(raw(5, {"tag": "step", "payload": n}, n * 100 + 1))
    return events


def write(path: Path, events: list[bytes]) -> Path:
    path.write_bytes(b"[" + b",".join(events) + b"]")
    return path


def imported(home: Path, *paths: Path) -> list[str]:
    return import_paths(home, paths)


@needs_shared
@pytest.mark.parametrize("name", [n for n in SESSIONS if not n.startswith("ticker_huge")])
def test_every_shared_recording_comes_in_whole(name: str, tmp_path: Path) -> None:
    folder = session_dir(name)
    source = folder / "events.json.gz" if (folder / "events.json.gz").exists() else folder / "raw"
    meta = orjson.loads((folder / "meta.json").read_bytes())
    (id,) = imported(tmp_path, source)
    with Library.open(tmp_path) as library:
        session = library.session(id)
        broken = sum(f.count for f in session.health if f.code in ("broken-event", "duplicate-event"))
        assert session.events + broken == meta["nEvents"]
        assert broken <= 10
        assert session.state == "ready"
        windows = meta.get("decoded", {}).get("windowIds")
        assert len(session.tabs) == (len(windows) if windows else 1)
        for tab in session.tabs:
            states = TabStates(library, id, tab.index)
            states.seek(tab.end)
            assert states.position == tab.events


def test_progress_and_what_a_person_can_do_meanwhile(tmp_path: Path) -> None:
    seen: list[Progress] = []
    path = write(tmp_path / "a.json", recording())
    (id,) = import_paths(tmp_path / "home", [path], progress=seen.append)
    assert seen[-1].session == id
    assert seen[-1].done == seen[-1].total == path.stat().st_size
    assert seen[-1].events == len(recording())


def test_the_same_file_twice_is_the_same_session(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", recording())
    home = tmp_path / "home"
    assert imported(home, path) == imported(home, path)
    with Library.open(home) as library:
        assert library.count() == 1


def test_unsorted_second_stamped_and_doubled_events_are_put_right(tmp_path: Path) -> None:
    events = recording()
    shuffled = events[2:]
    random.Random(1).shuffle(shuffled)
    seconds = orjson.dumps({"type": 5, "data": {"tag": "late", "payload": 1}, "timestamp": (T0 + 250) / 1000})
    path = write(tmp_path / "a.json", [*shuffled, *events[:2], *shuffled, *events[:2], seconds])
    home = tmp_path / "home"
    (id,) = imported(home, path)
    with Library.open(home) as library:
        session = library.session(id)
        assert session.events == len(events) + 1
        assert session.end == T0 + 29 * 100 + 1
        states = TabStates(library, id, 0)
        for n in (1, 7, 29):
            assert states.seek(T0 + n * 100).nodes[10].text == str(n)
        assert {f.code for f in session.health} >= {"duplicate-event", "unsorted-event"}


def test_a_large_file_out_of_order_is_sorted_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from replay_viewer.services import recorder

    monkeypatch.setattr(recorder, "GATHER", 100)
    events = recording()
    whole = tmp_path / "capture.jsonl"
    whole.write_bytes(b"\n".join([*events[:2], *events[30:], *events[2:30]]))
    home = tmp_path / "home"
    (id,) = imported(home, whole)
    with Library.open(home) as library:
        assert library.session(id).events == len(events)
        assert TabStates(library, id, 0).seek(T0 + 700).nodes[10].text == "7"


def test_broken_events_are_counted_and_the_rest_comes_in(tmp_path: Path) -> None:
    events = recording()
    bad = [
        b'{"type":3,"data":{"source":0,"adds":17},"timestamp":1795205590200}',
        b'{"type":2,"timestamp":1795205590201}',
    ]
    home = tmp_path / "home"
    (id,) = imported(home, write(tmp_path / "a.json", [*events, *bad]))
    with Library.open(home) as library:
        session = library.session(id)
        assert session.events == len(events)
        assert sum(f.count for f in session.health if f.code == "broken-event") == 2


def test_references_to_nobody_are_counted(tmp_path: Path) -> None:
    events = [*recording(), mutation(removes=[{"id": 999, "parentId": 4}])]
    home = tmp_path / "home"
    (id,) = imported(home, write(tmp_path / "a.json", events))
    with Library.open(home) as library:
        assert "unknown-node" in {f.code for f in library.session(id).health}


def _truncated_gzip(path: Path) -> None:
    whole = gzip.compress(b"[" + b",".join(recording(500)) + b"]")
    path.write_bytes(whole[: len(whole) // 2])


def _zeros(path: Path) -> None:
    block = gzip.compress(bytes(1 << 20))
    path.write_bytes(block * 2048)


BAD = {
    "not-json.json": lambda p: p.write_bytes(b"hello, this is no recording"),
    "truncated.json.gz": _truncated_gzip,
    "numbers.json": lambda p: p.write_bytes(b"[1,2,3]"),
    "no-stamps.json": lambda p: p.write_bytes(b'[{"type":4,"data":{}},{"type":2,"data":{}}]'),
    "empty.json": lambda p: p.write_bytes(b""),
    "empty-array.json": lambda p: p.write_bytes(b"[]"),
    "zeros.gz": _zeros,
    "picture.png": lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100)),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_recording_is_refused_in_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    BAD[name](path)
    home = tmp_path / "home"
    with pytest.raises(BadInput) as caught:
        imported(home, path)
    assert name in caught.value.message
    assert caught.value.message.endswith(".")
    assert "Traceback" not in str(caught.value)
    with Library.open(home) as library:
        assert library.count() == 0


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "a.txt").write_text("dear")
    with pytest.raises(UserError, match="is not a recording"):
        imported(tmp_path / "home", folder)


def test_cancel_leaves_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", recording())
    with pytest.raises(Cancelled):
        import_paths(tmp_path / "home", [path], cancelled=lambda: True)
    with Library.open(tmp_path / "home") as library:
        assert library.count() == 0


def test_an_import_in_a_process_of_its_own(tmp_path: Path) -> None:
    job = ImportJob(tmp_path / "home", [write(tmp_path / "a.json", recording())])
    (id,) = job.wait()
    assert job.progress.session == id
    (tmp_path / "numbers.json").write_bytes(b"[1]")
    failing = ImportJob(tmp_path / "home", [tmp_path / "numbers.json"])
    with pytest.raises(UserError):
        failing.wait()


def test_pieces_of_one_session_become_one_with_its_tabs_apart(tmp_path: Path) -> None:
    folder = tmp_path / "pieces"
    folder.mkdir()
    for n, window in enumerate(("w1", "w2")):
        lines = [orjson.dumps([window, orjson.loads(one)]) for one in recording(5)]
        (folder / f"{n}.jsonl").write_bytes(b"\n".join(lines))
    (id,) = imported(tmp_path / "home", folder / "0.jsonl")
    with Library.open(tmp_path / "home") as library:
        assert [tab.key for tab in library.session(id).tabs] == ["w1"]
    both = folder / "both.jsonl"
    both.write_bytes((folder / "0.jsonl").read_bytes() + b"\n" + (folder / "1.jsonl").read_bytes())
    (id,) = imported(tmp_path / "home2", both)
    with Library.open(tmp_path / "home2") as library:
        assert sorted(tab.key for tab in library.session(id).tabs) == ["w1", "w2"]


@pytest.mark.parametrize("way", ["import", "tidy"])
def test_texts_are_read_in_a_process_after_an_import_or_at_the_next_start(tmp_path: Path, way: str) -> None:
    home = tmp_path / "home"
    path = write(tmp_path / "a.json", recording())
    if way == "import":
        (id,) = ImportJob(home, [path]).wait()
    else:
        (id,) = imported(home, path)
        tidy(home)
    try:
        with Library.open(home) as library:
            for _ in range(300):
                if library.search_pages("29"):
                    break
                time.sleep(0.05)
            (hit,) = library.search_pages("29")
            assert hit.session == id
    finally:
        end_spares()


@needs_shared
@pytest.mark.parametrize("lines", [False, True])
def test_two_tabs_in_one_file_become_two_tabs(lines: bool, tmp_path: Path) -> None:
    """The iframes page and a shop, recorded at the same time into one file without window ids."""
    streams = {}
    for name, shift in (("iframes_rrweb", 0.0), ("shop_crash_rrweb", 6_000.0)):
        own = orjson.loads(gzip.decompress((session_dir(name) / "events.json.gz").read_bytes()))
        begin = own[0]["timestamp"]
        streams[name] = [{**one, "timestamp": T0 + one["timestamp"] - begin + shift} for one in own]
    both = sorted((one for own in streams.values() for one in own), key=lambda one: one["timestamp"])
    raws = [orjson.dumps(one) for one in both]
    path = tmp_path / "both.json"
    path.write_bytes(b"\n".join(raws)) if lines else write(path, raws)
    (id,) = imported(tmp_path / "home", path)
    with Library.open(tmp_path / "home") as library:
        session = library.session(id)
        assert [tab.key for tab in session.tabs] == ["1", "2"]
        assert session.events == len(both)
        (found,) = [finding for finding in session.health if finding.code == "tabs-told-apart"]
        assert found.message.startswith("2 tabs were recorded into one stream")
        assert not any(finding.code == "unknown-node" for finding in session.health)
        for tab, own in zip(session.tabs, streams.values(), strict=True):
            alone = Mirror()
            for one in sorted(own, key=lambda one: one["timestamp"]):
                alone.apply(decode_event(orjson.dumps(one)))
            shown = TabStates(library, id, tab.index).seek(tab.end)
            assert {n: (x.parent, x.name, x.text) for n, x in shown.nodes.items()} == {
                n: (x.parent, x.name, x.text) for n, x in alone.nodes.items()
            }


def test_a_clock_that_goes_back_while_recording_is_said(tmp_path: Path) -> None:
    events = recording(30)
    moved = [orjson.loads(one) for one in events]
    for one in moved[40:]:
        one["timestamp"] -= 1_600
    (id,) = imported(tmp_path, write(tmp_path / "r.json", [orjson.dumps(one) for one in moved]))
    with Library.open(tmp_path) as library:
        found = {finding.code: finding for finding in library.session(id).health}
    assert found["clock-backward"].count == 1
    assert found["clock-backward"].t == max(one["timestamp"] for one in moved[:40] if one["type"] != 5)
    assert "clock-future" not in found


def test_stamps_counted_from_the_beginning_are_milliseconds(tmp_path: Path) -> None:
    events = [{**orjson.loads(snapshot(text(11, "a"))), "timestamp": 0}]
    events.append({**orjson.loads(mutation(texts=[{"id": 11, "value": "b"}])), "timestamp": 61_000})
    (tmp_path / "a.json").write_bytes(orjson.dumps(events))
    (id,) = import_paths(tmp_path / "home", [tmp_path / "a.json"])
    with Library.open(tmp_path / "home") as library:
        assert library.session(id).duration == 61_000


def test_a_mobile_recording_says_what_it_is(tmp_path: Path) -> None:
    meta = {"type": 4, "timestamp": T0, "data": {"href": "", "width": 360, "height": 780}}
    screen = {
        "type": 2,
        "timestamp": T0 + 1,
        "data": {"wireframes": [{"id": 1}], "initialOffset": {"top": 0, "left": 0}},
    }
    (tmp_path / "a.json").write_bytes(orjson.dumps([meta, screen]))
    (id,) = import_paths(tmp_path / "home", [tmp_path / "a.json"])
    with Library.open(tmp_path / "home") as library:
        said = {finding.code: finding.message for finding in library.session(id).health}
    assert "mobile SDK" in said["mobile-recording"]
    assert "broken-event" not in said
