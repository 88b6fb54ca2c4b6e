"""The collector's read API over 100,000 sessions: p50 and p95 per question, on SQLite and on PostgreSQL.

    python -m benchmarks.collector_read [--sessions N] [--rounds N] [--only sqlite|postgresql]

Rows are made here and written straight into the tables (posting them would measure ingest); every question goes over
HTTP on loopback to a collector as it is served, with a token, and no two are the same. Each database's plan of the
main lists is printed: none may walk a whole table. PostgreSQL needs Debian's `postgresql`.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlalchemy import Engine, insert, text
from tests.postgres import programs, running

from replay_viewer.collector.app import Collector
from replay_viewer.collector.database import default_url, open_database
from replay_viewer.collector.run import run_in_thread
from replay_viewer.collector.schema import errors, linked, projects, segments, sessions

T0 = 1.79e12
SPAN = 90 * 86_400_000.0
TARGET_MS = 200.0


def fill(engine: Engine, count: int) -> None:
    """`count` sessions of a fifth as many users, half as many errors in 300 groups, three facts each."""
    source = random.Random(7)
    with engine.begin() as connection:
        connection.execute(insert(projects).values(id="1", name="Site", created=T0))
    for begin in range(0, count, 5000):
        many = [_session(n, source) for n in range(begin, min(count, begin + 5000))]
        parts = [_segment(one, n) for one in many for n in range(2)]
        failed = [_error(one, source) for one in many for _ in range(one["errors"])]
        facts = [_fact(one, name, source) for one in many for name in ("LCP", "INP", "CLS")]
        with engine.begin() as connection:
            connection.execute(insert(sessions), many)
            connection.execute(insert(segments), parts)
            connection.execute(insert(errors), failed)
            connection.execute(insert(linked), facts)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def _session(n: int, source: random.Random) -> dict[str, Any]:
    user, started = source.randrange(20_000), T0 + source.random() * SPAN
    mail, page = f"user{user}@example.com", f"https://shop.test/p/{source.randrange(2000)}"
    release, environment = f"shop@{source.randrange(40)}", source.choice(["production", "staging"])
    return {
        "id": f"{source.getrandbits(128):032x}", "project": "1", "source": "rrweb", "started": started,
        "ended": started + 60_000, "created": started, "received": started + 61_000, "events": 100,
        "errors": source.choice([0, 0, 0, 0, 1, 2]), "segments": 2, "bytes": 18_000, "user_id": f"u{user}",
        "user_email": mail, "user_name": "", "release": release, "environment": environment,
        "user_agent": "Mozilla/5.0", "sdk": "rrweb", "tabs": '["t"]', "urls": f'["{page}"]', "user_role": "",
        "words": "\n".join((f"u{user}", mail, release, environment, page, f"word{n}")),
    }  # fmt: skip


def _segment(one: dict[str, Any], n: int) -> dict[str, Any]:
    return {
        "session": one["id"], "n": n, "received": one["received"], "url": "/x", "headers": "{}", "tab": "t",
        "events": 50, "first": one["started"], "last": one["ended"], "digest": f"{one['id']}-{n}", "blob": "00/none",
        "offset": 0, "bytes": 9000,
    }  # fmt: skip


def _error(one: dict[str, Any], source: random.Random) -> dict[str, Any]:
    group = int(min(299, source.expovariate(1 / 40)))
    return {
        "session": one["id"], "project": "1", "event_id": f"{source.getrandbits(128):032x}",
        "t": one["started"] + source.random() * 60_000, "title": f"TypeError: reading 'field{group}'",
        "level": "error", "source": "rrweb", "url": "", "release": one["release"],
        "environment": one["environment"], "user_id": one["user_id"], "user_email": one["user_email"], "trace": "",
        "issue": f"{group:016x}",
    }  # fmt: skip


def _fact(one: dict[str, Any], name: str, source: random.Random) -> dict[str, Any]:
    return {
        "project": "1", "session": one["id"], "kind": "vital", "t": one["started"], "received": one["started"],
        "name": name, "value": source.expovariate(1 / 1500), "level": "good", "source": "rum", "page": "/",
        "user_id": one["user_id"], "user_email": one["user_email"], "release": one["release"],
        "environment": one["environment"], "event_id": "", "trace": "", "data": "null",
    }  # fmt: skip


Question = Callable[[random.Random, list[str]], tuple[str, dict[str, Any]]]


def _day(source: random.Random, days: float) -> dict[str, Any]:
    begin = T0 + source.random() * (SPAN - days * 86_400_000)
    return {"from": begin, "to": begin + days * 86_400_000}


QUESTIONS: dict[str, Question] = {
    "sessions, newest": lambda s, _: ("sessions", {"limit": 1 + s.randrange(200)}),
    "sessions, a week": lambda s, _: ("sessions", _day(s, 7)),
    "sessions of a user": lambda s, _: ("sessions", {"user": f"u{s.randrange(20_000)}"}),
    "sessions of an e-mail": lambda s, _: ("sessions", {"email": f"user{s.randrange(20_000)}@example.com"}),
    "sessions of a release": lambda s, _: ("sessions", {"release": f"shop@{s.randrange(40)}"}),
    "sessions with errors, staging": lambda s, _: (
        "sessions",
        {"errors": "true", "environment": "staging", **_day(s, 9)},
    ),
    "sessions, common word": lambda s, _: ("sessions", {"q": f"/p/{s.randrange(2000)}"}),
    "sessions, rare word": lambda s, _: ("sessions", {"q": f"word{s.randrange(100_000)}"}),
    "one session": lambda s, ids: (f"sessions/{s.choice(ids)}", {}),
    "its segments": lambda s, ids: (f"sessions/{s.choice(ids)}/segments", {}),
    "errors, a week": lambda s, _: ("errors", _day(s, 7)),
    "errors, a word": lambda s, _: ("errors", {"q": f"field{s.randrange(300)}"}),
    "issues, all time": lambda s, _: ("issues", {"limit": 20 + s.randrange(30)}),
    "issues, a week": lambda s, _: ("issues", _day(s, 7)),
    "one issue": lambda s, _: (f"issues/1-{s.randrange(60):016x}", {}),
    "vitals, a week": lambda s, _: ("vitals", _day(s, 7)),
    "vitals of a release, 30 days": lambda s, _: ("vitals", {"release": f"shop@{s.randrange(40)}", **_day(s, 30)}),
    "measurements, newest": lambda s, _: ("vitals/values", {"name": "LCP", "limit": 1 + s.randrange(200)}),
}  # fmt: skip


def ask(url: str, token: str, ids: list[str], rounds: int) -> list[tuple[str, float, float]]:
    """(question, p50, p95) in ms, the questions in turn."""
    source = random.Random(11)
    took: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{url}/api/v1/", headers=headers, trust_env=False, timeout=60) as client:
        for _ in range(rounds):
            for name, question in QUESTIONS.items():
                path, parameters = question(source, ids)
                began = time.perf_counter()
                answer = client.get(path, params=parameters)
                took[name].append((time.perf_counter() - began) * 1000.0)
                answer.raise_for_status()
    return [(name, *map(float, np.percentile(times, (50, 95)))) for name, times in took.items()]


PLANS = {
    "sessions, newest": "SELECT * FROM sessions WHERE started IS NOT NULL ORDER BY started DESC, id DESC LIMIT 51",
    "sessions of a user": "SELECT * FROM sessions WHERE started IS NOT NULL AND user_id = 'u7' "
    "ORDER BY started DESC, id DESC LIMIT 51",
    "sessions with errors": "SELECT * FROM sessions WHERE started IS NOT NULL AND errors > 0 "
    "ORDER BY started DESC, id DESC LIMIT 51",
    "segments": "SELECT * FROM segments WHERE session = 'a' AND n > 3 ORDER BY n LIMIT 501",
    "errors of a session": "SELECT * FROM errors WHERE session = 'a' ORDER BY t DESC, id DESC LIMIT 51",
    "errors of an issue": "SELECT * FROM errors WHERE project = '1' AND issue = 'a' "
    "ORDER BY t DESC, id DESC LIMIT 51",
    "vitals of a release": "SELECT name, level, value FROM linked WHERE kind = 'vital' AND value IS NOT NULL "
    "AND release = 'shop@3' AND t >= 1.792e12 AND t <= 1.7946e12",
    "facts of a week": "SELECT * FROM linked WHERE kind = 'vital' AND t >= 1.792e12 "
    "ORDER BY t DESC, id DESC LIMIT 51",
}


def plans(engine: Engine) -> list[str]:
    """How the database goes about the main lists; the names of those for which it walks a whole table."""
    walks: list[str] = []
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        for name, query in PLANS.items():
            prefix = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
            lines = [str(row[-1]) for row in connection.execute(text(prefix + query))]
            bad = [line for line in lines if (line.startswith("SCAN") and "INDEX" not in line) or "Seq Scan" in line]
            print(f"    {name:24} {' / '.join(line.strip() for line in lines)[:150]}")
            walks += [name] if bad else []
    return walks


@contextlib.contextmanager
def _databases(only: str) -> Iterator[dict[str, str | None]]:
    with contextlib.ExitStack() as stack:
        found: dict[str, str | None] = {}
        if only in ("", "sqlite"):
            found["sqlite"] = None
        bin = programs()
        if only in ("", "postgresql"):
            if bin is None:
                raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
            found["postgresql"] = stack.enter_context(running(bin)).url()
        yield found


def main() -> int:
    """Measure; 1 when a question takes longer than it may, or a plan walks a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", choices=("sqlite", "postgresql"), default="")
    options = parser.parse_args()
    slow: list[str] = []
    with _databases(options.only) as databases:
        for name, db in databases.items():
            with tempfile.TemporaryDirectory(prefix="rv-bench-") as folder:
                home = Path(folder)
                engine = open_database(db or default_url(home))
                began = time.perf_counter()
                fill(engine, options.sessions)
                print(f"{name}: {options.sessions:,} sessions written in {time.perf_counter() - began:.0f} s")
                slow += [f"{name}: {walk} walks a table" for walk in plans(engine)]
                with engine.connect() as connection:
                    ids = [str(id) for id in connection.execute(text("SELECT id FROM sessions LIMIT 2000")).scalars()]
                engine.dispose()
                collector = Collector(home, db=db)
                token = collector.access.add_token("benchmark", "viewer")[1]
                url, stop = run_in_thread(collector.app, "127.0.0.1", 0, "benchmark", collector.stopping)
                for question, p50, p95 in ask(url, token, ids, options.rounds):
                    print(f"    {question:32} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms")
                    slow += [f"{name}: {question}, p95 {p95:.0f} ms"] if p95 > TARGET_MS else []
                stop()
                collector.close()
    for line in slow:
        print(f"TOO SLOW  {line}")
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
