"""An SVG picture of ours as PNG: what a format with pictures beside it needs."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from replay_viewer.domain.errors import UserError
from replay_viewer.qt.headless import png

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
