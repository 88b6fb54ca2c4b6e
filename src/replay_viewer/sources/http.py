"""HTTP for all sources, the one module that knows the client.

At most 8 requests at once per host. Reads are tried again with growing, jittered pauses (network failures, 429, 5xx,
broken-off bodies); `Retry-After` and Sentry's rate-limit headers are honoured. Tokens go into the Authorization
header, never into a URL, a message or a log; a redirect to another origin loses them, unless both are regions of one
vendor (docs/decisions/0012-tokens-and-redirects.md).
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import re
import ssl
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from replay_viewer import __version__
from replay_viewer.domain.errors import BadInput, NotFound, SourceProblem, Unreachable

#: Of a query string; repeated names are allowed.
Parameters = dict[str, str] | list[tuple[str, str | int | float | bool | None]]

_PER_HOST = 8
_ATTEMPTS = 5
#: Seconds a backend may ask to wait before it is called a refusal.
PATIENCE = 90.0
_LARGEST = 512 << 20
_RETRIED = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
#: Hosts that are one vendor's regions: a token may follow a redirect from one to another.
REGIONS = (
    frozenset({"sentry.io", "us.sentry.io", "de.sentry.io"}),
    frozenset({"us.posthog.com", "eu.posthog.com", "app.posthog.com"}),
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: How PostHog's refusal names the scope: “API key missing required scope 'query:read'”.
_SCOPE = re.compile(r"scope\W+([a-z_]+:[a-z]+)")


class Refused(SourceProblem):
    """An answer that is no good. `status`: HTTP's; `scope`: what the token lacks, as far as the backend says."""

    def __init__(self, message: str, advice: str = "", status: int = 0, scope: str = "") -> None:
        super().__init__(message, advice)
        self.status = status
        self.scope = scope


def loss(error: SourceProblem | NotFound) -> str:
    """Why one piece is lost while others can be had; '' when the error concerns more than this piece."""
    if isinstance(error, NotFound):
        return "the backend no longer has it"
    if isinstance(error, Refused) and error.status >= 500:
        return f"the backend answers with HTTP {error.status}"
    return ""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How a backend is reached: the token, a proxy's URL, a file of its certificate authority, whether to verify."""

    token: str = ""
    proxy: str = ""
    ca_file: str = ""
    verify: bool = True

    def __repr__(self) -> str:
        return f"Access(proxy={self.proxy!r}, ca_file={self.ca_file!r}, verify={self.verify})"


class Answer(msgspec.Struct, frozen=True):
    """A successful answer. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Http:
    """One client with its limits; an async context manager. `attempts`: tries of a read, `pause`: first wait in s.

    `timeout`: s without a byte; `patience`: the longest wait in s a backend may ask for; `on_wait(host, seconds)` is
    told of waits it asked for. `access`: proxy and certificates of this backend (its token is given with each
    request). `regions`: see REGIONS. Raises BadInput for a certificate file that cannot be read.
    """

    def __init__(
        self,
        *,
        attempts: int = _ATTEMPTS,
        pause: float = 0.4,
        timeout: float = 30.0,
        access: Access | None = None,
        regions: tuple[frozenset[str], ...] = REGIONS,
        patience: float = PATIENCE,
        on_wait: Callable[[str, float], None] | None = None,
    ) -> None:
        access = access or Access()
        self._attempts = attempts
        self._pause = pause
        self._regions = regions
        self._patience = patience
        self._on_wait = on_wait
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_PER_HOST))
        self._free: dict[str, float] = {}
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=10.0, pool=None),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
            headers={"User-Agent": f"replay-viewer/{__version__}"},
            follow_redirects=False,
            verify=_trust(access),
            proxy=access.proxy or None,
            # A proxy of the environment knows nothing of a collector on this machine.
            mounts=None if access.proxy else {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")},
        )
        self._proxy = access.proxy

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
        whole: Callable[[Answer], bool] | None = None,
    ) -> Answer:
        """Read `url`; `query` is posted as JSON (a read all the same). `scope`: what the token needs for it.

        `whole` says of a good answer whether it is all there (a digest fits); one that is not is asked for again.

        Raises SourceProblem, NotFound (404, 410), BadInput (no usable address).
        """
        return await self._tried(url, token, scope, lambda: self._followed(url, token, parameters, query), whole)

    async def put(
        self, url: str, body: bytes, *, token: str = "", parameters: Parameters | None = None, encoding: str = ""
    ) -> Answer:
        """Write `body` to `url`, which twice is once: it is tried again as reads are. Redirects are not followed.

        `encoding`: its Content-Encoding. Raises as `get`.
        """
        headers = {"Content-Type": "application/octet-stream"}
        headers |= {"Content-Encoding": encoding} if encoding else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return await self._tried(url, token, "", lambda: self._once(url, headers, parameters, None, body))

    async def _tried(
        self,
        url: str,
        token: str,
        scope: str,
        ask: Callable[[], Awaitable[Answer]],
        whole: Callable[[Answer], bool] | None = None,
    ) -> Answer:
        """The good answer to `ask`, as often as it takes."""
        try:
            host = urlsplit(url).netloc
        except ValueError as error:
            raise BadInput(f"“{url}” is not an address.") from error
        for attempt in range(1, self._attempts + 1):
            wait = self._pause * 2 ** (attempt - 1) * random.uniform(0.7, 1.3)
            try:
                async with self._slots[host]:
                    await self._until_free(host)
                    answer = await ask()
                if whole is not None and 200 <= answer.status < 300 and not whole(answer):
                    raise httpx.RemoteProtocolError("the answer is not whole")
            except httpx.InvalidURL as error:
                raise BadInput(f"“{url}” is not an address.") from error
            except httpx.UnsupportedProtocol as error:
                raise _circles(host) from error
            except httpx.TransportError as error:
                if attempt == self._attempts or _untrusted(error):
                    raise self._unreachable(host, error) from error
            else:
                asked = self._note_limits(host, answer)
                if answer.status not in _RETRIED or attempt == self._attempts:
                    return _judged(host, answer, token, scope)
                if asked:
                    continue  # `_until_free` waits
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _followed(
        self, url: str, token: str, parameters: Parameters | None, query: Mapping[str, Any] | None
    ) -> Answer:
        """The answer behind redirects; the token goes with them as far as it may."""
        first = urlsplit(url).netloc
        for _ in range(_MOST_REDIRECTS + 1):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = await self._once(url, headers, parameters, query)
            target = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not target:
                return answer
            there = urljoin(url, target)
            if not self._may_carry(url, there):
                token = ""
            if answer.status not in (307, 308):
                query = None  # as browsers do: what is found there is read, not posted to
            url, parameters = there, None
        raise _circles(first)

    def _may_carry(self, here: str, there: str) -> bool:
        """Whether the token may follow a redirect: the same origin, or regions of one vendor, never unencrypted."""
        try:
            a, b = urlsplit(here), urlsplit(there)
            same = (a.scheme, a.hostname, a.port) == (b.scheme, b.hostname, b.port)
        except ValueError:
            return False
        if same or ((a.scheme, a.hostname) == ("http", b.hostname) and b.scheme == "https"):
            return True
        encrypted = b.scheme == "https" or b.hostname in _LOOPBACK
        return encrypted and any({a.hostname, b.hostname} <= region for region in self._regions)

    async def _until_free(self, host: str) -> None:
        """Wait as long as the host asked for. Raises SourceProblem when that is longer than anybody waits for."""
        while (wait := self._free.get(host, 0.0) - time.monotonic()) > 0:
            if wait > self._patience:
                raise SourceProblem(
                    f"{host} asks to wait {wait:.0f} seconds before the next request.", "Try again then."
                )
            if self._on_wait and wait >= 1.0:
                self._on_wait(host, wait)
            await asyncio.sleep(wait * random.uniform(1.0, 1.1))

    def _note_limits(self, host: str, answer: Answer) -> bool:
        """Whether the host asks to wait; then whoever else wants something of it waits as well."""
        asked = max(_retry_after(answer.headers.get("retry-after", "")), _reset(answer))
        if asked:
            self._free[host] = max(self._free.get(host, 0.0), time.monotonic() + asked)
        return bool(asked)

    async def _once(
        self,
        url: str,
        headers: dict[str, str],
        parameters: Parameters | None,
        query: Mapping[str, Any] | None,
        body: bytes | None = None,
    ) -> Answer:
        method = "PUT" if body is not None else "GET" if query is None else "POST"
        async with self._client.stream(
            method, url, headers=headers, params=parameters, json=query, content=body
        ) as response:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > _LARGEST:
                    raise SourceProblem(f"{urlsplit(url).netloc} answers with more than {_LARGEST >> 20} MB.")
                parts.append(part)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, found, b"".join(parts))

    def _unreachable(self, host: str, error: httpx.TransportError) -> SourceProblem:
        if _untrusted(error):
            return SourceProblem(
                f"The certificate of {host} is not trusted.",
                "Give the file of its certificate authority in the connection, or check the address.",
            )
        if isinstance(error, httpx.ProxyError):
            return SourceProblem(f"The proxy on the way to {host} refuses.", "Check the proxy of the connection.")
        if isinstance(error, httpx.TimeoutException):
            return Unreachable(f"{host} does not answer in time.", "Check the network and try again.")
        if isinstance(error, httpx.ConnectError):
            if self._proxy:
                return SourceProblem(f"The proxy on the way to {host} cannot be reached.", "Check its address.")
            return Unreachable(
                f"{host} cannot be reached.", "Check the address and the network, and that it is running."
            )
        return Unreachable(f"The connection to {host} broke off.", "Try again: what was pulled is kept.")


def _trust(access: Access) -> ssl.SSLContext | bool:
    """What certificates are held against: certifi's authorities, and those of the connection's own file."""
    if not access.verify:
        return False
    if not access.ca_file:
        return True
    context = httpx.create_ssl_context()
    try:
        context.load_verify_locations(cafile=access.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadInput(
            f"The certificate file {access.ca_file} cannot be read.", "It must hold certificates in PEM form."
        ) from error
    return context


def _untrusted(error: BaseException | None) -> bool:
    """Whether a failure comes from a certificate that is not trusted."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _circles(host: str) -> SourceProblem:
    return SourceProblem(f"{host} sends requests in circles.", "Check the address.")


def _judged(host: str, answer: Answer, token: str, scope: str) -> Answer:
    """The answer when it is a good one. Raises what the status means otherwise."""
    status = answer.status
    if 200 <= status < 300:
        return answer
    said, code = _detail(answer)
    if status == 401:
        if code == "sso-required":
            raise Refused(f"{host} wants you signed in by single sign-on.", "Sign in there, then try again.", status)
        if token:
            advice = "It may have been revoked: make a new one."
            raise Refused(f"{host} does not accept the token.", advice, status)
        advice = "Add a connection with one (File, Connections…), or set REPLAY_VIEWER_TOKEN."
        raise Refused(f"{host} wants a personal token.", advice, status)
    if status == 403:
        missing = match[1] if (match := _SCOPE.search(said)) else scope
        advice = f"The token needs the scope {missing}." if missing else "Ask whoever runs it for access."
        if code == "sso-required":
            advice = "Sign in there by single sign-on, then try again."
        raise Refused(f"{host} refuses: {said or 'not allowed'}.", advice, status, missing)
    if status == 404:
        raise NotFound(f"{host} has no such session.", "It may have expired, or the address is cut short.")
    if status == 410:
        raise NotFound(f"The session has expired at {host}.", "It is gone there for good.")
    if status == 429:
        raise Refused(f"{host} limits how often one may ask.", "Wait a minute and try again.", status)
    if 300 <= status < 400:
        raise Refused(f"{host} answers with a redirect to nowhere.", "Check the address.", status)
    advice = "Check what was asked for." if status in (400, 422) else "Try again later."
    raise Refused(f"{host} answers with HTTP {status}{': ' + said if said else ''}.", advice, status)


def _detail(answer: Answer) -> tuple[str, str]:
    """(what an error body says, its code), each '' when it says none.

    `{"detail": text}`, `{"detail": {"message", "code"}}`, `{"error": text}`, `{"field": ["text"]}`.
    """
    try:
        value = msgspec.json.decode(answer.body[:65536])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "", ""
    if not isinstance(value, dict):
        return "", ""
    code = value.get("code")
    detail = value.get("detail") or value.get("error")
    if isinstance(detail, dict):
        code, detail = detail.get("code"), detail.get("message")
    if detail is None and answer.status == 400:
        named = {name: texts for name, texts in value.items() if isinstance(texts, list) and texts}
        detail = "; ".join(f"{name}: {texts[0]}" for name, texts in named.items())
    said = detail.strip().rstrip(".")[:300] if isinstance(detail, str) else ""
    return said, code if isinstance(code, str) else ""


def _reset(answer: Answer) -> float:
    """Seconds until Sentry's limit is lifted, when it is used up and nothing else is said; 0 otherwise."""
    used_up = answer.status == 429 or answer.headers.get("x-sentry-rate-limit-remaining") == "0"
    if not used_up or "retry-after" in answer.headers:
        return 0.0
    return max(0.0, _number(answer.headers.get("x-sentry-rate-limit-reset", "")) - time.time())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


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
