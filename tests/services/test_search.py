"""Search and comparison on real recordings: what was on the page at a checkpoint is found there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from replay_viewer.domain.errors import BadInput, NotFound
from replay_viewer.library import Library
from replay_viewer.services.compare import difference, history
from replay_viewer.services.importer import import_paths
from replay_viewer.services.search import search
from tests.data_dir import needs_shared, session_dir

NAMES = ("shop_redux_rrweb", "jupyterlab_rrweb", "streamlit_posthog", "two_tabs_posthog", "shop_sentry_default_idle")
#: Words of the ground truth that no one text node holds: innerText joins what stands side by side. Also masked ones.
ODD = {
    "shop_redux_rrweb": {
        "ShareAdd",
        "descspecsreviews",
        "leftallactivedoneClear",
        "customer",
        "tier",
        "GOLD",
        "score",
    }
    | {"BLOCKED", "Masked", "credit", "internal", "text"},
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, dict[str, str]]]:
    """A library of some shared recordings, and their ids."""
    home = Path(tmp_path_factory.mktemp("home"))
    ids = {}
    for name in NAMES:
        folder = session_dir(name)
        source = folder / "events.json.gz" if (folder / "events.json.gz").exists() else folder / "raw"
        ids[name] = import_paths(home, [source])[0]
    with Library.open(home) as library:
        library.read_pages()
        yield library, ids


@needs_shared
@pytest.mark.parametrize("name", NAMES[:4])
def test_words_on_the_page_are_found_at_that_instant(name: str, shared: tuple[Library, dict[str, str]]) -> None:
    library, ids = shared
    folder = session_dir(name)
    missed: dict[str, list[str]] = {}
    for checkpoint in orjson.loads((folder / "meta.json").read_bytes())["checkpoints"]:
        shown = (folder / "ground_truth" / f"{checkpoint['file']}.txt").read_text()
        words = sorted(set(re.findall(r"[A-Za-z][A-Za-z0-9]{3,}", shown)) - ODD.get(name, set()))
        for word in words[:: max(1, len(words) // 25)]:
            hits = library.search_pages(word, session=ids[name], each=5000)
            spans = [one for hit in hits for one in hit.intervals]
            if not any(one.start <= checkpoint["t"] and (one.end < 0 or one.end >= checkpoint["t"]) for one in spans):
                missed.setdefault(checkpoint["label"], []).append(word)
    assert missed == {}


@needs_shared
def test_an_error_that_flashed_by(shared: tuple[Library, dict[str, str]]) -> None:
    library, ids = shared
    answers = search(library, "payment failed")
    mine = next(one for one in answers if one.session == ids["shop_redux_rrweb"])
    assert [(one.text, len(one.appearances)) for one in mine.texts] == [("Payment failed (402)", 1)]
    shown = mine.texts[0].appearances[0]
    assert 47 < (shown.start - mine.start) / 1000 < 49
    assert 49 < (shown.end - mine.start) / 1000 < 52
    assert shown.selector == "form#checkout > span.msg"
    assert "form" in shown.where
    assert {row.kind for row in mine.rows} == {"errors", "console"}
    changed = difference(library, mine.session, 0, shown.start - 1, shown.start + 1)
    assert changed.same_document
    assert [(one.before, one.after) for one in changed.texts] == [("Processing payment…", "Payment failed (402)")]
    life = history(library, mine.session, 0, "form#checkout .msg")
    assert [one.what for one in life.entries] == ["added", "text", "text", "removed"]
    again = history(library, mine.session, 0, str(life.node.id), at=shown.start)
    assert again.entries == life.entries


@needs_shared
def test_a_growing_output_line_by_line(shared: tuple[Library, dict[str, str]]) -> None:
    library, ids = shared
    answer = search(library, "line 1999", session=ids["jupyterlab_rrweb"])[0]
    assert answer.texts[0].text.startswith("line 1999")
    assert answer.texts[0].appearances[0].selector
    read = library.page_read(answer.session)
    assert read is not None
    assert read.texts < 6000


@needs_shared
def test_masked_pages_are_known_to_be(shared: tuple[Library, dict[str, str]]) -> None:
    library, ids = shared
    read = library.page_read(ids["shop_sentry_default_idle"])
    assert read is not None
    assert read.masked > read.texts / 2


@needs_shared
def test_another_document_is_said_to_be_one(shared: tuple[Library, dict[str, str]]) -> None:
    library, ids = shared
    session = library.session(ids["shop_redux_rrweb"])
    found = difference(library, session.id, 0, session.start + 5_000, session.end)
    assert not found.same_document
    assert not found.empty


@needs_shared
def test_what_is_not_there(shared: tuple[Library, dict[str, str]]) -> None:
    library, ids = shared
    with pytest.raises(BadInput):
        search(library, "—")
    with pytest.raises(NotFound):
        search(library, "a", session="none")
    for wanted in ("#nowhere", "99999999"):
        with pytest.raises(NotFound):
            history(library, ids["two_tabs_posthog"], 0, wanted)
        with pytest.raises(NotFound):
            history(library, ids["two_tabs_posthog"], 0, wanted, at=1e12)
