"""Clips: steady times, what a clip cannot be, and files that another look at them finds whole."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.export import clips
from replay_viewer.export.clips import Pixels, Shape


def _moving(count: int, height: int = 120, width: int = 160) -> Iterator[Pixels]:
    """A red bar that wanders over white."""
    for n in range(count):
        frame = np.full((height, width, 3), 255, np.uint8)
        frame[40:80, 4 * n : 4 * n + 20] = (200, 30, 60)
        yield frame


@pytest.mark.parametrize("name", ["clip", "gif"])
def test_every_frame_at_its_time(name: str, tmp_path: Path) -> None:
    out = tmp_path / f"made{clips.FORMATS[name].suffix}"
    assert clips.encode(name, _moving(24), 8.0, out) == 24
    with av.open(str(out)) as made:
        stream = made.streams.video[0]
        frames = [
            (float(frame.pts * frame.time_base), frame.to_ndarray(format="rgb24")) for frame in made.decode(stream)
        ]
    assert (stream.width, stream.height) == (160, 120)
    # GIF counts hundredths of a second: 0.125 s is 12 and 13 of them in turn.
    assert [t for t, _ in frames] == pytest.approx([n / 8 for n in range(24)], abs=0.0051)
    for n, (_, pixels) in enumerate(frames):
        reds = np.flatnonzero(pixels[60, :, 1] < 120)
        assert abs(reds.min() - 4 * n) <= 2
        assert abs(reds.max() - (4 * n + 19)) <= 2


@given(st.floats(0, 1e12), st.floats(1, 20_000), st.floats(1, 30))
def test_instants_stand_steady_inside_the_stretch(start: float, length: float, fps: float) -> None:
    shape = Shape(start=start, end=start + length, fps=fps)
    times = clips.instants(shape, "clip")
    assert times[0] == start
    assert times[-1] <= shape.end + 1.0
    assert np.allclose(np.diff(times), 1000.0 / fps, atol=0.01)
    still = clips.instants(shape, "strip")
    assert len(still) == shape.pictures
    assert still[-1] == pytest.approx(shape.end)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Shape(start=5, end=5), "ends before"),
        (Shape(start=0, end=400_000), "at most 5 minutes"),
        (Shape(start=0, end=1, fps=90), "frames a second"),
        (Shape(start=0, end=1, width=20), "pixels wide"),
        (Shape(start=0, end=1, pictures=1), "pictures"),
    ],
)
def test_what_no_clip_can_be(shape: Shape, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        clips.check(shape, "gif")


def test_without_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "av" else found(name, *rest))
    with pytest.raises(UserError, match=r"replay-viewer\[clips\]"):
        clips.check(Shape(start=0, end=1000), "clip")
    clips.check(Shape(start=0, end=1000), "strip")
