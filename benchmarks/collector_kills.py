"""Kill the collector under load: `python -m benchmarks.collector_kills [--times 100] [--postgresql]`.

Each round starts `serve` on the same folder, lets six senders post what SDKs post (rrweb batches, Sentry envelopes
with and without a session, posthog-js batches, beacons) and kills the process with SIGKILL at a random moment. What
was acknowledged must be there after every restart, byte for byte, and none of it twice; linked rows and items too.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.collector.bodies import ENVELOPE, batch, error_envelope, replay_envelope
from tests.collector.kept import kept_of
from tests.postgres import programs, running

from replay_viewer.collector.run import start

_SERVE = """
import sys
from pathlib import Path
from replay_viewer.collector.run import Front, serve
serve(Path(sys.argv[1]), Front(port=0), open=True, db=sys.argv[2] or None)
"""
_SENDERS = 6


class Acknowledged:
    """What the collector said it has: digests of bodies by session, and names that rows were given. Thread-safe."""

    def __init__(self) -> None:
        self.bodies: dict[str, str] = {}
        self.names: set[str] = set()
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.bodies) + len(self.names)


def _request(number: int, rng: random.Random) -> tuple[str, bytes, str, str]:
    """(URL, body, session, name): `name` marks the row that the body leads to, '' when its bytes are looked for."""
    session = f"s{rng.randrange(4)}"
    replay = f"{rng.randrange(4):032x}"
    name = f"n{number}"
    match rng.randrange(6):
        case 0:
            return f"/api/replay/{session}/events", batch(session, 1.795e12 + number), session, ""
        case 1:
            return ENVELOPE, replay_envelope(number, 1.795e12 + number, replay), replay, ""
        case 2:
            return ENVELOPE, error_envelope(None, hashlib.md5(name.encode()).hexdigest()), "", f"event {name}"
        case 3:
            properties = {"$session_id": f"p{rng.randrange(4)}", "token": "phc", "distinct_id": "u"}
            event = {"uuid": name, "event": name, "properties": properties, "timestamp": "2026-11-20T20:12:01.582Z"}
            return "/i/v0/e/", gzip.compress(json.dumps({"api_key": "phc", "batch": [event]}).encode()), "", name
        case 4:
            body = json.dumps({"name": name, "value": number}).encode()
            return f"/api/metrics?session={session}", body, "", name
        case _:
            head = {"type": "attachment", "length": len(name), "filename": name}
            return ENVELOPE, b"\n".join([b"{}", json.dumps(head).encode(), name.encode()]), "", f"item {name}"


def load(url: str, known: Acknowledged, enough: threading.Event, wanted: int, seed: int) -> list[threading.Thread]:
    """Start the senders; `enough` is set once `wanted` requests more are acknowledged."""
    target = len(known) + wanted

    def send(sender: int) -> None:
        rng = random.Random(f"{seed} {sender}")
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            for n in range(10_000):
                path, body, session, name = _request(seed * 100_000_000 + sender * 1_000_000 + n, rng)
                try:
                    answer = client.post(path, content=body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                with known.lock:
                    if name:
                        known.names.add(name)
                    else:
                        known.bodies[hashlib.sha256(body).hexdigest()] = session
                    if len(known) >= target:
                        enough.set()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(_SENDERS)]
    for thread in threads:
        thread.start()
    return threads


def check(home: Path, db: str | None, known: Acknowledged) -> None:
    """Raises AssertionError when something acknowledged is missing, changed, or there twice."""
    found: dict[str, str] = {}
    with start(home, db=db) as again, httpx.Client(base_url=again.url, trust_env=False, timeout=60) as client:
        for session in set(known.bodies.values()):
            whole = client.get(f"/api/v1/sessions/{session}").json()
            assert [part["n"] for part in whole["segments"]] == list(range(len(whole["segments"])))
            for part in whole["segments"]:
                body = client.get(f"/api/v1/sessions/{session}/segments/{part['n']}").content
                digest = hashlib.sha256(body).hexdigest()
                assert digest not in found, "a body is there twice"
                found[digest] = session
        names = Counter(row["name"] for row in kept_of(home, db).linked())
        for item in kept_of(home, db).items():
            names[f"item {item['filename']}"] += 1
            assert client.get(f"/api/v1/items/{item['id']}").content == item["filename"].encode()
        events: Counter[str] = Counter()
        cursor: str | None = ""
        while cursor is not None:
            page = client.get("/api/v1/errors", params={"limit": "200", "cursor": cursor}).json()
            events.update(error["eventId"] for error in page["data"])
            cursor = page["next"]
    assert known.bodies.items() <= found.items(), "an acknowledged body is missing"
    assert not [name for name, times in (names | events).items() if times > 1], "a row is there twice"
    for name in known.names:
        kind, _, marked = name.partition(" ")
        there = events[hashlib.md5(marked.encode()).hexdigest()] if kind == "event" else names[name]
        assert there == 1, f"what {name} led to is missing"


def rounds(home: Path, db: str | None, times: int, seed: int, every: int = 1) -> Acknowledged:
    """Kill `times` times; look after each `every`-th kill and at the end. Answers what was acknowledged."""
    known = Acknowledged()
    rng = random.Random(seed)
    for n in range(times):
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(home), db or ""], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        enough = threading.Event()
        senders = load(url, known, enough, rng.randint(5, 80), seed * 1000 + n)
        assert enough.wait(60), "the collector does not answer"
        # Somewhere between two acknowledgements: while bodies are appended, synced or committed.
        time.sleep(rng.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for sender in senders:
            sender.join()
        process.stdout.close()
        if (n + 1) % every == 0 or n + 1 == times:
            check(home, db, known)
    return known


@contextlib.contextmanager
def database(postgresql: bool) -> Iterator[str | None]:
    """What `--db` is given."""
    bin = programs()
    if not postgresql:
        yield None
    elif bin is None:
        raise SystemExit("PostgreSQL is not installed.")
    else:
        with running(bin) as server:
            yield server.url()


def main() -> int:
    """Run; exit status 1 when something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="replay-viewer-kills-") as folder, database(options.postgresql) as db:
        try:
            known = rounds(Path(folder), db, options.times, options.seed, every=10)
        except AssertionError as error:
            print(f"FAILED: {error}")
            return 1
    name = "PostgreSQL" if options.postgresql else "SQLite"
    print(f"{options.times} kills on {name}: {len(known):,} acknowledged requests, all there, none twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
