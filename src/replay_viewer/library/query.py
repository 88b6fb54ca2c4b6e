"""The query language of the session list: words, and operators such as `errors:>0` or `user:alice`.

Every word must be contained in one of the session's fields; `"two words"` is one. One class per operator holds its
code, its help text and what it does, so the help shown to people is made from what runs.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, exists, func, select

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.time import iso_to_ms
from replay_viewer.library import fulltext, schema

_s = schema.sessions
_t = schema.session_texts
_TOKEN = re.compile(r'(?:(\w+):)?(?:"([^"]*)"|(\S+))')
_NUMBER = re.compile(r"^(>=|<=|>|<|=)?(-?\d+(?:\.\d+)?)$")
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    "": operator.eq,
}


class Parsed:
    """What a query asks for: words to be contained in a field ('' any), and conditions on columns."""

    def __init__(self) -> None:
        self.words: list[tuple[str, str]] = []
        self.conditions: list[ColumnElement[bool]] = []


class Operator:
    """One operator of the language."""

    code: ClassVar[str]
    help: ClassVar[str]

    def read(self, value: str, into: Parsed) -> None:
        """Add what `code:value` asks for. Raises BadInput."""
        raise NotImplementedError


class _Contains(Operator):
    field: ClassVar[str]

    def read(self, value: str, into: Parsed) -> None:
        into.words.append((self.field, value.casefold()))


class UserContains(_Contains):
    """user:"""

    code, field, help = "user", "user", "the user's e-mail, name or id contains it"


class UrlContains(_Contains):
    """url:"""

    code, field, help = "url", "url", "a page's URL contains it"


class TitleContains(_Contains):
    """title:"""

    code, field, help = "title", "title", "the page's title contains it"


class ReleaseContains(_Contains):
    """release:"""

    code, field, help = "release", "release", "the release or the environment contains it"


class BrowserContains(_Contains):
    """browser:"""

    code, field, help = "browser", "browser", "the browser or the system contains it"


class IdContains(_Contains):
    """id:"""

    code, field, help = "id", "sid", "the session's id contains it"


class _Compares(Operator):
    example: ClassVar[str]

    def read(self, value: str, into: Parsed) -> None:
        match = _NUMBER.match(value)
        if not match:
            raise BadInput(f"“{self.code}:{value}” needs a number.", f"Write it like {self.example}.")
        into.conditions.append(_COMPARE[match[1] or ""](self.column(), float(match[2])))

    def column(self) -> ColumnElement[Any]:
        """The column that is compared."""
        raise NotImplementedError


class Errors(_Compares):
    """errors:"""

    code, example, help = "errors", "errors:>0", "number of errors: >0, >=5, 0"

    def column(self) -> ColumnElement[Any]:
        """Number of error rows."""
        return _s.c.errors


class Duration(_Compares):
    """duration:"""

    code, example, help = "duration", "duration:>60", "length in seconds: >60, <5"

    def column(self) -> ColumnElement[Any]:
        """Length in seconds."""
        return (_s.c.t1 - _s.c.t0) / 1000.0


class State(Operator):
    """is:"""

    code, help = "is", "importing, ready, watched, unwatched or kept"

    def read(self, value: str, into: Parsed) -> None:
        """Compare the state, or look at what a person marked."""
        wanted = value.casefold()
        if wanted in ("importing", "ready"):
            into.conditions.append(_s.c.state == wanted)
        elif wanted in ("watched", "unwatched"):
            watched = exists().where(schema.marks.c.session == _s.c.sid, schema.marks.c.watched > 0)
            into.conditions.append(watched if wanted == "watched" else ~watched)
        elif wanted == "kept":
            into.conditions.append(exists().where(schema.extras.c.session == _s.c.sid, schema.extras.c.kept == 1))
        else:
            raise BadInput(f"“is:{value}” is not a state.", f"After is: write {self.help}.")


class Tagged(Operator):
    """tag:"""

    code, help = "tag", "the session has this tag"

    def read(self, value: str, into: Parsed) -> None:
        """Look for the whole tag."""
        has = schema.marks.c.tags.contains(f" {value.casefold()} ", autoescape=True)
        into.conditions.append(exists().where(schema.marks.c.session == _s.c.sid, has))


class After(Operator):
    """after:"""

    code, help = "after", "started at or after this time: 2026-08-31, 2026-08-31T14:00"

    def read(self, value: str, into: Parsed) -> None:
        """Compare the start by rank, which is what the list is sorted by."""
        into.conditions.append(_s.c.rank >= schema.session_rank(iso_to_ms(value), 0))


class Before(Operator):
    """before:"""

    code, help = "before", "started before this time"

    def read(self, value: str, into: Parsed) -> None:
        """Compare the start by rank, which is what the list is sorted by."""
        into.conditions.append(_s.c.rank < schema.session_rank(iso_to_ms(value), 0))


OPERATORS: dict[str, Operator] = {
    one.code: one
    for one in (
        UserContains(),
        UrlContains(),
        TitleContains(),
        ReleaseContains(),
        BrowserContains(),
        IdContains(),
        Errors(),
        Duration(),
        State(),
        Tagged(),
        After(),
        Before(),
    )
}


def parse(query: str) -> Parsed:
    """What `query` asks for. `https://…` and other unknown codes are words. Raises BadInput."""
    parsed = Parsed()
    for match in _TOKEN.finditer(query):
        code, quoted, bare = match.groups()
        value = quoted if quoted is not None else bare
        known = OPERATORS.get((code or "").casefold())
        if known is not None and value:
            known.read(value, parsed)
        elif known is None:
            word = f"{code}:{value}" if code else value
            # an operator whose value is still being typed asks for nothing yet
            typing = word.endswith(":") and word[:-1].casefold() in OPERATORS
            if word and not typing:
                parsed.words.append(("", word.casefold()))
    return parsed


def _by_texts(what: Any, parsed: Parsed) -> tuple[Select[Any], ColumnElement[int]]:
    """Select `what` of the texts that have the words; also the rank to sort by.

    Texts are walked first and sessions looked up for what matched. They are asked by EXISTS, because SQLite takes a
    join as leave to walk the sessions first.
    """
    index = fulltext.session_index
    long = [(field, word) for field, word in parsed.words if len(word) >= fulltext.SHORTEST]
    short = [(field, word) for field, word in parsed.words if len(word) < fulltext.SHORTEST]
    rank: ColumnElement[int] = index.c.rowid if long else _t.c.rank
    statement: Select[Any] = select(what(rank)).select_from(index if long else _t)
    if long:
        statement = statement.where(fulltext.session_condition(fulltext.session_match(long)))
    if long and short:
        statement = statement.join(_t, _t.c.rank == rank)
    statement = statement.where(*(fulltext.contains(field, word) for field, word in short))
    if parsed.conditions:
        statement = statement.where(exists().where(_s.c.visible == 1, _s.c.rank == rank, *parsed.conditions))
    return statement, rank


def listing(query: str, limit: int, offset: int) -> Select[bytes]:
    """Records of the sessions a query asks for, newest first. Raises BadInput."""
    parsed = parse(query)
    if parsed.words:
        statement, rank = _by_texts(_record, parsed)
    else:
        statement, rank = select(_s.c.record).where(_s.c.visible == 1, *parsed.conditions), _s.c.rank
    # whatever is walked is walked backward by rank: no sort, however many match
    return statement.order_by(rank.desc()).limit(limit).offset(offset)


def _record(rank: ColumnElement[int]) -> ColumnElement[bytes]:
    return select(_s.c.record).where(_s.c.visible == 1, _s.c.rank == rank).scalar_subquery()


def counting(query: str) -> Select[int]:
    """Number of the sessions a query asks for. Raises BadInput."""
    parsed = parse(query)
    if parsed.words:
        return _by_texts(lambda _: func.count(), parsed)[0]
    return select(func.count()).select_from(_s).where(_s.c.visible == 1, *parsed.conditions)
