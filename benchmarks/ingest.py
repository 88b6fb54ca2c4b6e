"""Load on a collector over loopback: `python -m benchmarks.ingest [--seconds 10] [--senders 16] [--db sqlite]`.

The collector runs in a process of its own. Senders post what SDKs post, each over one kept connection, and wait for
the answer before they post again: mostly replay segments of the sample sessions' size, errors and beacons between
them. Printed: acknowledged requests a second, their latency, and the budget (DESIGN section 12: p95 200 ms). The peer
in the same run is the floor of the machine: one fsync of the same body per request into one file, by one thread.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.collector_kills import _SERVE, database
from tests.collector.bodies import ENVELOPE, captured, error_envelope, sample

BUDGET_MS = 200.0


def _segment() -> dict[str, object]:
    """A real batch of the demo shop, as large as they come in the middle of a visit."""
    bodies = sorted((body for _, _, body in captured(sample("checkout-502"))), key=len)
    middle = bodies[len(bodies) * 3 // 4]
    data = gzip.decompress(middle) if middle[:2] == b"\x1f\x8b" else middle
    found: dict[str, object] = json.loads(data)
    return found


def _bodies(segment: dict[str, object], sender: int, rng: random.Random) -> tuple[str, bytes]:
    session = f"load-{sender}-{rng.randrange(3)}"
    kind = rng.random()
    if kind < 0.7:
        stamp = {"type": 5, "timestamp": time.time() * 1000, "data": {"tag": "n", "payload": rng.random()}}
        events = [*segment["events"], stamp]  # type: ignore[misc]
        body = json.dumps({**segment, "sessionId": session, "events": events}).encode()
        return f"/api/replay/{session}/events", gzip.compress(body, 1)
    if kind < 0.85:
        return ENVELOPE, error_envelope(None, f"{rng.getrandbits(128):032x}")
    vital = {"metric": "LCP", "value": rng.randrange(4000), "id": str(rng.random()), "sessionId": session}
    return "/api/rum/vitals", json.dumps(vital).encode()


def load(url: str, seconds: float, senders: int) -> tuple[list[float], dict[int, int], int]:
    """(latencies in ms of acknowledged requests, answers by status, bytes sent)."""
    segment = _segment()
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    sent = 0
    lock = threading.Lock()
    end = time.monotonic() + seconds

    def send(sender: int) -> None:
        nonlocal sent
        rng = random.Random(sender)
        own: list[float] = []
        codes: dict[int, int] = {}
        size = 0
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while time.monotonic() < end:
                path, body = _bodies(segment, sender, rng)
                began = time.perf_counter()
                status = client.post(path, content=body).status_code
                codes[status] = codes.get(status, 0) + 1
                if status == 200:
                    own.append((time.perf_counter() - began) * 1000.0)
                    size += len(body)
        with lock:
            latencies.extend(own)
            sent += size
            for status, count in codes.items():
                statuses[status] = statuses.get(status, 0) + count

    threads = [threading.Thread(target=send, args=(n,)) for n in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies, statuses, sent


def floor(folder: Path, count: int = 200) -> float:
    """Median ms of one append and fsync of a typical body: what durability costs by itself."""
    body = gzip.compress(json.dumps(_segment()).encode(), 1)
    times = []
    with (folder / "floor").open("ab") as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - began) * 1000.0)
    return statistics.median(times)


def measure(postgresql: bool, seconds: float, senders: int) -> bool:
    """One database; True when the budget holds and every answer was 200."""
    with tempfile.TemporaryDirectory(prefix="replay-viewer-load-") as folder, database(postgresql) as db:
        synced = floor(Path(folder))
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, folder, db or ""], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            load(url, 1.0, senders)  # imports, first pages, first connections
            latencies, statuses, sent = load(url, seconds, senders)
        finally:
            process.terminate()
            process.wait(30)
            if process.stdout:
                process.stdout.close()
    latencies.sort()
    p50, p95, p99 = (latencies[int(len(latencies) * part)] for part in (0.5, 0.95, 0.99))
    good = p95 <= BUDGET_MS and set(statuses) == {200}
    print(
        f"{'PostgreSQL' if postgresql else 'SQLite':<11}{senders} senders, {seconds:.0f} s: "
        f"{len(latencies) / seconds:,.0f} acknowledged/s, {sent / seconds / 1e6:.1f} MB/s; "
        f"ms p50 {p50:.1f}, p95 {p95:.1f} ({p95 / BUDGET_MS:.2f} of the budget), p99 {p99:.1f}, "
        f"max {latencies[-1]:.1f}; one append and fsync {synced:.2f} ms; answers {statuses}"
    )
    return good


def main() -> int:
    """Run; exit status 1 when the budget is broken or a request was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--senders", type=int, default=16)
    parser.add_argument("--db", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args()
    wanted = [False, True] if options.db == "both" else [options.db == "postgresql"]
    results = [measure(one, options.seconds, options.senders) for one in wanted]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
