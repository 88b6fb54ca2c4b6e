"""Videos and sounds that are in the recording: wherever it is sought to or played on to, they are where they were."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest

from tests.qt.player.conftest import Bench
from tests.qt.player.engines import START, Recording
from tests.qt.player.test_painter import ask

av = pytest.importorskip("av")

pytestmark = pytest.mark.webengine

#: How far a medium may be from where it was (s): a frame of the video, and what a heartbeat of the player passes.
NEAR = 0.16


def film(seconds: int = 4) -> str:
    """Video as a data URL whose picture says the second: red, green, blue, white."""
    stored = io.BytesIO()
    with av.open(stored, "w", format="webm") as out:
        stream = out.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(seconds * 10):
            picture = np.full((48, 64, 3), 255 if n // 10 == 3 else 0, np.uint8)
            if n // 10 < 3:
                picture[:, :, n // 10] = 255
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return "data:video/webm;base64," + base64.b64encode(stored.getvalue()).decode()


def silence(seconds: int = 4) -> str:
    """Sound as a data URL: nothing is heard of it."""
    size = seconds * 8000
    head = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x01\0"
    head += (8000).to_bytes(4, "little") * 2 + b"\x01\0\x08\0data" + size.to_bytes(4, "little")
    return "data:audio/wav;base64," + base64.b64encode(head + b"\x80" * size).decode()


def where(bench: Bench) -> tuple[float, float]:
    """Positions of the video and of the sound."""
    said = ask(bench, "`${d.querySelector('video').currentTime} ${d.querySelector('audio').currentTime}`")
    video, sound = map(float, said.split())
    return video, sound


def expected(t: float) -> tuple[float, float]:
    """Where the two were `t` ms after the start of `recording`."""
    video = 0.0 if t < 500 else (t - 500) / 1000 if t < 2000 else 1.5 if t < 3000 else 0.5 + 2 * (t - 3000) / 1000
    return min(video, 4.0), 0.0 if t < 1000 else (t - 1000) / 1000


def recording() -> Recording:
    """A video plays, pauses, is put back and plays on at twice the speed; a sound plays through."""
    r = Recording()
    video, sound = r.el("video", {"src": film()}), r.el("audio", {"src": silence(), "controls": ""})
    r.page(0, video, sound, r.el("p", {}, "x"))
    r.incremental(500, 7, type=0, id=video["id"], currentTime=0)
    r.incremental(1000, 7, type=0, id=sound["id"], currentTime=0)
    r.incremental(2000, 7, type=1, id=video["id"], currentTime=1.5)
    r.incremental(3000, 7, type=2, id=video["id"], currentTime=0.5, playbackRate=2)
    r.incremental(3000, 7, type=0, id=video["id"], currentTime=0.5, playbackRate=2)
    r.change(4600, texts=[])
    return r


def test_sought_media_are_where_they_were(bench: Bench) -> None:
    bench.use(recording().raws)
    for offset in (100, 1200, 1900, 2500, 3400, 4200, 2500, 700, 3000, 0):
        bench.seek(offset)
        bench.settle()
        assert where(bench) == pytest.approx(expected(offset), abs=NEAR), offset


@pytest.mark.parametrize("speed", [0.5, 1.0, 4.0])
def test_played_media_are_where_they_were(bench: Bench, speed: float) -> None:
    bench.use(recording().raws)
    bench.view.set_speed(speed)
    for start, until in ((200, 900), (1500, 2300), (2800, 3500), (900, 1400)):
        bench.seek(start)
        bench.view.play()
        bench.qtbot.waitUntil(lambda until=until: bench.view.current > START + until, timeout=20_000)
        bench.view.pause()
        bench.settle()
        offset = bench.view.current - START
        assert where(bench) == pytest.approx(expected(offset), abs=NEAR * max(1.0, speed)), (start, offset)


def test_the_picture_is_that_of_the_position(bench: Bench) -> None:
    bench.use(recording().raws)
    for offset, colour in ((700, 0), (1700, 1), (3900, 2), (700, 0)):
        bench.seek(offset)
        bench.settle()
        image = bench.picture().pixelColor(30, 30)
        parts = (image.red(), image.green(), image.blue())
        assert parts.index(max(parts)) == colour, (offset, parts)
