"""Real recordings: whatever way the playhead came, the picture is that of a first visit; text as people saw it."""

from __future__ import annotations

import gzip
import random
from typing import Any

import orjson
import pytest

from tests.data_dir import needs_shared, session_dir
from tests.qt.player.conftest import Bench
from tests.stores import rrweb_events

pytestmark = [pytest.mark.webengine, needs_shared]

SMALL = ["tiny_rrweb", "torture_rrweb", "iframes_rrweb", "shoelace_shadow_rrweb", "shop_redux_rrweb"]


def essence(state: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on the way: all but the markup, in which the order of attributes does."""
    return {key: state[key] for key in ("url", "viewport", "text", "inputs", "scrolls", "frames", "nodes")}


@pytest.mark.parametrize("name", SMALL)
def test_any_way_leads_to_the_picture_of_a_first_visit(bench: Bench, name: str) -> None:
    raws = rrweb_events(name)
    times = [orjson.loads(raw)["timestamp"] for raw in raws]
    choose = random.Random(11)
    instants = [choose.uniform(times[0], times[-1]) for _ in range(10)]
    bench.use(raws)
    wandered = []
    for t in instants:
        bench.seek_to(t)
        bench.settle()
        wandered.append(essence(bench.read()))
    for t, seen in zip(instants, wandered, strict=True):
        # A page that says it has nothing gets the whole state.
        bench.view.director._rev = None
        bench.seek_to(t)
        bench.settle()
        assert essence(bench.read()) == seen


@pytest.mark.parametrize("name", ["tiny_rrweb", "iframes_rrweb", "shoelace_shadow_rrweb"])
def test_text_is_what_people_saw(bench: Bench, name: str) -> None:
    bench.use(rrweb_events(name))
    for path in sorted((session_dir(name) / "ground_truth").glob("*.json.gz")):
        truth = orjson.loads(gzip.decompress(path.read_bytes()))
        text = path.with_name(path.name.replace(".json.gz", ".txt")).read_text()
        state = bench.seek_to(truth["t"])
        assert state["text"].split() == text.split(), truth["label"]
        assert state["problems"] == 0
