"""A bundle looked at without importing it: a window of its own on a library that lasts as long as the window.

A workspace needs row columns, an index and keyframes, which a bundle holds packed or (redacted) not at all. So the
bundle is laid out in a temporary folder by the importer, in a process of its own, checked as every bundle is; the
person's library is never touched, nothing can be written in the view, and the folder goes with the window.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from PySide6.QtWidgets import QPushButton

from replay_viewer.domain.errors import UserError
from replay_viewer.library import Library
from replay_viewer.qt.tasks import JobWatch
from replay_viewer.qt.widgets import named_button
from replay_viewer.qt.window import Window
from replay_viewer.services.jobs import ImportJob

READ_ONLY = "A bundle that is only looked at cannot be written to."


def view(parent: Window, path: Path, make: Callable[[Library], Window]) -> None:
    """Show the bundle at `path` in a window that `make` builds; `parent` says how far it is, or what is wrong."""
    scratch = tempfile.TemporaryDirectory(prefix="replay-viewer-bundle-", ignore_cleanup_errors=True)
    home = Path(scratch.name) / "library"
    watch = JobWatch(ImportJob(home, [path], str(path)), parent)
    parent.progress.begin(f"Opening {path.name}")

    def over() -> None:
        parent.progress.end()
        parent.progress.cancelled.disconnect(watch.cancel)
        parent.afterwards.remove(watch.stop)
        watch.deleteLater()

    def done(sessions: list[str]) -> None:
        over()
        library = Library.open(home)
        library.frozen = READ_ONLY
        shown = make(library)
        _dress(shown, parent, path)

        def gone() -> None:
            shown.settings.sync()  # or it is written after the folder is gone, and the folder with it
            with suppress(UserError):
                library.close()
            scratch.cleanup()

        shown.afterwards.append(gone)
        shown.show()
        shown.opener.open_session(sessions[0])

    def failed(error: UserError) -> None:
        over()
        scratch.cleanup()
        parent.messages.say(error.message, error.advice, "failed", lambda: view(parent, path, make))

    def cancelled() -> None:
        over()
        scratch.cleanup()

    watch.progressed.connect(lambda now: parent.progress.set_progress(int(now.done), int(now.total)))
    watch.done.connect(done)
    watch.failed.connect(failed)
    watch.cancelled.connect(cancelled)
    parent.progress.cancelled.connect(watch.cancel)
    parent.afterwards.append(watch.stop)


def _dress(shown: Window, parent: Window, path: Path) -> None:
    """Say what this window is, and offer to import."""
    shown.queue_dock.hide()
    shown.view_bundle = None
    take: QPushButton = named_button("Import into the library", "plus")
    take.setToolTip("Copies it into your library, where notes can be written")

    def bring_in() -> None:
        parent.opener.open_paths([path])
        shown.close()
        shown.deleteLater()

    take.clicked.connect(bring_in)
    shown.statusBar().addPermanentWidget(take)
    shown.setProperty("bundle", str(path))
    shown.context.opened_changed.connect(lambda: shown.setWindowTitle(f"{path.name} (read-only) – Replay Viewer"))
