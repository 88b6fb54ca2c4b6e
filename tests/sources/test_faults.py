"""What can go wrong at each backend while a session is pulled, and the sentence people get for it."""

from __future__ import annotations

import email.utils
import time
from functools import partial
from pathlib import Path

import pytest

from replay_viewer.domain.errors import UserError
from replay_viewer.services import pull as pulling
from replay_viewer.sources import Http
from tests.sources.server import answer, serving

R = "4dc395e328494c49a7ea6335849a6fbe"
S = "01a1fa95-02f8-7615-ad67-a981e306b742"
PATHS = {
    "sentry": f"/organizations/acme/explore/replays/{R}/",
    "posthog": f"/project/12/replay/{S}",
    "collector": "/sessions/a",
}
PRODUCTS = {"sentry": "Sentry", "posthog": "PostHog", "collector": "a Replay Viewer collector"}
TOKEN = "secret-token-of-somebody"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "Http", partial(Http, pause=0.005, timeout=2.0))


def _said(home: Path, kind: str, raw: bytes | None, token: str = TOKEN) -> str:
    with serving(lambda *_: raw) as server:
        with pytest.raises(UserError) as raised:
            pulling.pull(home, server.url + PATHS[kind], token=token)
        assert TOKEN not in str(raised.value)
        assert not any(TOKEN in path for path, _ in server.seen)
    return f"{raised.value.message} | {raised.value.advice}"


@pytest.mark.parametrize("kind", list(PATHS))
@pytest.mark.parametrize(
    ("raw", "message", "advice"),
    [
        (answer(401, b'{"detail":"Invalid token"}'), "does not accept the token", "make a new one"),
        (answer(403, b'{"detail":"You do not have permission."}'), "You do not have permission", ""),
        (answer(404, b'{"detail":"The requested resource does not exist"}'), " no ", "expired"),
        (answer(410, b""), "", ""),
        (answer(429, b'{"detail":"Too many"}', Retry_After="3600"), "asks to wait 3600 seconds", "Try again then"),
        (answer(429, Retry_After=email.utils.formatdate(time.time() + 7200)), "asks to wait", "Try again then"),
        (answer(429, b'{"detail":"Too many"}'), "limits how often", "Wait a minute"),
        (answer(500, b"<html>oops</html>"), "HTTP 500", "Try again later"),
        (answer(503, b'{"error":"overloaded"}'), "overloaded", "Try again later"),
        (None, "broke off", "what was pulled is kept"),
        (answer(200, b'{"half":', length=900), "broke off", "what was pulled is kept"),
        (answer(302, Location="/circle"), "in circles", "Check the address"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, kind: str, raw: bytes | None, message: str, advice: str) -> None:
    said, _, todo = _said(tmp_path, kind, raw).partition(" | ")
    assert message in said
    assert advice in todo
    assert said.endswith(".")


@pytest.mark.parametrize("kind", list(PATHS))
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"[[]]", b'"text"', b"17", b"<html>", b'{"data":[1]}', b"\xff\xfe", b'{"data":{}']
)
def test_answers_of_another_shape(tmp_path: Path, kind: str, body: bytes) -> None:
    said = _said(tmp_path, kind, answer(200, body))
    assert f"does not answer as {PRODUCTS[kind]} does" in said or "holds no recording" in said


@pytest.mark.parametrize("kind", list(PATHS))
def test_without_a_token_it_says_where_to_put_one(tmp_path: Path, kind: str) -> None:
    said = _said(tmp_path, kind, answer(401, b'{"detail":"Authentication credentials were not provided."}'), token="")
    assert "wants a personal token" in said
    assert "Connections" in said
    assert "REPLAY_VIEWER_TOKEN" in said
