"""Clips: a stretch of a session as moving pictures, from frames that stand at steady times.

WebM (VP9, by libvpx) and GIF are written by PyAV, which comes with the extra `clips`: BSD-3-Clause, its wheels carry
FFmpeg's libraries under the LGPL 3. A strip of pictures needs no encoder.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from replay_viewer.domain.errors import BadInput, UserError

if TYPE_CHECKING:
    import av

#: One picture: height × width × 3, red green blue, 8 bits each.
Pixels = NDArray[np.uint8]

MAX_MS = 300_000.0  #: Longest stretch a clip may show.
MAX_FPS = 30.0
WIDTHS = (160, 1920)

_PALETTE = "palettegen"


class ClipFormat(msgspec.Struct, frozen=True, kw_only=True):
    """One way to show a stretch. `encoded`: moving pictures, written by PyAV; else one still picture."""

    name: str
    title: str
    suffix: str
    media: str
    encoded: bool


FORMATS: dict[str, ClipFormat] = {
    one.name: one
    for one in (
        ClipFormat(name="clip", title="WebM clip", suffix=".webm", media="video/webm", encoded=True),
        ClipFormat(name="gif", title="GIF clip", suffix=".gif", media="image/gif", encoded=True),
        ClipFormat(name="strip", title="Strip of pictures", suffix=".png", media="image/png", encoded=False),
    )
}


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a clip is made: instants `start`..`end` (epoch ms), `fps` frames a second, at most `width` pixels wide.

    A strip has `pictures` pictures instead of a rate.
    """

    start: float
    end: float
    fps: float = 10.0
    width: int = 960
    pictures: int = 8


def check(shape: Shape, format: str) -> None:
    """Raises BadInput for what no clip can be, UserError when the encoder is not installed."""
    if format not in FORMATS:
        raise BadInput(f"There is no clip format “{format}”.", f"Use one of: {', '.join(FORMATS)}.")
    if shape.end <= shape.start:
        raise BadInput("The range ends before it begins.", "Write A..B with A before B.")
    if FORMATS[format].encoded and shape.end - shape.start > MAX_MS:
        raise BadInput(
            f"A clip shows at most {MAX_MS / 60_000:.0f} minutes.", "Choose a shorter range, or a strip of pictures."
        )
    if not 1.0 <= shape.fps <= MAX_FPS:
        raise BadInput(f"{shape.fps:g} frames a second cannot be made.", f"Choose 1 to {MAX_FPS:.0f}.")
    if not WIDTHS[0] <= shape.width <= WIDTHS[1]:
        raise BadInput(f"A clip cannot be {shape.width} pixels wide.", f"Choose {WIDTHS[0]} to {WIDTHS[1]}.")
    if not 2 <= shape.pictures <= 60:
        raise BadInput(f"A strip cannot have {shape.pictures} pictures.", "Choose 2 to 60.")
    if FORMATS[format].encoded and importlib.util.find_spec("av") is None:
        raise UserError(
            "The encoder for clips is not installed.",
            "Install it by `pip install 'replay-viewer[clips]'`, or export a strip of pictures.",
        )


def instants(shape: Shape, format: str) -> list[float]:
    """Instants of the frames (epoch ms): steady at `fps`, the last at or before `end`; a strip's evenly spread."""
    span = shape.end - shape.start
    if not FORMATS[format].encoded:
        return [shape.start + span * n / (shape.pictures - 1) for n in range(shape.pictures)]
    step = 1000.0 / shape.fps
    return [shape.start + n * step for n in range(int(span / step + 1e-6) + 1)]


def encode(format: str, frames: Iterable[Pixels], fps: float, out: Path) -> int:
    """Write `frames`, all of one even size, `1 / fps` seconds each, to `out`; how many there were.

    Memory does not grow with their number. Raises UserError when the encoder fails.
    """
    import av

    write: Callable[[Iterable[Pixels], Fraction, Path], int] = {"clip": _webm, "gif": _gif}[format]
    try:
        return write(frames, Fraction(fps).limit_denominator(1000), out)
    except av.error.FFmpegError as error:
        raise UserError(f"The clip could not be encoded: {error.strerror}.", "Try another format.") from error


def _webm(frames: Iterable[Pixels], rate: Fraction, out: Path) -> int:
    import av

    count = 0
    with av.open(str(out), "w", format="webm") as container:
        stream: Any = container.add_stream("libvpx-vp9", rate=rate)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "32", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"}
        for pixels in frames:
            if not count:
                stream.height, stream.width = pixels.shape[:2]
            frame = _frame(pixels, count, rate)
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode(None))
    return count


def _gif(frames: Iterable[Pixels], rate: Fraction, out: Path) -> int:
    """One palette for the whole clip, so that what stands still is not written again; hence two passes."""
    import av

    with tempfile.TemporaryFile() as spool:
        sizes = _spool(frames, spool)
        palette = _palette(_unspool(spool, sizes), rate)
        with av.open(str(out), "w", format="gif", options={"loop": "0"}) as container:
            stream: Any = container.add_stream("gif", rate=rate)
            stream.pix_fmt = "pal8"
            graph = av.filter.Graph()
            height, width = sizes[0][1]
            source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=1 / rate)
            colours = graph.add_buffer(
                width=palette.width, height=palette.height, format=palette.format, time_base=1 / rate
            )
            use = graph.add("paletteuse", "dither=none:diff_mode=rectangle")
            sink = graph.add("buffersink")
            source.link_to(use, 0, 0)
            colours.link_to(use, 0, 1)
            use.link_to(sink)
            graph.configure()
            colours.push(palette)
            colours.push(None)
            stream.height, stream.width = height, width
            written = 0
            for n, pixels in enumerate(_unspool(spool, sizes)):
                source.push(_frame(pixels, n, rate))
                written += _drain(sink, stream, container)
            source.push(None)
            written += _drain(sink, stream, container)
            container.mux(stream.encode(None))
    return written


def _drain(sink: Any, stream: Any, container: Any) -> int:
    """Encode what the filter has ready."""
    import av

    count = 0
    while True:
        try:
            frame = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return count
        container.mux(stream.encode(frame))
        count += 1


def _palette(frames: Iterable[Pixels], rate: Fraction) -> av.VideoFrame:
    """The 256 colours that serve all frames best."""
    import av

    graph: Any = None
    for n, pixels in enumerate(frames):
        if graph is None:
            height, width = pixels.shape[:2]
            graph = av.filter.Graph()
            source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24"), time_base=1 / rate)
            make = graph.add(_PALETTE, "stats_mode=full")
            sink = graph.add("buffersink")
            source.link_to(make)
            make.link_to(sink)
            graph.configure()
        source.push(_frame(pixels, n, rate))
    source.push(None)
    return sink.pull()  # type: ignore[no-any-return]


def _frame(pixels: Pixels, n: int, rate: Fraction) -> av.VideoFrame:
    import av

    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    frame.pts = n
    frame.time_base = 1 / rate
    return frame


def _spool(frames: Iterable[Pixels], spool: IO[bytes]) -> list[tuple[int, tuple[int, int]]]:
    """Write frames compressed; (bytes, (height, width)) of each."""
    packer = zstandard.ZstdCompressor(level=1)
    sizes = []
    for pixels in frames:
        data = packer.compress(np.ascontiguousarray(pixels).tobytes())
        spool.write(data)
        sizes.append((len(data), (int(pixels.shape[0]), int(pixels.shape[1]))))
    return sizes


def _unspool(spool: IO[bytes], sizes: list[tuple[int, tuple[int, int]]]) -> Iterator[Pixels]:
    opener = zstandard.ZstdDecompressor()
    spool.seek(0)
    for size, (height, width) in sizes:
        data = opener.decompress(spool.read(size))
        yield np.frombuffer(data, np.uint8).reshape(height, width, 3)
