"""Seeking: ours beside rrweb's Replayer in the same QtWebEngine, in one run.

    python -m benchmarks.seek [NAME…] [--seeks N] [--peer-seeks N]

Random instants of a recording, seeded. Ours: from the call of `PlayerView.seek` until the page reports that the
picture is complete (engine process, patch, painting, style sheets; the next frame shows it). The Replayer: what
`pause(t)` takes in the page, without its later waits. Milliseconds; the last column is ours / Replayer.
"""

from __future__ import annotations

import argparse
import math
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

from replay_viewer.library import Library
from replay_viewer.qt.headless import HeadlessPlayer
from replay_viewer.services.engine import EngineClient
from replay_viewer.services.importer import import_paths

USUAL = ["ticker_large_rrweb", "ticker_huge_rrweb", "shop_redux_rrweb", "datasette_rrweb", "jupyterlab_rrweb"]


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(v for v in values if not math.isnan(v))
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def measure(name: str, player: HeadlessPlayer, seeks: int, peer_seeks: int) -> None:
    """One recording: a line for ours, one for the peer."""
    with tempfile.TemporaryDirectory() as home:
        session = import_paths(Path(home), [recorded(DATA / name)])[0]
        library = Library.open(Path(home))
        tab = library.session(session).tabs[0]
        choose = random.Random(7)
        instants = [choose.uniform(tab.start, tab.end) for _ in range(seeks)]
        engine = EngineClient(Path(home), session)
        player.use(engine)
        begun = time.perf_counter()
        player.seek(tab.index, tab.start + 1)
        first = (time.perf_counter() - begun) * 1000
        ours: list[float] = []
        page: list[float] = []
        for t in instants:
            begun = time.perf_counter()
            report = player.seek(tab.index, t)
            ours.append((time.perf_counter() - begun) * 1000)
            page.append(report["parse"] + report["apply"] + report["wait"])
        nodes = player.read()["nodes"]
        player.view.set_engine(None)
        engine.close()
        print(
            f"{name:24} ours     p50 {percentile(ours, 0.5):8.1f}  p95 {percentile(ours, 0.95):8.1f}"
            f"  max {max(ours):8.1f}"
            f"   (page p50 {percentile(page, 0.5):.1f}, p95 {percentile(page, 0.95):.1f}; first {first:.0f};"
            f" {tab.events} events, {nodes} nodes)",
            flush=True,
        )
        if peer_seeks:
            begun = time.perf_counter()
            peer = Peer(raw_events(library, session, tab.index))
            peer.fresh()
            opened = (time.perf_counter() - begun) * 1000
            theirs = []
            for t in instants[:peer_seeks]:
                theirs.append(peer.seek(t))
                Peer.wait(30)
            peer.close()
            ratios = [percentile(theirs, q) / percentile(ours, q) for q in (0.5, 0.95)]
            print(
                f"{'':24} Replayer p50 {percentile(theirs, 0.5):8.1f}  p95 {percentile(theirs, 0.95):8.1f}"
                f"  max {max(theirs):8.1f}   (open {opened:.0f})   ours 1/{ratios[0]:.1f} p50, 1/{ratios[1]:.1f} p95",
                flush=True,
            )
        library.close()


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=USUAL)
    parser.add_argument("--seeks", type=int, default=60)
    parser.add_argument("--peer-seeks", type=int, default=20)
    arguments = parser.parse_args()
    player = HeadlessPlayer()
    for name in arguments.names or USUAL:
        measure(name, player, arguments.seeks, arguments.peer_seeks)
    player.close()


if __name__ == "__main__":
    main()
