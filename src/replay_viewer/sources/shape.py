"""What sources share in reading answers and addresses: JSON of the expected shape, digests, times of a URL."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec

from replay_viewer.domain.errors import BadInput, SourceProblem
from replay_viewer.domain.time import iso_to_ms

#: A stamp in a URL below this is seconds, as in Sentry's own page.
_SECONDS_BELOW = 9_999_999_999.0
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_HEX32 = re.compile(r"[0-9a-f]{32}")


def odd(base: str, product: str) -> SourceProblem:
    """The error for an answer of another shape than `product`'s."""
    return SourceProblem(f"{urlsplit(base).netloc} does not answer as {product} does.", "Check the address.")


def decoded(body: bytes, base: str, product: str) -> Any:
    """The JSON of an answer. Raises SourceProblem when it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise odd(base, product) from error


def decoded_object(body: bytes, base: str, product: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises SourceProblem for anything else."""
    found = decoded(body, base, product)
    if not isinstance(found, dict):
        raise odd(base, product)
    return found


def digest(value: Any) -> str:
    """A short fingerprint of a JSON value."""
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:32]


def seconds(ms: float) -> str:
    """An offset for an address: seconds with a tenth, never below 0."""
    return f"{max(0.0, ms) / 1000.0:.1f}"


def items(value: Any) -> list[Any]:
    """A JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON array."""
    return [item for item in items(value) if isinstance(item, dict)]


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """A JSON string or number as text, else ''."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def count(value: Any) -> int:
    """A count, which some backends spell as a string; 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:15])
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def time(value: Any) -> float | None:
    """Epoch ms of an ISO time of an answer (UTC without a zone), None for anything else."""
    try:
        return iso_to_ms(value) if isinstance(value, str) and value else None
    except BadInput:
        return None


def number(value: str) -> float | None:
    """A number of a URL, None when it is none that can be a time."""
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) and abs(found) < 1e15 else None


def offset(value: str) -> float | None:
    """ms of an offset a URL gives in seconds."""
    seconds = number(value)
    return None if seconds is None else seconds * 1000.0


def moment(value: str) -> float | None:
    """Epoch ms of a time in a URL: ISO, epoch seconds or ms."""
    found = number(value)
    if found is not None:
        return found * 1000.0 if found < _SECONDS_BELOW else found
    return time(value)


def web(url: str) -> tuple[SplitResult, str] | None:
    """(parts, host) of an http(s) URL without a password in it, else None. Raises ValueError for a broken host."""
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return parts, host


def parameters(parts: SplitResult) -> dict[str, str]:
    """The first value of each query parameter; those of the fragment count where the query has none."""
    fragment = parts.fragment.lstrip("?&")
    found = parse_qs(fragment) if "=" in fragment else {}
    return {name: values[0] for name, values in (found | parse_qs(parts.query)).items()}


def is_email(value: str) -> bool:
    """Whether a question is an e-mail address."""
    return bool(_EMAIL.fullmatch(value.strip()))


def hex32(value: str) -> str:
    """The 32 hex digits of an id, with or without dashes; '' when it is none."""
    found = value.strip().replace("-", "").lower()
    return found if _HEX32.fullmatch(found) else ""
