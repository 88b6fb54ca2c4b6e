"""What lists can be narrowed to, the same words for every list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, ColumnElement, Table, func, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from replay_viewer.domain.errors import BadInput

#: Query parameters of every list.
NAMES = ("project", "q", "user", "email", "release", "environment", "from", "to")


class Holds(FunctionElement[bool]):
    """Whether the first text holds the second one, letter by letter."""

    inherit_cache = True
    name = "holds"
    type = Boolean()


@compiles(Holds, "sqlite")
def _on_sqlite(element: Holds, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)}) > 0"


@compiles(Holds, "postgresql")
def _on_postgresql(element: Holds, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)}) > 0"


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Empty means: all. `start`/`end` are epoch ms, both included; `q`: words, all of which must occur.

    `errors`: only sessions with (True) or without (False) errors.
    """

    project: str = ""
    q: str = ""
    user: str = ""
    email: str = ""
    release: str = ""
    environment: str = ""
    start: float | None = None
    end: float | None = None
    errors: bool | None = None


def read_filters(query: Mapping[str, str]) -> Filters:
    """Filters of a request's query. Raises BadInput."""
    errors = query.get("errors", "")
    if errors not in ("", "true", "false"):
        raise BadInput("`errors` is true or false.")
    return Filters(
        project=query.get("project", ""),
        q=query.get("q", ""),
        user=query.get("user", ""),
        email=query.get("email", ""),
        release=query.get("release", ""),
        environment=query.get("environment", ""),
        start=instant(query.get("from", ""), "from"),
        end=instant(query.get("to", ""), "to"),
        errors=None if not errors else errors == "true",
    )


def instant(text: str, name: str) -> float | None:
    """Epoch ms of a number or an ISO time (UTC when it says nothing else); None for ''. Raises BadInput."""
    if not text:
        return None
    try:
        ms = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
            ms = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000.0
        except (ValueError, OverflowError) as error:
            raise BadInput(f"`{name}` is epoch milliseconds or an ISO time.") from error
    if not math.isfinite(ms):
        raise BadInput(f"`{name}` is epoch milliseconds or an ISO time.")
    return ms


def words_of(filters: Filters) -> list[str]:
    """The words of `q`, in lower case."""
    return filters.q.replace("\x00", "").lower().split()


def conditions(table: Table, filters: Filters, t: ColumnElement[Any], *words: ColumnElement[Any]) -> list[Any]:
    """SQL conditions on a table with the columns of users and releases. `words`: columns that `q` looks through."""
    where: list[Any] = []
    for name, value in (
        ("project", filters.project),
        ("user_id", filters.user),
        ("user_email", filters.email),
        ("release", filters.release),
        ("environment", filters.environment),
    ):
        if value:
            where.append(table.c[name] == value.replace("\x00", ""))
    if filters.start is not None:
        where.append(t >= filters.start)
    if filters.end is not None:
        where.append(t <= filters.end)
    for word in words_of(filters):
        # The words of a session are in lower case already; finding text as it is takes half the time of LIKE.
        where.append(or_(*(Holds(column if column.key == "words" else func.lower(column), word) for column in words)))
    return where
