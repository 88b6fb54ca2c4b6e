"""Drawing for exports: an SVG picture of ours as PNG, and the spots of notes as numbered pins on a picture."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter, QPen
from PySide6.QtSvg import QSvgRenderer

from replay_viewer.domain.errors import UserError
from replay_viewer.domain.session import Spot
from replay_viewer.qt.headless import png
from replay_viewer.qt.theme import LIGHT

_PIN = 11  #: Radius of a pin, pixels of the page.
_SCALE = 2  #: For screens with small pixels.


def png_of_svg(svg: str) -> bytes:
    """PNG bytes of an SVG picture, twice its size. Needs a running application. Raises UserError."""
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    if not renderer.isValid():
        raise UserError("A chart could not be drawn.", "Leave the charts out, or export HTML.")
    size: QSize = renderer.defaultSize() * _SCALE
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return png(image)


def with_pins(picture: bytes, spots: Sequence[Spot]) -> bytes:
    """A PNG of a recorded viewport with a numbered pin at each of `spots`; one outside stands at the edge."""
    image = QImage.fromData(picture).convertToFormat(QImage.Format.Format_RGB32)
    screen = QGuiApplication.primaryScreen()
    scale = screen.devicePixelRatio() if screen is not None else 1.0  # what the picture was taken at
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    font = QFont()
    font.setPixelSize(12)
    font.setBold(True)
    painter.setFont(font)
    wide, high = image.width() / scale, image.height() / scale
    for spot in spots:
        centre = QPointF(min(max(spot.x, _PIN), wide - _PIN), min(max(spot.y, _PIN), high - _PIN))
        painter.setPen(QPen(QColor("#ffffff"), 2.0))
        painter.setBrush(QColor(LIGHT["failed"]))
        painter.drawEllipse(centre, _PIN, _PIN)
        box = QRectF(centre.x() - _PIN, centre.y() - _PIN, 2 * _PIN, 2 * _PIN)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(spot.number))
    painter.end()
    return png(image)
