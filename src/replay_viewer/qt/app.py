"""Starting the application: one window on one library, or one picture of it.

`run` is what the command line calls; `screenshot` opens a session, waits for its picture and saves the window.
"""

from __future__ import annotations

import logging
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QSettings, QSize, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QWidget

from replay_viewer.domain.errors import Cancelled, UserError
from replay_viewer.domain.resources import resource
from replay_viewer.library import Library, home_dir
from replay_viewer.qt import chromium
from replay_viewer.qt.crash import CrashFile
from replay_viewer.qt.evidence import Evidence
from replay_viewer.qt.instance import Instance, hand_over
from replay_viewer.qt.theme import Scheme, theme
from replay_viewer.qt.window import Window
from replay_viewer.services import engine, inspector
from replay_viewer.services.logs import log_to_file

if TYPE_CHECKING:
    from replay_viewer.domain.session import Spot
    from replay_viewer.qt.tasks import Job
    from replay_viewer.services.incident import Shoot

log = logging.getLogger("replay_viewer.qt.app")

_PICTURE_MS = 30_000


def application(scheme: Scheme | None = None) -> QApplication:
    """The one QApplication, styled. Chromium is prepared before it. Raises chromium.RootRefused."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        app = existing
    else:
        chromium.prepare()
        app = QApplication(sys.argv[:1])
    app.setApplicationName("replay-viewer")
    app.setApplicationDisplayName("Replay Viewer")
    app.setDesktopFileName("replay-viewer")
    app.setWindowIcon(QIcon(str(resource("icons", "replay-viewer.svg"))))
    theme().attach(app, scheme)
    return app


def window(library: Library, settings: QSettings | None = None) -> Window:
    """The main window with the real player, engine, importer and sources."""

    def player(parent: QWidget) -> QWidget:
        from replay_viewer.qt.player.view import PlayerView  # Chromium starts with the first session, not before

        return PlayerView(parent, prepares=True)

    # The jobs bring formats and the HTTP client, a third of a second nobody waits for at the start.

    def bring_in(home: Path, paths: Sequence[Path], origin: str) -> Job:
        from replay_viewer.services.jobs import ImportJob

        return ImportJob(home, paths, origin)

    def pull(home: Path, url: str) -> Job:
        from replay_viewer.services.jobs import PullJob

        return PullJob(home, url)

    def refresh(home: Path, session: str, follow: bool) -> Job:
        from replay_viewer.services.jobs import RefreshJob

        return RefreshJob(home, session, follow)

    def attach(home: Path, session: str, paths: Sequence[Path], url: str) -> Job:
        from replay_viewer.services.jobs import AttachJob

        return AttachJob(home, session, paths, url)

    def capture(home: Path, session: str, private: bool) -> Job:
        from replay_viewer.services.jobs import AssetsJob

        return AssetsJob(home, session, private)

    def fetch_maps(home: Path, session: str) -> Job:
        from replay_viewer.services.jobs import MapsJob

        return MapsJob(home, session)

    # Beside the library, so that another --home has its own layout and tests leave the person's alone.
    kept = settings or QSettings(str(library.home / "window.ini"), QSettings.Format.IniFormat)
    made = Window(
        library,
        player_factory=player,
        engine_factory=engine.EngineClient,
        start_import=bring_in,
        start_pull=pull,
        start_refresh=refresh,
        start_attach=attach,
        start_assets=capture,
        start_maps=fetch_maps,
        settings=kept,
        evidence=Evidence(_shooter, _print, _preview, _png_of_svg, _with_pins),
        view_bundle=_view_bundle,
    )
    if kept.value("thumbnails", True, type=bool):
        made.show_thumbnails(True)
    return made


def _view_bundle(parent: Window, path: Path) -> None:
    from replay_viewer.qt.bundleview import view

    view(parent, path, lambda library: window(library))


def run(
    home: str | None = None,
    theme: str | None = None,
    what: str | Sequence[str] | None = None,
    at: str | None = None,
    prepare: Callable[[Window], None] | None = None,
) -> int:
    """Open the application (or hand `what` over to the one that runs) and stay until its window is closed.

    `what`: a URL, paths or a session id; `at`: an instant as the command line spells it; `prepare(window)` is called
    once the window is shown. Returns the exit status.
    Raises StorageProblem or NewerVersion when the library cannot be opened, RootRefused as root with a display.
    """
    folder = home_dir(home)
    log_to_file(home)
    app = application("dark" if theme == "dark" else "light" if theme == "light" else None)
    targets = [what] if isinstance(what, str) else list(what or [])
    if hand_over(folder, [_absolute(one) for one in targets], at or ""):
        return 0
    library = Library.open(folder)
    crash = CrashFile(folder)
    previous = crash.previous()
    crash.install()
    instance = Instance(folder)
    made = window(library)
    instance.asked.connect(made.open_targets)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in the terminal ends the program
    made.show()
    if previous is not None:
        made.messages.say(
            "Replay Viewer ended unexpectedly last time.", f"What is known stands in {previous}", "warning"
        )
    if targets:
        made.open_targets(targets, at or "")
    if prepare is not None:
        prepare(made)
    QTimer.singleShot(500, made, engine.prewarm)
    QTimer.singleShot(900, made, _prewarm_jobs)
    QTimer.singleShot(5000, made, lambda: _tidy(folder))
    try:
        return app.exec()
    finally:
        instance.close()
        _take_down(made)
        engine.end_spares()
        inspector.end_spares()
        _end_spare_jobs()
        library.close()
        crash.remove()


def screenshot(
    home: Path,
    session: str,
    out: Path,
    *,
    at: str = "",
    scheme: Scheme = "light",
    size: tuple[int, int] = (1440, 900),
    panel: str = "",
    prepare: Callable[[Window], None] | None = None,
) -> None:
    """Save a picture of the window with a session open at an instant.

    `panel` comes to the front; `prepare(window)` may change anything before the picture. Raises UserError when the
    page did not come within 30 s.
    """
    application(scheme)
    library = Library.open(home)
    scratch = tempfile.TemporaryDirectory(prefix="replay-viewer-")  # a picture leaves the person's layout alone
    made = window(library, QSettings(str(Path(scratch.name) / "window.ini"), QSettings.Format.IniFormat))
    made.resize(QSize(*size))
    problems: list[str] = []
    try:
        made.show()
        made.resize(QSize(*size))  # showing restores a geometry: the size asked for wins
        made.arrange()
        made.opener.failed.connect(lambda error, _again: problems.append(str(error)))
        made.opener.open_session(session, at)
        _until(lambda: bool(problems) or (made.stage.shows_page and bool(made.stage.size_label.text())))
        if panel:
            made.panels.show_panel(panel)
        if prepare is not None:
            prepare(made)
        _until(lambda: False, 700)  # charts and lists that load by themselves, fonts, the last paint
        if problems or not made.stage.shows_page:
            raise UserError(problems[0] if problems else "The page did not come within 30 s.", "The log says why.")
        made.grab().save(str(out))
    finally:
        _take_down(made)
        library.close()
        engine.end_spares()
        inspector.end_spares()
        _end_spare_jobs()
        scratch.cleanup()


def _prewarm_jobs() -> None:
    from replay_viewer.services import jobs

    jobs.prewarm()


def _tidy(home: Path) -> None:
    from replay_viewer.services import jobs

    jobs.tidy(home)
    jobs.prewarm()


def _end_spare_jobs() -> None:
    if "replay_viewer.services.jobs" in sys.modules:
        from replay_viewer.services import jobs

        jobs.end_spares()


def _take_down(made: Window) -> None:
    """Close windows after the event loop ended: pages go before their profiles, or Chromium complains."""
    others = [one for one in QApplication.topLevelWidgets() if isinstance(one, Window) and one is not made]
    for one in (*others, made):
        one.close()
        one.deleteLater()
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete))
        QCoreApplication.processEvents()


def _until(met: Callable[[], bool], patience: int = _PICTURE_MS) -> None:
    """Run the event loop until a condition is met, at most `patience` ms."""
    loop = QEventLoop()
    check, end = QTimer(), QTimer()
    check.timeout.connect(lambda: loop.quit() if met() else None)
    check.start(25)
    end.setSingleShot(True)
    end.timeout.connect(loop.quit)
    end.start(patience)
    loop.exec()
    check.stop()
    end.stop()


def _absolute(target: str) -> str:
    path = Path(target)
    return str(path.resolve()) if "://" not in target and path.exists() else target


def _shooter(library: Library, session: str, step: Callable[[int, int], None] | None = None) -> Shoot:
    """Takes pictures of a session off the screen; what cannot be painted is left out.

    `step(done, total)` is told before each, and may raise Cancelled.
    """

    def shoot(tab: int, instants: Sequence[float], redact: Callable[[str], str] | None) -> list[bytes]:
        from replay_viewer.qt import headless
        from replay_viewer.services.stills import StillEngine

        still = StillEngine(library, session, redact)
        try:
            return headless.shoot(still, tab, instants, step=step)
        except Cancelled:
            raise
        except UserError:
            log.warning("no pictures for the incident note", exc_info=True)
            return [b""] * len(instants)
        finally:
            still.close()

    return shoot


def _png_of_svg(svg: str) -> bytes:
    from replay_viewer.qt.drawing import png_of_svg

    return png_of_svg(svg)


def _with_pins(picture: bytes, spots: Sequence[Spot]) -> bytes:
    from replay_viewer.qt.drawing import with_pins

    return with_pins(picture, spots)


def _print(html: str, out: Path) -> None:
    from replay_viewer.qt.pdf import print_html

    print_html(html, out)


def _preview() -> QWidget:
    from replay_viewer.qt.preview import HtmlPreview

    return HtmlPreview()
