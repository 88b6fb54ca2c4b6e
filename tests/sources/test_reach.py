"""How a backend is reached: redirects between regions, proxies, own certificate authorities, limits that are said."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import ssl
import time
from pathlib import Path

import pytest

from replay_viewer.domain.errors import BadInput, SourceProblem
from replay_viewer.services import connections, search_sources
from replay_viewer.services.connections import Connection
from replay_viewer.sources import Access, Http, Refused
from replay_viewer.sources.http import Answer
from tests.keyrings import memory_keyring
from tests.sources.desks import SENTRY_TOKEN, R, SentryDesk
from tests.sources.server import answer, serving

TOKEN = "sntryu_very-secret"
#: Two names of this machine stand for two regions of a vendor.
REGIONS = (frozenset({"127.0.0.1", "localhost"}),)


def _get(url: str, *, token: str = TOKEN, query: dict[str, object] | None = None, **options: object) -> Answer:
    async def run() -> Answer:
        async with Http(pause=0.01, timeout=5.0, **options) as http:  # type: ignore[arg-type]
            return await http.get(url, token=token, query=query)

    return asyncio.run(run())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_region_gets_the_token_others_do_not(status: int) -> None:
    with serving(lambda *_: answer(200, b'{"ok":1}')) as other:
        there = other.url.replace("127.0.0.1", "localhost") + "/x?y=1"
        with serving(lambda *_: answer(status, Location=there)) as first:
            _get(first.url, regions=REGIONS)
            _get(first.url)
    assert [headers.get("authorization") for _, headers in other.seen] == [f"Bearer {TOKEN}", None]
    assert [path for path, _ in other.seen] == ["/x?y=1"] * 2


def test_a_token_lost_on_the_way_does_not_come_back() -> None:
    with (
        serving(lambda *_: answer(200)) as home,
        serving(lambda *_: answer(302, Location=home.url + "/end")) as stranger,
        serving(lambda *_: answer(302, Location=stranger.url.replace("127.0.0.1", "localhost"))) as first,
    ):
        _get(first.url)
    assert "authorization" not in home.seen[0][1]


def test_what_is_posted_follows_as_browsers_do() -> None:
    def reply(path: str, *_: object) -> bytes:
        return answer(200) if path == "/new" else answer(308 if path == "/moved" else 302, Location="/new")

    with serving(reply) as server:
        _get(server.url + "/moved", query={"a": 1})
        assert server.bodies == [b'{"a":1}', b'{"a":1}']
        _get(server.url + "/seen", query={"b": 2})
        assert server.bodies[2:] == [b'{"b":2}']
        # The same origin keeps the token.
        assert all(headers["authorization"] == f"Bearer {TOKEN}" for _, headers in server.seen)


def test_never_unencrypted() -> None:
    http = Http()
    carries = http._may_carry
    assert carries("https://sentry.io/api/0/", "https://de.sentry.io/api/0/")
    assert carries("https://app.posthog.com/", "https://eu.posthog.com/")
    assert carries("http://errors.test/", "https://errors.test/")
    assert not carries("https://sentry.io/", "http://de.sentry.io/")
    assert not carries("https://errors.test/", "http://errors.test/")
    assert not carries("https://sentry.io/", "https://evil.sentry.io/")
    assert not carries("https://sentry.io/", "https://us.posthog.com/")
    assert not carries("https://errors.test/", "https://errors.test:8443/")
    assert not carries("https://errors.test/", "https://[")
    asyncio.run(http.__aexit__(None, None, None))


def test_a_redirect_to_nowhere() -> None:
    with serving(lambda *_: answer(302)) as server, pytest.raises(Refused, match="redirect to nowhere"):
        _get(server.url)


def test_a_used_up_budget_is_waited_for() -> None:
    came: list[float] = []

    def reply(_path: str, _headers: dict[str, str], n: int) -> bytes:
        came.append(time.time())
        if n == 0:
            reset = str(time.time() + 0.4)
            return answer(200, X_Sentry_Rate_Limit_Remaining="0", X_Sentry_Rate_Limit_Reset=reset)
        return answer(200)

    async def run(url: str) -> None:
        async with Http() as http:
            await http.get(url)
            await http.get(url)

    with serving(reply) as server:
        asyncio.run(run(server.url))
    assert came[1] - came[0] >= 0.39


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, b'{"query":["Invalid query. Unknown key."]}', "query: Invalid query"),
        (400, b'{"detail":"Parse error"}', "Parse error"),
        (403, b'{"type":"x","code":"permission_denied","detail":"API key missing required scope \'query:read\'"}',
         "scope query:read"),
        (401, b'{"detail":{"code":"sso-required","message":"Must login via SSO"}}', "single sign-on"),
        (500, b'{"error":"Failed to fetch"}', "Failed to fetch"),
        (502, b"<html>Bad gateway</html>", "HTTP 502"),
    ],
)  # fmt: skip
def test_what_error_bodies_say(status: int, body: bytes, words: str) -> None:
    with serving(lambda *_: answer(status, body)) as server, pytest.raises(SourceProblem, match=words) as raised:
        _get(server.url)
    assert TOKEN not in str(raised.value)


def test_a_proxy_is_used_and_its_failures_are_told_apart() -> None:
    with serving(lambda *_: answer(200, b'{"by":"proxy"}')) as proxy:
        found = _get("http://errors.invalid/api/0/x", access=Access(proxy=proxy.url))
        assert json.loads(found.body) == {"by": "proxy"}
        assert proxy.seen[0][0] == "http://errors.invalid/api/0/x"
        gone = proxy.url
    with pytest.raises(SourceProblem, match=r"proxy on the way to errors\.invalid"):
        _get("http://errors.invalid/", access=Access(proxy=gone))
    with serving(lambda *_: answer(407)) as refusing, pytest.raises(SourceProblem, match="proxy"):
        _get("https://errors.invalid/", access=Access(proxy=refusing.url))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that vouches for itself, as a PEM file and as a server's context."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "errors.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return folder / "ca.pem", context


def test_own_authorities(tmp_path: Path, authority: tuple[Path, ssl.SSLContext]) -> None:
    file, context = authority
    with serving(SentryDesk().reply, context) as server, memory_keyring():
        with pytest.raises(SourceProblem, match=r"certificate of 127\.0\.0\.1:\d+ is not trusted"):
            _get(server.url)
        assert not server.seen  # the token never left
        made = connections.save(
            tmp_path, Connection(name="own", kind="sentry", url=server.url, account="acme", ca_file=str(file))
        )
        connections.keep_token(made, SENTRY_TOKEN)
        assert search_sources.browse(tmp_path, "own").sessions[0].id == R
        loose = Connection(name="loose", kind="sentry", url=server.url, account="acme", verify=False)
        assert not [one for one in search_sources.try_out(loose, SENTRY_TOKEN) if one.problem]
    (tmp_path / "no.pem").write_text("this is no certificate")
    with pytest.raises(BadInput, match="cannot be read"):
        Http(access=Access(ca_file=str(tmp_path / "no.pem")))
