"""The `.replay` file itself: its members, and reading one as if it came from an enemy. See docs/bundle-format.md.

A bundle is opened only after every name was known, every size within limits and every checksum right; what is read
from it afterwards is read from the same open file.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec
import zstandard

from replay_viewer.domain.errors import BadInput, NewerVersion
from replay_viewer.domain.rows import KIND_OF, Row, decode_row
from replay_viewer.domain.session import Finding, Note, Session
from replay_viewer.recording.chunk import Chunk
from replay_viewer.services.maps import LARGEST, LONGEST, MOST, TOTAL

FORMAT = "replay-viewer-bundle"
VERSION = 3
#: What bundles without source maps are: programs that know no maps read them.
VERSION_WITHOUT_MAPS = 2
MANIFEST = "manifest.json"

#: Members that are read whole; a chunk's or keyframe's content; one row.
MAX_JSON = 64 << 20
MAX_PIECE = 256 << 20
MAX_ROW = 64 << 20
#: Nothing honest unpacks to more than this many times its size (measured: recordings 20 to 60).
MAX_RATIO = 500
_ALWAYS_FINE = 64 << 20
_MAX_MEMBERS = 1_000_000

_NAMES = re.compile(
    r"(?:activity|assets|health|index|maps|notes|removed|session)\.json|rows/[a-z]{1,20}\.jsonl"
    r"|(?:chunks|keyframes)/\d{1,6}/\d{1,8}\.zst|assets/\d{1,8}\.zst|maps/\d{1,8}\.map"
)
_T = TypeVar("_T")


class Member(msgspec.Struct, frozen=True):
    """What the manifest says of a member: SHA-256 (hex) and length in bytes of what is stored under its name."""

    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """manifest.json. `maps`: how many source maps it holds; `source_code`: whether they hold original source code."""

    format: str
    version: int
    session: str
    redacted: bool = False
    maps: int = 0
    source_code: bool = False
    counts: dict[str, int] = {}
    members: dict[str, Member] = {}


class _Version(msgspec.Struct):
    """The part of a manifest that every version has."""

    format: str
    version: int


class ChunkEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk in index.json: first event number, number of events, epoch ms of the first and last."""

    member: str
    first: int
    events: int
    t0: float
    t1: float


class KeyframeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A keyframe in index.json: the state after `event` events, at epoch ms `t`."""

    member: str
    event: int
    t: float
    nodes: int


class TabEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A tab in index.json. Without keyframes they are computed on import."""

    tab: int
    chunks: list[ChunkEntry] = []
    keyframes: list[KeyframeEntry] = []


class AssetEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file the recording refers to, in assets.json: its URL and media type, and where its content is."""

    member: str
    url: str
    type: str


class MapEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source map, in maps.json: the path of the built file it is of, that file's debug id, where its content is."""

    member: str
    name: str
    debug_id: str = ""


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """activity.json: events per bucket of `bucket` ms from `start` (epoch ms) on."""

    start: float
    bucket: float
    counts: list[int]


def looks_like_bundle(path: Path) -> bool:
    """Whether `path` claims to be a bundle: a zip called .replay, or one with our manifest."""
    try:
        with path.open("rb") as file:
            if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
                return False
        if path.suffix.lower() == ".replay":
            return True
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(MANIFEST)
            return info.file_size <= MAX_JSON and FORMAT.encode() in archive.read(info)
    except (OSError, zipfile.BadZipFile, KeyError, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return False


class Bundle:
    """An opened, validated bundle. A context manager; its iterators read on while it is open."""

    manifest: Manifest
    session: Session
    tabs: list[TabEntry]
    notes: list[Note]
    assets: list[AssetEntry]
    maps: list[MapEntry]
    activity: Activity | None
    #: What redaction removed, as JSON values; empty when nothing was redacted.
    removed: list[dict[str, Any]]

    def __init__(self, path: Path) -> None:
        """Open and validate. Raises BadInput, NewerVersion."""
        self.path = path
        self._size = 0
        try:
            self._size = path.stat().st_size
            self._archive = zipfile.ZipFile(path)
        except FileNotFoundError as error:
            raise BadInput(f"There is no file {path}.") from error
        except OSError as error:
            raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
        except zipfile.BadZipFile as error:
            raise self._damaged("it is not a whole zip file") from error
        try:
            with self._reading():
                self._validate()
        except BaseException:  # Ctrl+C too: nobody has the bundle yet who could close its file; raised again
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    @property
    def kinds(self) -> list[str]:
        """Kinds of rows there are."""
        return sorted(name[5:-6] for name in self.manifest.members if name.startswith("rows/"))

    def rows(self, kind: str, batch: int = 5000) -> Iterator[list[Row]]:
        """The rows of a kind in time order, in batches. Raises BadInput."""
        rows: list[Row] = []
        with self._reading(), self._archive.open(f"rows/{kind}.jsonl") as lines:
            while line := lines.readline(MAX_ROW + 1):
                if len(line) > MAX_ROW:
                    raise self._damaged("a row is larger than any real one")
                row = decode_row(line)
                if KIND_OF[type(row)] != kind:
                    raise self._damaged(f"its {kind} rows hold something else")
                rows.append(row)
                if len(rows) >= batch:
                    yield rows
                    rows = []
        if rows:
            yield rows

    def piece(self, member: str) -> bytes:
        """The content of a chunk or keyframe. Raises BadInput."""
        with self._reading():
            data: bytes = zstandard.ZstdDecompressor().decompress(
                self._archive.read(member), max_output_size=MAX_PIECE
            )
            return data

    def map(self, entry: MapEntry) -> bytes:
        """The content of a source map. Raises BadInput."""
        with self._reading():
            return self._archive.read(entry.member)

    def chunk(self, entry: ChunkEntry) -> tuple[bytes, Chunk]:
        """A chunk's bytes, and read. Raises BadInput when it is not what the index says, NewerVersion."""
        data = self.piece(entry.member)
        chunk = Chunk(data)
        if len(chunk) != entry.events:
            raise self._damaged("a piece of its recording has another length than its index says")
        return data, chunk

    def _validate(self) -> None:
        names = [info.filename for info in self._archive.infolist()]
        if len(names) > _MAX_MEMBERS or len(set(names)) != len(names):
            raise self._damaged("it holds the same name twice, or too many")
        if MANIFEST not in names:
            raise BadInput(f"“{self.path.name}” is not a bundle of Replay Viewer.", "It has no manifest.")
        strange = next((name for name in names if name != MANIFEST and not _NAMES.fullmatch(name)), None)
        manifest = self._whole(MANIFEST)
        head = msgspec.json.decode(manifest, type=_Version)
        if head.format != FORMAT:
            raise BadInput(
                f"“{self.path.name}” is not a bundle of Replay Viewer.", "Its manifest is another program’s."
            )
        if head.version > VERSION:
            raise NewerVersion(
                f"“{self.path.name}” was written by a newer Replay Viewer than this one"
                f" (bundle version {head.version}, known: {VERSION}).",
                "Update Replay Viewer.",
            )
        if strange is not None:
            raise BadInput(
                f"“{self.path.name}” holds a file that does not belong into a bundle: “{strange[:80]}”.",
                "Do not trust it; ask for a new one.",
            )
        self.manifest = msgspec.json.decode(manifest, type=Manifest)
        if set(self.manifest.members) != set(names) - {MANIFEST}:
            raise self._damaged("its files are not those its manifest lists")
        self._check_sizes_and_sums()
        self._read_head()

    def _check_sizes_and_sums(self) -> None:
        limit = max(_ALWAYS_FINE, MAX_RATIO * self._size)
        total = 0
        for name, member in self.manifest.members.items():
            info = self._archive.getinfo(name)
            if info.file_size != member.size or info.flag_bits & 1:
                raise self._damaged(f"“{name}” is not as its manifest says")
            total += member.size
            most = MAX_PIECE if name.endswith(".zst") else LARGEST if name.endswith(".map") else total
            if total > limit or member.size > most:
                raise self._bomb()
            total += self._check_sum(name, member)
            if total > limit:
                raise self._bomb()

    def _check_sum(self, name: str, member: Member) -> int:
        """Check a member's sum; the size of what it unpacks to besides."""
        digest = hashlib.sha256()
        first = b""
        with self._archive.open(name) as file:
            while block := file.read(1 << 20):
                first = first or block
                digest.update(block)
        if digest.hexdigest() != member.sha256:
            raise self._damaged(f"“{name}” has another checksum than its manifest says")
        if not name.endswith(".zst"):
            return 0
        content = zstandard.frame_content_size(first)
        if content < 0:
            raise self._damaged(f"“{name}” does not say how large it is")
        if content > MAX_PIECE:
            raise self._bomb()
        return int(content)

    def _read_head(self) -> None:
        members = self.manifest.members
        session = self._json("session.json", Session)
        if not session.id or len(session.id) > 500 or session.id != self.manifest.session:
            raise self._damaged("it does not say which session it holds")
        health = self._json("health.json", list[Finding]) if "health.json" in members else []
        self.session = msgspec.structs.replace(session, health=health, state="ready")
        self.tabs = self._json("index.json", list[TabEntry])
        listed = [one.member for tab in self.tabs for one in tab.chunks]
        listed += [one.member for tab in self.tabs for one in tab.keyframes]
        self.assets = self._json("assets.json", list[AssetEntry]) if "assets.json" in members else []
        listed += [one.member for one in self.assets]
        if set(listed) != {name for name in members if name.endswith(".zst")}:
            raise self._damaged("its index does not list its pieces")
        self.maps = self._json("maps.json", list[MapEntry]) if "maps.json" in members else []
        stored = {name for name in members if name.endswith(".map")}
        if {one.member for one in self.maps} != stored or len(stored) != self.manifest.maps:
            raise self._damaged("its index does not list its source maps")
        if len(self.maps) > MOST or any(not 0 < len(one.name) <= LONGEST for one in self.maps):
            raise self._damaged("its source maps are more than a session has, or have no usable names")
        if sum(members[name].size for name in stored) > TOTAL:
            raise self._bomb()
        for tab in self.tabs:
            at = 0
            for chunk in tab.chunks:
                if chunk.first != at or chunk.events < 0:
                    raise self._damaged("its recording has a gap")
                at += chunk.events
        self.notes = self._json("notes.json", list[Note]) if "notes.json" in members else []
        self.activity = self._json("activity.json", Activity) if "activity.json" in members else None
        self.removed = self._json("removed.json", list[dict[str, Any]]) if "removed.json" in members else []

    def _json(self, name: str, kind: type[_T]) -> _T:
        if name not in self.manifest.members:
            raise self._damaged(f"“{name}” is missing")
        return msgspec.json.decode(self._whole(name), type=kind)

    def _whole(self, name: str) -> bytes:
        info = self._archive.getinfo(name)
        if info.file_size > MAX_JSON:
            raise self._bomb()
        return self._archive.read(info)

    def _damaged(self, why: str) -> BadInput:
        return BadInput(f"The bundle “{self.path.name}” is damaged: {why}.", "Ask for it to be sent again.")

    def _bomb(self) -> BadInput:
        return BadInput(
            f"The bundle “{self.path.name}” unpacks to far more than a recording of its size.",
            "It was not imported; do not trust it.",
        )

    def _reading(self) -> _Reading:
        return _Reading(self)


class _Reading:
    """Whatever a broken archive makes the readers raise becomes one sentence."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        damaged = self._bundle._damaged
        if isinstance(error, msgspec.DecodeError):
            raise damaged("its contents are not what they should be") from error
        if isinstance(error, zipfile.BadZipFile | zlib.error | EOFError | zstandard.ZstdError):
            raise damaged("it cannot be unpacked") from error
        if isinstance(error, NotImplementedError | RuntimeError):
            # zipfile says so of encryption and of compression methods it does not know
            raise damaged("it is packed in a way bundles are not") from error
        if isinstance(error, OSError):
            raise BadInput(f"“{self._bundle.path.name}” cannot be read: {error.strerror or error}.") from error
