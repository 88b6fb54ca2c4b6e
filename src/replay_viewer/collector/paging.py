"""Pages of lists: where the next one begins, and how many entries one has."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, and_, or_

from replay_viewer.domain.errors import BadInput

MAX_PAGE = 200

_First = TypeVar("_First")
_Second = TypeVar("_Second")


def cursor(*values: object) -> str:
    """What a caller hands back to get the entries after the one of these values."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def read_cursor(text: str, first: type[_First], second: type[_Second]) -> tuple[_First, _Second]:
    """The values a cursor was made of. Raises BadInput."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        one, two = msgspec.json.decode(raw, type=tuple[Any, Any])
        return msgspec.convert(one, first), msgspec.convert(two, second)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise BadInput("The cursor is none of this list's.", "Start again without one.") from error


def before(text: str, t: ColumnElement[float], id: ColumnElement[Any], kind: type[Any]) -> list[ColumnElement[bool]]:
    """The condition for what comes after a cursor in a list that goes back in `t`, then `id`; [] without one."""
    if not text:
        return []
    at, last = read_cursor(text, float, kind)
    if kind is int and not -(1 << 63) <= last < 1 << 63:
        raise BadInput("The cursor is none of this list's.", "Start again without one.")
    # The first half alone lets the index find the place; the second settles ties.
    return [t <= at, or_(t < at, and_(t == at, id < last))]
