"""Everything that can leave a session, in one table: what the composer offers and `export` writes.

An output gets an `Order` and writes files. What it writes went through the order's redactor; a module that adds one
puts it into `OUTPUTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.domain.session import Session
from replay_viewer.export import clips as moving
from replay_viewer.export import formats
from replay_viewer.export.incident import IncidentNote, Severity
from replay_viewer.export.sessions import FORMATS
from replay_viewer.library import Library
from replay_viewer.redaction import Redactor
from replay_viewer.services import clips, content, incident, maps
from replay_viewer.services.bundle import write_bundle
from replay_viewer.services.transform import OnProgress


class Painter(Protocol):
    """Paints a clip (`qt.clips.make`): only a program with a page engine can."""

    def __call__(
        self,
        library: Library,
        session: Session,
        tab: int,
        name: str,
        shape: moving.Shape,
        out: Path,
        redactor: Redactor,
        *,
        progress: OnProgress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Sequence[Path]:
        """The files written."""
        ...


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is wanted. `range`: epoch ms, either end may be open; `tab`: one tab, None all.

    `note`: the incident note as composed (else one is built, with `title`, `severity`, pictures by `shoot`);
    `steps`: a person's own, `charts`: whether it has any.
    `maps`: a folder or zip of source maps, asked before those kept with the session; `with_maps`: a bundle takes
    those along that its stacks need.
    `fps`, `width` (pixels), `pictures`: of a clip, which `paint` makes.
    """

    session: str
    out: Path
    redactor: Redactor
    range: tuple[float | None, float | None] = (None, None)
    tab: int | None = None
    note: IncidentNote | None = None
    title: str | None = None
    severity: Severity | None = None
    maps: Path | None = None
    with_maps: bool = False
    shoot: incident.Shoot | None = None
    print_html: incident.Printer | None = None
    raster: Callable[[str], bytes] | None = None
    pin: incident.Pin | None = None
    charts: bool = True
    steps: Sequence[str] | None = None
    paint: Painter | None = None
    fps: float = 10.0
    width: int = 960
    pictures: int = 8
    progress: OnProgress | None = None
    cancelled: Callable[[], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Output:
    """One kind of file. `ranged`, `tabbed`: it can be of a part.

    `note`: it is a form of the incident note; `clip`: pictures of the page in motion, which need `Order.paint`.
    """

    name: str
    title: str
    suffix: str
    write: Callable[[Library, Order], Sequence[Path]] = field(repr=False)
    note: bool = False
    clip: bool = False
    ranged: bool = False
    tabbed: bool = False


def _note(name: str) -> Callable[[Library, Order], Sequence[Path]]:
    def write(library: Library, order: Order) -> Sequence[Path]:
        made = order.note
        if made is None:
            session = library.session(order.session)
            start, end = order.range
            span = (session.start if start is None else start, session.end if end is None else end)
            made = incident.build(
                library, session.id, title=order.title, severity=order.severity, shoot=order.shoot, pin=order.pin,
                maps=order.maps, range=None if order.range == (None, None) else span, redactor=order.redactor,
            )  # fmt: skip
        templates = [library.home / "templates"]
        made = incident.changed(made, steps=order.steps, charts=None if order.charts else ())
        return incident.write(
            made, name, order.out, order.redactor, print_html=order.print_html, templates=templates,
            raster=order.raster,
        )  # fmt: skip

    return write


def _session(name: str) -> Callable[[Library, Order], Sequence[Path]]:
    def write(library: Library, order: Order) -> Sequence[Path]:
        script = name == "playwright"
        found = content.gather(
            library, order.session, range=order.range, tab=order.tab, script=script, redactor=order.redactor,
            maps=order.maps,
        )  # fmt: skip
        return content.write(found, name, order.out, order.redactor)

    return write


def _bundle(library: Library, order: Order) -> Sequence[Path]:
    session = library.session(order.session).id
    write_bundle(
        library, session, order.out, transform=order.redactor, progress=order.progress, cancelled=order.cancelled,
        maps=maps.of_session(library, session, order.maps) if order.with_maps else None,
    )  # fmt: skip
    return [order.out]


def _clip(name: str) -> Callable[[Library, Order], Sequence[Path]]:
    def write(library: Library, order: Order) -> Sequence[Path]:
        session = library.session(order.session)
        tab, start, end = clips.stretch(library, session, *order.range, order.tab)
        shape = moving.Shape(start=start, end=end, fps=order.fps, width=order.width, pictures=order.pictures)
        moving.check(shape, name)
        if order.paint is None:
            raise UserError("A clip cannot be painted here.", "Use the application, or `replay-viewer export`.")
        return order.paint(
            library, session, tab, name, shape, order.out, order.redactor, progress=order.progress,
            cancelled=order.cancelled,
        )  # fmt: skip

    return write


def outputs() -> dict[str, Output]:
    """Name → output: the forms of the incident note, of the requests and acts, the bundle, the clips."""
    notes = [
        Output(name=one.name, title=one.title, suffix=one.suffix, write=_note(one.name), note=True, ranged=True)
        for one in formats().values()
    ]
    sessions = [
        Output(name=one.name, title=one.title, suffix=one.suffix, write=_session(one.name), ranged=True, tabbed=True)
        for one in FORMATS.values()
    ]
    bundle = Output(name="bundle", title="Bundle", suffix=".replay", write=_bundle)
    painted = [
        Output(
            name=one.name, title=one.title, suffix=one.suffix, write=_clip(one.name), clip=True, ranged=True,
            tabbed=True,
        )
        for one in moving.FORMATS.values()
    ]  # fmt: skip
    return {one.name: one for one in (*notes, *sessions, bundle, *painted)}


def write_output(library: Library, name: str, order: Order) -> Sequence[Path]:
    """Write one; the files, the main one first. Raises BadInput for what it cannot be asked."""
    known = outputs()
    if name not in known:
        raise BadInput(f"There is no format “{name}”.", f"Use one of: {', '.join(known)}.")
    chosen = known[name]
    if order.range != (None, None) and not chosen.ranged:
        raise BadInput(f"A {chosen.title.lower()} holds a whole session.", "Leave the range out.")
    if order.tab is not None and not chosen.tabbed:
        raise BadInput(f"The format {name} is of all tabs.", "Leave the tab out.")
    return chosen.write(library, order)
