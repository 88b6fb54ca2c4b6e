"""Every form PostHog has handed recordings out in, pulled over real HTTP: all give the same session."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from replay_viewer.domain.errors import SourceProblem
from replay_viewer.library import Library
from replay_viewer.services import addresses
from replay_viewer.services import pull as pulling
from replay_viewer.sources import Http
from replay_viewer.sources.posthog import address
from tests.sources.desks import POSTHOG_TOKEN, S
from tests.sources.server import answer, serving

W = "01a1fa95-02f8-7615-ad67-a9826e853ce0"
#: 2026-11-20T20:10:32Z
START = 1795205432_000


def _events() -> list[dict[str, Any]]:
    page = {"type": 0, "id": 1, "childNodes": [
        {"type": 2, "tagName": "html", "attributes": {}, "id": 2, "childNodes": [
            {"type": 2, "tagName": "body", "attributes": {}, "id": 3, "childNodes": [
                {"type": 3, "textContent": "Hello", "id": 4}]}]}]}  # fmt: skip
    moves = [
        {"type": 3, "timestamp": START + n * 1000, "data": {"source": 3, "id": 3, "x": 0, "y": n}}
        for n in range(1, 9)
    ]
    return [
        {"type": 4, "timestamp": START, "data": {"href": "https://shop.test/", "width": 800, "height": 600}},
        {"type": 2, "timestamp": START + 1, "data": {"node": page, "initialOffset": {"left": 0, "top": 0}}},
        *moves,
    ]


class Forms:
    """One recording in a form: `blob_v2`, `blob`, `realtime`, `realtime-object` or `original`."""

    def __init__(self, form: str, *, person: bool = True, token: str = POSTHOG_TOKEN, made_on: str = "web") -> None:
        self.form, self.person, self.token, self.made_on = form, person, token, made_on

    def reply(self, path: str, headers: dict[str, str], _n: int) -> bytes | None:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/shared/abcDEF123_-45":
            data = json.dumps({"recording": {"id": S}, "app_context": {"current_team": {"name": "x", "id": 12}}})
            return answer(200, f"<script>x = JSON.parse('{data}')</script>".replace('"', "\\u0022").encode())
        if query.get("sharing_access_token") != "abcDEF123_-45" and headers.get("authorization") != (
            f"Bearer {self.token}"
        ):
            return answer(401, b'{"detail":"Invalid API key"}')
        one = f"/api/projects/12/session_recordings/{S}"
        if parts.path == one + "/":
            person = {"name": "Ada", "properties": {"email": "ada@example.com"}} if self.person else None
            found = {"distinct_id": "u-17", "person": person, "start_time": "2026-11-20T20:10:32Z",
                     "end_time": "2026-11-20T20:10:41Z", "snapshot_source": self.made_on}  # fmt: skip
            return answer(200, json.dumps(found).encode())
        if parts.path == one + "/snapshots":
            return answer(200, self._snapshots(query))
        if parts.path == "/api/projects/12/query/":
            return answer(200, b'{"results":[],"hasMore":false}')
        return answer(404, b'{"detail":"Not found."}')

    def _snapshots(self, query: dict[str, str]) -> bytes:
        events = _events()
        if self.form == "original":
            first = query.get("offset") is None
            part, following = (
                (events[:4], "http://elsewhere.test/x?offset=4&limit=4") if first else (events[4:], None)
            )
            return json.dumps({"snapshot_data_by_window_id": {W: part}, "next": following}).encode()
        if "source" not in query:
            source = self.form.removesuffix("-object")
            listed = [{"source": source, "blob_key": None if source == "realtime" else "0"}]
            extra = [{"source": "realtime", "blob_key": None}] if source == "blob_v2" else []
            return json.dumps({"sources": [*listed, *extra]}).encode()
        assert query["source"] == self.form.removesuffix("-object")
        if self.form == "blob_v2":
            return b"\n".join(msgspec.json.encode([W, event]) for event in events)
        if self.form == "blob":
            return b"\n".join(msgspec.json.encode({"window_id": W, "data": [event]}) for event in events)
        if self.form == "realtime":
            return json.dumps({"window_id": W, "data": events}).encode()
        lines: list[Any] = [json.dumps({"window_id": W, "data": events[:5]}), {"windowId": W, "data": events[5:]}]
        return json.dumps({"snapshots": lines}).encode()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "Http", partial(Http, pause=0.01, timeout=2.0))


@pytest.mark.parametrize("form", ["blob_v2", "blob", "realtime", "realtime-object", "original"])
def test_every_form_is_the_same_session(tmp_path: Path, form: str) -> None:
    with serving(Forms(form).reply) as server:
        assert pulling.pull(tmp_path, f"{server.url}/project/12/replay/{S}", token=POSTHOG_TOKEN) == S
        assert not any("elsewhere" in path for path, _ in server.seen)
    with Library.open(tmp_path) as library:
        session = library.session(S)
        assert (session.events, [tab.key for tab in session.tabs]) == (10, [W])
        assert session.facts.user.email == "ada@example.com"


def test_the_person_by_the_query_api_and_events_of_the_server(tmp_path: Path) -> None:
    forms = Forms("blob_v2", person=False)
    asked: list[str] = []

    def reply(path: str, headers: dict[str, str], n: int) -> bytes | None:
        if not path.endswith("/query/"):
            return forms.reply(path, headers, n)
        text = json.loads(server.bodies[-1])["query"]["query"]
        asked.append(text)
        if text.startswith("SELECT person.properties"):
            rows: list[Any] = [['{"email":"ada@example.com"}']]
        elif "$lib != 'web'" in text:
            rows = [["u2", "order charged", "2026-11-20T20:10:36Z", "u-17", '{"$lib":"posthog-python"}']]
        else:
            rage = {"$lib": "web", "$el_text": "Pay", "$elements_chain": "button"}
            vital = {
                "$web_vitals_LCP_event": {"name": "LCP", "value": 236, "rating": "good", "timestamp": START + 900}
            }
            raised = {
                "$exception_list": [{"type": "TypeError", "value": "x is undefined"}],
                "$exception_issue_id": "i",
            }
            rows = [
                ["u0", "$rageclick", "2026-11-20T20:10:34Z", "u-17", json.dumps(rage)],
                ["u1", "$exception", "2026-11-20T20:10:35Z", "u-17", json.dumps(raised)],
                ["u3", "$web_vitals", "2026-11-20T20:10:39Z", "u-17", vital],
            ]
        return answer(200, json.dumps({"results": rows, "hasMore": False}).encode())

    with serving(reply) as server:
        pulling.pull(tmp_path, f"{server.url}/project/12/replay/{S}", token=POSTHOG_TOKEN)
    with Library.open(tmp_path) as library:
        session = library.session(S)
        errors = [row for _, row in library.rows(S, "errors")]
        clicks = [row.action for _, row in library.rows(S, "interactions")]
        vitals = [(row.name, row.value, row.t) for _, row in library.rows(S, "vitals")]
        custom = [row.name for _, row in library.rows(S, "custom")]
    assert session.facts.user.email == "ada@example.com"
    assert [(row.title, row.group) for row in errors] == [("TypeError: x is undefined", "i")]
    assert "rage-click" in clicks
    assert ("LCP", 236.0, START + 900.0) in vitals
    assert "order charged" in custom
    assert any("2026-11-20 20:05:32" in text for text in asked)  # five minutes around it


def test_a_shared_page_is_pulled_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Forms("blob_v2", token="nobody has it").reply) as server:
        shared = f"{server.url}/shared/abcDEF123_-45?t=4"
        source = addresses.recognise("https://us.posthog.com/shared/abcDEF123_-45")[0]
        assert source.recognise(shared) is None  # only PostHog's own hosts are taken for shared pages
        # … so the server's address passes for one of them.
        monkeypatch.setattr(address, "web", lambda url: (urlsplit(url), "us.posthog.com"))
        assert pulling.pull(tmp_path, shared, token="") == S
        tokens = [headers.get("authorization") for _, headers in server.seen]
    assert set(tokens) == {None}


def test_a_mobile_recording_is_said(tmp_path: Path) -> None:
    forms = Forms("blob_v2", made_on="mobile")
    with serving(forms.reply) as server, pytest.raises(SourceProblem, match="mobile"):
        pulling.pull(tmp_path, f"{server.url}/project/12/replay/{S}", token=POSTHOG_TOKEN)
