"""A page with all a page can do, under the real recorder in a real browser: painted, it says the same of itself."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from tests.e2e.dom_programs import RECORDER
from tests.qt.player.conftest import Bench, bench
from tests.qt.player.test_painter import ask

av = pytest.importorskip("av")
chromium = pytest.importorskip("chromium")

__all__ = ["bench"]

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.webengine,
    pytest.mark.skipif(chromium.executable() is None, reason="chromium is not installed"),
    pytest.mark.skipif(not RECORDER.is_file(), reason="the recorder is not installed (npm ci in resources/player)"),
]

PAGE = Path(__file__).parent / "recorder_page"

#: What the recorder (2.2.2) says nothing of: that a popover is open; the bytes of a blob URL set after the snapshot.
LOST = {"popover": {"text", "popover", "shown"}}
ALWAYS = {"blob"}

#: How far a sound may be from where it was (s): the recorder says where it stopped, and when it began.
NEAR = 0.15

#: What stands in the corner of the player.
SAID = "document.getElementById('missing').textContent"


def film() -> str:
    """Three seconds of video as a data URL: red, green and blue, one after the other."""
    stored = io.BytesIO()
    with av.open(stored, "w", format="webm") as out:
        stream = out.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(30):
            picture = np.zeros((48, 64, 3), np.uint8)
            picture[:, :, n // 10] = 255
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return "data:video/webm;base64," + base64.b64encode(stored.getvalue()).decode()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], dict[str, dict[str, Any]]]:
    """The events, and what the page said of itself after each step."""
    pictures = tmp_path_factory.mktemp("live")
    with chromium.Chromium() as browser:
        page = browser.open("about:blank")
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        page.call("Emulation.setDeviceMetricsOverride", width=1000, height=700, deviceScaleFactor=1, mobile=False)
        frame = page.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        page.call("Page.setDocumentContent", frameId=frame, html=(PAGE / "everything.html").read_text())
        page.evaluate(f"window.filmed = '{film()}'; 0")
        page.evaluate(f"{RECORDER.read_text()}\n;{(PAGE / 'everything.js').read_text()}\n;everything.record(); 0")
        said = {}
        for name in orjson.loads(page.evaluate("JSON.stringify(everything.names)")):
            if name == "rotate":
                sideways = {"width": 700, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
                page.call("Emulation.setDeviceMetricsOverride", **sideways)
            page.evaluate(f"window.answer = ''; everything.step('{name}').then((told) => window.answer = told); 0")
            page.until("window.answer !== ''", 20.0)
            said[name] = orjson.loads(page.evaluate("window.answer"))
            page.picture(pictures / f"{name}.png")
        events = [text.encode() for text in orjson.loads(page.evaluate("everything.events()"))]
        page.close()
    return events, said


def test_every_step_is_painted_as_it_was(
    recorded: tuple[list[bytes], dict[str, dict[str, Any]]], bench: Bench
) -> None:
    events, said = recorded
    times = {}
    for raw in events:
        event = orjson.loads(raw)
        if event["type"] == 5 and event["data"]["tag"] == "step":
            times[event["data"]["payload"]["name"]] = float(event["timestamp"])
    assert times.keys() == said.keys()
    bench.use(events)
    script = (PAGE / "everything.js").read_text().split("window.facts = ")[1].strip().rstrip(";")
    wrong = []
    # Forward, backward and by leaps: what one step leaves must not show in another.
    names = list(said)
    for name in [*names, *reversed(names), names[3], names[6], names[1]]:
        bench.seek_to(times[name])
        bench.settle()
        found = orjson.loads(ask(bench, f"JSON.stringify(({script})(d))"))
        if abs(found["sound"] - said[name]["sound"]) <= NEAR:
            found["sound"] = said[name]["sound"]
        noted = "animation time is approximate" in ask(bench, SAID)
        wrong += [f"{name}: animation noted {noted}"] * (noted != bool(said[name]["turning"]))
        wrong += [
            f"{name}: {key} {found[key]!r}, on the page {value!r}"
            for key, value in said[name].items()
            if found[key] != value and key not in LOST.get(name, ALWAYS) | ALWAYS
        ]
    assert wrong == []
