"""What the incident note needs of a program with a web engine: pictures, PDF, preview."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from replay_viewer.library import Library
    from replay_viewer.services.incident import Shoot


@dataclass(frozen=True)
class Evidence:
    """What only a program with a web engine can do.

    `shooter(library, session id)` makes the function that takes pictures; `print_html` prints a PDF; `preview` makes
    the widget (with `show_html` and `shutdown`) the note is shown in.
    """

    shooter: Callable[[Library, str], Shoot]
    print_html: Callable[[str, Path], None]
    preview: Callable[[], QWidget]
