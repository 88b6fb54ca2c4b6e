"""What a style sheet loads: `url()`, `src()`, `@import` and the strings of `image-set()`; found, and rewritten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

Kind = Literal["css", "image", "any"]

_STRING = r'"(?:[^"\\\n]|\\[\s\S])*"|' + r"'(?:[^'\\\n]|\\[\s\S])*'"
#: Comments come first, so that nothing inside them is taken for a reference.
_REFERENCE = re.compile(
    rf"/\*[\s\S]*?(?:\*/|$)"
    rf"|@import\s*(?:url\(\s*)?(?P<sheet>{_STRING}|[^\"'\s;(){{}}]+)\s*\)?(?P<tail>[^;{{}}@]*)(?:;|$)"
    rf"|\b(?P<word>url|src)\(\s*(?P<file>{_STRING}|[^()\"'\s]*)\s*\)"
    rf"|\bimage-set\((?P<set>(?:[^()]|\([^()]*\))*)\)",
    re.IGNORECASE,
)
_IN_SET = re.compile(rf"url\(\s*(?:{_STRING}|[^()\"'\s]*)\s*\)|(?P<bare>{_STRING})|type\([^)]*\)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|(\n)|([\s\S]))")
_CHARSET = re.compile(rb'^@charset "([\w.:-]{1,40})";')


def unquoted(text: str) -> str:
    """What a CSS string or bare URL says, quotes and escapes taken away."""
    if text[:1] in ("'", '"'):
        text = text[1:-1]
    if "\\" not in text:
        return text.strip()

    def plain(match: re.Match[str]) -> str:
        if match[1]:
            code = int(match[1], 16)
            return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        return match[3] or ""

    return _ESCAPE.sub(plain, text).strip()


def absolute(url: str, base: str) -> str:
    """The absolute http(s) URL of a reference, without its fragment; '' for everything else (data:, #part, …)."""
    text = re.sub(r"[\t\r\n]", "", url).strip()
    if not text or text.startswith("#"):
        return ""
    try:
        parts = urlsplit(urljoin(base, text))
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            return ""
    except ValueError:
        return ""
    return urlunsplit(parts._replace(fragment=""))


def references(text: str, base: str) -> Iterator[tuple[str, Kind]]:
    """Absolute URLs that a sheet loads, and as what: "css" by @import, "any" (image or font) by url()."""
    if "(" not in text and "@" not in text:
        return
    for match in _REFERENCE.finditer(text):
        if match["sheet"]:
            kind: Kind = "css"
            found = [match["sheet"]]
        elif match["word"]:
            kind, found = "any", [match["file"]]
        elif match["set"]:
            kind = "image"
            found = [one["bare"] for one in _IN_SET.finditer(match["set"]) if one["bare"]]
            yield from references(match["set"], base)
        else:
            continue
        for one in found:
            if url := absolute(unquoted(one), base):
                yield url, kind


def rewritten(text: str, base: str, mapped: Callable[[str, bool], str]) -> str:
    """A sheet whose references are replaced: `mapped(absolute URL, is a sheet)` says by what, '' for nothing.

    What maps to nothing loads nothing: imports go, other references become empty data: URLs. data: and fragments
    stay as they are. Whatever of a reference comes back is put in quotes, so a URL cannot end its function.
    """

    def one(match: re.Match[str]) -> str:
        if match["sheet"]:
            url = absolute(unquoted(match["sheet"]), base)
            to = mapped(url, True) if url else ""
            return f'@import url("{_quoted(to)}") {match["tail"].strip()};' if to else ""
        if match["word"]:
            return _file(match["word"], match["file"])
        if match["set"]:
            inside = _IN_SET.sub(_in_set, match["set"])
            return f"image-set({inside})"
        return match[0]

    def _in_set(match: re.Match[str]) -> str:
        if match["bare"]:
            return _file("url", match["bare"])
        return _REFERENCE.sub(one, match[0])

    def _file(word: str, said: str) -> str:
        plain = unquoted(said)
        if plain.startswith("#") or plain[:5].lower() == "data:":
            return f'{word}("{_quoted(plain)}")'
        url = absolute(plain, base)
        part = "#" + plain.partition("#")[2] if "#" in plain else ""
        to = mapped(url, False) if url else ""
        return f'{word}("{_quoted(to + part)}")' if to else f'{word}("data:,")'

    return _REFERENCE.sub(one, text)


def _quoted(text: str) -> str:
    return re.sub(r'["\\\n\r\f]', lambda match: f"\\{ord(match[0]):x} ", text)


def decoded(body: bytes, content_type: str) -> str:
    """The text of a sheet, by its byte order mark, its Content-Type, its @charset, or as UTF-8."""
    if body[:3] == b"\xef\xbb\xbf":
        return body[3:].decode("utf-8", "replace")
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace")
    named = re.search(r"charset=[\"']?([\w.:-]{1,40})", content_type, re.IGNORECASE)
    inside = _CHARSET.match(body)
    name = named[1] if named else inside[1].decode() if inside else "utf-8"
    try:
        return body.decode(name, "replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")
