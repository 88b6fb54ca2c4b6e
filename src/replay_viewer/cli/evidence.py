"""Commands for evidence: note and export."""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from replay_viewer.cli.output import ProgressLine, print_json, print_table
from replay_viewer.cli.output import note as say
from replay_viewer.cli.places import check_tab, instant, parse_range
from replay_viewer.cli.viewing import go_headless
from replay_viewer.domain.errors import BadInput, NotFound
from replay_viewer.domain.rows import KINDS
from replay_viewer.domain.session import NOTE_COLOURS, Note, Session, Spot
from replay_viewer.domain.time import offset
from replay_viewer.export.clips import Shape, check, instants
from replay_viewer.library import Library, home_dir
from replay_viewer.redaction import HitLog
from replay_viewer.services import clips, incident, redacting
from replay_viewer.services.notes import author
from replay_viewer.services.outputs import Order, Output, Painter, outputs, write_output
from replay_viewer.services.reviewing import Leaving, review
from replay_viewer.services.stills import StillEngine


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register note and export."""
    one = commands.add_parser("note", parents=[common], help="notes of a session: add, list, remove")
    one.add_argument("id", metavar="ID")
    actions = one.add_subparsers(dest="action", required=True, metavar="add|list|remove")
    # Given after the action, the shared options must not fall back to their defaults there.
    late = argparse.ArgumentParser(add_help=False)
    late.add_argument("--home", metavar="DIR", default=argparse.SUPPRESS)
    late.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    add = actions.add_parser("add", parents=[late], help="add a note at an instant, a range or a row")
    add.add_argument("text", nargs="?", help="without text it is a bookmark")
    add.add_argument("--at", metavar="T")
    add.add_argument("--range", metavar="A..B")
    add.add_argument("--row", metavar="KIND:N", help="a row, as `rows` numbers them, e.g. errors:0")
    add.add_argument("--tab", type=int, default=0, metavar="N")
    add.add_argument("--spot", metavar="X,Y", help="a spot of the page, in pixels of the recorded viewport")
    add.add_argument("--colour", choices=NOTE_COLOURS, default="")
    add.add_argument("--author", metavar="NAME", help="default: who you are on this machine")
    edit = actions.add_parser("edit", parents=[late], help="change a note's text or colour")
    edit.add_argument("note", metavar="NOTE")
    edit.add_argument("text", nargs="?")
    edit.add_argument("--colour", choices=("none", *NOTE_COLOURS))
    edit.add_argument("--author", metavar="NAME")
    move = actions.add_parser("move", parents=[late], help="put a note before all others, or at a place")
    move.add_argument("note", metavar="NOTE")
    move.add_argument("place", type=int, metavar="N", help="1 is the first; 0 orders all notes by time again")
    actions.add_parser("list", parents=[late], help="list notes")
    remove = actions.add_parser("remove", parents=[late], help="remove a note")
    remove.add_argument("note", metavar="NOTE", help="a note's id, as `list` prints it")
    one.set_defaults(run=_note)
    one = commands.add_parser(
        "export",
        parents=[common],
        help="incident note or bundle of a session",
        description="Write an incident note (md html pdf json txt), a bundle, requests (har), a test (playwright) or "
        "a clip of the page (clip: WebM, gif, strip: a row of pictures). What leaves is redacted, and says what was "
        "removed.",
    )
    one.add_argument("id", metavar="ID")
    one.add_argument("--format", required=True, choices=[*outputs()], metavar="F")
    one.add_argument("-o", "--out", type=Path, metavar="OUT")
    one.add_argument("--range", metavar="A..B", help="what the note is about (default: around the first error)")
    one.add_argument("--tab", type=int, metavar="N", help="one tab only (har, playwright, clips)")
    one.add_argument(
        "--redact", default="strict", metavar="PROFILE", help="strict (default), none, or one of your own rules"
    )
    one.add_argument("--rules", type=Path, metavar="FILE", help="own redaction rules (default: the library's)")
    one.add_argument("--preview", action="store_true", help="write nothing; print what redaction would remove")
    one.add_argument("--title")
    one.add_argument("--severity", choices=("P1", "P2", "P3", "P4"))
    one.add_argument(
        "--maps", type=Path, metavar="DIR|ZIP", help="source maps for the stacks, before those kept with the session"
    )
    one.add_argument(
        "--with-maps",
        action="store_true",
        help="a bundle takes along the source maps its stacks need: they hold source code",
    )
    one.add_argument("--no-pictures", action="store_true", help="leave screenshots out")
    one.add_argument("--steps", type=Path, metavar="FILE", help="steps to reproduce in your own words, one a line")
    one.add_argument("--no-charts", action="store_true", help="leave charts out")
    clip = one.add_argument_group("clips", "clip and gif need the extra `clips`; a strip needs nothing")
    clip.add_argument("--fps", type=float, default=10.0, metavar="N", help="frames a second (default: 10)")
    clip.add_argument("--width", type=int, default=960, metavar="PX", help="at most so wide (default: 960)")
    clip.add_argument("--pictures", type=int, default=8, metavar="N", help="pictures of a strip (default: 8)")
    one.set_defaults(run=_export)


# -- notes -------------------------------------------------------------------------------------------------------


def _note(options: argparse.Namespace) -> int:
    library = Library.open(home_dir(options.home))
    try:
        session = library.session(options.id)
        if options.action == "add":
            made = _made(library, session, options)
            library.put_note(made)
            if options.json:
                print_json(made)
            else:
                print(made.id)
        elif options.action == "remove":
            library.remove_note(_held(library, session, options.note).id)
        elif options.action == "edit":
            held = _held(library, session, options.note)
            changed = msgspec.structs.replace(
                held,
                text=held.text if options.text is None else options.text,
                colour=held.colour if options.colour is None else options.colour.removeprefix("none"),
                author=options.author or author(library),
                changed=time.time() * 1000.0,
            )
            library.put_note(changed)
        elif options.action == "move":
            _move(library, session, _held(library, session, options.note), options.place)
        else:
            _list_notes(library.notes(session.id), session, options.json)
    finally:
        library.close()
    return 0


def _held(library: Library, session: Session, id: str) -> Note:
    """The note of an id. Raises NotFound."""
    held = next((one for one in library.notes(session.id) if one.id == id), None)
    if held is None:
        raise NotFound(f"The session has no note {id}.", "See `note ID list`.")
    return held


def _move(library: Library, session: Session, note: Note, place: int) -> None:
    """Put a note at a place, counted from 1; at 0 all notes stand by time again."""
    others = [one for one in library.notes(session.id) if one.id != note.id]
    at = max(0, min(place - 1, len(others)))
    for n, one in enumerate([*others[:at], note, *others[at:]]):
        library.put_note(msgspec.structs.replace(one, place=-1 if place < 1 else n))


def _made(library: Library, session: Session, options: argparse.Namespace) -> Note:
    now = time.time() * 1000.0
    x, y = _spot(options.spot)
    new = Note(
        id=uuid.uuid4().hex[:12], session=session.id, t=0.0, text=options.text or "", created=now, changed=now, x=x,
        y=y, colour=options.colour, author=options.author or author(library),
    )  # fmt: skip
    if options.row:
        kind, _, number = options.row.partition(":")
        if kind not in KINDS or not number.isdigit():
            raise BadInput(f"“{options.row}” is not a row.", "Write KIND:N, for example errors:0.")
        row = library.row(session.id, kind, int(number))
        return msgspec.structs.replace(new, t=row.t, tab=max(0, row.tab), kind=kind, row=int(number))
    check_tab(session, options.tab)
    if options.range:
        start, end = parse_range(options.range, session)
        start = session.start if start is None else start
        end = session.end if end is None else end
        return msgspec.structs.replace(new, t=start, end=end, tab=options.tab)
    if not options.at:
        raise BadInput("A note needs a place in time.", "Give --at, --range or --row.")
    return msgspec.structs.replace(new, t=instant(options.at, session), tab=options.tab)


def _spot(text: str | None) -> tuple[float, float]:
    if not text:
        return -1.0, -1.0
    x, _, y = text.partition(",")
    try:
        place = float(x), float(y)
    except ValueError as error:
        raise BadInput(f"“{text}” is not a spot.", "Write X,Y in pixels, for example 320,200.") from error
    if min(place) < 0 or max(place) > 1e6:
        raise BadInput(f"“{text}” is not on the page.", "Write X,Y in pixels, from 0 on.")
    return place


def _list_notes(notes: Sequence[Note], session: Session, as_json: bool) -> None:
    if as_json:
        print_json(notes)
        return
    for one in notes:
        where = offset(one.t - session.start)
        if one.end >= 0:
            where += f"–{offset(one.end - session.start)}"
        by = f"  · {one.author}" if one.author else ""
        print(f"{one.id}  {where:>12}  {one.text or '(bookmark)'}{by}")
    if not notes:
        print("No notes.")


# -- export ---------------------------------------------------------------------------------------------------------


def _export(options: argparse.Namespace) -> int:
    if options.out is None and not options.preview:
        raise BadInput("Where to?", "Give -o OUT, or --preview to see what would be removed.")
    library = Library.open(home_dir(options.home))
    line = ProgressLine()
    try:
        session = library.session(options.id)
        if options.tab is not None:
            check_tab(session, options.tab)
        own = redacting.rules_of(library.home, options.rules)
        chosen = outputs()[options.format]
        span = parse_range(options.range, session)
        if options.with_maps and options.format != "bundle":
            raise BadInput("Only a bundle takes source maps along.", "Leave --with-maps out.")
        if options.preview:
            leaving = _leaving(library, session, options, chosen, span)
            print_hits(review(library, leaving, options.redact, own)[0], options.json)
            return 0
        if chosen.clip:
            go_headless()
        redactor = redacting.redactor_for(library, session.id, options.redact, own=own)
        doing = "painting picture" if chosen.clip else "writing part"
        order = Order(
            session=session.id,
            out=options.out,
            redactor=redactor,
            range=span,
            tab=options.tab,
            title=options.title,
            severity=options.severity,
            shoot=shooter(library, session.id) if chosen.note and not options.no_pictures else None,
            maps=options.maps,
            with_maps=options.with_maps,
            pin=pinner(),
            charts=not options.no_charts,
            steps=incident.read_steps(options.steps) if options.steps else None,
            raster=drawer() if options.format == "md" and not options.no_charts else None,
            print_html=printer() if options.format == "pdf" else None,
            paint=painter() if chosen.clip else None,
            fps=options.fps,
            width=options.width,
            pictures=options.pictures,
            progress=lambda done, total: line.show(f"{doing} {done} of {total}"),
        )
        written = list(write_output(library, options.format, order))
    finally:
        line.clear()
        library.close()
    removed = sum(entry.count for entry in redactor.manifest())
    if options.json:
        print_json({"files": [str(path) for path in written], "removed": removed})
    else:
        for path in written:
            print(path)
        if removed:
            say(f"Redaction changed {removed:,} places; the export lists them.")
    return 0


def _leaving(
    library: Library,
    session: Session,
    options: argparse.Namespace,
    chosen: Output,
    span: tuple[float | None, float | None],
) -> Leaving:
    """What `--preview` looks at: the same as the dialog of the application does."""
    made = Leaving(session=session.id, format=chosen.name, range=span, tab=options.tab, maps=options.maps)
    if chosen.clip:
        tab, start, end = clips.stretch(library, session, *span, options.tab)
        shape = Shape(start=start, end=end, fps=options.fps, width=options.width, pictures=options.pictures)
        check(shape, chosen.name)
        return replace(made, tab=tab, instants=tuple(instants(shape, chosen.name)))
    if chosen.note:
        low, high = (session.start if span[0] is None else span[0], session.end if span[1] is None else span[1])
        note = incident.build(
            library, session.id, title=options.title, severity=options.severity, maps=options.maps,
            range=None if span == (None, None) else (low, high),
        )  # fmt: skip
        steps = incident.read_steps(options.steps) if options.steps else None
        return replace(made, note=incident.changed(note, steps=steps, charts=() if options.no_charts else None))
    return made


def print_hits(log: HitLog, as_json: bool) -> None:
    """What a redaction would remove, before and after, for the person at this machine."""
    lines = log.lines()
    if as_json:
        print_json({"counts": dict(log.counts), "hits": lines, "unlisted": log.unlisted})
        return
    if not lines:
        print("Nothing would be removed.")
        return
    cut = [" ".join(line.before.split()) for line in lines]
    print_table(
        ["rule", "where", "count", "before", "after"],
        [
            [line.rule, line.where, f"{line.count:,}", text if len(text) <= 80 else f"{text[:79]}…", line.after]
            for line, text in zip(lines, cut, strict=True)
        ],
    )
    say(", ".join(f"{rule} {count:,}" for rule, count in log.counts.most_common()))


def shooter(library: Library, session_id: str) -> incident.Shoot:
    """Takes pictures with the real player, without a window, masked where asked."""

    def shoot(tab: int, instants: Sequence[float], redact: Callable[[str], str] | None) -> list[bytes]:
        go_headless()
        from replay_viewer.qt import headless

        engine = StillEngine(library, session_id, redact)
        try:
            return headless.shoot(engine, tab, instants)
        finally:
            engine.close()

    return shoot


def printer() -> incident.Printer:
    """Prints HTML to PDF with the page engine, without a window."""
    go_headless()
    from replay_viewer.qt.pdf import print_html

    return print_html


def painter() -> Painter:
    """Paints clips with the real player, without a window."""
    go_headless()
    from replay_viewer.qt.clips import make

    return make


def pinner() -> incident.Pin:
    """Draws the spots of notes on pictures that were taken."""

    def pin(picture: bytes, spots: Sequence[Spot]) -> bytes:
        from replay_viewer.qt.drawing import with_pins

        return with_pins(picture, spots)

    return pin


def drawer() -> Callable[[str], bytes]:
    """Makes PNGs of charts, without a window."""
    go_headless()
    from replay_viewer.qt import headless
    from replay_viewer.qt.drawing import png_of_svg

    headless.application()
    return png_of_svg
