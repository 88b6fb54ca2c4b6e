"""Opening: the time to the first picture, ours beside rrweb's Replayer in the same QtWebEngine.

    python -m benchmarks.open [NAME…]

New file: from handing the file to an import process until the page has painted the start of the recording (the import
goes on behind it). Again: from nothing but the library until the page has painted a random instant. Both with
processes started ahead, as the application does. Replayer: loading the events into the page, constructing, first
pause.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.oracle import DATA, raw_events, recorded
from benchmarks.peer import Peer
from benchmarks.seek import percentile

from replay_viewer.library import Library
from replay_viewer.qt.headless import HeadlessPlayer
from replay_viewer.services import jobs
from replay_viewer.services.engine import EngineClient, end_spares, prewarm
from replay_viewer.services.jobs import ImportJob

USUAL = ["shop_redux_rrweb", "ticker_large_rrweb", "jupyterlab_rrweb", "ticker_huge_rrweb"]


#: Processes started ahead need this long (ms) until they wait for work; the application starts them when it starts.
_READY = 2500


def measure(name: str, player: HeadlessPlayer, times: int) -> None:
    """One recording: new file, again, and the peer."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        Library.open(home).close()
        prewarm()
        jobs.prewarm()
        Peer.wait(_READY)
        begun = time.perf_counter()
        job = ImportJob(home, [recorded(DATA / name)])
        while not job.progress.session and not job.finished:
            job.poll(0.005)
        session = job.progress.session
        with Library.open(home) as library:
            start = library.session(session).tabs[0].start
        engine = EngineClient(home, session)
        player.use(engine)
        player.seek(0, start + 1)
        new_file = time.perf_counter() - begun
        job.wait()
        whole = time.perf_counter() - begun
        player.view.set_engine(None)
        engine.close()

        library = Library.open(home)
        tab = library.session(session).tabs[0]
        again = []
        choose = random.Random(3)
        for _ in range(times):
            prewarm()
            Peer.wait(_READY)
            begun = time.perf_counter()
            engine = EngineClient(home, session)
            player.use(engine)
            player.seek(0, choose.uniform(tab.start, tab.end))
            again.append((time.perf_counter() - begun) * 1000)
            player.view.set_engine(None)
            engine.close()
        raws = raw_events(library, session, 0)
        library.close()
        begun = time.perf_counter()
        peer = Peer(raws)
        peer.fresh()
        theirs = time.perf_counter() - begun
        peer.close()
        print(
            f"{name:22} new file {new_file:5.2f} s (whole {whole:5.2f} s)"
            f"   again p50 {percentile(again, 0.5):4.0f} ms max {max(again):4.0f} ms"
            f"   Replayer {theirs:5.2f} s   new file / Replayer ×{new_file / theirs:.2f}",
            flush=True,
        )


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=USUAL)
    parser.add_argument("--times", type=int, default=6)
    arguments = parser.parse_args()
    player = HeadlessPlayer()
    for name in arguments.names or USUAL:
        measure(name, player, arguments.times)
    player.close()
    end_spares()
    jobs.end_spares()


if __name__ == "__main__":
    main()
