"""What a step of following costs as a session grows: `python -m benchmarks.following [--minutes 60] [--every 2]`.

A recording of one tab (60 changes, a click, a request and a console line every two seconds, on a page of 2,000 nodes)
comes in bodies of two seconds. After each the session in the library is brought up to it, as `pull --follow` does
after the network. Printed is the processor time of a step (median of 30) along the way, and that of importing
everything anew, which is what a step cost before.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from replay_viewer.services.growth import Growth
from replay_viewer.services.importer import import_paths
from replay_viewer.services.segments import Spool
from replay_viewer.sources import Link, Segment

START = 1_700_000_000_000
NODES = 2_000


def page() -> list[dict[str, Any]]:
    """Meta and full snapshot of a list."""
    items = [
        {
            "type": 2, "id": 10 + 2 * n, "tagName": "li", "attributes": {"class": f"item-{n}"},
            "childNodes": [{"type": 3, "id": 11 + 2 * n, "textContent": f"Item {n}"}],
        }
        for n in range(NODES // 2)
    ]  # fmt: skip
    body = {"type": 2, "id": 3, "tagName": "body", "attributes": {}, "childNodes": items}
    html = {"type": 2, "id": 2, "tagName": "html", "attributes": {}, "childNodes": [body]}
    node = {"type": 0, "id": 1, "childNodes": [html]}
    return [
        {"type": 4, "timestamp": START, "data": {"href": "https://shop.test/", "width": 800, "height": 600}},
        {"type": 2, "timestamp": START, "data": {"node": node, "initialOffset": {"left": 0, "top": 0}}},
    ]


def body(n: int) -> bytes:
    """Two seconds."""
    t = START + 2_000 * n + 10
    events = page() if not n else []
    for step in range(60):
        at = 11 + 2 * ((n * 7 + step * 13) % (NODES // 2))
        texts = [{"id": at, "value": f"{n}.{step} and some words of a changing page"}]
        data = {"source": 0, "texts": texts, "attributes": [], "removes": [], "adds": []}
        events.append({"type": 3, "timestamp": t + 30 * step, "data": data})
    click = {"source": 2, "type": 2, "id": 10 + 2 * (n % 900), "x": 20, "y": 20}
    events.append({"type": 3, "timestamp": t + 1_800, "data": click})
    log = {"level": "log", "payload": [f'"said {n}"'], "trace": []}
    events.append({"type": 6, "timestamp": t + 1_850, "data": {"plugin": "rrweb/console@1", "payload": log}})
    request = {
        "name": f"https://shop.test/api/{n % 40}", "initiatorType": "fetch", "method": "GET", "status": 200,
        "startTime": 2_000.0 * n, "endTime": 2_000.0 * n + 80, "timeOrigin": START,
    }  # fmt: skip
    plugin = {"plugin": "rrweb/network@1", "payload": {"requests": [request]}}
    events.append({"type": 6, "timestamp": t + 1_900, "data": plugin})
    return json.dumps({"sessionId": "s-1", "events": events}).encode()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="replay-viewer-following-") as folder:
        home = Path(folder)
        url = "https://replay.test/sessions/s-1"
        spool = Spool(home, Link(source="collector", url=url, base="https://replay.test", session="s-1"))
        spool.open()
        growth = Growth(home, spool, url)
        costs: list[float] = []
        for n in range(options.minutes * 30):
            spool.put(Segment(n=n, body=body(n), headers={}, url="/api/replay/s-1/events", etag=str(n)))
            begun = time.process_time()
            growth.bring_up([])
            costs.append(time.process_time() - begun)
            if n % 30 == 29 and (minute := n // 30 + 1) in (2, 5, 10, 20, 30, 45, 60, 90, 120):
                cost = statistics.median(costs[-30:])
                begun = time.process_time()
                import_paths(home / f"anew{minute}", [spool.folder], origin=url)
                whole = time.process_time() - begun
                print(f"{minute:4} min: {cost * 1e3:6.0f} ms a step; anew {whole * 1e3:7,.0f} ms", flush=True)
        begun = time.process_time()
        growth.close()
        print(f"ended in {(time.process_time() - begun) * 1e3:,.0f} ms")


if __name__ == "__main__":
    main()
