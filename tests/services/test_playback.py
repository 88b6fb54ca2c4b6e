"""Pictures that stand by: going back to a document costs what changed in it, and never shows anything else."""

from __future__ import annotations

import random

import pytest

from replay_viewer.recording import patch
from replay_viewer.services import playback
from replay_viewer.services.playback import Stage
from tests.qt.player.engines import START, Recording
from tests.recording.page import Page
from tests.stores import MemoryStore

_STEP = 100.0


def documents(count: int, nodes: int = 20) -> Recording:
    """One document after the other, each changed a few times before the next comes."""
    r = Recording()
    for n in range(count):
        r._next += 1000
        p = r.el("p", {"class": f"doc{n}"}, f"document {n}")
        field = r.el("input", {"value": "a"})
        r.page(n * _STEP, p, field, *[r.el("i", {}, "x") for _ in range(nodes)])
        for k in range(1, 5):
            r.change(n * _STEP + k * 10, texts=[{"id": p["childNodes"][0]["id"], "value": f"document {n}, {k}"}])
            r.incremental(n * _STEP + k * 10, 5, id=field["id"], text=f"{n} {k}", isChecked=False)
    return r


def _sought(stage: Stage, page: Page, offset: float) -> bool:
    """Seek; whether the document was built anew."""
    made = stage.seek(0, START + offset, page.rev)
    page.apply(patch.encode(made))
    page.check(stage.fresh_state(0, START + offset))
    return "reset" in made


def test_a_document_shown_before_is_not_built_again() -> None:
    stage, page = Stage(MemoryStore(documents(4).raws, step=3), "s"), Page()
    anew = [_sought(stage, page, n * _STEP + 15) for n in (0, 1, 2, 3, 1, 0, 3, 2)]
    assert anew == [True] * 4 + [False] * 4


@pytest.mark.parametrize("seed", range(6))
def test_any_way_through_documents_shows_what_was_there(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = random.Random(seed)
    monkeypatch.setattr(playback, "KEEP", choose.choice((0, 1, 2, 8)))
    monkeypatch.setattr(playback, "KEEP_NODES", choose.choice((60, 120, 60_000)))
    stage, page = Stage(MemoryStore(documents(6).raws, step=choose.choice((1, 4, 17))), "s"), Page()
    for _ in range(40):
        at = choose.uniform(-20, 6 * _STEP)
        what = choose.random()
        if what < 0.6:
            _sought(stage, page, at)
        elif what < 0.8:
            made = stage.prepare() if page.rev is not None else None
            if made is not None:
                page.prepare(patch.encode(made))
        elif page.rev is not None:
            batch = stage.frames(0, START + at, START + at + 150, 16.0)
            for frame in batch["frames"]:
                page.apply(bytes(frame))
            page.check(stage.fresh_state(0, START + at + 150))
        standing = list(stage._kept)
        assert sorted(standing) == sorted(page.standing)
        assert len(standing) <= max(playback.KEEP, 0)


def test_a_new_page_gets_everything_anew() -> None:
    stage, page = Stage(MemoryStore(documents(3).raws, step=3), "s"), Page()
    for n in (0, 1, 2):
        _sought(stage, page, n * _STEP + 15)
    page = Page()
    assert [_sought(stage, page, n * _STEP + 15) for n in (1, 0, 1)] == [True, True, False]


def test_pages_near_the_one_shown_are_prepared_until_there_is_no_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, page = Stage(MemoryStore(documents(5).raws, step=2), "s"), Page()
    _sought(stage, page, 2 * _STEP + 15)
    monkeypatch.setattr(playback, "KEEP", 3)
    prepared = []
    while (made := stage.prepare()) is not None:
        assert made["aside"]
        prepared.append(made["url"] and next(n.attrs["class"] for n in made["nodes"] if n.name == "p"))
        page.prepare(patch.encode(made))
    assert prepared == ["doc3", "doc1", "doc4"]
    assert not _sought(stage, page, 3 * _STEP + 25)
    assert not _sought(stage, page, 1 * _STEP + 35)
    assert _sought(stage, page, 15)


def test_tabs_stand_by_as_well() -> None:
    # The store has one recording, whatever tab is asked for.
    stage, page = Stage(MemoryStore(documents(2).raws, step=2), "s"), Page()
    for tab, offset, anew in [
        (0, 15, True),
        (1, 115, True),
        (0, 25, False),
        (1, 35, True),
        (1, 135, False),
        (0, 5, False),
    ]:
        made = stage.seek(tab, START + offset, page.rev)
        assert ("reset" in made) is anew, (tab, offset)
        page.apply(patch.encode(made))
        page.check(stage.fresh_state(tab, START + offset))
