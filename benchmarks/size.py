"""Full sizes: six hours and 1 GB of JSON on a page of 25,000 nodes, with single events of 30 MB; memory and time.

    python -m benchmarks.size [--megabytes N] [--hours N] [--folder DIR]

Makes the recording, imports it, reads its pages and seeks in it, each in a process of its own, and prints seconds and
the most memory each took. `tests/services/test_burst.py` and `test_growing_log.py` hold the bounds at small sizes.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson

_START = 1_750_000_000_000.0
_NODES = 25_000
_BIG = 30 << 20

_STEPS = {
    "import": "from replay_viewer.services.importer import import_paths\nprint(import_paths(home, [source])[0])",
    "read pages": (
        "from replay_viewer.library import Library\n"
        "with Library.open(home) as library:\n    library.read_pages()\n"
        "    one = library.sessions()[0]\n    print(library.page_read(one.id))"
    ),
    "40 random seeks": (
        "import random\nfrom replay_viewer.library import Library\nfrom replay_viewer.recording import patch\n"
        "from replay_viewer.services.playback import Stage\n"
        "with Library.open(home) as library:\n"
        "    stage, pick, took, rev = Stage(library, library.sessions()[0].id), random.Random(1), [], None\n"
        "    states = stage.states(0)\n"
        "    for _ in range(40):\n"
        "        t = pick.uniform(states.start, states.end)\n        began = time.perf_counter()\n"
        "        made = stage.seek(0, t, rev)\n        patch.encode(made)\n        rev = made['rev']\n"
        "        took.append(time.perf_counter() - began)\n"
        "    took.sort()\n"
        "    print(f'p50 {took[20] * 1000:.0f} ms, p95 {took[37] * 1000:.0f} ms, most {took[-1] * 1000:.0f} ms')"
    ),
}
_RUN = """
import resource, sys, time
from pathlib import Path
home, source = Path(sys.argv[1]), Path(sys.argv[2])
began = time.perf_counter()
{step}
usage = resource.getrusage(resource.RUSAGE_SELF)
print(f"{{time.perf_counter() - began:.1f}} s, {{usage.ru_utime + usage.ru_stime:.1f}} s of CPU, "
      f"{{usage.ru_maxrss // 1024}} MB at most")
"""


def recording(megabytes: int, hours: float) -> Iterator[bytes]:
    """Events, spread evenly over the hours: cells of a large table change; every quarter of it one event of 30 MB."""
    pick = random.Random(7)
    rows: list[dict[str, object]] = []
    for n in range(1_000, 1_000 + _NODES, 2):
        words = {"type": 3, "id": n + 1, "textContent": f"row {n}"}
        rows.append({"type": 2, "id": n, "tagName": "p", "attributes": {"class": "row"}, "childNodes": [words]})
    body = {"type": 2, "id": 4, "tagName": "body", "attributes": {}, "childNodes": rows}
    head = {"type": 2, "id": 3, "tagName": "head", "attributes": {}, "childNodes": []}
    top = {"type": 2, "id": 2, "tagName": "html", "attributes": {}, "childNodes": [head, body]}
    page = {"node": {"type": 0, "id": 1, "childNodes": [top]}, "initialOffset": {"left": 0, "top": 0}}
    href = {"href": "https://size.test/", "width": 1280, "height": 800}
    yield orjson.dumps({"type": 4, "timestamp": _START, "data": href})
    yield orjson.dumps({"type": 2, "timestamp": _START + 1, "data": page})
    wanted, made, quarter = megabytes << 20, 0, 1
    while made < wanted:
        t = _START + 2 + made / wanted * hours * 3_600_000
        if made >= wanted * quarter / 4 - _BIG:
            words = f"line {quarter} of a very long log\n" * (_BIG // 29)
            quarter += 1
        else:
            words = ""
        texts = [
            {"id": 1_001 + 2 * pick.randrange(_NODES // 2), "value": f"{pick.random():.6f} {pick.randrange(10**6)}"}
            for _ in range(1 if words else 12)
        ]
        if words:
            texts[0] = {"id": 1_001, "value": words}
        data = {"source": 0, "texts": texts, "attributes": [], "removes": [], "adds": []}
        event = orjson.dumps({"type": 3, "timestamp": t, "data": data})
        made += len(event)
        yield event


def main() -> None:
    """Make, import, read, seek."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="replay-size-", dir=options.folder))
    try:
        source, count = folder / "size.json", 0
        with source.open("wb") as file:
            file.write(b"[")
            for count, event in enumerate(recording(options.megabytes, options.hours), 1):
                file.write((b"," if count > 1 else b"") + event)
            file.write(b"]")
        print(
            f"{source.stat().st_size >> 20} MB, {count:,} events, {options.hours:g} h; load {os.getloadavg()[0]:.1f}"
        )
        for name, step in _STEPS.items():
            command = [sys.executable, "-c", _RUN.format(step=step), str(folder / "home"), str(source)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            print(f"{name}: {'; '.join(done.stdout.split(chr(10))).strip('; ')}{done.stderr[-300:]}")
            print(f"    load {os.getloadavg()[0]:.1f}", flush=True)
        stored = sum(one.stat().st_size for one in (folder / "home" / "blobs").rglob("*") if one.is_file())
        print(f"blobs {stored >> 20} MB, database {(folder / 'home' / 'library.db').stat().st_size >> 20} MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
