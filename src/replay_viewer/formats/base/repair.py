"""JSON as browsers write it that strict decoders refuse: halves of surrogate pairs, and bytes that are no UTF-8.

SDKs cut strings by UTF-16 units, so half an emoji at the end of a text is common; `JSON.stringify` writes it as a
lone escape such as d83d. Both become U+FFFD, which is what a browser shows for them.
"""

from __future__ import annotations

import re

import msgspec

from replay_viewer.formats.base.scan import skip_space, value_end

#: Escaped backslashes are matched to keep count, whole pairs to leave them alone; group 1 is a half alone.
_HALVES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_raws: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)


def repaired(data: bytes) -> bytes:
    """`data` with lone halves of surrogate pairs and invalid UTF-8 replaced; the same object when there are none."""
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        data = data.decode("utf-8", "replace").encode()
    if b"\\ud" in data or b"\\uD" in data:
        return _HALVES.sub(lambda match: b"\\ufffd" if match.group(1) else match.group(), data)
    return data


def checked(data: bytes) -> bytes:
    """`data` when it is one JSON value, repaired when that is what it takes. Raises msgspec.DecodeError."""
    try:
        str(data, "utf-8")
        _value.decode(data)
    except (UnicodeDecodeError, msgspec.DecodeError):
        data = repaired(data)
        _value.decode(data)
    return data


def split(array: bytes, *, whole: bool = True) -> tuple[bytes, list[msgspec.Raw]]:
    """(the JSON array, its elements), repaired when that is what it takes.

    An element nested deeper than the interpreter allows is cut out by its brackets, when the array is known to be
    `whole`. Raises msgspec.DecodeError, and RecursionError when it is not.
    """
    try:
        str(array, "utf-8")
        return array, _raws.decode(array)
    except (UnicodeDecodeError, msgspec.DecodeError):
        mended = repaired(array)
        if mended is array:
            raise
    except RecursionError:
        if not whole:
            raise
        return array, _by_brackets(array)
    return mended, _raws.decode(mended)


def _by_brackets(array: bytes) -> list[msgspec.Raw]:
    found: list[msgspec.Raw] = []
    pos = skip_space(array, 1)
    while array[pos : pos + 1] != b"]":
        end = value_end(array, pos)
        after = skip_space(array, end)
        if end < 0 or array[after : after + 1] not in (b",", b"]"):
            raise msgspec.DecodeError("elements of the array do not end where they should")
        found.append(msgspec.Raw(array[pos:end]))
        pos = skip_space(array, after + 1) if array[after : after + 1] == b"," else after
    return found
