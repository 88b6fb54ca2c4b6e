"""What was acknowledged is there: after `kill -9`, a stop, a broken disk; none of it twice."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from replay_viewer.collector.app import Collector
from replay_viewer.collector.blobs import FileBlobs
from replay_viewer.collector.database import default_url, open_database
from replay_viewer.collector.incoming import Incoming, column_text
from replay_viewer.collector.queries import Queries
from replay_viewer.collector.run import Front, serve, start
from replay_viewer.collector.store import Store
from replay_viewer.domain.errors import BadInput, SourceProblem, StorageProblem
from tests.collector.bodies import batch

_SERVE = """
import sys
from pathlib import Path
from replay_viewer.collector.run import Front, serve
serve(Path(sys.argv[1]), Front(port=0), open=True, db=sys.argv[2] or None)
"""


def _start(home: Path, db: str | None) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", _SERVE, str(home), db or ""], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Collector at http://127.0.0.1:")
    return process, line.split()[-1]


@pytest.mark.parametrize("seed", range(3))
def test_kill_at_any_point_loses_nothing(tmp_path: Path, db: str | None, seed: int) -> None:
    process, url = _start(tmp_path, db)
    acknowledged: dict[str, str] = {}
    enough = threading.Event()
    source = random.Random(seed)
    limit = source.randint(3, 30)

    def post(worker: int) -> None:
        with httpx.Client(base_url=url, trust_env=False) as client:
            for n in range(1000):
                session = f"s{n % 3}"
                body = batch(session, 1.795e12 + worker * 100_000 + n, events=None)
                try:
                    answer = client.post(f"/api/replay/{session}/events", content=body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200
                acknowledged[hashlib.sha256(body).hexdigest()] = session
                if len(acknowledged) >= limit:
                    enough.set()

    workers = [threading.Thread(target=post, args=(n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    assert enough.wait(30)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for worker in workers:
        worker.join()
    assert process.stdout is not None
    process.stdout.close()

    with start(tmp_path, db=db) as again, httpx.Client(base_url=again.url, trust_env=False) as client:
        found: dict[str, str] = {}
        for session in client.get("/api/v1/sessions").json()["data"]:
            whole = client.get(f"/api/v1/sessions/{session['id']}").json()
            assert [part["n"] for part in whole["segments"]] == list(range(len(whole["segments"])))
            assert whole["events"] == 2 * len(whole["segments"])
            for part in whole["segments"]:
                body = client.get(f"/api/v1/sessions/{session['id']}/segments/{part['n']}").content
                digest = hashlib.sha256(body).hexdigest()
                assert digest == part["etag"]
                assert digest not in found
                found[digest] = session["id"]
        assert acknowledged.items() <= found.items()


def test_a_graceful_stop_finishes_and_exits_with_0(tmp_path: Path, db: str | None) -> None:
    process, url = _start(tmp_path, db)
    with httpx.Client(base_url=url, trust_env=False) as client:
        for n in range(3):
            client.post("/api/replay/s1/events", content=batch("s1", 1.795e12 + n))
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert process.stdout is not None
    process.stdout.close()
    with start(tmp_path, db=db) as again:
        answer = httpx.get(again.url + "/api/v1/sessions/s1", trust_env=False)
        assert answer.json()["segmentCount"] == 3


def test_the_first_start_prints_key_and_token_once(tmp_path: Path) -> None:
    code = _SERVE.replace(", open=True", "")
    for lines in (4, 1):
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), ""], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first = process.stdout.readline()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                httpx.get(first.split()[-1] + "/api/health", trust_env=False)
                break
            except httpx.TransportError:
                continue
        process.terminate()
        assert process.wait(15) == 0
        rest = process.stdout.read()
        process.stdout.close()
        assert len([first, *rest.splitlines()]) == lines


def test_a_disk_that_refuses_is_not_acknowledged(tmp_path: Path, db: str | None) -> None:
    class Full(FileBlobs):
        def sync(self) -> None:
            super().sync()
            raise StorageProblem("No space left on device.", "")

    engine = open_database(db or default_url(tmp_path))
    store = Store(engine, Full(tmp_path / "bodies"))
    body = Incoming(project="1", url="/x", headers={}, body=b"x", received=1.0, session="s1", source="rrweb")
    futures = [store.put(body) for _ in range(3)]
    for future in futures:
        with pytest.raises(StorageProblem):
            future.result(10)
    assert Queries(engine, FileBlobs(tmp_path / "bodies")).sessions()["data"] == []
    store.close()
    with pytest.raises(StorageProblem):
        store.put(body).result(1)
    engine.dispose()


def test_one_bad_body_does_not_fail_its_neighbours(tmp_path: Path, db: str | None) -> None:
    engine = open_database(db or default_url(tmp_path))
    store = Store(engine, FileBlobs(tmp_path / "bodies"))
    good = Incoming(project="1", url="/x", headers={}, body=b"1", received=1.0, session="s1", source="rrweb")
    bad = Incoming(**{**_fields(good), "body": b"2", "events": 1 << 80})
    futures = [store.put(one) for one in (good, bad, good, Incoming(**{**_fields(good), "body": b"3"}))]
    assert futures[0].result(10) is True
    with pytest.raises((StorageProblem, OverflowError)):
        futures[1].result(10)
    assert futures[2].result(10) is False
    assert futures[3].result(10) is True
    store.close()
    engine.dispose()


def _fields(body: Incoming) -> dict[str, object]:
    return {name: getattr(body, name) for name in Incoming.__struct_fields__}


def test_odd_text_fits_any_column() -> None:
    assert column_text("a\x00b\ud800" + "c" * 5000) == "ab?" + "c" * 1996


def test_a_body_that_is_gone_says_so(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    name, offset = blobs.append("../../etc/passwd", b"hello")
    blobs.sync()
    assert blobs.read(name, offset, 5) == b"hello"
    assert blobs.append("../../etc/passwd", b"!") == (name, 5)
    blobs.sync()
    assert all(path.is_relative_to(tmp_path) for path in tmp_path.rglob("*"))
    with pytest.raises(StorageProblem, match="shorter"):
        blobs.read(name, offset, 50)
    os.unlink(tmp_path / name)
    with pytest.raises(StorageProblem, match="cannot be read"):
        blobs.read(name, offset, 5)


def test_open_stays_on_loopback_and_ports_are_checked(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no tokens"):
        serve(tmp_path, Front(host="0.0.0.0"), open=True)
    with pytest.raises(BadInput):
        start(tmp_path, host="0.0.0.0")
    with start(tmp_path) as running, pytest.raises(SourceProblem, match="cannot listen"):
        start(tmp_path / "other", port=int(running.url.rpartition(":")[2]))


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageProblem):
        Collector(tmp_path / "file")
