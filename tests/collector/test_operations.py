"""Running a collector: who may what, deletion and retention, the audit log, metrics, logs, TLS, proxies, stopping."""

from __future__ import annotations

import json
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay_viewer.cli.main import main
from replay_viewer.collector.app import Collector
from replay_viewer.collector.erasing import BEING_WRITTEN_MS
from replay_viewer.collector.run import Front, RunningCollector, run_in_thread, serve
from replay_viewer.domain.errors import BadInput, NotFound
from tests.collector.bodies import batch, error_envelope, replay_envelope

DAY = 86_400_000.0


class Served:
    """A collector with keys and tokens, and clients for each role."""

    def __init__(self, home: Path, db: str | None) -> None:
        self.home = home
        self.collector = Collector(home, db=db)
        access = self.collector.access
        self.key = access.add_key("1")
        self.tokens = {role: access.add_token(f"{role}-token", role)[1] for role in ("viewer", "triager", "admin")}
        self.url, stop = run_in_thread(self.collector.app, "127.0.0.1", 0, "collector-test", self.collector.stopping)
        self.running = RunningCollector(self.url, stop)

    def ask(self, method: str, path: str, role: str = "admin", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens[role]}"} if role else {}
        with httpx.Client(base_url=self.url, trust_env=False, headers=headers) as client:
            return client.request(method, path, **more)

    def post(self, session: str, t: float = 1.795e12, **more: Any) -> None:
        answer = self.ask(
            "POST", f"/api/replay/{session}/events?key={self.key}", role="", content=batch(session, t, **more)
        )
        assert answer.status_code == 200

    def stop(self) -> None:
        self.running.stop()
        self.collector.close()


@pytest.fixture
def served(tmp_path: Path, db: str | None) -> Iterator[Served]:
    made = Served(tmp_path / "c", db)
    yield made
    made.stop()


def _bodies(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (home / "bodies").rglob("*") if path.is_file())


def test_roles(served: Served) -> None:
    served.post("s1")
    for role in ("viewer", "triager", "admin"):
        assert served.ask("GET", "/api/v1/sessions/s1", role).status_code == 200
    for path, method in (
        ("/api/v1/audit", "GET"),
        ("/api/v1/sessions/s1", "DELETE"),
        ("/api/v1/users?user=x", "DELETE"),
    ):
        assert served.ask(method, path, "").status_code == 401
        for role in ("viewer", "triager"):
            refused = served.ask(method, path, role)
            assert refused.status_code == 403
            assert "admin" in refused.json()["detail"]
    access = served.collector.access
    access.revoke_token(access.tokens()[0]["id"])
    assert served.ask("GET", "/api/v1/sessions", "viewer").status_code == 401
    with pytest.raises(NotFound):
        access.revoke_token(access.tokens()[0]["id"])
    access.revoke_key(served.key)
    answer = served.ask("POST", f"/api/replay/s1/events?key={served.key}", "", content=batch("s1"))
    assert answer.status_code == 403
    for wrong in (("", "viewer"), ("x", "king")):
        with pytest.raises(BadInput):
            access.add_token(*wrong)
    with pytest.raises(BadInput):
        access.add_key("../1")


def test_a_deleted_session_is_gone_with_its_bodies_and_its_line_stays(served: Served) -> None:
    served.post("s1", user={"email": "secret-name@example.com"})
    served.post("s2")
    assert served.ask("GET", "/api/v1/sessions/s1/rows/navigation").json()["data"]
    assert b"secret-name" in _bodies(served.home)
    done = served.ask("DELETE", "/api/v1/sessions/s1").json()
    assert (done["sessions"], done["bodies"]) == (1, 1)
    assert served.ask("GET", "/api/v1/sessions/s1").status_code == 404
    assert served.ask("GET", "/api/v1/sessions/s1/rows/navigation").status_code == 404
    assert served.ask("DELETE", "/api/v1/sessions/s1").status_code == 404
    assert b"secret-name" not in _bodies(served.home)
    assert served.ask("GET", "/api/v1/sessions/s2/segments/0").status_code == 200
    lines = served.ask("GET", "/api/v1/audit").json()["data"]
    told = [(line["actor"], line["action"], line["what"]) for line in lines]
    assert told[0] == ("admin-token", "export", "s2")
    assert ("admin-token", "delete", "s1") in told
    assert ("admin-token", "read", "s1") in told
    # It may come again, and is whole then.
    served.post("s1")
    assert served.ask("GET", "/api/v1/sessions/s1/segments/0").content == batch("s1")


def test_deleting_a_user_leaves_nothing_that_names_them(served: Served) -> None:
    served.post("s1", user={"id": "u-9", "email": "gone@example.com"})
    served.post("s2", user={"id": "u-8", "email": "stays@example.com"})
    envelope = f"/api/1/envelope/?sentry_key={served.key}"
    body = error_envelope(None).replace(
        b'"platform"', b'"user": {"id": "u-9", "email": "gone@example.com"}, "platform"'
    )
    assert served.ask("POST", envelope, "", content=body).status_code == 200
    assert served.ask("POST", envelope, "", content=error_envelope(None, "0" * 32)).status_code == 200
    assert served.ask("DELETE", "/api/v1/users").status_code == 400
    done = served.ask("DELETE", "/api/v1/users", params={"user": "u-9", "email": "gone@example.com"}).json()
    assert done["sessions"] == 1
    assert done["bodies"] == 2
    assert b"gone@example.com" not in _bodies(served.home)
    assert b"stays@example.com" in _bodies(served.home)
    assert [s["id"] for s in served.ask("GET", "/api/v1/sessions").json()["data"]] == ["s2"]
    assert len(served.ask("GET", "/api/v1/errors").json()["data"]) == 1


def test_retention_by_project_and_environment(served: Served) -> None:
    eraser = served.collector.eraser
    served.post("s1", environment="production")
    served.post("s2", environment="staging")
    served.ask("POST", f"/api/1/envelope/?sentry_key={served.key}", "", content=error_envelope(None))
    now = time.time() * 1000.0
    assert eraser.expire(now + 1000 * DAY).sessions == 0  # nobody said how long
    eraser.keep("1", "", 30, "test")
    eraser.keep("1", "staging", 5, "test")
    assert eraser.expire(now + 6 * DAY).sessions == 1
    assert [s["id"] for s in served.ask("GET", "/api/v1/sessions").json()["data"]] == ["s1"]
    assert eraser.expire(now + 29 * DAY).sessions == 0
    assert eraser.expire(now + 31 * DAY).sessions == 1
    assert served.ask("GET", "/api/v1/errors").json()["data"] == []
    assert set(_bodies(served.home)) <= {0}
    # What is being written is not touched, however short the time.
    eraser.keep("1", "", 0.001, "test")
    served.post("s3")
    assert eraser.expire(now + BEING_WRITTEN_MS / 2).sessions == 0
    eraser.keep("1", "", None, "test")
    assert [rule["days"] for rule in eraser.rules()] == [5]
    for wrong in (("1", "", 0.0), ("1", "", float("nan"))):
        with pytest.raises(BadInput):
            eraser.keep(*wrong, "test")
    with pytest.raises(NotFound):
        eraser.keep("77", "", 1.0, "test")


def test_a_deletion_that_was_killed_is_finished_or_undone(tmp_path: Path, db: str | None) -> None:
    first = Served(tmp_path / "c", db)
    first.post("s1")
    first.post("s2")
    blobs = first.collector.eraser._blobs
    names = {name: blobs.name(name) for name in ("s1", "s2", "dead")}
    first.stop()
    for name in ("s1", "dead"):  # killed before the commit, killed after it
        path = tmp_path / "c" / "bodies" / names[name]
        path.parent.mkdir(exist_ok=True)
        path.touch()
        path.rename(path.with_name(path.name + ".gone"))
    again = Collector(tmp_path / "c", db=db)
    assert blobs.set_aside() == []
    assert (tmp_path / "c" / "bodies" / names["s1"]).read_bytes() == batch("s1")
    assert not (tmp_path / "c" / "bodies" / names["dead"]).exists()
    again.close()


def test_metrics_in_prometheus_form(served: Served) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    served.post("s1")
    served.ask("GET", "/api/v1/sessions/s1")
    served.ask("GET", "/api/v1/sessions/s2")
    served.ask("GET", "/api/v1/sessions", "")
    text = served.ask("GET", "/metrics", "").text
    found = {family.name: family.samples for family in text_string_to_metric_families(text)}
    counted = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for sample in found["replay_viewer_http_requests"]
        if sample.name.endswith("_total")
    }
    assert counted[("/api/v1/sessions/{id}", "200")] == 1
    assert counted[("/api/v1/sessions/{id}", "404")] == 1
    assert counted[("/api/v1/sessions", "401")] == 1
    assert counted[("/api/replay/{session}/events", "200")] == 1
    for name in ("http_request_seconds", "ingest_lag_seconds", "database_connections", "http_errors"):
        assert f"replay_viewer_{name}" in found
    assert [s.value for s in found["replay_viewer_ingest_bodies"] if s.name.endswith("_total")] == [1]
    if sys.platform.startswith("linux"):
        assert found["process_resident_memory_bytes"][0].value > 1 << 20
    assert "s1" not in text
    # From elsewhere: through a proxy, or by another name.
    for headers in ({"x-forwarded-for": "10.0.0.7"}, {"host": "replay.example.com"}):
        assert served.ask("GET", "/metrics", "", headers=headers).status_code == 401
    through = {"x-forwarded-for": "10.0.0.7", "authorization": f"Bearer {served.tokens['viewer']}"}
    assert served.ask("GET", "/metrics", "", headers=through).status_code == 200


def test_request_ids(served: Served) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", served.ask("GET", "/api/health", "").headers["x-request-id"])
    for given, kept in (("abc-1", True), ("a b", False), ("x" * 65, False)):
        got = served.ask("GET", "/api/health", "", headers={"x-request-id": given}).headers["x-request-id"]
        assert (got == given) is kept


def test_health_says_what_is_wrong(served: Served) -> None:
    assert served.ask("GET", "/api/health", "").json()["status"] == "healthy"
    served.collector.access.revoke_key(served.key)
    degraded = served.ask("GET", "/api/health", "")
    assert (degraded.status_code, degraded.json()["checks"]["auth"]["status"]) == (503, "degraded")
    served.collector._store.close()
    broken = served.ask("GET", "/api/health", "")
    assert (broken.status_code, broken.json()["status"]) == (503, "unhealthy")


_RUN = """
import sys
from replay_viewer.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def _served(home: Path, *options: str) -> tuple[subprocess.Popen[str], list[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, "serve", "--home", str(home), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().strip()]
    if "--open" not in options:
        lines += [process.stdout.readline().strip() for _ in range(3)]
    return process, lines


def test_a_stop_under_load_keeps_what_was_acknowledged(tmp_path: Path, db: str | None) -> None:
    options = ["--open", *(["--db", db] if db else [])]
    process, [line] = _served(tmp_path, *options)
    url = line.split()[-1]
    acknowledged: list[bytes] = []
    refused: list[int] = []
    enough = threading.Event()

    def post(worker: int) -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            for n in range(5000):
                body = batch("s1", 1.795e12 + worker * 1e6 + n)
                try:
                    answer = client.post("/api/replay/s1/events", content=body)
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    acknowledged.append(body)
                else:
                    refused.append(answer.status_code)
                if len(acknowledged) > 60:
                    enough.set()

    workers = [threading.Thread(target=post, args=(n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    assert enough.wait(30)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    for worker in workers:
        worker.join()
    assert set(refused) <= {503}
    process.communicate()
    collector = Collector(tmp_path / "collector", db=db, open=True)
    url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "again")
    with httpx.Client(base_url=url, trust_env=False) as client:
        count = client.get("/api/v1/sessions/s1").json()["segmentCount"]
        there = {client.get(f"/api/v1/sessions/s1/segments/{n}").content for n in range(count)}
    stop()
    collector.close()
    assert len(there) == count
    assert set(acknowledged) <= there


def test_logs_are_json_lines_without_secrets(tmp_path: Path) -> None:
    process, lines = _served(tmp_path, "--log", "json")
    url, key, token = lines[0].split()[-1], lines[1].split()[-1], lines[3].split()[-1]
    with httpx.Client(base_url=url, trust_env=False) as client:
        client.post(f"/api/replay/s1/events?key={key}", content=batch("s1", user={"email": "ada@example.com"}))
        mine = client.get(
            "/api/v1/sessions?q=ada", headers={"authorization": f"Bearer {token}", "x-request-id": "r-7"}
        )
        assert mine.status_code == 200
        client.get("/api/v1/sessions", headers={"authorization": "Bearer wrong-token"})
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    logged = [json.loads(line) for line in err.splitlines()]
    requests = [line for line in logged if line["logger"].endswith("access")]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [
        ("POST", "/api/replay/s1/events", 200),
        ("GET", "/api/v1/sessions", 200),
        ("GET", "/api/v1/sessions", 401),
    ]
    assert requests[1]["request"] == "r-7"
    for secret in (key, token, "wrong-token", "ada"):
        assert secret not in err


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of its own for 127.0.0.1, made by openssl."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


def test_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    process, lines = _served(tmp_path, "--tls-cert", str(cert), "--tls-key", str(key))
    url, token = lines[0].split()[-1], lines[3].split()[-1]
    assert url.startswith("https://127.0.0.1:")
    assert lines[2].split()[-1].startswith("https://")
    trust = ssl.create_default_context(cafile=str(cert))
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, verify=trust, trust_env=False, headers=headers) as client:
        assert client.get("/api/v1/sessions").status_code == 200
    with pytest.raises(httpx.TransportError):
        httpx.get(url.replace("https", "http") + "/api/health", trust_env=False)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    for front in (
        Front(tls_cert=cert),
        Front(tls_key=key),
        Front(tls_cert=key, tls_key=cert),
        Front(tls_cert=cert, tls_key=tmp_path / "none"),
    ):
        with pytest.raises(BadInput, match=r"TLS|certificate"):
            serve(tmp_path / "x", front)


def test_behind_a_proxy(tmp_path: Path) -> None:
    """As nginx passes requests on: the Host as it was asked for, who asked and by which scheme."""
    process, lines = _served(tmp_path, "--proxy", "127.0.0.1", "--log", "json")
    url, token = lines[0].split()[-1], lines[3].split()[-1]
    headers = {"host": "replay.example.com", "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    with httpx.Client(base_url=url, trust_env=False, headers=headers) as client:
        assert client.get("/api/v1/sessions").status_code == 401
        assert client.get("/api/v1/sessions", headers={"authorization": f"Bearer {token}"}).status_code == 200
        assert "https://replay.example.com/sessions/abc" in client.get("/sessions/abc").text
        assert client.get("/metrics").status_code == 401
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert {json.loads(line)["client"] for line in err.splitlines() if '"client"' in line} == {"203.0.113.9"}
    with pytest.raises(BadInput, match="proxy"):
        serve(tmp_path / "x", Front(proxies=["127.0.0.1"]), open=True)


def test_headers_of_strangers_are_not_believed(tmp_path: Path) -> None:
    collector = Collector(tmp_path, open=True)
    url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "open")
    headers = {"x-forwarded-proto": "https", "host": "localhost"}
    assert "https://localhost" not in httpx.get(f"{url}/sessions/a", headers=headers, trust_env=False).text
    # An open collector that somebody put behind a proxy all the same is nobody's.
    passed = {"x-forwarded-for": "203.0.113.9"}
    assert httpx.get(f"{url}/api/v1/sessions", headers=passed, trust_env=False).status_code == 403
    stop()
    collector.close()


def test_the_office_on_the_command_line(
    tmp_path: Path, db: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if db:
        monkeypatch.setenv("REPLAY_VIEWER_DB", db)
    home = ["--home", str(tmp_path)]

    def run(*words: str) -> str:
        assert main(["serve", *words, *home]) == 0
        return capsys.readouterr().out

    token = run("tokens", "add", "ada", "--role", "admin").strip()
    key = run("keys", "add", "--project", "7").strip()
    assert "ada" in run("tokens", "list")
    assert token not in run("tokens", "list")
    assert key in run("keys", "list")
    collector = Collector(tmp_path / "collector", db=db)
    url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "office")
    with httpx.Client(base_url=url, trust_env=False, headers={"authorization": f"Bearer {token}"}) as client:
        for session in ("s1", "s2"):
            body = batch(session, user={"id": "u1" if session == "s1" else "u2"})
            assert client.post(f"/api/replay/{session}/events?key={key}", content=body).status_code == 200
        # Beside the running collector.
        assert run("delete", "--session", "s1").startswith("Deleted: 1 sessions")
        assert [s["id"] for s in client.get("/api/v1/sessions").json()["data"]] == ["s2"]
        assert run("delete", "--user", "u2").startswith("Deleted: 1 sessions")
        assert "30" in run("retention", "--project", "7", "--days", "30")
        assert json.loads(run("retention", "--project", "7", "--days", "forever", "--json")) == []
        assert run("expire").startswith("Deleted: 0 sessions")
        number = json.loads(run("tokens", "list", "--json"))[0]["id"]
        run("tokens", "revoke", str(number))
        assert client.get("/api/v1/sessions").status_code == 401
        run("keys", "revoke", key)
    stop()
    collector.close()
    lines = json.loads(run("audit", "--json"))
    assert [line["action"] for line in lines] == [
        "key", "token", "retention", "retention", "delete-user", "delete", "key", "token",
    ]  # fmt: skip
    assert all(line["actor"].startswith("cli:") for line in lines)
    assert "delete-user" in run("audit", "u2")
    for wrong in (["delete"], ["delete", "--session", "a", "--user", "b"], ["retention", "--days", "x"]):
        assert main(["serve", *wrong, *home]) == 1
    capsys.readouterr()


def test_sentry_bodies_count_for_their_session(served: Served) -> None:
    """Errors that came without a session and found it later go with it."""
    envelope = f"/api/1/envelope/?sentry_key={served.key}"
    served.ask("POST", envelope, "", content=error_envelope())
    served.ask("POST", envelope, "", content=replay_envelope())
    [session] = served.ask("GET", "/api/v1/sessions").json()["data"]
    done = served.ask("DELETE", f"/api/v1/sessions/{session['id']}").json()
    assert done["bodies"] >= 2
    assert served.ask("GET", "/api/v1/errors").json()["data"] == []
