"""The demo: an embedded collector with sample sessions, the failing one opened by its session URL."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path

from replay_viewer.analysis.verdict import verdict
from replay_viewer.cli.evidence import drawer, printer, shooter
from replay_viewer.cli.output import note
from replay_viewer.collector.samples import RunningDemo, start_demo
from replay_viewer.domain.errors import StorageProblem
from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.domain.session import Note
from replay_viewer.library import Library
from replay_viewer.services import incident, redacting
from replay_viewer.services.bundle import write_bundle
from replay_viewer.services.pull import pull

FORMATS = ("md", "html", "pdf")


def window(home: Path, theme: str | None) -> int:
    """Start collector, samples and shop, open the failing session in the application; returns its exit status."""
    from replay_viewer.qt import app
    from replay_viewer.qt.visitors import Visitors
    from replay_viewer.qt.window import Window

    # The samples go into a collector that lives as long as the demo; the library of `home` keeps what was pulled.
    with tempfile.TemporaryDirectory(prefix="replay-viewer-demo-") as folder, start_demo(Path(folder)) as demo:
        for url in list(demo.sessions.values())[1:]:
            pull(home, url)
        note(f"Collector at {demo.url}" + (f", the shop it records at {demo.site}" if demo.site else ""))

        def prepare(window: Window) -> None:
            """People in the shop show up by themselves, as they go."""
            Visitors(window, demo.visitors)
            if demo.site:
                window.messages.say(
                    f"The shop of this demo is open at {demo.site}",
                    "Visit it in any browser: what you do there shows here as it happens.",
                    "info",
                )

        return app.run(home=str(home), theme=theme, what=demo.failing, prepare=prepare)


def headless(home: Path, folder: Path) -> list[Path]:
    """Do what a person would, without a display; the files written to `folder`, the screenshot first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageProblem(f"“{folder}” cannot be written to.", "Choose another folder.") from error
    with tempfile.TemporaryDirectory(prefix="replay-viewer-demo-") as store, start_demo(Path(store)) as demo:
        return _story(home, folder, demo)


def _story(home: Path, folder: Path, demo: RunningDemo) -> list[Path]:
    id = pull(home, demo.failing)
    note(f"Pulled {demo.failing}")
    from replay_viewer.cli.viewing import go_headless

    go_headless()
    from replay_viewer.qt import app

    shot = folder / "screenshot.png"
    app.screenshot(home, id, shot)
    library = Library.open(home)
    try:
        session = library.session(id)
        errors = [(n, row) for n, row in library.rows(id, "errors") if isinstance(row, ErrorEvent)]
        if errors and not library.notes(id):
            n, error = errors[0]
            text = verdict(error, [row for _, row in library.rows(id, "interactions")], session.start)
            library.put_note(
                Note(
                    id=uuid.uuid4().hex,
                    session=id,
                    t=error.t,
                    tab=max(0, error.tab),
                    kind="errors",
                    row=n,
                    text=text,
                )
            )
        redactor = redacting.redactor_for(library, id)
        made = incident.build(library, id, shoot=shooter(library, id), redactor=redactor)
        written = [shot]
        for format in FORMATS:
            out = folder / f"incident.{format}"
            written += incident.write(
                made, format, out, redactor, print_html=printer() if format == "pdf" else None,
                raster=drawer() if format == "md" else None,
            )  # fmt: skip
        bundle = folder / "session.replay"
        write_bundle(library, id, bundle, transform=redacting.redactor_for(library, id))
        written.append(bundle)
    finally:
        library.close()
    return written
