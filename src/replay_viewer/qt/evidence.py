"""What the incident note needs of a program with a web engine: pictures, PDF, preview."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from replay_viewer.library import Library
    from replay_viewer.services.incident import Pin, Shoot


@dataclass(frozen=True)
class Evidence:
    """What only a program with a web engine can do.

    `shooter(library, session id, step)` makes the function that takes pictures: `step(done, total)` is told before
    each and may raise Cancelled. `print_html` prints a PDF; `preview` makes the widget (with `show_html` and
    `shutdown`) the note is shown in; `raster` makes a PNG of an SVG picture; `pin` draws
    the numbered spots of notes on a picture.
    """

    shooter: Callable[[Library, str, Callable[[int, int], None]], Shoot]
    print_html: Callable[[str, Path], None]
    preview: Callable[[], QWidget]
    raster: Callable[[str], bytes]
    pin: Pin
