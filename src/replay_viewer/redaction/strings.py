"""Redaction of single strings: running text, URLs, query strings, JSON and forms inside strings; and the tally."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import quote, unquote, unquote_plus

import msgspec

from replay_viewer.redaction.fields import field_rule, words
from replay_viewer.redaction.known import Known, KnownValues
from replay_viewer.redaction.labels import LABEL, Labels, is_label, shape
from replay_viewer.redaction.patterns import Span, find
from replay_viewer.redaction.rules import PRECEDENCE

_MEMO = 200_000  #: Clean strings remembered, of at most _MEMO_LENGTH characters each.
_MEMO_LENGTH = 160
_NESTING = 6  #: How deep JSON in strings in JSON is followed.
_URL = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]{1,15}://|/|\.{1,2}/|\?)\S*$")
_FORM = re.compile(r"^[\w.%+\[\]-]{1,100}=[^\s&<>]*(?:&[\w.%+\[\]-]{1,100}=?[^\s&<>]*)*$")
_URL_INSIDE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{1,15}://|/)[^\s\"'<>?]{0,500}\?[^\s\"'<>“”]+")
_BINARY = re.compile(r"^data:(?:image|font|video|audio|application/(?:font|x-font|octet|wasm))")


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the manifest: what rule removed how many values where. `before` is a shape, never a value."""

    rule: str
    where: str
    count: int
    before: str
    after: str


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One removal with its value, for a preview on this machine. Never part of an export."""

    rule: str
    where: str
    before: str
    after: str


class JsonWalker(Protocol):
    """What `Strings` needs to look into JSON held by a string."""

    def __call__(self, strings: Strings, value: Any, where: str, name: str, parent: str, depth: int) -> Any:
        """The redacted value; the same object when nothing changed."""


class Strings:
    """The rules of one export applied to strings. Holds the labels, the tally and the known values."""

    def __init__(self, active: Iterable[str], walk: JsonWalker, on_hit: Callable[[Hit], None] | None = None) -> None:
        self.active = frozenset(active)
        self.known = KnownValues()
        #: Names of sensitive inputs seen in this session: `p` of `<input type=password name=p>`.
        self.names: dict[str, str] = {}
        self._walk = walk
        self._labels = Labels()
        self._tally: dict[tuple[str, str], list[Any]] = {}
        self._clean: set[tuple[str, bool]] = set()
        self._clean_version = 0
        self._on_hit = on_hit
        #: Own rules: expressions, and the words of field names.
        self.patterns: list[re.Pattern[str]] = []
        self.fields: set[tuple[str, ...]] = set()
        #: Values that may leave in one place only: (where, value). Those that may leave anywhere: `known.spared`.
        self.spared: set[tuple[str, str]] = set()
        self._spared_now = False

    # -- names and values --------------------------------------------------------------------------------------

    def field(self, name: str, parent: str = "", pair: bool = False) -> tuple[str, str] | None:
        """The rule and label word for values under `name`. `pair`: in a query or form, where short names count."""
        if "[" in name:
            name = LABEL.sub("", name)  # a name that was itself replaced says nothing
        if self.fields and words(name) in self.fields and "own-field" in self.active:
            return "own-field", "removed"
        found = field_rule(name, parent)
        if found is None and name in self.names and (pair or len(name) > 2):
            found = "secret-field", self.names[name]
        return found if found is not None and found[0] in self.active else None

    def replace(self, value: str, rule: str, label: str, where: str) -> str:
        """The label for the whole of `value`, by the most telling rule that fits; tallied."""
        if not value or is_label(value) or self._may_leave(value, where):
            return value
        known = self._known_whole(value, sensitive=True)
        if known is not None:
            rule, label, plain = known.rule, known.label, known.value
        else:
            plain = value
            for span in find(value, self.active):
                if span.start == 0 and span.end == len(value) and span.rule not in ("secret-field", "personal-field"):
                    rule, label, plain = span.rule, span.label, span.value
                    break
        return self._count(rule, where, value, self._labels.of(label, plain))

    def _may_leave(self, value: str, where: str) -> bool:
        """Whether somebody allowed this value, anywhere or here."""
        if value in self.known.spared:
            return True
        if self.spared and (where, value) in self.spared:
            self._spared_now = True  # elsewhere the same text is not clean
            return True
        return False

    def _known_whole(self, value: str, sensitive: bool = False) -> Known | None:
        known = self.known.whole(value, sensitive)
        return known if known is not None and known.rule in self.active else None

    def _count(self, rule: str, where: str, before: str, after: str) -> str:
        line = self._tally.get((rule, where))
        if line is None:
            self._tally[rule, where] = [1, shape(before), after]
        else:
            line[0] += 1
        if self._on_hit is not None:
            self._on_hit(Hit(rule=rule, where=where, before=before, after=after))
        return after

    def counts(self) -> dict[tuple[str, str], int]:
        """(rule, where) → how many values were removed so far."""
        return {key: line[0] for key, line in self._tally.items()}

    def manifest(self, since: Mapping[tuple[str, str], int]) -> list[Removed]:
        """What was removed since `since` (of `counts`), in the order of the rules."""
        lines = [
            Removed(rule=key[0], where=key[1], count=count - since.get(key, 0), before=before, after=after)
            for key, (count, before, after) in self._tally.items()
            if count > since.get(key, 0)
        ]
        return sorted(lines, key=lambda line: (PRECEDENCE.get(line.rule, 99), -line.count, line.where))

    # -- text --------------------------------------------------------------------------------------------------

    def key(self, text: str, where: str) -> str:
        """A key of an object: what is found inside it goes; beginnings of typed values do not count."""
        if not self.active or len(text) < 5:
            return text
        return self._scan(text, where, True)

    def text(self, text: str, where: str, numeric: bool = True) -> str:
        """Running text. `numeric` False leaves out what any row of numbers might be (drawing attributes, CSS)."""
        if not self.active or not text:
            return text
        if self._clean_version != self.known.version:
            self._clean.clear()
            self._clean_version = self.known.version
        short = len(text) <= _MEMO_LENGTH
        if short and (text, numeric) in self._clean:
            return text
        self._spared_now = False
        known = self._known_whole(text)
        if known is not None and not self._may_leave(text, where):
            return self._count(known.rule, where, text, self._labels.of(known.label, known.value))
        result = text
        if self.names and "?" in text:
            # Fields of this session's own forms (`p` for a password) are known in queries only.
            result = _URL_INSIDE.sub(lambda match: self.url(match.group(), where, 1), text)
        # What stands behind a label may only now be on its own: until nothing more is found.
        for _ in range(8):
            changed = self._scan(result, where, numeric)
            if changed == result:
                break
            result = changed
        if result == text and short and not self._spared_now:
            if len(self._clean) >= _MEMO:
                self._clean.clear()
            self._clean.add((text, numeric))
        return result

    def _scan(self, text: str, where: str, numeric: bool) -> str:
        spans = find(text, self.active, numeric)
        if self.known:
            spans += [span for span in self.known.find(text) if span.rule in self.active]
        for pattern in self.patterns:
            spans += [
                Span(*match.span(), "own-pattern", "removed", match.group()) for match in pattern.finditer(text)
            ]
        if self.known.spared or self.spared:
            spans = [
                span for span in spans
                if not (self._may_leave(text[span.start : span.end], where) or self._may_leave(span.value, where))
            ]  # fmt: skip
        if not spans:
            return text
        parts: list[str] = []
        at = 0
        for span in _joined(_outside_labels(text, spans)):
            value = text[span.start : span.end]
            named = self._known_whole(span.value, sensitive=True) or span
            label = self._labels.of(named.label, named.value)
            parts += [text[at : span.start], self._count(named.rule, where, value, label)]
            at = span.end
        return "".join([*parts, text[at:]])

    # -- strings that hold something else ------------------------------------------------------------------------

    def leaf(self, text: str, where: str, depth: int = 0) -> str:
        """A string of unknown content: JSON, a URL, a form body or text."""
        if not self.active or not text or (len(text) <= _MEMO_LENGTH and (text, True) in self._clean):
            return text
        if is_label(text) or (text[:5] == "data:" and _BINARY.match(text)):
            return text
        if len(text) > 1 and text[0] in '{["' and depth < _NESTING:
            changed = self._json(text, where, depth + 1)
            if changed is not None:
                return changed
        if ("/" in text or text[0] == "?") and _URL.match(text):
            return self.url(text, where, depth + 1)
        if "=" in text and _FORM.match(text):
            return self.query(text, where, depth + 1)
        return self.text(text, where)

    def _json(self, text: str, where: str, depth: int) -> str | None:
        """`text` as JSON, redacted; None when it is not JSON (or is cut off)."""
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return None
        changed = self._walk(self, value, where, "", "", depth)
        return text if changed is value else msgspec.json.encode(changed).decode()

    def url(self, url: str, where: str, depth: int = 0) -> str:
        """A URL: credentials, path, and each value of query and fragment by its name and by its content."""
        if not self.active or not url or (url[:5] == "data:" and _BINARY.match(url)):
            return url
        if depth > _NESTING:
            return _for_url(self.text(url, where))
        known = self._known_whole(url)
        if known is not None:
            return _for_url(self.text(url, where))
        head, mark, fragment = url.partition("#")
        base, question, query = head.partition("?")
        result = _for_url(self.text(base, where))
        if question:
            result += "?" + self.query(query, where, depth + 1)
        if mark:
            looks = "=" in fragment and "?" not in fragment and "/" not in fragment
            inner = self.query(fragment, where, depth + 1) if looks else self._fragment(fragment, where, depth)
            result += "#" + inner
        return result

    def _fragment(self, fragment: str, where: str, depth: int) -> str:
        route, question, query = fragment.partition("?")
        result = _for_url(self.text(route, where))
        return result + "?" + self.query(query, where, depth + 1) if question else result

    def query(self, query: str, where: str, depth: int = 0) -> str:
        """A query string or form body; unchanged pairs keep their bytes."""
        pairs = []
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            if not equals or not value:
                pairs.append(_for_url(self.text(pair, where)))
                continue
            field = self.field(unquote(name), pair=True)
            plain = unquote_plus(value)
            if is_label(plain) or LABEL.fullmatch(value):
                pairs.append(pair)
                continue
            if field is not None:
                changed = self.replace(plain, field[0], field[1], where)
            elif depth > _NESTING:
                changed = self.text(plain, where)
            else:
                changed = self.leaf(plain, where, depth + 1)
            if changed == plain:
                raw = self.text(value, where) if plain != value else value
                pairs.append(f"{self.text(name, where)}={_for_url(raw)}")
            else:
                pairs.append(f"{self.text(name, where)}={quote(_for_url(changed), safe='[]/:?=,@')}")
        return "&".join(pairs)


def _for_url(text: str) -> str:
    """Labels without spaces: `[e-mail-1]`."""
    return LABEL.sub(lambda match: match.group().replace(" ", "-"), text) if "[" in text else text


def _outside_labels(text: str, spans: list[Span]) -> list[Span]:
    """The parts of `spans` that are not inside labels already there."""
    if "[" not in text:
        return spans
    taken = [match.span() for match in LABEL.finditer(text)]
    if not taken:
        return spans
    result = []
    for span in spans:
        start = span.start
        whole = True
        for low, high in taken:
            if high <= start or low >= span.end:
                continue
            whole = False
            if start < low and any(char.isalnum() for char in text[start:low]):
                result.append(Span(start, low, span.rule, span.label, text[start:low]))
            start = high
        if whole:
            result.append(span)
        elif start < span.end and any(char.isalnum() for char in text[start : span.end]):
            result.append(Span(start, span.end, span.rule, span.label, text[start : span.end]))
    return result


def _joined(spans: list[Span]) -> list[Span]:
    """Spans in order, overlapping ones made one that goes by the rule of highest precedence."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        last = result[-1] if result else None
        if last is None or span.start >= last.end:
            result.append(span)
            continue
        best = min(last, span, key=lambda one: PRECEDENCE[one.rule])
        result[-1] = Span(last.start, max(last.end, span.end), best.rule, best.label, best.value)
    return result
