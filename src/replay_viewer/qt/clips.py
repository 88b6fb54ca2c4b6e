"""Clips painted by the real player, off the screen: one picture at each steady instant, pointer and clicks in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from replay_viewer.domain.errors import Cancelled
from replay_viewer.domain.session import Session
from replay_viewer.domain.time import offset
from replay_viewer.export import clips as format
from replay_viewer.export.base import File
from replay_viewer.export.clips import Pixels, Shape
from replay_viewer.library import Library
from replay_viewer.qt.headless import HeadlessPlayer, player, png
from replay_viewer.qt.theme import LIGHT
from replay_viewer.redaction import Redactor
from replay_viewer.services.clips import Changes, ClipEngine
from replay_viewer.services.files import write_all
from replay_viewer.services.incident import Mask

#: (frames done, frames in all)
Progress = Callable[[int, int], None]

_FOOT = 26
_GAP = 12


def make(
    library: Library,
    session: Session,
    tab: int,
    name: str,
    shape: Shape,
    out: Path,
    redactor: Redactor,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Path]:
    """Render a clip of `tab` in the format `name` and write it to `out`; nothing is left there when it fails.

    Every text of the page, and its address in the caption, goes through `redactor` before it is painted. Raises
    BadInput, PaintingFailed, StorageProblem, Cancelled, and UserError without the encoder.
    """
    format.check(shape, name)
    times = format.instants(shape, name)
    engine = ClipEngine(library, session.id, Mask(redactor).redact)
    changes = Changes(library, session.id, tab)

    def caption(t: float) -> str:
        url = engine.url(tab, t)
        shown = redactor.url(url, "page URL") if redactor.strict else url
        return f"{offset(t - session.start)}   {shown}"

    def step(done: int) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled()
        if progress is not None:
            progress(done, len(times))

    try:
        with player(engine, QSize(*engine.viewport(tab, times[0]))) as headless:
            pictures = _pictures(headless, tab, times, changes, step)
            if not format.FORMATS[name].encoded:
                sheet = strip([_scaled(each, shape.width // 3) for each in pictures], [caption(t) for t in times])
                return write_all(out, [File("", png(sheet))])
            frames = _frames(pictures, [caption(t) for t in times], shape.width)
            return write_all(out, [], lambda path: _encoded(name, frames, shape.fps, path))
    finally:
        engine.close()


def _encoded(name: str, frames: Iterator[Pixels], fps: float, path: Path) -> None:
    format.encode(name, frames, fps, path)


def _pictures(
    headless: HeadlessPlayer, tab: int, times: Sequence[float], changes: Changes, step: Callable[[int], None]
) -> Iterator[QImage]:
    """The picture at each instant; where nothing changed, the one before again."""
    last: QImage | None = None
    for n, t in enumerate(times):
        step(n)
        if changes.since_last(t) or last is None:
            headless.seek(tab, t)
            last = headless.picture()
        yield last
    step(len(times))


def _scaled(image: QImage, width: int) -> QImage:
    if image.width() <= width:
        return image
    return image.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)


def _frames(pictures: Iterator[QImage], captions: Sequence[str], width: int) -> Iterator[Pixels]:
    """Frames of one even size, that of the first picture: others are fitted into it. The caption stands below."""
    size: QSize | None = None
    for picture, text in zip(pictures, captions, strict=True):
        if size is None:
            first = _scaled(picture, width)
            size = QSize(_even(first.width()), _even(first.height() + _FOOT))
        yield _pixels(_framed(picture, text, size))


def _even(n: int) -> int:
    """Video codecs halve the size of colours."""
    return max(2, n + n % 2)


def _framed(picture: QImage, text: str, size: QSize) -> QImage:
    frame = QImage(size, QImage.Format.Format_RGB888)
    frame.fill(QColor(LIGHT["background"]))
    room = QSize(size.width(), size.height() - _FOOT)
    fitted = picture.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
    if fitted.width() > picture.width():
        fitted = picture.size()
    painter = QPainter(frame)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    left, top = (room.width() - fitted.width()) // 2, (room.height() - fitted.height()) // 2
    exact = fitted == picture.size()
    drawn = (
        picture
        if exact
        else picture.scaled(fitted, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    )
    painter.drawImage(left, top, drawn)
    _write(painter, QRect(0, room.height(), size.width(), _FOOT), text)
    painter.end()
    return frame


def _write(painter: QPainter, box: QRect, text: str, size: int = 13) -> None:
    painter.fillRect(box, QColor(LIGHT["surface"]))
    painter.fillRect(QRect(box.left(), box.top(), box.width(), 1), QColor(LIGHT["line"]))
    font = QFont()
    font.setPixelSize(size)
    painter.setFont(font)
    painter.setPen(QColor(LIGHT["text"]))
    inner = QRectF(box.adjusted(10, 0, -10, 0))
    fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(inner.width()))
    painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), fitting)


def _pixels(image: QImage) -> Pixels:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    # A copy: the image owns the memory and goes.
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def strip(pictures: Sequence[QImage], captions: Sequence[str]) -> QImage:
    """The pictures in rows of up to four, each with its caption below."""
    columns = min(4, len(pictures))
    rows = -(-len(pictures) // columns)
    width = max(picture.width() for picture in pictures)
    height = max(picture.height() for picture in pictures) + _FOOT
    sheet = QImage(columns * (width + _GAP) + _GAP, rows * (height + _GAP) + _GAP, QImage.Format.Format_RGB888)
    sheet.fill(QColor(LIGHT["background"]))
    painter = QPainter(sheet)
    for n, (picture, text) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(n, columns)
        left, top = _GAP + column * (width + _GAP), _GAP + row * (height + _GAP)
        painter.drawImage(left, top, picture)
        _write(painter, QRect(left, top + height - _FOOT, width, _FOOT), text, 11)
    painter.end()
    return sheet
