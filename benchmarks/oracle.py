"""The painted page against ground truth, and against a fresh rrweb Replayer at the same instants.

    python -m benchmarks.oracle [NAME…] [--peer] [--pictures DIR] [--details]

For each recording of ../shared/data: instants there, and how many have the right text, inputs and scrolls.
Importable: `examine(folder)` answers the same as data.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peer import Peer
from PySide6.QtGui import QImage, QPainter

from replay_viewer.domain.session import Session
from replay_viewer.library import Library
from replay_viewer.qt.headless import HeadlessPlayer
from replay_viewer.recording.chunk import Chunk
from replay_viewer.services.engine import EngineClient
from replay_viewer.services.importer import import_paths

DATA = Path(__file__).parents[1].parent / "shared" / "data" / "sessions"
#: Positions are compared to this many pixels: the recorder rounds, and layouts differ by fractions.
NEAR = 1.5


@dataclass
class Truth:
    """What the person saw at one instant."""

    label: str
    t: float
    text: str
    inputs: list[dict[str, Any]]
    scrolls: list[dict[str, Any]]
    top_scroll: dict[str, float]
    url: str
    picture: Path
    lost: bool = False


@dataclass
class Verdict:
    """One instant compared."""

    label: str
    similarity: float
    text: bool
    inputs: list[str] = field(default_factory=list)
    scrolls: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    lost: bool = False

    @property
    def right(self) -> bool:
        """Whether everything compared is as recorded."""
        return self.text and not self.inputs and not self.scrolls


def truths(folder: Path) -> list[Truth]:
    """The checkpoints of a recording, in order."""
    meta = orjson.loads((folder / "meta.json").read_bytes())
    lost = {entry if isinstance(entry, str) else entry.get("label") for entry in meta.get("checkpointsLost") or ()}
    result = []
    for path in sorted((folder / "ground_truth").glob("*.json.gz")):
        said = orjson.loads(gzip.decompress(path.read_bytes()))
        stem = path.name.removesuffix(".json.gz")
        result.append(
            Truth(
                said["label"],
                float(said["t"]),
                (path.parent / f"{stem}.txt").read_text(),
                said.get("inputs") or [],
                said.get("scrolls") or [],
                said.get("docScroll") or {},
                said.get("url") or "",
                path.parent / f"{stem}.png",
                said["label"] in lost,
            )
        )
    return result


def words(text: str, masked: bool) -> Counter[str]:
    """The words of a text, as a bag; with `masked`, every word as stars of its length (as JavaScript counts)."""
    found = re.findall(r"\S+", text)
    return Counter(_stars(w) for w in found) if masked else Counter(found)


def _stars(text: str, letter: str = r"(?s:.)") -> str:
    """A text as recorders mask it: a star for every letter, as JavaScript counts."""
    return re.sub(letter, lambda found: "*" * (len(found[0].encode("utf-16-le")) // 2), text)


def similarity(a: str, b: str, masked: bool = False) -> float:
    """Share of words in common, 1.0 when the bags are equal."""
    x, y = words(a, masked), words(b, masked)
    total = sum(x.values()) + sum(y.values())
    return 2.0 * sum((x & y).values()) / total if total else 1.0


def compare(truth: Truth, page: dict[str, Any], masked: bool) -> Verdict:
    """One instant of the painted page against what was seen."""
    score = similarity(truth.text, page["text"], masked)
    verdict = Verdict(truth.label, score, score > 0.9999, lost=truth.lost)
    if not verdict.text:
        ours, theirs = words(page["text"], masked), words(truth.text, masked)
        verdict.differences = [
            f"missing {list((theirs - ours).items())[:8]}",
            f"extra {list((ours - theirs).items())[:8]}",
        ]
    by_id = {entry["id"]: entry for entry in page["inputs"]}
    left = list(page["inputs"])
    for wanted in truth.inputs:
        if wanted.get("id"):
            got = by_id.get(wanted["id"])
        else:
            # Backends' recorders keep their ids: where it stands, as far up as was noted, says which it is.
            same = [entry for entry in left if _stands(entry["path"], wanted["path"])]
            got = same[0] if same else None
            if got is not None:
                left.remove(got)
        name = wanted["path"].split(">")[-1].strip()
        if got is None:
            verdict.inputs.append(f"{name}: not there")
            continue
        for key in ("value", "checked", "selectedIndex"):
            value = wanted.get(key)
            if value is None or wanted.get("type") == "file":
                continue
            have = got[key]
            text = str(value)
            if key == "value" and have and have in (_stars(text), _stars(text, r"\S")):
                # The recorder masked it; what was typed is not in the recording.
                continue
            if value != have:
                verdict.inputs.append(f"{name}.{key}: {value!r}, painted {have!r}")
    scrolls = {int(id): xy for id, xy in page["scrolls"].items()}
    for wanted in truth.scrolls:
        if wanted.get("id") is None:
            continue
        x, y = scrolls.get(wanted["id"], (0.0, 0.0))
        if abs(x - wanted["scrollLeft"]) > NEAR or abs(y - wanted["scrollTop"]) > NEAR:
            seen = (wanted["scrollLeft"], wanted["scrollTop"])
            verdict.scrolls.append(f"{wanted['path'].split('>')[-1].strip()}: {seen}, painted {(x, y)}")
    x, y = scrolls.get(1, (0.0, 0.0)) if 1 in scrolls or not scrolls else _top(scrolls, page)
    if abs(x - truth.top_scroll.get("x", 0)) > NEAR or abs(y - truth.top_scroll.get("y", 0)) > NEAR:
        verdict.scrolls.append(f"page: {(truth.top_scroll.get('x'), truth.top_scroll.get('y'))}, painted {(x, y)}")
    return verdict


def _stands(path: str, noted: str) -> bool:
    """Whether an element (`tag#id:nth-child(n) > …`) is the one a note means: `tag#id`, then `tag:nth-child(n)`…"""
    steps, wanted = path.split(" > "), noted.split(" > ")
    if len(wanted) > len(steps):
        return False
    for step, want in zip(reversed(steps), reversed(wanted), strict=False):
        tag, _, rest = step.partition("#")
        id, _, place = rest.rpartition(":nth-child(")
        if want not in (f"{tag}#{id}", f"{tag}:nth-child({place}"):
            return False
    return True


def _top(scrolls: dict[int, tuple[float, float]], page: dict[str, Any]) -> tuple[float, float]:
    root = page.get("root")
    return scrolls.get(root, (0.0, 0.0)) if root else (0.0, 0.0)


def tab_at(session: Session, t: float, url: str) -> int:
    """The tab that shows at `t`: the one whose span holds it, the latest begun of several."""
    holding = [tab for tab in session.tabs if tab.start <= t <= tab.end + 2_000]
    return max(holding, key=lambda tab: tab.start).index if holding else 0


def recorded(folder: Path) -> Path:
    """What of a shared recording is given to the importer."""
    return folder / "raw" if (folder / "raw").is_dir() else folder / "events.json.gz"


def raw_events(library: Library, session: str, tab: int) -> list[bytes]:
    """All raw events of a tab."""
    raws: list[bytes] = []
    for ref in library.chunks(session, tab):
        chunk = Chunk(library.blob(ref.blob))
        raws += [chunk.raw(n) for n in range(len(chunk))]
    return raws


def examine(
    folder: Path, player: HeadlessPlayer, *, peer: bool = False, pictures: Path | None = None
) -> tuple[list[Verdict], list[Verdict]]:
    """Verdicts of our page and, when asked, of a fresh Replayer, at every checkpoint of a recording."""
    masked = folder.name.endswith(("_sentry", "_posthog")) or "sentry" in folder.name
    ours: list[Verdict] = []
    theirs: list[Verdict] = []
    with tempfile.TemporaryDirectory() as home:
        ids = import_paths(Path(home), [recorded(folder)])
        library = Library.open(Path(home))
        session = max((library.session(id) for id in ids), key=lambda s: s.events)
        masked = masked and "****" in _sample(library, session)
        checkpoints = truths(folder)
        engine = EngineClient(Path(home), session.id)
        player.use(engine)
        for truth in checkpoints:
            player.seek(tab_at(session, truth.t, truth.url), truth.t)
            ours.append(compare(truth, player.read(), masked))
            if pictures is not None:
                _beside(player.picture(), truth.picture, pictures / f"{folder.name}_{truth.picture.name}")
        player.view.set_engine(None)
        engine.close()
        if peer:
            peers: dict[int, Peer] = {}
            for truth in checkpoints:
                tab = tab_at(session, truth.t, truth.url)
                if tab not in peers:
                    peers[tab] = Peer(raw_events(library, session.id, tab))
                peers[tab].fresh()
                peers[tab].seek(truth.t)
                theirs.append(compare(truth, peers[tab].read(), masked))
            for one in peers.values():
                one.close()
        library.close()
    return ours, theirs


def _sample(library: Library, session: Session) -> str:
    raws = raw_events(library, session.id, 0)
    return max((raw for raw in raws[:200]), key=len, default=b"").decode("utf-8", "replace")


def _beside(ours: QImage, truth: Path, out: Path) -> None:
    """Truth left, ours right."""
    theirs = QImage(str(truth))
    both = QImage(theirs.width() + ours.width() + 8, max(theirs.height(), ours.height()), QImage.Format.Format_RGB32)
    both.fill(0xFFD04040)
    painter = QPainter(both)
    painter.drawImage(0, 0, theirs)
    painter.drawImage(theirs.width() + 8, 0, ours)
    painter.end()
    out.parent.mkdir(parents=True, exist_ok=True)
    both.save(str(out))


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--peer", action="store_true", help="also a fresh Replayer at each instant")
    parser.add_argument("--pictures", type=Path, help="write truth and ours side by side")
    parser.add_argument("--details", action="store_true", help="say what differs")
    arguments = parser.parse_args()
    names = arguments.names or sorted(p.name for p in DATA.iterdir() if (p / "ground_truth").is_dir())
    player = HeadlessPlayer()
    head = f"{'there':>5} {'text':>5} {'input':>5} {'scroll':>6} {'all':>4} {'sim':>6}"
    print(f"{'recording':34} {head}{'   peer: ' + head if arguments.peer else ''}")
    for name in names:
        ours, theirs = examine(DATA / name, player, peer=arguments.peer, pictures=arguments.pictures)
        print(f"{name:34} {_row(ours)}{'         ' + _row(theirs) if theirs else ''}", flush=True)
        if arguments.details:
            for n, verdict in enumerate(ours):
                if verdict.right or verdict.lost:
                    continue
                print(f"    {verdict.label}: sim {verdict.similarity:.4f}")
                for line in [*verdict.differences, *verdict.inputs[:4], *verdict.scrolls[:4]]:
                    print(f"        {line}"[:260])
                if theirs:
                    peer = theirs[n]
                    print(f"        peer: sim {peer.similarity:.4f} {peer.inputs[:3]} {peer.scrolls[:3]}"[:260])
    player.close()


def _row(verdicts: list[Verdict]) -> str:
    there = [v for v in verdicts if not v.lost]
    mean = sum(v.similarity for v in there) / len(there) if there else 0.0
    return (
        f"{len(there):5} {sum(v.text for v in there):5} {sum(not v.inputs for v in there):5} "
        f"{sum(not v.scrolls for v in there):6} {sum(v.right for v in there):4} {mean:6.4f}"
    )


if __name__ == "__main__":
    main()
