"""Charts of an incident note as SVG: requests, memory and Web Vitals of its range, drawn from plain data.

The same data gives the same bytes. Colours are names of a palette: `PAPER` has values for a file that stands alone,
`PAGE` the style sheet's variables, so that a chart inside HTML is light or dark as its page is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from replay_viewer.analysis.vitals import THRESHOLDS
from replay_viewer.domain.time import offset
from replay_viewer.export.incident import Chart, Mark

WIDTH = 760
_LEFT, _RIGHT, _ROW = 250, 84, 18
_TOP, _FOOT = 6, 24
_FONT = "system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_LONGEST = 38  #: Characters of a label: what fits into `_LEFT` at 11 pixels, whatever the letters.

Palette = Mapping[str, str]
_NAMES = ("text", "muted", "line", "surface", "accent", "good", "warning", "failed")
PAGE: Palette = {name: f"var(--{name})" for name in _NAMES}
PAPER: Palette = {
    "text": "#1b2330", "muted": "#5a6675", "line": "#dce1e8", "surface": "#ffffff", "accent": "#2f5bea",
    "good": "#1b7f4b", "warning": "#9a6200", "failed": "#c6283b",
}  # fmt: skip
_OF = ("good", "warning", "failed")

TITLES = {"requests": "Requests", "memory": "JavaScript heap", "vitals": "Web Vitals"}


def caption(chart: Chart) -> str:
    """What stands below the picture."""
    if chart.name == "vitals":
        return "Web Vitals against what counts as good and as poor"
    if chart.name == "memory":
        return "JavaScript heap in MB; the line is the moment"
    shown = f"{len(chart.marks)} of {chart.of:,} requests" if chart.of > len(chart.marks) else "Requests"
    return f"{shown} by time; red failed, the line is the moment"


def svg(chart: Chart, palette: Palette = PAPER) -> str:
    """The chart as an SVG picture, `WIDTH` and its margins wide. Every text in it is escaped; nothing is loaded."""
    draw = {"requests": _requests, "memory": _memory, "vitals": _vitals}[chart.name]
    body, height = draw(chart, palette)
    wide, high = WIDTH + 24, height + 16
    name = escape(f"{TITLES[chart.name]}: {caption(chart)}", {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 -8 {wide} {high}" width="{wide}" height="{high}" '
        f'role="img" aria-label="{name}" font-family="{_FONT}" font-size="11">'
        f'<rect x="-12" y="-8" width="{wide}" height="{high}" fill="{palette["surface"]}"/>{"".join(body)}</svg>'
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(x: float, y: float, text: str, fill: str, anchor: str = "start") -> str:
    shown = escape(_CONTROL.sub("", text))
    return f'<text x="{_n(x)}" y="{_n(y)}" fill="{fill}" text-anchor="{anchor}">{shown}</text>'


def _rect(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    return f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{fill}"{more}/>'


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, more: str = "") -> str:
    return f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="{stroke}"{more}/>'


def _short(text: str) -> str:
    """A label cut in the middle: how it begins and how it ends tells most."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2 - 2]}…{text[-(_LONGEST // 2 + 1) :]}"


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts.path or parts.netloc or url


class _Time:
    """The axis of a chart over time."""

    def __init__(self, chart: Chart, left: float) -> None:
        self._chart = chart
        self.left, self.right = left, WIDTH - _RIGHT
        self._span = max(1.0, chart.end - chart.start)

    def x(self, t: float) -> float:
        """Where an instant stands."""
        part = (min(max(t, self._chart.start), self._chart.end) - self._chart.start) / self._span
        return self.left + part * (self.right - self.left)

    def drawn(self, bottom: float, palette: Palette) -> list[str]:
        """Lines and times at round seconds, and the moment."""
        chart = self._chart
        step = next((s for s in _STEPS if self._span / s <= 6), _STEPS[-1] * max(1, self._span // (_STEPS[-1] * 6)))
        parts = [_line(self.left, bottom, self.right, bottom, palette["line"])]
        first = -(-(chart.start - chart.zero) // step) * step
        t = chart.zero + first
        while t <= chart.end:
            x = self.x(t)
            parts.append(_line(x, _TOP, x, bottom, palette["line"]))
            parts.append(
                _text(x, bottom + 15, offset(t - chart.zero, tenths=step < 1000), palette["muted"], "middle")
            )
            t += step
        if chart.start <= chart.moment <= chart.end:
            x = self.x(chart.moment)
            parts.append(_line(x, _TOP, x, bottom, palette["failed"], ' stroke-width="1.5" stroke-dasharray="4 3"'))
        return parts


_STEPS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000)


def _requests(chart: Chart, palette: Palette) -> tuple[list[str], int]:
    axis = _Time(chart, _LEFT)
    bottom = _TOP + _ROW * len(chart.marks) + 4
    parts = axis.drawn(bottom, palette)
    for n, mark in enumerate(chart.marks):
        y = _TOP + n * _ROW
        colour = palette["failed" if mark.severity >= 2 else "accent"]
        label = _short(f"{mark.label} {_path(mark.url)}".strip())
        parts.append(_text(0, y + 13, label, palette["failed" if mark.severity >= 2 else "text"]))
        x = axis.x(mark.t)
        parts.append(_rect(x, y + 4, max(3.0, axis.x(mark.end) - x), _ROW - 8, colour, ' rx="2"'))
        took = mark.end - mark.t
        said = f"{mark.said} · {took / 1000:.2f} s" if took >= 1000 else f"{mark.said} · {took:.0f} ms"
        parts.append(_text(WIDTH, y + 13, said.removeprefix(" · "), palette["muted"], "end"))
    return parts, bottom + _FOOT


def _memory(chart: Chart, palette: Palette) -> tuple[list[str], int]:
    axis = _Time(chart, 56)
    bottom = _TOP + 110
    top = max(mark.value for mark in chart.marks) * 1.1 or 1.0
    parts = axis.drawn(bottom, palette)
    for part in (0.0, 0.5, 1.0):
        y = bottom - part * (bottom - _TOP - 8)
        parts.append(_line(axis.left, y, axis.right, y, palette["line"]))
        parts.append(_text(axis.left - 8, y + 4, f"{part * top / 1e6:.0f} MB", palette["muted"], "end"))
    points = [(axis.x(mark.t), bottom - mark.value / top * (bottom - _TOP - 8)) for mark in chart.marks]
    path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{palette["accent"]}" stroke-width="1.8"/>')
    last = chart.marks[-1]
    parts.append(_text(axis.right + 8, points[-1][1] + 4, f"{last.value / 1e6:.1f} MB", palette["text"]))
    return parts, bottom + _FOOT


def _vitals(chart: Chart, palette: Palette) -> tuple[list[str], int]:
    left, right = 56.0, float(WIDTH - _RIGHT)
    parts = []
    known = [mark for mark in chart.marks if mark.label in THRESHOLDS]
    for n, mark in enumerate(known):
        y = _TOP + n * 26
        good, poor = THRESHOLDS[mark.label]
        whole = max(poor * 1.5, mark.value * 1.05)
        at = [left, left + good / whole * (right - left), left + poor / whole * (right - left), right]
        for (low, high), name in zip(pairwise(at), _OF, strict=True):
            parts.append(_rect(low, y + 4, high - low, 10, palette[name], ' fill-opacity="0.28"'))
        x = left + mark.value / whole * (right - left)
        colour = palette[_OF[_rated(mark, good, poor)]]
        parts.append(_rect(x - 2, y, 4, 18, colour, ' rx="2"'))
        parts.append(_text(0, y + 13, mark.label, palette["text"]))
        parts.append(_text(WIDTH, y + 13, _measure(mark), colour, "end"))
    return parts, _TOP + 26 * len(known)


def _rated(mark: Mark, good: float, poor: float) -> int:
    return 0 if mark.value <= good else 1 if mark.value <= poor else 2


def _measure(mark: Mark) -> str:
    if mark.label == "CLS":
        return f"{mark.value:.3f}"
    return f"{mark.value / 1000:.2f} s" if mark.value >= 1000 else f"{mark.value:.0f} ms"
