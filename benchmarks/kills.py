"""Kill a pull at random points, go on, and compare: `python -m benchmarks.kills [--times 50] [--segments 400]`.

Each round pulls over real HTTP from a loopback server, kills the worker process with SIGKILL after a random number of
answers or a random moment of the import, and pulls again until it is done. The session must then be, byte for byte,
that of a pull nobody disturbed: every chunk, every row, the health report.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.services.pulling import backend, content

from replay_viewer.services.jobs import PullJob, end_spares


def disturbed(home: Path, segments: int, rng: random.Random) -> tuple[dict[str, object], int, int]:
    """A pull with kills: what it made, how often it was killed, how many segments were asked for twice or more."""
    kills = 0
    with backend(segments) as source:
        wanted = rng.randrange(1, 4)
        for _ in range(wanted):
            job = PullJob(home, source.url)
            asked = len(source.asked()) + rng.randrange(0, segments)
            after = time.monotonic() + rng.uniform(0.0, 3.0)
            while not job.finished and len(source.asked()) < asked and time.monotonic() < after:
                job.poll(0.002)
            if job.finished:
                break
            # the process of the job itself, by its id
            pid = job._process.process.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            kills += 1
            while not job.finished:
                job.poll(0.1)
        [session] = PullJob(home, source.url).wait()
        asked_for = source.asked()
    return content(home, session), kills, len(asked_for) - len(set(asked_for))


def main() -> int:
    """Run; exit status 1 when one round differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--segments", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="replay-viewer-kills-") as folder:
        home = Path(folder)
        with backend(options.segments) as source:
            [session] = PullJob(home / "whole", source.url).wait()
        whole = content(home / "whole", session)
        kills = again = 0
        for n in range(options.times):
            made, killed, twice = disturbed(home / str(n), options.segments, rng)
            kills, again = kills + killed, again + twice
            if made != whole:
                print(f"round {n}: the session differs ({[key for key in whole if made[key] != whole[key]]})")
                return 1
            end_spares()
    print(
        f"{options.times} pulls of {options.segments} segments, killed {kills} times: all identical; "
        f"{again / max(kills, 1):.1f} segments per kill were asked for again"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
