"""Sites unlike the shared recordings (tests/e2e/varied) under the real recorder, imported, painted and compared.

    python -m benchmarks.varied [SITE…] [--peer] [--pictures DIR] [--query "?many=2500"]

After each step: in how many things (text, boxes, styles, values, scrolls, focus, selection) the painted page differs
from what the recorded page said of itself, and which share of the picture is unlike; with `--peer`, in how many a
fresh rrweb Replayer does. What differs is printed once. Steps are then visited backward, where only what differs
otherwise is printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1] / "packaging"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import chromium
from benchmarks.peer import WAIT, Peer
from PySide6.QtCore import QEventLoop, Qt
from PySide6.QtGui import QImage, qBlue, qGreen, qRed
from tests.e2e import varied

from replay_viewer.qt.headless import HeadlessPlayer, png
from replay_viewer.services.engine import EngineClient
from replay_viewer.services.importer import import_paths

#: Pictures are compared by the mean colours of blocks of so many pixels; means so far apart look different.
BLOCK, FAR = 20, 24

_PEER = varied.ask("document.querySelector('.replayer-wrapper iframe').contentDocument")


def unlike(ours: bytes, theirs: bytes) -> float:
    """Share of blocks of two PNG pictures that look different."""
    pictures = [QImage.fromData(data) for data in (ours, theirs)]
    across, down = (min(getattr(p, side)() for p in pictures) // BLOCK for side in ("width", "height"))
    mode = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    small = [p.copy(0, 0, across * BLOCK, down * BLOCK).scaled(across, down, *mode) for p in pictures]
    far = 0
    for y in range(down):
        for x in range(across):
            a, b = (p.pixel(x, y) for p in small)
            far += max(abs(part(a) - part(b)) for part in (qRed, qGreen, qBlue)) > FAR
    return far / (across * down)


def asking(player: HeadlessPlayer) -> Callable[[str], Any]:
    """A function that runs a script in the player's page."""

    def ask(script: str) -> Any:
        got: list[Any] = []
        loop = QEventLoop()

        def answered(value: Any) -> None:
            got.append(value)
            loop.quit()

        player.view.page.runJavaScript(script, answered)
        if not got:
            loop.exec()
        return got[0]

    return ask


def compare(visit: varied.Visit, player: HeadlessPlayer, *, peer: bool, pictures: Path | None) -> None:
    """Print how the painted page of a visit differs from the recorded one."""
    ask = asking(player)
    with tempfile.TemporaryDirectory() as folder:
        file, home = Path(folder) / "recording.json", Path(folder) / "home"
        file.write_bytes(b"[" + b",".join(visit.events) + b"]")
        engine = EngineClient(home, import_paths(home, [file])[0])
        player.use(engine)
        other = Peer(visit.events) if peer else None
        forward: dict[str, list[str]] = {}
        printed: set[str] = set()
        print(f"{visit.name}: {len(visit.events)} events, {len(visit.steps)} steps", flush=True)
        for step, t, said, shot in [*visit.steps, *visit.steps[::-1]]:
            player.seek(0, t)
            player.read()
            found = varied.differences(said, varied.painted(ask))
            if step in forward:
                for line in set(found) - set(forward[step]):
                    print(f"    {step}, backward: {line}"[:240])
                continue
            forward[step] = found
            picture = png(player.picture())
            if pictures is not None:
                pictures.mkdir(parents=True, exist_ok=True)
                (pictures / f"{visit.name}.{step}.ours.png").write_bytes(picture)
                (pictures / f"{visit.name}.{step}.page.png").write_bytes(shot)
            line = f"  {step:12} {len(found):5} differ, {unlike(picture, shot):.3f} of the picture"
            if other is not None:
                other.fresh()
                other.seek(t)
                other.wait(WAIT)
                theirs = orjson.loads(other._run(_PEER))
                line += f"; Replayer {len(varied.differences(said, theirs)):5}"
            print(line, flush=True)
            for one in found:
                if one not in printed:
                    print(f"      {one}"[:240])
            printed.update(found)
        player.view.set_engine(None)
        engine.close()
        if other is not None:
            other.close()


def main() -> None:
    """Record, then compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sites", nargs="*")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--query", default="", help="appended to the address of the sites")
    arguments = parser.parse_args()
    player = HeadlessPlayer()
    for name in arguments.sites or varied.names():
        with chromium.Chromium() as browser:
            visit = varied.record(browser, [name], pictures=True, query=arguments.query)[0]
        compare(visit, player, peer=arguments.peer, pictures=arguments.pictures)
    player.close()


if __name__ == "__main__":
    main()
