"""Redaction of JSON values, aware of where in them a value stands. Structure and key order are kept."""

from __future__ import annotations

from typing import Any

from replay_viewer.redaction.strings import Strings

#: In `{"name": "password", "value": "…"}` and its kin: the key that names, the keys that hold.
_NAMING = ("name", "key", "field", "path", "label", "header", "type", "id", "action")
_HOLDING = ("value", "val", "newValue", "new_value", "payload", "text", "content", "oldValue", "from", "to")
_DEEP = 200  #: Below this depth a value goes as a whole: nothing real nests so far.


def json_value(strings: Strings, value: Any, where: str, name: str = "", parent: str = "", depth: int = 0) -> Any:
    """`value` redacted; the very same object when nothing changed.

    `name`: the key it stands under; `parent`: the key of the object around it; `depth`: nesting so far, of JSON
    held in strings included.
    """
    if isinstance(value, str):
        field = strings.field(name, parent) if name else None
        if field is not None and value.strip():
            return strings.replace(value, field[0], field[1], where)
        return strings.leaf(value, where, depth)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return _number(strings, value, where, name, parent)
    if isinstance(value, list):
        return _list(strings, value, where, name, parent, depth)
    if isinstance(value, dict):
        return _dict(strings, value, where, name, parent, depth)
    return value


def _number(strings: Strings, value: int | float, where: str, name: str, parent: str) -> Any:
    field = strings.field(name, parent) if name else None
    if field is not None and field[0] == "secret-field":
        return strings.replace(str(value), field[0], field[1], where)
    if isinstance(value, int) and 10**12 <= value < 10**19:
        text = str(value)
        changed = strings.text(text, where)
        return value if changed == text else changed
    return value


def _list(strings: Strings, value: list[Any], where: str, name: str, parent: str, depth: int) -> Any:
    if depth > _DEEP:
        return strings.replace("nested too deep", "secret-field", "secret", where) if value else value
    result: list[Any] | None = None
    for place, item in enumerate(value):
        # `["password", "hunter2"]`: headers and entries are written so.
        of, first = name, value[0]
        if place == 1 and len(value) == 2 and isinstance(first, str) and len(first) < 60 and strings.field(first):
            of = first
        changed = json_value(strings, item, where, of, parent, depth + 1)
        if changed is not item:
            if result is None:
                result = list(value)
            result[place] = changed
    return value if result is None else result


def _dict(strings: Strings, value: dict[Any, Any], where: str, name: str, parent: str, depth: int) -> Any:
    if depth > _DEEP:
        return strings.replace("nested too deep", "secret-field", "secret", where) if value else value
    named = _named(strings, value)
    # An object under a secret name hides its values; a slice of state called `auth` or `card` does not as a whole.
    inherited = name if name and _hides(strings, name) else ""
    result: dict[Any, Any] = {}
    touched = False
    for key, item in value.items():
        spelled = str(key)
        of = spelled
        if (named and spelled in _HOLDING) or (inherited and strings.field(spelled, name) is None):
            of = named if named and spelled in _HOLDING else inherited
        changed = json_value(strings, item, where, of, name or parent, depth + 1)
        new_key = strings.key(spelled, where)
        while new_key != key and new_key in result:
            new_key = f"{new_key}'"
        touched = touched or changed is not item or new_key != key
        result[new_key] = changed
    return result if touched else value


def _hides(strings: Strings, name: str) -> bool:
    found = strings.field(name)
    return found is not None and found[0] == "secret-field" and name.lower() not in ("auth", "card", "cc", "cookies")


def _named(strings: Strings, value: dict[Any, Any]) -> str:
    """The sensitive field an object such as `{"path": "/login/password", "value": "x"}` speaks of, else ''."""
    if not any(key in value for key in _HOLDING):
        return ""
    for key in _NAMING:
        name = value.get(key)
        if isinstance(name, str) and 0 < len(name) < 120:
            last = name.rstrip("/").rpartition("/")[2].rpartition(".")[2]
            if last and strings.field(last) is not None:
                return last
    return ""
