"""Records the sample sessions anew: the demo shop in a real Chromium, recorded by the real SDKs, as received.

    python packaging/record_samples.py [NAME…]

Writes `resources/samples/<name>/NNNNN.bin` (a request body) and `.json` (where it was posted, with which headers),
names their sessions in `resources/samples/index.json`, and keeps the shop's bundle and source map of that recording
in `resources/samples/sourcemaps`. Needs chromium and the built shop (`npm ci`, `npm run build` in resources/demo).
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import demo_story
from chromium import Chromium

from replay_viewer.collector.demo import start_site
from replay_viewer.collector.run import start

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "resources" / "samples"

#: The shop's name in the recordings: pages of a real shop do not lie on 127.0.0.1.
SHOP = "shop.localhost"

STORIES: dict[str, Callable[[Chromium, str], str]] = {
    "checkout-502": demo_story.checkout_fails,
    "happy-path": demo_story.happy_path,
    "sentry-checkout": demo_story.sentry_checkout,
}


def record(name: str, folder: Path) -> str:
    """Play one story against a fresh collector and write its bodies; answers the session's id."""
    with tempfile.TemporaryDirectory() as home, start(Path(home)) as collector:
        site, stop = start_site(collector.url)
        try:
            with Chromium(hosts={SHOP: urlsplit(site).netloc}, zone="Asia/Tokyo") as browser:
                url = STORIES[name](browser, f"http://{SHOP}/")
                session = urlsplit(url).path.rpartition("/")[2]
                time.sleep(1)  # the last beacons of the closed page
        finally:
            stop()
        whole = json.loads(_get(f"{collector.url}/api/v1/sessions/{session}")[0])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for part in whole["segments"]:
            body, request = _get(f"{collector.url}/api/v1/sessions/{session}/segments/{part['n']}")
            about = json.loads(request)
            number = f"{part['n'] + 1:05}"
            (folder / f"{number}.bin").write_bytes(body)
            sidecar = {
                "seq": part["n"] + 1,
                "receivedAt": about["received"],
                "method": "POST",
                "url": about["url"],
                "headers": about["headers"],
                "bodyBytes": len(body),
                "bodyFile": f"{number}.bin",
            }
            (folder / f"{number}.json").write_text(json.dumps(sidecar, indent=1) + "\n")
        summary = {
            key: whole[key] for key in ("id", "source", "started", "duration", "events", "errors", "urls", "tabs")
        }
        print(name, json.dumps(summary))
        return str(session)


def _get(url: str) -> tuple[bytes, str]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read(), answer.headers.get("X-Replay-Request", "")


def keep_source_maps() -> None:
    """Keep the shop's own bundle and map, so that the samples' stacks can be mapped later too."""
    target = SAMPLES / "sourcemaps"
    target.mkdir(parents=True, exist_ok=True)
    for file in ("shop.min.js", "shop.min.js.map"):
        shutil.copy(ROOT / "resources" / "demo" / "dist" / file, target / file)


def main(names: list[str]) -> None:
    """Record the named samples, or all."""
    index = SAMPLES / "index.json"
    sessions = json.loads(index.read_text()) if index.exists() else {}
    for name in names or STORIES:
        sessions[name] = record(name, SAMPLES / name)
    index.write_text(json.dumps(sessions, indent=1) + "\n")
    keep_source_maps()


if __name__ == "__main__":
    main(sys.argv[1:])
