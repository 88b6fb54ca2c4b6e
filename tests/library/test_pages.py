"""Texts of pages in the library: read in the background, found, and gone with their session."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay_viewer.domain.errors import Cancelled
from replay_viewer.library import Interval, Library, pages
from tests.library.samples import fill
from tests.recording.test_mirror import T0, element, mutation, raw, snapshot, text
from tests.sessions import store_session


def _events(*words: str, start: float = 0.0) -> list[bytes]:
    """A page that shows the words one after the other, a second each."""
    events = [snapshot(element(10, "p", [text(11, words[0])]))]
    events += [mutation(texts=[{"id": 11, "value": word}]) for word in words[1:]]
    return [one.replace(str(T0).encode(), str(T0 + int(start) + n * 1000).encode()) for n, one in enumerate(events)]


def _found(library: Library, words: str, **options: object) -> list[tuple[str, str]]:
    return [(hit.session, hit.text) for hit in library.search_pages(words, **options)]  # type: ignore[arg-type]


def test_found_with_its_times_newest_session_first(home: Path) -> None:
    store_session(home, _events("Cart", "Payment failed", "Sorry", "Payment failed"), "old")
    store_session(home, _events("Payment failed: card", start=5_000_000), "new")
    with Library.open(home) as library:
        assert library.page_read("old") is None
        assert library.search_pages("payment") == []
        told: list[tuple[int, int]] = []
        assert library.read_pages(lambda done, total: told.append((done, total))) == 2
        assert told[-1] == (5, 5)
        assert library.read_pages() == 0
        assert _found(library, "failed PAYMENT") == [("new", "Payment failed: card"), ("old", "Payment failed")]
        hit = library.search_pages("payment", session="ol")[0]
        assert hit.intervals == [Interval(T0 + 1000, T0 + 2000, 11), Interval(T0 + 3000, -1, 11)]
        assert (hit.tab, hit.kind, hit.masked, hit.count) == (0, "text", False, 2)
        assert _found(library, "payment", limit=1) == [("new", "Payment failed: card")]
        assert _found(library, "paym fai") == []
        assert _found(library, "payment fai") == [("new", "Payment failed: card"), ("old", "Payment failed")]
        assert _found(library, '"') == _found(library, " ") == _found(library, "nothing") == []


def test_many_texts_of_one_session_do_not_hide_another(home: Path) -> None:
    store_session(home, _events("order none"), "old")
    store_session(home, _events(*(f"order {n}" for n in range(300)), start=5_000_000), "new")
    with Library.open(home) as library:
        library.read_pages()
        found = _found(library, "order", each=5)
        assert [session for session, _ in found] == ["new"] * 5 + ["old"]


def test_gone_with_the_session_and_read_again_with_a_new_import(home: Path) -> None:
    store_session(home, _events("Alpha"), "s1")
    with Library.open(home) as library:
        library.tidy()
        assert _found(library, "alpha") == [("s1", "Alpha")]
    store_session(home, _events("Beta"), "s1")
    with Library.open(home) as library:
        assert _found(library, "alpha") == []
        library.tidy()
        assert _found(library, "beta") == [("s1", "Beta")]
        library.delete("s1")
        with library.database.read() as connection:
            for table in ("page_texts", "page_reads"):
                assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
            connection.exec_driver_sql("INSERT INTO page_index(page_index) VALUES ('integrity-check')")


def test_broken_off_and_taken_up_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_PORTION", 0)
    store_session(home, _events("Alpha", "Beta", "Gamma"), "s1")
    with Library.open(home) as library:
        with pytest.raises(Cancelled):
            library.read_pages(cancelled=lambda: True)
        assert library.page_read("s1") is None
        assert library.read_pages() == 1
        assert [text for _, text in _found(library, "alpha")] == ["Alpha"]
        with library.database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM page_texts").scalar() == 3


def test_what_cannot_be_read_is_said_once(library: Library) -> None:
    fill(library)
    library.read_pages()
    with library.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM page_reads")
    library.read_pages()
    assert [one.code for one in library.session("s1").health] == ["text-index"]
    assert library.page_read("s1") is not None


def test_too_many_texts_lose_the_shortest_and_say_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FLOORS", ((0, 0.0), (2, 1500.0)))
    events = _events("Alpha", "Beta", "Gamma", "Delta")
    store_session(home, events, "s1")
    with Library.open(home) as library:
        library.read_pages()
        read = library.page_read("s1")
        assert read is not None
        assert (read.texts, read.dropped) == (3, 1)
        # the last one stays to the end of the recording
        assert _found(library, "delta")
        assert not _found(library, "gamma")
        assert [(one.code, one.count) for one in library.session("s1").health] == [("text-index", 1)]


def test_masked_texts_and_odd_characters(home: Path) -> None:
    events = [*_events("***** ****"), raw(3, {"source": 0, "texts": [{"id": 11, "value": "zero\0 end"}]}, 2000)]
    store_session(home, events, "s1")
    with Library.open(home) as library:
        library.read_pages()
        read = library.page_read("s1")
        assert read is not None
        assert (read.texts, read.masked) == (2, 1)
        assert _found(library, "zero end") == [("s1", "zero  end")]
        library.delete("s1")
        with library.database.read() as connection:
            connection.exec_driver_sql("INSERT INTO page_index(page_index) VALUES ('integrity-check')")


def test_a_library_of_before_is_migrated_and_read(home: Path) -> None:
    store_session(home, _events("Alpha"), "s1")
    with Library.open(home) as library, library.database.write() as connection:
        added = (
            "page_index",
            "page_texts",
            "page_reads",
            "extras",
            "attached",
            "assets",
            "quiet",
            "thumbnails",
            "marks",
            "maps",
        )
        for name in added:
            connection.exec_driver_sql(f"DROP TABLE {name}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with Library.open(home) as library:
        library.tidy()
        assert _found(library, "alpha") == [("s1", "Alpha")]
