"""Fetching what hostile recordings name: judged addresses, judged hops, limits. Real HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import pytest

from replay_viewer.sources.fetching import Fetched, Fetcher, NotFetched, Resolve, is_public
from tests.sites import Site, site


def get(url: str, *, largest: int = 100_000, whole: float = 20.0, **more: object) -> Fetched | str:
    """What comes, or why nothing does."""

    async def work() -> Fetched:
        async with Fetcher(largest=largest, whole=whole, **more) as fetcher:  # type: ignore[arg-type]
            return await fetcher.get(url)

    try:
        return asyncio.run(work())
    except NotFetched as error:
        return str(error)


def names(**known: list[str]) -> Resolve:
    """A resolver with these names (_ for a dot), others standing for themselves."""

    async def resolve(host: str, port: int) -> list[str]:
        return known.get(host.replace(".", "_"), [host])

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        *(
            "10.1.1.1",
            "172.16.3.4",
            "192.168.0.1",
            "127.0.0.1",
        ),
        *(
            "127.9.9.9",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
        ),
        *(
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
        ),
        *(
            "192.0.0.192",
            "::1",
            "::",
            "fe80::1",
        ),
        *(
            "fe80::1%eth0",
            "fd00:ec2::254",
            "fc00::1",
            "::ffff:127.0.0.1",
        ),
        *(
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "64:ff9b::a9fe:a9fe",
        ),
        *(
            "ff02::1",
            "::127.0.0.1",
            "nonsense",
        ),
    ],
)
def test_private_addresses(address: str) -> None:
    assert not is_public(address)
    assert get("http://files.test/a.png", resolve=names(files_test=[address])) == "it lies in a private network"


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url", ["http://{}/", "http://localhost:{port}/", "http://0x7f.1:{port}/", "http://2130706433:{port}/"]
)
def test_loopback_is_not_asked_however_it_is_written(url: str) -> None:
    with site({"/": (200, "image/png", b"x")}) as there:
        port = there.url.rpartition(":")[2]
        assert get(url.format(there.url.removeprefix("http://"), port=port)) == "it lies in a private network"
        assert not there.asked


def test_allowed_private_network_and_nothing_personal_sent() -> None:
    with site({"/a.png": (200, "image/png", b"x", {"Set-Cookie": "id=1"})}) as there:
        came = get(f"{there.url}/a.png?x=1#part", allow_private=True)
        assert isinstance(came, Fetched)
        assert (came.body, came.type) == (b"x", "image/png")
        path, headers = there.asked[0]
        assert path == "/a.png?x=1"
        assert not headers.keys() & {"cookie", "authorization", "referer", "origin"}
        assert get(f"{there.url.replace('//', '//user:secret@')}/a.png", allow_private=True) == (
            "its address holds a user name, which is not sent"
        )
        assert len(there.asked) == 1


def test_cookies_are_not_kept() -> None:
    with site({"/a": (302, "", b"", {"Location": "/b", "Set-Cookie": "id=1"}), "/b": (200, "", b"b")}) as there:
        assert isinstance(get(f"{there.url}/a", allow_private=True), Fetched)
        assert [(path, "cookie" in headers) for path, headers in there.asked] == [("/a", False), ("/b", False)]


def test_rebinding() -> None:
    """The name answers with a public address once, and with loopback ever after: it is asked once per connection, and
    what it said then is where the connection goes."""
    with site({"/": (200, "", b"secret")}) as there:
        port = there.url.rpartition(":")[2]
        asked: list[str] = []

        async def resolve(host: str, port: int) -> list[str]:
            asked.append(host)
            return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

        # 192.0.2.1 is kept for documentation: nobody is there, and it is not public either
        assert get(f"http://evil.test:{port}/", resolve=resolve) == "it lies in a private network"
        assert get(f"http://evil.test:{port}/", resolve=resolve) == "it lies in a private network"
        mixed = names(evil_test=["8.8.8.8", "127.0.0.1"])
        assert get(f"http://evil.test:{port}/", resolve=mixed) == "it lies in a private network"
        assert not there.asked


def test_connection_goes_to_the_judged_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """With loopback judged to be public for once, the fetch succeeds by the fake resolver alone: nothing resolves the
    name a second time."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr("replay_viewer.sources.fetching.is_public", lambda address: address == "127.0.0.1")
    with site({"/": (200, "", b"here")}) as there:
        port = there.url.rpartition(":")[2]
        came = get(f"http://name-nobody-knows.invalid:{port}/", resolve=resolve)
        assert isinstance(came, Fetched)
        assert came.body == b"here"
        assert asked == ["name-nobody-knows.invalid"]
        assert there.asked[0][1]["host"] == f"name-nobody-knows.invalid:{port}"


def test_each_hop_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that may be asked redirects into a private network."""
    judge = is_public
    monkeypatch.setattr("replay_viewer.sources.fetching.is_public", lambda a: a == "127.0.0.1" or judge(a))
    with site() as there, site({"/": (200, "", b"secret")}, "127.0.0.2") as inside:
        there.pages["/a"] = (302, "", b"", {"Location": inside.url + "/"})
        there.pages["/file"] = (302, "", b"", {"Location": "file:///etc/passwd"})
        there.pages["/circle"] = (302, "", b"", {"Location": "/circle"})
        assert get(f"{there.url}/a") == "it lies in a private network"
        assert get(f"{there.url}/file") == "it is not on the web (http or https)"
        assert get(f"{there.url}/circle") == "it redirects in circles"
        assert not inside.asked
        assert get(f"{there.url}/a", allow_private=True) == Fetched(inside.url + "/", "", b"secret")


def test_limits_and_faults() -> None:
    stop = threading.Event()

    def stalls() -> tuple[int, str, bytes]:
        stop.wait(20)
        return 200, "", b"late"

    with site() as there:
        there.pages |= {
            "/large": (200, "", b"x" * 2_000),
            "/bomb": (200, "", _gzipped(5_000_000), {"Content-Encoding": "gzip"}),
            "/stalls": stalls,
            "/broken": (500, "", b""),
        }
        reach = {"allow_private": True, "largest": 1_000}
        assert get(f"{there.url}/large", **reach) == "it is larger than 0 MB"  # type: ignore[arg-type]
        assert get(f"{there.url}/bomb", allow_private=True) == "it is larger than 0 MB"
        assert get(f"{there.url}/gone", **reach) == "HTTP 404"  # type: ignore[arg-type]
        assert get(f"{there.url}/broken", **reach) == "HTTP 500"  # type: ignore[arg-type]
        assert get(f"{there.url}/stalls", whole=0.3, **reach) == "the host does not answer in time"  # type: ignore[arg-type]
        stop.set()
        port = there.url
    assert get(f"{port}/", allow_private=True) == "the host cannot be reached"
    assert get("http://[::1/", allow_private=True) == "its address makes no sense"
    assert "not on the web" in str(get("file:///etc/passwd"))
    assert "not known" in str(get("http://name-nobody-knows.invalid/"))


def _gzipped(size: int) -> bytes:
    import gzip

    return gzip.compress(b"\0" * size)


def test_eight_at_once() -> None:
    gate = threading.Barrier(8)

    def waits() -> tuple[int, str, bytes]:
        gate.wait(10)
        return 200, "", b"x"

    def asks(there: Site) -> list[Fetched]:
        async def work() -> list[Fetched]:
            async with Fetcher(largest=10, allow_private=True) as fetcher:
                return await asyncio.gather(*(fetcher.get(f"{there.url}/?{n}") for n in range(24)))

        return asyncio.run(work())

    with site({"/": waits}) as there:
        assert len(asks(there)) == 24
        assert there.most_at_once == 8


class Tunnels(threading.Thread):
    """A proxy that knows CONNECT and nothing else; `asked`: what it was asked, `refuses`: with which status."""

    def __init__(self, refuses: str = "") -> None:
        super().__init__(daemon=True)
        self.asked: list[str] = []
        self._refuses = refuses
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(here,), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (part := here.recv(1)):
            head += part
        self.asked.append(head.decode())
        if self._refuses:
            here.sendall(f"HTTP/1.1 {self._refuses}\r\n\r\n".encode())
            here.close()
            return
        host, _, port = head.split()[1].decode().rpartition(":")
        with here, socket.create_connection((host, int(port))) as there:
            here.sendall(b"HTTP/1.1 200 OK\r\nVia: test\r\n\r\n")
            back = threading.Thread(target=self._pass, args=(there, here), daemon=True)
            back.start()
            self._pass(here, there)
            back.join()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := one.recv(4096):
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Take no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.join()


def test_a_proxy_is_asked_for_the_judged_address() -> None:
    known = names(pictures_test=["127.0.0.1"], public_test=["93.184.216.34"])
    proxy = Tunnels()
    proxy.start()
    with site({"/a.png": (200, "image/png", b"abc")}) as there:
        url = there.url.replace("127.0.0.1", "pictures.test") + "/a.png"
        # judged here, before the proxy hears of it
        refused = get(url, resolve=known, proxy=proxy.url)
        assert (refused, proxy.asked) == ("it lies in a private network", [])
        came = get(url, resolve=known, proxy=proxy.url, allow_private=True)
        assert isinstance(came, Fetched)
        assert came.body == b"abc"
        address = there.url.removeprefix("http://")
        assert proxy.asked == [f"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n"]
        _, headers = there.asked[-1]
        assert headers["host"] == url.split("/")[2]
        assert "via" not in headers
    proxy.close()
    assert get(url, resolve=known, proxy=proxy.url, allow_private=True) == "the proxy cannot be reached"
    assert get(url, resolve=known, proxy="socks5://127.0.0.1:1", allow_private=True).endswith("http:// proxies only")  # type: ignore[union-attr]
    no = Tunnels(refuses="403 Forbidden")
    no.start()
    assert get("http://public.test/x", resolve=known, proxy=no.url) == "the proxy refuses (HTTP 403)"
    assert no.asked[0].startswith("CONNECT 93.184.216.34:80 ")
    no.close()
