"""Stacks with original files, lines and functions: the frames of an error as the source maps at hand have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from replay_viewer.analysis.mapset import MapSet
from replay_viewer.analysis.sourcemap import Position
from replay_viewer.domain.rows import ErrorEvent, Frame, Raised

_CONTEXT, _MAX_LINE = 5, 500
#: Schemes under which pages and hybrid applications load their scripts.
_PAGE_SCHEMES = frozenset({"http", "https", "app", "capacitor", "ionic", "file"})
_SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".svelte")


def needs_map(frame: Frame) -> bool:
    """Whether a frame stands in a file that was built: one of a page's scripts, without its source beside it."""
    if not frame.line or _is_original(frame):
        return False
    try:
        parts = urlsplit(frame.file)
    except ValueError:
        return False
    return parts.scheme in _PAGE_SCHEMES and (bool(frame.debug_id) or parts.path.lower().endswith(_SCRIPTS))


def _is_original(frame: Frame) -> bool:
    """Whether a backend mapped the frame: it has the original code beside it (Sentry cuts minified ones)."""
    return bool(frame.context) and not any("{snip}" in code for _, code in frame.context)


def without_map(frames: Iterable[Frame], maps: MapSet) -> list[Frame]:
    """Those of the frames that need a map and have none among `maps`."""
    return [frame for frame in frames if needs_map(frame) and maps.find(frame) is None]


def clean_source(source: str) -> str:
    """A source's name without what bundlers put around it (`webpack://app/./src/x.js` → `src/x.js`)."""
    source = re.sub(r"^(webpack|ng|vite|turbopack)(-internal)?://(/|[^/]*/)", "", source.partition("?")[0])
    while source.startswith(("./", "../")):
        source = source.partition("/")[2]
    return source


def map_frame(frame: Frame, maps: MapSet) -> Frame | None:
    """The frame in the original source, with the lines around; None when no map fits.

    `function` stays as recorded: the name of a frame's function stands at the call before it, see `map_frames`.
    """
    found = None if _is_original(frame) else maps.find(frame)
    if found is None:
        return None
    source_map, position = found
    library = position.ignored or "node_modules/" in position.source
    content = source_map.content(position.source)
    return Frame(
        function=frame.function, file=clean_source(position.source), line=position.line, column=position.column + 1,
        in_app=not library, context=context_lines(content, position.line) if content is not None else [],
    )  # fmt: skip


def context_lines(content: str, line: int) -> list[tuple[int, str]]:
    """Up to five lines before and after `line` (1-based), each with its number, long ones cut."""
    lines = content.split("\n")
    first = max(1, line - _CONTEXT)
    return [
        (number, lines[number - 1].rstrip("\r")[:_MAX_LINE])
        for number in range(first, min(len(lines), line + _CONTEXT) + 1)
    ]


def map_frames(frames: list[Frame], maps: MapSet) -> list[Frame]:
    """Frames (oldest first) in their original sources.

    The original name of the function a frame is in is what its caller calls it: the identifier the map has at the
    place of the call, if it has one; else the declaration around the frame's own line; else the minified name.
    """
    mapped: list[Frame] = []
    called = ""
    for frame in frames:
        new = map_frame(frame, maps)
        found = maps.find(frame) if new is not None else None
        if new is None or found is None:
            mapped.append(frame)
            called = ""
            continue
        source_map, position = found
        name = _enclosing(source_map.content(position.source), position) or called or frame.function
        mapped.append(msgspec.structs.replace(new, function=name))
        called = position.name
    return mapped


_FUNCTION = re.compile(
    r"(?:function\s*\*?\s*([A-Za-z_$][\w$]*)\s*\(|"
    r"(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=\s*(?:async\s*)?(?:function\b\s*\*?\s*\(|\([^()]*\)\s*=>|[A-Za-z_$][\w$]*\s*=>))"
)
_ARROW_BODY, _FUNCTION_BODY = re.compile(r"\s*\{"), re.compile(r"[^;]{0,500}?\)\s*\{")
_LOOK_BACK = 200


def _enclosing(content: str | None, position: Position) -> str:
    """Name of the last named function that starts before the position and whose braces are still open there."""
    if content is None:
        return ""
    lines = content.split("\n")
    if position.line > len(lines):
        return ""
    start = max(0, position.line - _LOOK_BACK)
    text = "\n".join([*lines[start : position.line - 1], lines[position.line - 1][: position.column + 1]])[-40_000:]
    for match in reversed(list(_FUNCTION.finditer(text))):
        body = (_ARROW_BODY if match.group().endswith(">") else _FUNCTION_BODY).match(text, match.end())
        if body is None:
            continue
        rest = text[body.end() - 1 :]
        if rest.count("{") > rest.count("}"):
            return match.group(1) or match.group(2)
    return ""


def symbolicate(error: ErrorEvent, maps: MapSet) -> ErrorEvent:
    """The error with its frames in the original sources; the error itself when no map fits any frame."""
    exceptions: list[Raised] = []
    changed = False
    for raised in error.exceptions:
        frames = map_frames(raised.frames, maps)
        changed = changed or frames != raised.frames
        exceptions.append(msgspec.structs.replace(raised, frames=frames))
    return msgspec.structs.replace(error, exceptions=exceptions) if changed else error


def thrown_at(error: ErrorEvent, recorded: ErrorEvent) -> str:
    """Of a mapped error the newest frame of the application that was mapped, `src/cart.js:12 (total)`; else ''."""
    if error is recorded or not error.exceptions:
        return ""
    pairs = zip(error.exceptions[-1].frames, recorded.exceptions[-1].frames, strict=True)
    mapped = [frame for frame, before in pairs if frame != before]
    own = [frame for frame in mapped if frame.in_app] or mapped
    if not own:
        return ""
    return f"{own[-1].file}:{own[-1].line}" + (f" ({own[-1].function})" if own[-1].function else "")
