"""Values known to be personal or secret, found again wherever they stand: plain, encoded, or half typed.

A value of four characters or more is found inside other text (short ones only as whole words), and so are its
percent-encoded, JSON-escaped, HTML-escaped, base64 and hexadecimal forms. Shorter ones (a CVC, a PIN) would hit every
number of a page: they are replaced only where they are the whole value. Beginnings of a typed value are replaced
where they are the whole value and three characters or more, or any length where the field itself is sensitive.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import os.path
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import msgspec

from replay_viewer.redaction.patterns import Span

_INSIDE = 4  #: Shortest value looked for inside other text.
_MASK = frozenset("*•·●█▪ ")  #: What recorders leave of masked text.
_PREFIX = 3  #: Shortest beginning replaced where nothing else says the value is sensitive.
_SUBSTRING = 8  #: From this length on, word borders are not asked for.
_CUT = 6  #: Shortest beginning (of three quarters of a value and more) looked for inside other text.
_ENCODED = 5  #: Shortest value looked for in base64 and hexadecimal.


class Known(msgspec.Struct, frozen=True):
    """One known value: what rule it falls under and which word labels it."""

    value: str
    rule: str
    label: str
    prefixes: bool = False
    fold: bool = False


class KnownValues:
    """A set of known values, compiled for search. Add with `add`; the search is rebuilt when needed."""

    def __init__(self) -> None:
        self._values: dict[str, Known] = {}
        self._forms: dict[str, Known] = {}
        self._prefixes: dict[str, Known] = {}
        self._cores: set[str] = set()
        self._exact: re.Pattern[str] | None = None
        self._folded: re.Pattern[str] | None = None
        self._dirty = False
        self.version = 0
        #: Values that are never known: somebody said they may leave.
        self.spared: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._values)

    def add(self, known: Known) -> bool:
        """Add a value; True when it was new. Blank and masked (`****`, `••••`) values are ignored."""
        value = known.value.strip()
        if not value or not set(value) - _MASK or value in self._values or value.startswith("["):
            return False
        if value in self.spared or known.value in self.spared:
            return False
        self._values[value] = known
        self._dirty = True
        self.version += 1
        if known.prefixes:
            for length in range(1, len(known.value) + 1):
                part = known.value[:length]
                if part.strip():
                    self._prefixes.setdefault(part, known)
        return True

    def whole(self, text: str, sensitive: bool = False) -> Known | None:
        """The known value `text` is, or the beginning of, as a whole."""
        if not self._values:
            return None
        if (found := self._values.get(text)) is not None:
            return found
        found = self._prefixes.get(text)
        return found if found is not None and (sensitive or len(text.strip()) >= _PREFIX) else None

    def find(self, text: str) -> Iterator[Span]:
        """Spans of known values inside `text`."""
        if self._dirty:
            self._compile()
        for pattern, fold in ((self._exact, False), (self._folded, True)):
            if pattern is None:
                continue
            at = 0
            while match := pattern.search(text, at):
                form = match.group()
                known = self._forms.get(form.lower() if fold else form)
                start, end = match.span()
                at = start + 1
                if known is None or (
                    (len(form) < _SUBSTRING or known.rule == "user") and not _bounded(text, start, end)
                ):
                    continue
                if form in self._cores:
                    start, end = _run_around(text, start, end)
                at = end
                yield Span(start, end, known.rule, known.label, known.value)

    def _compile(self) -> None:
        self._forms = {}
        self._cores = set()
        exact: set[str] = set()
        folded: set[str] = set()
        for known in self._values.values():
            value = known.value.strip()
            if len(value) < (_INSIDE if known.rule == "typed" else 3):
                continue
            for form in _written(value):
                if known.fold:
                    self._forms.setdefault(form.lower(), known)
                    folded.add(form.lower())
                else:
                    self._forms.setdefault(form, known)
                    exact.add(form)
            if known.prefixes and not known.fold:
                # Cut off in a list or still being typed: most of a value is too much as well.
                for length in range(max(_CUT, -(-len(value) * 3 // 4)), min(len(value), 80)):
                    self._forms.setdefault(value[:length], known)
                    exact.add(value[:length])
            if len(value.encode()) >= _ENCODED:
                for core in _cores(value):
                    self._forms.setdefault(core, known)
                    self._cores.add(core)
                    exact.add(core)
        self._exact = re.compile(_trie(sorted(exact))) if exact else None
        self._folded = re.compile(f"(?i:{_trie(sorted(folded))})") if folded else None
        self._dirty = False


def _bounded(text: str, start: int, end: int) -> bool:
    """Whether the span is not part of a longer word."""
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    behind = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not before and not behind


def _trie(forms: list[str]) -> str:
    """A pattern for any of the sorted `forms`, the longest where several fit.

    Common beginnings are factored out: a plain alternation of hundreds of forms is tried one by one at every
    character, which took a second per megabyte.
    """
    if len(forms) == 1:
        return re.escape(forms[0])
    common = os.path.commonprefix([forms[0], forms[-1]])  # noqa: RUF071 (any strings, not paths)
    if common:
        rest = [form[len(common) :] for form in forms]
        optional = "?" if rest[0] == "" else ""
        return f"{re.escape(common)}(?:{_trie([part for part in rest if part])}){optional}"
    groups = itertools.groupby(forms, key=lambda form: form[0])
    return "(?:" + "|".join(_trie(list(group)) for _, group in groups) + ")"


def _written(value: str) -> list[str]:
    """The ways `value` is written in URLs, JSON, HTML and JSON inside JSON."""
    escaped = json.dumps(value)[1:-1]
    unicode = json.dumps(value, ensure_ascii=False)[1:-1]
    forms = {
        value, quote(value, safe=""), quote(value), quote_plus(value), quote(value, safe="").lower(),
        escaped, unicode, json.dumps(escaped)[1:-1], html.escape(value), html.escape(value, quote=False),
        "".join(f"&#{ord(char)};" for char in value), "".join(f"&#x{ord(char):x};" for char in value),
        "".join(f"\\u{ord(char):04x}" for char in value), "".join(f"%{byte:02X}" for byte in value.encode()),
        value.replace("/", "\\/"), quote(quote(value, safe=""), safe=""), quote(value, safe="!'()*~-_."),
    }  # fmt: skip
    if len(value) >= 8 and sum(char.isdigit() for char in value) >= len(value.replace(" ", "").replace("-", "")):
        forms |= {value.replace(" ", ""), value.replace("-", ""), value.replace(" ", "-")}
    return [form for form in forms if len(form.strip()) >= 3]


def _cores(value: str) -> list[str]:
    """What is certain to stand in a base64 text holding `value`, at each of the three alignments; and hexadecimal."""
    return [core for raw in _spelled(value) for core in _cores_of(raw)]


def _spelled(value: str) -> list[bytes]:
    """The bytes of a value; UTF-16 is what `btoa` of a binary string and Windows make."""
    wide = value.encode("utf-16-le", "surrogatepass")
    return [value.encode("utf-8", "surrogatepass"), wide, b"\0" + wide[:-1]]


def _cores_of(raw: bytes) -> list[str]:
    cores = []
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        # Cut the characters that hold bits of the neighbours before and behind.
        head = (0, 2, 3)[shift]
        tail = len(encoded) - (1 if (len(raw) + shift) % 3 else 0)
        core = encoded[head:tail]
        if len(core) >= 6:
            cores += [core, core.replace("+", "-").replace("/", "_")]
    if len(raw) >= 6:
        cores += [raw.hex(), raw.hex().upper()]
    return cores


def _run_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole run of base64 characters around a span: half an encoded value is still readable."""
    low = max(0, start - 4096)
    while start > low and (text[start - 1].isalnum() or text[start - 1] in "+/_-"):
        start -= 1
    high = min(len(text), end + 4096)
    while end < high and (text[end].isalnum() or text[end] in "+/_-="):
        end += 1
    return start, end
