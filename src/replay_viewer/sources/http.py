"""HTTP for all sources, the one module that knows the client.

At most 8 requests at once per host. Reads are tried again with growing, jittered pauses (network failures, 429, 5xx,
broken-off bodies); `Retry-After` is honoured. Tokens go into the Authorization header, never into a URL, a message or
a log; a redirect to another host loses them.
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import time
from collections import defaultdict
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from replay_viewer import __version__
from replay_viewer.domain.errors import BadInput, NotFound, SourceProblem

#: Of a query string; repeated names are allowed.
Parameters = dict[str, str] | list[tuple[str, str | int | float | bool | None]]

_PER_HOST = 8
_ATTEMPTS = 5
_LONGEST_PAUSE = 30.0
_LARGEST = 512 << 20
_RETRIED = frozenset({429, 500, 502, 503, 504})


class Answer(msgspec.Struct, frozen=True):
    """A successful answer. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Http:
    """One client with its limits; an async context manager. `attempts`: tries of a read, `pause`: first wait in s."""

    def __init__(self, *, attempts: int = _ATTEMPTS, pause: float = 0.4, timeout: float = 30.0) -> None:
        self._attempts = attempts
        self._pause = pause
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_PER_HOST))
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=10.0, pool=None),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
            headers={"User-Agent": f"replay-viewer/{__version__}"},
            follow_redirects=True,
            max_redirects=5,
            # A proxy of the environment knows nothing of a collector on this machine.
            mounts={f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")},
        )

    async def __aenter__(self) -> Http:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(
        self,
        url: str,
        *,
        token: str = "",
        parameters: Parameters | None = None,
        scope: str = "",
        query: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Read `url`; `query` is posted as JSON (a read all the same). `scope`: what the token needs for it.

        Raises SourceProblem, NotFound (404, 410), BadInput (no usable address).
        """
        try:
            host = urlsplit(url).netloc
        except ValueError as error:
            raise BadInput(f"“{url}” is not an address.") from error
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        for attempt in range(1, self._attempts + 1):
            wait = self._pause * 2 ** (attempt - 1) * random.uniform(0.7, 1.3)
            try:
                async with self._slots[host]:
                    answer = await self._once(url, headers, parameters, query)
            except httpx.InvalidURL as error:
                raise BadInput(f"“{url}” is not an address.") from error
            except (httpx.TooManyRedirects, httpx.UnsupportedProtocol) as error:
                raise SourceProblem(f"{host} sends requests in circles.", "Check the address.") from error
            except httpx.TransportError as error:
                if attempt == self._attempts:
                    raise _unreachable(host, error) from error
            else:
                if answer.status not in _RETRIED or attempt == self._attempts:
                    return _judged(host, answer, token, scope)
                wait = max(wait, _retry_after(answer.headers.get("retry-after", "")), _reset(answer))
                if wait > _LONGEST_PAUSE:
                    raise SourceProblem(
                        f"{host} asks to wait {wait:.0f} seconds before the next request.", "Try again then."
                    )
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _once(
        self, url: str, headers: dict[str, str], parameters: Parameters | None, query: Mapping[str, Any] | None
    ) -> Answer:
        method = "GET" if query is None else "POST"
        async with self._client.stream(method, url, headers=headers, params=parameters, json=query) as response:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > _LARGEST:
                    raise SourceProblem(f"{urlsplit(url).netloc} answers with more than {_LARGEST >> 20} MB.")
                parts.append(part)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, found, b"".join(parts))


def _judged(host: str, answer: Answer, token: str, scope: str) -> Answer:
    """The answer when it is a good one. Raises what the status means otherwise."""
    status = answer.status
    if 200 <= status < 300:
        return answer
    said = _detail(answer)
    if status == 401:
        if token:
            raise SourceProblem(f"{host} does not accept the token.", "It may have been revoked: ask for a new one.")
        raise SourceProblem(f"{host} wants a personal token.", "Ask whoever runs it for one.")
    if status == 403:
        advice = f"The token needs the scope {scope}." if scope else "Ask whoever runs it for access."
        raise SourceProblem(f"{host} refuses: {said or 'not allowed'}.", advice)
    if status == 404:
        raise NotFound(f"{host} has no such session.", "It may have expired, or the address is cut short.")
    if status == 410:
        raise NotFound(f"The session has expired at {host}.", "It is gone there for good.")
    if status == 429:
        raise SourceProblem(f"{host} limits how often one may ask.", "Wait a minute and try again.")
    raise SourceProblem(f"{host} answers with HTTP {status}{': ' + said if said else ''}.", "Try again later.")


def _detail(answer: Answer) -> str:
    """What an error body says: `{"detail": text}` or `{"detail": {"message": text}}`; '' for anything else."""
    try:
        value = msgspec.json.decode(answer.body[:65536])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    detail = value.get("detail") if isinstance(value, dict) else None
    if isinstance(detail, dict):
        detail = detail.get("message")
    return detail.strip().rstrip(".")[:300] if isinstance(detail, str) else ""


def _reset(answer: Answer) -> float:
    """Seconds until Sentry's limit is lifted, when a 429 says that and nothing else; 0 otherwise."""
    if answer.status != 429 or "retry-after" in answer.headers:
        return 0.0
    try:
        return max(0.0, float(answer.headers.get("x-sentry-rate-limit-reset", "0")) - time.time())
    except ValueError:
        return 0.0


def _unreachable(host: str, error: httpx.TransportError) -> SourceProblem:
    if isinstance(error, httpx.TimeoutException):
        return SourceProblem(f"{host} does not answer in time.", "Check the network and try again.")
    if isinstance(error, httpx.ConnectError):
        return SourceProblem(
            f"{host} cannot be reached.", "Check the address and the network, and that it is running."
        )
    return SourceProblem(f"The connection to {host} broke off.", "Try again: what was pulled is kept.")


def _retry_after(text: str) -> float:
    """Seconds a `Retry-After` header asks for: a number or a date; 0 when it says nothing."""
    if not text:
        return 0.0
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return 0.0
