"""Posting over HTTP, again where that cannot make two of one.

A request that is `once` (the service knows its key) is tried again after any failure that may pass. Any other is
tried again only while it surely did not arrive: no connection came about, or the service said no with 429.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from replay_viewer import __version__
from replay_viewer.domain import errors
from replay_viewer.domain.errors import BadInput, SourceProblem
from replay_viewer.services.senders.base import Cancelled, Target, Uncertain

ATTEMPTS = 4
LONGEST_PAUSE = 60.0
_PASSING = frozenset({429, 500, 502, 503, 504})
_LARGEST = 1 << 20


class Answer(msgspec.Struct, frozen=True):
    """What came back. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        try:
            value = msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return {}
        return value if isinstance(value, dict) else {}

    def text(self) -> str:
        """The start of the body, on one line."""
        return " ".join(self.body[:300].decode("utf-8", "replace").split())


class Poster:
    """One client for one target. `pause`: the first wait between attempts, seconds. Close it, or use `with`."""

    def __init__(self, target: Target, cancelled: Cancelled, *, pause: float = 0.5, timeout: float = 20.0) -> None:
        self._cancelled = cancelled
        self._pause = pause
        trust: ssl.SSLContext | bool = target.verify
        if target.verify and target.ca_file:
            trust = httpx.create_ssl_context()
            try:
                trust.load_verify_locations(cafile=target.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise BadInput(
                    f"The certificate file {target.ca_file} cannot be read.", "It must hold certificates in PEM form."
                ) from error
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=10.0),
            headers={"User-Agent": f"replay-viewer/{__version__}"},
            follow_redirects=False,
            verify=trust,
            proxy=target.proxy or None,
        )

    def __enter__(self) -> Poster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, once: bool) -> Answer:
        """Post `body`; the answer, whatever its status, once it is none that passes by itself."""
        host = urlsplit(url).hostname or url
        for attempt in range(1, ATTEMPTS + 1):
            if self._cancelled():
                raise errors.Cancelled()
            last = attempt == ATTEMPTS
            wait = self._pause * 2 ** (attempt - 1) * random.uniform(0.7, 1.3)
            try:
                answer = self._post(url, body, headers)
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise BadInput(f"“{url}” is not an address.") from error
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                if last:
                    raise SourceProblem(
                        f"{host} cannot be reached.", "Check the connection's address and the network."
                    ) from error
            except httpx.TransportError as error:
                if not once:
                    raise Uncertain(
                        f"The connection to {host} broke off after the note was sent.",
                        "It may have arrived: look there before sending it again.",
                    ) from error
                if last:
                    raise SourceProblem(
                        f"{host} does not answer.", "Try again later: it will not come twice."
                    ) from error
            else:
                passing = answer.status in _PASSING if once else answer.status == 429
                if not passing or last:
                    return answer
                wait = max(wait, retry_after(answer))
                if wait > LONGEST_PAUSE:
                    raise SourceProblem(f"{host} asks to wait {wait:.0f} seconds.", "Send it again then.")
            self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        with self._client.stream("POST", url, content=body, headers=dict(headers)) as response:
            data = b""
            for part in response.iter_bytes():
                data += part
                if len(data) > _LARGEST:
                    break
            return Answer(response.status_code, {name.lower(): text for name, text in response.headers.items()}, data)

    def _sleep(self, seconds: float) -> None:
        """Wait, but not when nobody wants it any more."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._cancelled():
                raise errors.Cancelled()
            time.sleep(min(0.1, left))


def retry_after(answer: Answer) -> float:
    """Seconds a `Retry-After` header asks for; 0 when it says nothing that is understood."""
    try:
        return max(0.0, float(answer.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
