"""Following adds what came to what is there: always, and in the end, what importing everything at once makes."""

from __future__ import annotations

import json
import logging
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import KINDS, ConsoleEntry
from replay_viewer.domain.session import Finding
from replay_viewer.library import Library
from replay_viewer.services import attach, recorder
from replay_viewer.services.growth import Growth
from replay_viewer.services.importer import import_paths
from replay_viewer.services.segments import Spool
from replay_viewer.sources import Link, Segment
from tests.collector.bodies import captured, sample
from tests.data_dir import SHARED, needs_shared
from tests.services.pulling import START, page

ORIGIN = "https://replay.test/sessions/s-1"
SAMPLES = ("happy-path", "sentry-checkout", "checkout-502")
#: Recordings of several SDKs, some with errors, logs and vitals beside the events; one of two tabs.
RAW = ("shop_sentry_v8", "dash_sentry", "shop_sentry_onerror_buffer", "two_tabs_posthog", "shop_posthog")

Body = tuple[str, dict[str, str], bytes]
Events = list[dict[str, Any]]


def made(home: Path, session: str) -> dict[str, object]:
    """Everything the library has of a session, without when and where from."""
    with Library.open(home) as library:
        whole = library.session(session)
        found: dict[str, object] = {
            "session": msgspec.structs.replace(whole, imported=0.0, origin=""),
            "activity": [part.tolist() if hasattr(part, "tolist") else part for part in library.activity(session)],
            "quiet": library.quiet(session),
        }
        for tab in whole.tabs:
            found[f"chunks {tab.index}"] = library.chunks(session, tab.index)
            found[f"keyframes {tab.index}"] = library.keyframes(session, tab.index)
            for ref in (*library.chunks(session, tab.index), *library.keyframes(session, tab.index)):
                library.blob(ref.blob)
        for kind in KINDS:
            found[kind] = library.rows(session, kind)
            found[f"{kind} filtered"] = library.filter(session, kind, "e").tolist()
            found[f"{kind} repeats"] = library.repeats(session, kind).tolist()
        return found


def hits(home: Path, session: str) -> list[object]:
    """What a search of all texts finds in a session."""
    with Library.open(home) as library:
        assert library.read_pages() == 1
        rows = {one for word in ("a", "e", "s", "p", "t", "1", "h") for one in library.search(word, limit=100_000)}
        return [sorted(rows, key=repr), sorted(map(repr, library.search_pages("sh", session)))]


class Followed:
    """A spool that is filled by and by, and whole imports of what is in it to compare with."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.spool = Spool(home / "grown", Link(source="collector", url=ORIGIN, base="", session="s-1"))
        self.spool.open()
        self.growth = Growth(home / "grown", self.spool, ORIGIN)

    def put(self, n: int, one: Body | Events, tab: str = "") -> None:
        """Segment `n` came."""
        if isinstance(one, list):
            data = json.dumps({"sessionId": "s-1", "tabId": tab, "events": one}).encode()
            one = ("/api/replay/s-1/events", {}, data)
        self.spool.put(Segment(n=n, body=one[2], headers=one[1], url=one[0], etag=str(n)))

    def compare(self, findings: tuple[Finding, ...] = ()) -> str:
        """Bring the session up; it must be what an import of everything makes. '' when nothing can be made yet."""
        other = self.home / "whole"
        try:
            [whole] = import_paths(other, [self.spool.folder], origin=ORIGIN, findings=findings)
        except BadInput:  # the first bodies need not hold any of the recording
            with pytest.raises(BadInput):
                self.growth.bring_up(findings)
            return ""
        session = self.growth.bring_up(findings)
        assert session == whole
        grown, once = made(self.home / "grown", session), made(other, whole)
        for name in once:
            assert grown[name] == once[name], name
        return session

    def end(self, session: str) -> None:
        """Following ends: what is searched is as it would be."""
        self.growth.close()
        assert made(self.home / "grown", session) == made(self.home / "whole", session)
        assert hits(self.home / "grown", session) == hits(self.home / "whole", session)


@pytest.fixture
def followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Followed:
    caplog.set_level(logging.INFO, "replay_viewer")
    return Followed(tmp_path)


def _anew(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Why something was imported anew."""
    return [one.getMessage().partition("anew: ")[2] for one in caplog.records if "anew: " in one.getMessage()]


def text(t: float, value: str) -> dict[str, Any]:
    """A change of the page."""
    data = {"source": 0, "texts": [{"id": 4, "value": value}], "attributes": [], "removes": [], "adds": []}
    return {"type": 3, "timestamp": START + t, "data": data}


def log(t: float, said: str, level: str = "log") -> dict[str, Any]:
    """A console line."""
    payload = {"level": level, "payload": [json.dumps(said)], "trace": []}
    return {"type": 6, "timestamp": START + t, "data": {"plugin": "rrweb/console@1", "payload": payload}}


def scroll(t: float, y: int) -> dict[str, Any]:
    """A scroll, whose row waits for what follows it."""
    return {"type": 3, "timestamp": START + t, "data": {"source": 3, "id": 1, "x": 0, "y": y}}


def second(n: int) -> Events:
    """The events of a second."""
    first: Events = [{"type": 4, "timestamp": START, "data": {"href": "https://a.test/", "width": 8, "height": 6}}]
    events = [text(1000 * n + 250, f"{n}.1"), scroll(1000 * n + 500, n), log(1000 * n + 700, f"said {n % 7}")]
    return [*first, page(), *events] if n == 0 else events


@needs_shared
@pytest.mark.parametrize("name", [*SAMPLES, *RAW])
def test_real_recordings_grow(name: str, followed: Followed) -> None:
    """Cut at random places."""
    bodies = list(captured(sample(name) if name in SAMPLES else SHARED / "sessions" / name / "raw"))
    choice, at, session = random.Random(name), 0, ""
    for cut in sorted({*choice.sample(range(1, len(bodies)), min(5, len(bodies) - 1)), len(bodies)}):
        for n in range(at, cut):
            followed.put(n, bodies[n])
        at, session = cut, followed.compare()
    followed.end(session)


@pytest.mark.parametrize("seed", range(3))
def test_late_and_repeated_events_find_their_place(
    seed: int, followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    """Up to two minutes late, in any body; equal ones, ones of the same instant, broken order inside a body."""
    choice, session = random.Random(seed), ""
    for n in range(20):
        events = second(n * 3)
        if n > 3:
            late = choice.uniform(0, 60_000 if seed % 2 else 4_000)
            events.append((log if choice.random() < 0.6 else text)(max(300.0, 3000 * n - late), f"late {n}"))
            events.append(choice.choice(second(3 * n - 3)))
        if choice.random() < 0.5:
            choice.shuffle(events)
        followed.put(n, events)
        if n in (2, 3) or choice.random() < 0.6 or n == 19:
            session = followed.compare()
    followed.end(session)
    assert not _anew(caplog)


def test_what_came_far_too_late_is_imported_anew(followed: Followed, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(3):
        followed.put(n, second(n * 200))
        followed.compare()
    followed.put(3, [log(50_000, "very late")])
    followed.end(followed.compare())
    assert len(_anew(caplog)) == 1
    assert "late" in _anew(caplog)[0]


def test_segments_that_come_late_change_or_go(followed: Followed, caplog: pytest.LogCaptureFixture) -> None:
    finding = Finding(code="lost-segment", message="Segment 1 is lost.", severity="error")
    for n in (0, 2):
        followed.put(n, second(n))
    followed.compare((finding,))
    followed.put(3, second(3))
    followed.compare((finding,))
    followed.put(1, second(1))
    followed.compare()
    followed.put(3, [*second(3), text(3900, "more")])
    followed.compare()
    followed.put(4, second(4))
    followed.spool.fit({n: str(n) for n in (0, 1, 2, 4)})
    followed.end(followed.compare())
    assert _anew(caplog) == [
        "a piece of the recording came late",
        "a piece of the recording changed",
        "a piece of the recording changed",
    ]


def test_linked_bodies_may_change(followed: Followed, caplog: pytest.LogCaptureFixture) -> None:
    """An error is not a piece of the recording: one that says more by now is read again."""
    followed.put(0, second(0))
    followed.compare()
    error = {"event": "security", "sessionId": "s-1", "timestamp": START + 400, "data": {"id": 1}}
    for data in ({"id": 1}, {"id": 2}):
        raw = json.dumps(error | {"data": data}).encode()
        followed.put(1, ("/api/security/events", {}, raw))
        followed.compare()
        followed.put(2, second(1))
        session = followed.compare()
    followed.end(session)
    assert not _anew(caplog)


def test_tabs_come_while_it_grows(followed: Followed, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(8):
        if n >= 3:
            followed.put(10 + n, second(n) if n > 3 else [*second(0)[:2], *second(3)], tab="t2")
        followed.put(n, second(n), tab="t1")
    # numbers say the order: everything of the second tab lies behind the first
    followed.compare()
    followed.put(30, second(9), tab="t2")
    followed.put(31, [*second(0)[:2], *second(9)], tab="t3")
    session = followed.compare()
    followed.end(session)
    assert not _anew(caplog)
    with Library.open(followed.home / "grown") as library:
        assert [tab.key for tab in library.session(session).tabs] == ["t1", "t2", "t3"]


@pytest.mark.parametrize("order", ["in order", "late rows", "late changes"])
def test_recordings_too_large_to_be_gathered(
    order: str, followed: Followed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a size events are taken as they come; what changes the page late has everything sorted on disk."""
    monkeypatch.setattr(recorder, "GATHER", 6_000)
    session = ""
    for n in range(16):
        events = second(n)
        if n in (6, 11, 13) and order != "in order":
            events.append((log if order == "late rows" else text)(1000 * n - 2_000, f"late {n}"))
        followed.put(n, events)
        if n % 3 == 2 or n == 15:
            session = followed.compare()
    followed.end(session)
    assert all("late" in why or why == "OutOfOrder" for why in _anew(caplog))
    assert len(_anew(caplog)) <= (2 if order == "late changes" else 0)


def test_many_rows_are_packed_on_the_way(
    followed: Followed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay_viewer.library.growing._MANY", 20)
    monkeypatch.setattr("replay_viewer.library.growing._LOOSE", 4)
    for n in range(24):
        followed.put(n, [*second(n), *(log(1000 * n + 800 + k, f"{n} {k}") for k in range(6))])
        if n % 2:
            followed.compare()
    # among what is packed
    followed.put(24, [log(5_500, "late"), text(24_500, "end")])
    session = followed.compare()
    with Library.open(followed.home / "grown") as reader:
        columns = len(reader.columns(session, "console"))
        followed.end(session)
        with Library.open(followed.home / "grown") as other:
            other.tidy()
        # what the reader holds was packed anew meanwhile, and the old texts are gone
        assert len(reader.filter(session, "console", "")) == columns
        assert len(reader.filter(session, "console", "late")) == 1


def test_others_write_the_session_meanwhile(followed: Followed, caplog: pytest.LogCaptureFixture) -> None:
    followed.put(0, second(0))
    session = followed.compare()
    followed.put(1, second(1))
    followed.compare()
    import_paths(followed.home / "grown", [followed.spool.folder], origin=ORIGIN)
    followed.put(2, second(2))
    followed.compare()
    with Library.open(followed.home / "grown") as library:
        row = ConsoleEntry(t=START + 800.0, level="log", message="from elsewhere")
        attach.attach(library, session, [row], name="other", origin="o", offset=0.0)
    followed.put(3, second(3))
    followed.growth.bring_up([])
    followed.growth.close()
    with Library.open(followed.home / "grown") as library:
        said = [row.message for _, row in library.rows(session, "console") if isinstance(row, ConsoleEntry)]
    assert said == ["said 0", "from elsewhere", "said 1", "said 2", "said 3"]
    assert len(_anew(caplog)) == 2
    assert "attached" in _anew(caplog)[1]


def test_killed_between_steps_it_is_whole_and_the_next_tidy_does_the_rest(followed: Followed) -> None:
    for n in range(6):
        followed.put(n, second(n))
        session = followed.compare()
    with Library.open(followed.home / "grown") as library:  # the follower is gone without a word
        library.tidy()
        files = {path.name for path in library.blobs.files()}
    with Library.open(followed.home / "whole") as library:
        library.tidy()
        assert files == {path.name for path in library.blobs.files()}
    assert made(followed.home / "grown", session) == made(followed.home / "whole", session)
    with Library.open(followed.home / "grown") as grown, Library.open(followed.home / "whole") as whole:
        assert grown.search("said") == whole.search("said")
        assert grown.search_pages("5.1") == whole.search_pages("5.1")
