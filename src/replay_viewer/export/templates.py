"""Templates: jinja2 in a sandbox, autoescaped for HTML, with filters that escape for Markdown.

Everything recorded is hostile. HTML: jinja2's escaping, and no link of the recording is one in the export. Markdown:
`md` for running text, `code` for a code span, `fence` for a block; a recording cannot get out of any of them.
A team's own templates (`incident.md.j2` and so on) lie in `templates` of the library's home.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.resources import resource
from replay_viewer.domain.rows import Frame, Vital, summary
from replay_viewer.domain.time import clock, iso, offset
from replay_viewer.export import charts
from replay_viewer.export.incident import Chart, IncidentNote
from replay_viewer.redaction import RULES

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_MD = re.compile(r"([\\`*_\[\]<>|#~&!$])")
_LIST = re.compile(r"^(\s*)([-+=]|\d{1,9}[.)])(?=\s|$|=|-)")
_LINKABLE = re.compile(r"^(?:https?|replay-viewer)://", re.I)
_BODY = 1_200  #: Characters of a body an incident note shows.


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...], escape: bool) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader([*folders, resource("templates")]),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        md=md, cell=cell, code=code, fence=fence, quoted=quoted, plain=plain, offset=_offset, utc=_utc, clock=_clock,
        local=_local, date=_date, data_uri=data_uri, body=body, pretty=pretty, ms=ms, vital=vital, place=place,
        linkable=linkable, md_url=md_url, summary=summary, rule=rule, status=status, cause=frames_shown,
        jsontext=jsontext, chart=chart_inline, chart_title=chart_title, chart_caption=charts.caption,
    )  # fmt: skip
    return environment


def render(name: str, note: IncidentNote, folders: Sequence[Path], escape: bool = False, **more: Any) -> str:
    """A template filled with a note. Raises BadInput when a team's template is wrong."""
    try:
        template = _environment(tuple(folders), escape).get_template(name)
        return template.render(
            note=note, session=note.session, facts=note.session.facts, zone=_zone(note.zone), **more
        )
    except TemplateError as error:
        where = f"{getattr(error, 'name', None) or name}, line {getattr(error, 'lineno', '?')}"
        raise BadInput(
            f"The template {where} cannot be used: {error.message or error}.",
            "Correct it, or remove it from the library's templates folder to use ours.",
        ) from error


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


# -- text --------------------------------------------------------------------------------------------------------


def plain(text: object) -> str:
    """One line without control characters and without characters that turn the direction of writing."""
    return " ".join(_CONTROL.sub("", str(text)).split())


def md(text: object) -> str:
    """Running text in Markdown: one line, nothing in it has a meaning, no bare URL becomes a link."""
    escaped = _MD.sub(r"\\\1", plain(text))
    escaped = escaped.replace("://", ":\\//").replace("www.", "www\\.").replace("@", "&#64;")
    return _LIST.sub(lambda match: match.group(1) + "\\" + match.group(2), escaped)


def cell(text: object) -> str:
    """A code span inside a table."""
    return code(text).replace("|", "\\|")


def code(text: object) -> str:
    """A code span that its content cannot leave."""
    line = plain(text)
    if not line:
        return "–"
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fence(text: object, language: str = "") -> str:
    """A code block that its content cannot leave."""
    block = _CONTROL.sub("", str(text).replace("\r\n", "\n")).rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`{3,}", block)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{block}\n{ticks}"


def quoted(text: object) -> str:
    """A person's words as a Markdown quote, line by line."""
    return "\n".join("> " + md(line) for line in str(text).splitlines() if line.strip()) or "> –"


def linkable(url: str) -> bool:
    """Whether a link of the note may be clickable."""
    return bool(_LINKABLE.match(url)) and not any(char in url for char in "\r\n\t\0")


def md_url(url: str) -> str:
    """A URL as the target of a Markdown link."""
    return quote(url, safe="%/:?=&#+,;@$!*'~-._")


# -- times and numbers ---------------------------------------------------------------------------------------------


def _offset(t: float, start: float) -> str:
    return offset(t - start)


def _utc(t: float) -> str:
    return iso(t)


def _clock(t: float) -> str:
    return clock(t)


def _date(t: float, zone: tzinfo | None = None) -> str:
    return iso(t, zone or UTC)[:10]


def _local(t: float, zone: tzinfo | None) -> str:
    return clock(t, zone) if zone is not None else ""


def ms(value: float) -> str:
    """A span in ms as a person reads it."""
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"


def vital(row: Vital) -> str:
    """A measure with its unit."""
    if row.name == "CLS":
        return f"{row.value:.3f}"
    if row.name == "memory":
        return f"{row.value / 1e6:.1f} MB"
    return ms(row.value)


def status(value: int) -> str:
    """A request's status in words."""
    return {0: "no answer", -1: "not recorded"}.get(value, str(value))


# -- parts of the note ---------------------------------------------------------------------------------------------


def place(frame: Frame) -> str:
    """`src/main.jsx:14:3`."""
    where = frame.file or "unknown file"
    return f"{where}:{frame.line}:{frame.column}" if frame.line and frame.column else where


def frames_shown(frames: Sequence[Frame], limit: int = 12) -> list[Frame]:
    """The frames of a stack, the innermost first, at most `limit`."""
    return list(reversed(frames))[:limit]


def jsontext(value: Any) -> str:
    """A JSON value as text (never marked as safe HTML)."""
    return msgspec.json.encode(value).decode()


def pretty(text: str) -> str:
    """JSON indented; other text as it is."""
    try:
        return msgspec.json.format(str(text), indent=2)
    except msgspec.DecodeError:
        return text


def body(text: str) -> str:
    """A body: JSON indented, cut where it gets long."""
    shown = pretty(text) if len(text) < 200_000 else text
    return shown if len(shown) <= _BODY else f"{shown[:_BODY].rstrip()}\n… {len(text):,} characters in all"


def rule(id: str) -> str:
    """What a rule finds."""
    return RULES[id].finds if id in RULES else id


def chart_inline(chart: Chart) -> Markup:
    """A chart as SVG inside a page, in the colours of its style sheet; `charts.svg` escapes what it draws."""
    return Markup(charts.svg(chart, charts.PAGE))  # noqa: S704


def chart_title(chart: Chart) -> str:
    """What it shows."""
    return charts.TITLES[chart.name]


def data_uri(png: bytes) -> str:
    """A picture inside the file."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
