"""Every raw capture posted as it was received is what importing its files gives, on SQLite and PostgreSQL.

    python -m benchmarks.collector_captures FOLDER [--db sqlite|postgresql|both]

FOLDER holds a folder per capture with `raw/` inside: a body (`.bin`) and what was said of it (`.json`) per request.
Each is posted to a collector of its own, every session is pulled, and sessions, counts, instants and all rows are
compared with what importing the same files gives. Exit status 1 when anything differs.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.collector.bodies import captured
from tests.postgres import programs, running

from replay_viewer.collector.run import start
from replay_viewer.domain.rows import KINDS
from replay_viewer.library import Library
from replay_viewer.services.importer import import_paths
from replay_viewer.services.pull import pull


def posted(raw: Path, home: Path, db: str | None) -> tuple[list[str], dict[int, int]]:
    """(sessions pulled into `home`, answers by status) of a capture posted to a new collector."""
    statuses: dict[int, int] = {}
    with (
        start(home / "collector", db=db) as collector,
        httpx.Client(base_url=collector.url, trust_env=False, timeout=60) as client,
    ):
        for url, headers, body in captured(raw):
            status = client.post(url, content=body, headers=headers).status_code
            statuses[status] = statuses.get(status, 0) + 1
        listed = client.get("/api/v1/sessions", params={"limit": 200}).json()["data"]
        return [pull(home, f"{collector.url}/sessions/{one['id']}") for one in listed], statuses


def _content(home: Path, ids: list[str]) -> list[tuple[Any, ...]]:
    """What of these sessions has to be the same, in an order of its own."""
    with Library.open(home) as library:
        found = []
        for id in ids:
            session = library.session(id)
            rows = {kind: [row for _, row in library.rows(id, kind)] for kind in KINDS}
            found.append((session.start, session.end, session.events, session.counts, rows))
        return sorted(found, key=lambda one: one[:3])


def difference(raw: Path, home: Path, db: str | None) -> str:
    """How posting and importing a capture differ, '' when they do not."""
    ids, statuses = posted(raw, home, db)
    if set(statuses) != {200}:
        return f"answers {statuses}"
    imported = import_paths(home / "files", [raw])
    left, right = _content(home, ids), _content(home / "files", list(imported))
    if len(left) != len(right):
        return f"{len(left)} sessions, not {len(right)}"
    for one, other in zip(left, right, strict=True):
        for name, mine, theirs in zip(("start", "end", "events", "counts"), one, other, strict=False):
            if mine != theirs:
                return f"{name}: {mine}, not {theirs}"
        for kind in KINDS:
            if one[4][kind] != other[4][kind]:
                return f"rows of kind {kind}: {len(one[4][kind])}, not the same {len(other[4][kind])}"
    return ""


def main() -> int:
    """Run over all; 1 when one differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--db", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args()
    captures = sorted(path.parent for path in options.folder.glob("*/raw"))
    if not captures:
        raise SystemExit("There are no captures in this folder.")
    bad = 0
    with contextlib.ExitStack() as stack:
        databases: dict[str, Any] = {"sqlite": None} if options.db != "postgresql" else {}
        if options.db != "sqlite":
            bin = programs()
            if bin is None:
                raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
            databases["postgresql"] = stack.enter_context(running(bin))
        for name, server in databases.items():
            for capture in captures:
                db = server.migrated() if server else None
                with tempfile.TemporaryDirectory(prefix="replay-viewer-captures-") as folder:
                    wrong = difference(capture / "raw", Path(folder), db)
                if server and db:
                    server.drop(db)
                bad += bool(wrong)
                print(f"{name:<11}{capture.name:<32}{wrong or 'the same'}", flush=True)
    print(f"{len(captures) * len(databases) - bad} of {len(captures) * len(databases)} the same")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
