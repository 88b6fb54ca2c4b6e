"""Every shared recording decodes to exactly the events its meta.json counts."""

from __future__ import annotations

import gzip
import json
import resource
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.formats import Batch, Linked, Said, Skipped, read_paths
from replay_viewer.formats.base import Document
from replay_viewer.formats.rrweb import read
from tests.data_dir import SHARED, needs_shared, session_dir
from tests.formats.made import Read

TYPES = ["DomContentLoaded", "Load", "FullSnapshot", "IncrementalSnapshot", "Meta", "Custom", "Plugin", "Asset"]
NAMES = sorted(path.name for path in (SHARED / "sessions").iterdir()) if SHARED else []


class Kind(msgspec.Struct):
    """The type of an event."""

    type: int


def kind_of(event: bytes) -> str:
    return TYPES[msgspec.json.decode(event, type=Kind).type]


@needs_shared
@pytest.mark.parametrize("name", NAMES)
def test_counts_equal_the_meta_file(name: str) -> None:
    meta = json.loads((session_dir(name) / "meta.json").read_text())
    told: dict[str, Any] = meta.get("events") or meta["decoded"]
    kinds: Counter[str] = Counter()
    size = 0
    sessions, tabs, errors = set(), Counter[str](), 0
    for piece in read_paths([session_dir(name)]):
        if isinstance(piece, Batch):
            kinds.update(map(kind_of, piece.events))
            size += sum(map(len, piece.events))
            tabs[piece.tab] += len(piece.events)
        elif isinstance(piece, Linked):
            errors += sum(isinstance(row, ErrorEvent) for row in piece.rows)
            assert all(row.t > 1.7e12 for row in piece.rows)
        elif isinstance(piece, Skipped):
            assert piece.code in ("other-file", "sdk-dropped")
        if not isinstance(piece, Skipped):
            sessions.add(piece.session)
    assert dict(kinds) == told.get("unpackedByType", told["byType"])
    assert sum(kinds.values()) == meta["nEvents"]
    assert len(sessions) == 1
    if "replayIds" in told:
        assert sessions == set(told["replayIds"])
        assert errors == told["envelopeItems"].get("event", 0)
    if "sessionIds" in told:
        assert sessions == set(told["sessionIds"])
        assert set(tabs) == set(told["windowIds"])
        assert errors == told["eventNames"].get("$exception", 0)


@needs_shared
def test_tabs_of_one_session_are_told_apart() -> None:
    found = Read(list(read_paths([session_dir("two_tabs_posthog") / "raw"])))
    [session] = found.sessions
    tabs = {batch.tab: found.of(session, batch.tab) for batch in found.batches}
    assert len(tabs) == 2
    assert all(sum(event["type"] == 2 for event in events) == 1 for events in tabs.values())
    assert not any("cv" in event for event in found.events)
    assert all(isinstance(e["data"].get("adds", []), list) for e in found.events if e["type"] == 3)


@needs_shared
def test_packed_equals_plain(tmp_path: Path) -> None:
    found = Read(list(read_paths([session_dir("shop_rrweb_2_1_1_packed")])))
    plain = tmp_path / "plain.json"
    plain.write_bytes(json.dumps(found.events).encode())
    assert Read(list(read_paths([plain]))).events == found.events
    assert all(event["v"] == "v1" for event in found.events)


@needs_shared
@pytest.mark.parametrize("name", ["shop_redux_rrweb", "shoelace_shadow_rrweb", "torture_rrweb", "mkdocs_nocss_rrweb"])
def test_small_windows_equal_the_whole(name: str) -> None:
    path = session_dir(name) / "events.json.gz"
    document = Document.of_file(path)
    document.first_window, document.window = 777, 4096
    found = [event for piece in read(document) if isinstance(piece, Batch) for event in piece.events]
    document.close()
    assert list(map(json.loads, found)) == json.loads(gzip.decompress(path.read_bytes()))


@needs_shared
def test_a_folder_of_sessions_is_as_many_sessions(tmp_path: Path) -> None:
    names = ["tiny_rrweb", "two_tabs_posthog", "shop_sentry_v8", "iframes_sentry", "shop_crash_rrweb"]
    for name in names:
        (tmp_path / name).symlink_to(session_dir(name))
    found = Read(list(read_paths([tmp_path / name for name in names])))
    assert len(found.sessions) == len(names)
    assert not [piece for piece in found.pieces if isinstance(piece, Said) and not piece.session]


@needs_shared
def test_a_large_recording_comes_in_bounded_batches() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    first = None
    for piece in read_paths([session_dir("ticker_huge_rrweb")]):
        if isinstance(piece, Batch):
            first = first or sum(map(len, piece.events))
            assert sum(map(len, piece.events)) <= 8 << 20
    assert first is not None
    assert first < 3 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


@needs_shared
def test_rrwebs_own_small_recordings_are_read() -> None:
    assert SHARED
    for path in sorted((SHARED / "rrweb-events").glob("*.json")):
        told = json.loads(path.read_text())
        assert Read(list(read_paths([path]))).events == (told["events"] if isinstance(told, dict) else told)
