"""Broken requests without end: `python -m benchmarks.collector_fuzz [--seconds 60] [--seed N] [--schemathesis]`.

A collector in a process of its own gets mutations of what SDKs send (bytes flipped, cut, doubled, nested; lengths,
encodings and headers that lie; ids and numbers of every size) on every endpoint that writes. Each answer must be a
real service's (200, 400, 401, 403, 404, 413, 429), within the time limit, and the collector must be healthy after.
With --schemathesis, that tool (`pip install schemathesis`) also goes through the OpenAPI description.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.collector_kills import _SERVE
from tests.collector.bodies import ENVELOPE, batch, captured, error_envelope, replay_envelope, sample
from tests.collector.test_beacons import BEACONS

ALLOWED = {200, 400, 401, 403, 404, 413, 429}
LIMIT_S = 20.0
_JUNK = (
    b"\0", b"\n", b"\xff\xfe", b"{", b"}", b"[" * 60, b'"', b"\\u0000", b"\\ud800", b"1e999", b"-0", b"null", b"NaN",
    b'{"length":-1}', b'{"length":99999999999999999999}', b'{"type":"replay_recording"}\n', b"data=%", b"\x1f\x8b",
)  # fmt: skip
_VALUES = (
    None, True, -1, 0, 1e308, 10**30, "", "\0", "x" * 3000, "\ud83d", [], {}, [[[[]]]], {"a": {"b": None}},
    "9999-99-99T99:99:99Z", "0" * 32, "../../etc/passwd", "<script>", float(2**63), "NaN",
)  # fmt: skip
_ENCODINGS = ("gzip", "deflate", "br", "zstd", "identity", "gzip, br", "x", "")


def sources() -> list[tuple[str, bytes]]:
    """(URL, good body) of every protocol."""
    session = {"$session_id": "s", "$window_id": "w", "token": "phc", "distinct_id": "u"}
    events = json.loads(batch("s"))["events"]
    snapshot = [{"event": "$snapshot", "properties": {**session, "$snapshot_data": events}}]
    captures = [(url, body) for url, _, body in captured(sample("sentry-checkout"))][:8]
    return [
        (ENVELOPE, replay_envelope()),
        (ENVELOPE, error_envelope()),
        ("/tunnel", b'{"dsn":"https://a@x/42"}\n' + error_envelope().partition(b"\n")[2]),
        ("/api/42/store/?sentry_key=a", json.dumps({"event_id": "5" * 32, "message": "x"}).encode()),
        ("/api/42/security/?sentry_key=a", b'{"csp-report":{"violated-directive":"x"}}'),
        ("/api/replay/s/events", batch("s")),
        ("/s/", json.dumps(snapshot).encode()),
        ("/i/v0/e/", json.dumps({"api_key": "k", "batch": [{"event": "x", "properties": session}]}).encode()),
        ("/flags/?v=2", json.dumps({"token": "k", "distinct_id": "u", "person_properties": {}}).encode()),
        *((path, json.dumps(body).encode()) for path, body in BEACONS.items()),
        *captures,
    ]


def _bytes(body: bytes, rng: random.Random) -> bytes:
    data = bytearray(body)
    for _ in range(rng.choice((0, 1, 2, 8, 40))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(5):
            case 0 if at < len(data):
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.choice((1, 7, 400))]
            case 2:
                data[at:at] = rng.choice(_JUNK)
            case 3:
                data[at:at] = data[at : at + rng.choice((20, 2000))]
            case _:
                del data[at + rng.randrange(200) :]
    return bytes(data)


def _value(value: object, rng: random.Random, depth: int = 0) -> object:
    """The JSON value with some members replaced by what nobody expects."""
    if rng.random() < 0.06:
        return rng.choice(_VALUES)
    if isinstance(value, dict):
        return {
            key if rng.random() > 0.03 else str(rng.choice(_VALUES)): _value(item, rng, depth + 1)
            for key, item in value.items()
            if rng.random() > 0.03
        }
    if isinstance(value, list):
        return [_value(item, rng, depth + 1) for item in value for _ in range(rng.choice((1, 1, 1, 0, 3)))]
    return value


def _lines(body: bytes, rng: random.Random) -> bytes:
    parts = []
    for line in body.split(b"\n"):
        try:
            parts.append(json.dumps(_value(json.loads(line), rng)).encode())
        except (ValueError, UnicodeDecodeError):
            parts.append(line)
    return b"\n".join(parts)


def mutated(url: str, body: bytes, rng: random.Random) -> tuple[str, bytes, dict[str, str]]:
    """One request made of a good one."""
    body = _lines(body, rng) if rng.random() < 0.6 else body
    body = _bytes(body, rng) if rng.random() < 0.6 else body
    headers: dict[str, str] = {"content-type": rng.choice(("text/plain", "application/json", "image/png", "\u00e9"))}
    headers["content-type"] = headers["content-type"].encode("ascii", "ignore").decode()
    packing = rng.random()
    if packing < 0.15:
        body = gzip.compress(body)
    elif packing < 0.2:
        body = zlib.compress(body)
    elif packing < 0.22:
        body = gzip.compress(b" " * (40 << 20) + body, 1)
    if rng.random() < 0.3:
        headers["content-encoding"] = rng.choice(_ENCODINGS)
    if rng.random() < 0.1:
        body = _bytes(body, rng)
    if rng.random() < 0.02:
        body = body[:50] + b"a" * (10 << 20)
    if rng.random() < 0.1:
        url += rng.choice(("?", "&")) + rng.choice(
            ("session=%00", "key=%ff", "sentry_key=a", "compression=lz64", "token=")
        )
    return url, body, headers


def fuzz(url: str, seconds: float, seed: int) -> Counter[int]:
    """Answers by status. Raises AssertionError for one that no real service gives, or none in time."""
    rng = random.Random(seed)
    good = sources()
    answers: Counter[int] = Counter()
    end = time.monotonic() + seconds
    with httpx.Client(base_url=url, trust_env=False, timeout=LIMIT_S) as client:
        while time.monotonic() < end:
            path, body, headers = mutated(*rng.choice(good), rng)
            try:
                answer = client.post(path, content=body, headers=headers)
            except httpx.TimeoutException as error:
                raise AssertionError(f"no answer within {LIMIT_S} s: {path} {body[:200]!r}") from error
            answers[answer.status_code] += 1
            assert answer.status_code in ALLOWED, f"{answer.status_code}: {path} {headers} {body[:2000]!r}"
        health = client.get("/api/health")
        assert health.status_code == 200, health.text
        for path in ("/api/v1/sessions", "/api/v1/errors", "/api/v1/items"):
            assert client.get(path).status_code == 200, path
    return answers


def schemathesis(url: str, examples: int, seed: int) -> int:
    """That tool's exit status over the description: no 5xx and answers of the declared media types."""
    tool = shutil.which("schemathesis") or shutil.which("st")
    if tool is None:
        print("schemathesis is not installed: pip install schemathesis")
        return 1
    checks = "not_a_server_error,content_type_conformance"
    command = [tool, "run", f"{url}/api/v1/openapi.json", "--checks", checks, "--max-examples", str(examples)]
    return subprocess.run([*command, "--seed", str(seed), "--request-timeout", str(LIMIT_S), "--no-color"]).returncode


def main() -> int:
    """Run; exit status 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--schemathesis", action="store_true")
    parser.add_argument("--examples", type=int, default=50)
    options = parser.parse_args()
    status = 0
    with tempfile.TemporaryDirectory(prefix="replay-viewer-fuzz-") as folder:
        process = subprocess.Popen([sys.executable, "-c", _SERVE, folder, ""], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            answers = fuzz(url, options.seconds, options.seed)
            print(f"seed {options.seed}: {sum(answers.values()):,} requests, answers {dict(sorted(answers.items()))}")
            if options.schemathesis:
                status = schemathesis(url, options.examples, options.seed)
        except AssertionError as error:
            print(f"FAILED (seed {options.seed}): {error}")
            status = 1
        finally:
            process.terminate()
            process.wait(30)
            if process.stdout:
                process.stdout.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
