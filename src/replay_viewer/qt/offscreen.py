"""Qt without a display, for commands and for processes that render beside the window."""

from __future__ import annotations

import logging
import os

log = logging.getLogger(__name__)

#: Chromium writes only what is fatal.
_QUIET = "--log-level=3"


def go_offscreen() -> None:
    """Let Qt work without a display, and say what it has to say to the log: a terminal is for results.

    Comes before the QApplication.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    flags = os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS", "")
    if _QUIET not in flags:
        os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = f"{flags} {_QUIET}".strip()
    from PySide6.QtCore import qInstallMessageHandler

    qInstallMessageHandler(lambda _kind, _context, text: log.info("Qt: %s", text))
