"""Fetching files that a recording refers to. Its URLs are written by whoever controlled the page: they are hostile.

Only http(s), only GET, without cookies, tokens or referrer. A name is resolved once, every address it has is judged,
and the connection goes to one of those very addresses, so a name that answers differently the next time (DNS
rebinding) gains nothing. Each redirect is a new request that is judged the same way. Certificates are verified
against the name in the URL.

A proxy, where one is configured, is asked (CONNECT) for a connection to the judged address, never to a name, so that
what it would resolve does not count. Where it then really connects to is the proxy's word.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpcore
import httpx
import msgspec

from replay_viewer import __version__

#: Addresses of a host name and port: texts as `ipaddress` reads them.
Resolve = Callable[[str, int], Awaitable[list[str]]]

_PER_HOST = 8
_AT_ONCE = 24
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Seconds: to connect, without a byte, and for one file altogether.
_CONNECT, _SILENCE, _WHOLE = 10.0, 15.0, 120.0

#: Cloud metadata and wire servers on addresses that count as public (the others are link-local, shared or ULA).
_METADATA = frozenset({"168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"})
#: Bytes of a proxy's answer to CONNECT.
_LONGEST_ANSWER = 16 << 10
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotFetched(Exception):
    """A file that could not be had; the text says why, for the Health report."""


class Fetched(msgspec.Struct, frozen=True):
    """A file: its bytes and the Content-Type it came with. `url`: where it was in the end.

    `map`: where its source map is, as the header SourceMap (once X-SourceMap) says.
    """

    url: str
    type: str
    body: bytes
    map: str = ""


def is_public(address: str) -> bool:
    """Whether an address is one of the public Internet; those that hold an IPv4 address are judged by it."""
    try:
        ip: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if str(ip) in _METADATA:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


async def resolve(host: str, port: int) -> list[str]:
    """Addresses of a name, by this machine's resolver. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Guard(httpcore.AsyncNetworkBackend):
    """Connects to judged addresses only: what is checked and what is connected to are one and the same."""

    def __init__(self, resolve: Resolve, allow_private: bool, proxy: str = "") -> None:
        self._inner = httpcore.AnyIOBackend()
        self._resolve = resolve
        self._allow_private = allow_private
        self._proxy = proxy

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own name
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to `host`. Raises NotFetched when an address of it is not to be asked."""
        try:
            addresses = await asyncio.wait_for(self._resolve(host, port), timeout)
        except (OSError, UnicodeError) as error:
            raise NotFetched(f"{host} is not known") from error
        except TimeoutError as error:
            raise NotFetched("the host does not answer in time") from error
        if not addresses:
            raise NotFetched(f"{host} is not known")
        # One private address among public ones is how rebinding begins.
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise NotFetched("it lies in a private network")
        failure: Exception | None = None
        for address in addresses[:4]:
            try:
                if self._proxy:
                    return await self._tunnel(address, port, timeout)
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def _tunnel(self, address: str, port: int, timeout: float | None) -> httpcore.AsyncNetworkStream:  # noqa: ASYNC109
        """A connection through the proxy. Raises NotFetched when it refuses, httpcore.ConnectError."""
        proxy = urlsplit(self._proxy)
        if proxy.scheme != "http" or not proxy.hostname:
            raise NotFetched("captures go through http:// proxies only")
        try:
            stream = await self._inner.connect_tcp(proxy.hostname, proxy.port or 80, timeout)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise NotFetched("the proxy cannot be reached") from error
        there = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        try:
            await stream.write(f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n\r\n".encode(), timeout)
            answer = b""
            while b"\r\n\r\n" not in answer:
                # one by one: what comes behind the empty line is the other end's
                part = await stream.read(1, timeout)
                answer += part
                if not part or len(answer) > _LONGEST_ANSWER:
                    raise NotFetched("the proxy does not answer as one")
            status = answer.split(b" ", 2)[1:2]
        except BaseException:  # also when it is cancelled; raised again
            await stream.aclose()
            raise
        if status != [b"200"]:
            await stream.aclose()
            shown = b"".join(status).decode("ascii", "replace")[:20] or "nothing"
            raise NotFetched(f"the proxy refuses (HTTP {shown})")
        return stream

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own name
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise NotFetched("it is no address on the network")

    async def sleep(self, seconds: float) -> None:
        """As the inner one."""
        await self._inner.sleep(seconds)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx has no setting for the network backend; its pool of connections is made anew with ours."""

    def __init__(self, guard: _Guard) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=_AT_ONCE,
            max_keepalive_connections=_AT_ONCE,
            network_backend=guard,
        )


class Fetcher:
    """Fetches files; an async context manager. `largest`: bytes of one. At most 8 requests at once per host.

    `proxy`: `http://host:port` that connections are asked of; '' for none.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        largest: int,
        resolve: Resolve = resolve,
        whole: float = _WHOLE,
        proxy: str = "",
    ) -> None:
        self._largest, self._whole = largest, whole
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_PER_HOST))
        self._client = httpx.AsyncClient(
            transport=_Transport(_Guard(resolve, allow_private, proxy)),
            timeout=httpx.Timeout(min(_SILENCE, whole), connect=min(_CONNECT, whole), pool=None),
            headers={"User-Agent": f"Mozilla/5.0 (compatible; replay-viewer/{__version__})"},
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Fetcher:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, url: str, accept: str = "*/*") -> Fetched:
        """The file behind `url`. Raises NotFetched."""
        try:
            async with asyncio.timeout(self._whole):
                for _ in range(_MOST_REDIRECTS + 1):
                    found = await self._once(_plain(url), accept)
                    if isinstance(found, Fetched):
                        return found
                    url = urljoin(url, found)
        except TimeoutError as error:
            raise NotFetched("the host does not answer in time") from error
        raise NotFetched("it redirects in circles")

    async def _once(self, url: str, accept: str) -> Fetched | str:
        """The file, or where it redirects to."""
        host = urlsplit(url).netloc
        try:
            async with (
                self._slots[host],
                self._client.stream("GET", url, headers={"Accept": accept}) as response,
            ):
                # A client keeps what it is given; nothing goes back with the next request.
                self._client.cookies.clear()
                status = response.status_code
                if status in _REDIRECTS and "location" in response.headers:
                    return str(response.headers["location"])
                if not 200 <= status < 300:
                    raise NotFetched(f"HTTP {status}")
                if int(response.headers.get("content-length") or 0) > self._largest:
                    raise self._large()
                body = bytearray()
                async for part in response.aiter_bytes(1 << 16):
                    body += part
                    if len(body) > self._largest:
                        raise self._large()
                said = response.headers
                source_map = said.get("sourcemap", said.get("x-sourcemap", ""))
                return Fetched(url, said.get("content-type", ""), bytes(body), source_map)
        except httpx.TimeoutException as error:
            raise NotFetched("the host does not answer in time") from error
        except (httpx.HTTPError, httpcore.NetworkError, httpx.InvalidURL, ValueError, OSError) as error:
            raise NotFetched(_why(error)) from error

    def _large(self) -> NotFetched:
        return NotFetched(f"it is larger than {self._largest / 1e6:,.0f} MB")


def _plain(url: str) -> str:
    """The URL as it is asked for, without a fragment. Raises NotFetched for what is never asked."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise NotFetched("its address makes no sense") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotFetched("it is not on the web (http or https)")
    if "@" in parts.netloc:
        raise NotFetched("its address holds a user name, which is not sent")
    return urlunsplit(parts._replace(fragment=""))


def _why(error: BaseException) -> str:
    text = str(error)
    if "CERTIFICATE" in text or "certificate" in text:
        return "the host's certificate is not trusted"
    if isinstance(error, httpx.ConnectError):
        return "the host cannot be reached"
    if isinstance(error, httpx.InvalidURL | ValueError):
        return "its address makes no sense"
    return "the connection broke off"
