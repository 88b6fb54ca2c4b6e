"""Importing: events per second and memory of ours beside a plain parser, each in a process of its own.

    python -m benchmarks.import [NAME…] [--gigabyte]

Ours: `services.importer.import_paths` into an empty library: chunks, keyframes, rows, health, on disk and durable.
The plain parser: gzip and `orjson.loads` of the whole file, which ends with Python objects in memory, nothing stored.
Seconds by the wall, which other work on the machine lengthens, and of the processor, threads included.
`--gigabyte` makes a recording of 1 GB of JSON (ticker_huge six times, one after the other) and imports that.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

#: Not from `benchmarks.oracle`: that brings Qt, whose memory would be counted here.
DATA = Path(__file__).parents[2] / "shared" / "data" / "sessions"

USUAL = ["ticker_large_rrweb", "ticker_huge_rrweb", "jupyterlab_rrweb", "datasette_rrweb"]


def _ours(path: Path, answer: Any) -> None:
    from replay_viewer.library import Library
    from replay_viewer.services.importer import Progress, import_paths
    from replay_viewer.services.processes import start_worker

    start_worker()  # as every import process does
    first: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        Library.open(Path(home)).close()  # an application has made its library long before
        busy, begun = time.process_time(), time.perf_counter()

        def progress(now: Progress) -> None:
            if now.session and not first:
                first.append(time.perf_counter() - begun)

        (id,) = import_paths(Path(home), [path], progress=progress)
        seconds, busy = time.perf_counter() - begun, time.process_time() - busy
        with Library.open(Path(home)) as library:
            events = library.session(id).events
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.send((seconds, events, peak, first[0] if first else seconds, busy))


def _plain(path: Path, answer: Any) -> None:
    import orjson

    busy, begun = time.process_time(), time.perf_counter()
    raw = path.read_bytes()
    events = orjson.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.send((seconds, len(events), peak, seconds, time.process_time() - busy))


def _in_a_process(work: Callable[[Path, Any], None], path: Path) -> tuple[float, int, float, float, float]:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=work, args=(path, theirs))
    process.start()
    result: tuple[float, int, float, float, float] = mine.recv()
    process.join()
    return result


def gigabyte(folder: Path) -> Path:
    """A plain JSON array of about 1 GB: ticker_huge six times, each copy after the other in time."""
    raws = msgspec.json.decode(
        gzip.decompress((DATA / "ticker_huge_rrweb" / "events.json.gz").read_bytes()), type=list[msgspec.Raw]
    )

    class Stamp(msgspec.Struct):
        timestamp: int

    stamps = [msgspec.json.decode(raw, type=Stamp).timestamp for raw in raws]
    span = stamps[-1] - stamps[0] + 1000
    out = folder / "gigabyte.json"
    with out.open("wb") as stream:
        stream.write(b"[")
        for copy in range(6):
            for n, (raw, stamp) in enumerate(zip(raws, stamps, strict=True)):
                moved = str(stamp + copy * span).encode()
                stream.write((b"," if copy or n else b"") + bytes(raw).replace(str(stamp).encode(), moved))
        stream.write(b"]")
    return out


def measure(name: str, path: Path, *, peer: bool) -> None:
    """One line for a recording."""
    seconds, events, peak, first, busy = _in_a_process(_ours, path)
    line = (
        f"{name:24} ours {seconds:6.2f} s  {events / seconds:9,.0f} events/s  peak {peak:5.0f} MB"
        f"  first commit {first:5.2f} s  processor {busy:5.2f} s, {events / busy:7,.0f} events/s"
    )
    if peer:
        plain, _, plain_peak, _, plain_busy = _in_a_process(_plain, path)
        line += f"   plain parser {plain:5.2f} s, {plain_peak:5.0f} MB   time ×{seconds / plain:.1f}"
        line += f", processor ×{busy / plain_busy:.1f}, memory ×{peak / plain_peak:.2f}"
    print(line, flush=True)


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=USUAL)
    parser.add_argument("--gigabyte", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.names or USUAL:
        measure(name, DATA / name / "events.json.gz", peer=True)
    if arguments.gigabyte:
        with tempfile.TemporaryDirectory() as folder:
            path = gigabyte(Path(folder))
            # The plain parser needs about 7 GB for this one, so it is not run beside.
            measure(f"gigabyte ({path.stat().st_size / 1e9:.2f} GB)", path, peer=False)


if __name__ == "__main__":
    main()
