"""Pull a session by its URL into the library: segments into a spool folder first, then imported from there.

The spool lies in `home/pulls/<session>-<hash of URL>` as bodies and sidecars (a form `formats.read_paths` knows).
A pull that broke, was cancelled or killed goes on from what is there; the folder goes once the session is imported.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from replay_viewer.domain.errors import NotFound, SourceProblem, StorageProblem
from replay_viewer.library.locks import FileLock
from replay_viewer.services import addresses, importer
from replay_viewer.services.asking import ask
from replay_viewer.sources import Access, Http, Link, Plan, Segment, Source, recognise


class PullProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a pull is.

    While `stage` is "pull", `done`/`total` count segments and `bytes`/`of_bytes` their bytes (`of_bytes` may be off
    when a session is being recorded). In stage "import" `done`/`total` are bytes read, and `session` is the id of the
    session as soon as something of it can be opened.
    """

    stage: str
    done: int
    total: int
    bytes: int = 0
    of_bytes: int = 0
    session: str = ""


class _Sidecar(msgspec.Struct, rename="camel"):
    """What stands beside a body, as in captures, with the source's ETag and our own digest of the bytes."""

    seq: int
    received_at: float
    method: str
    url: str
    headers: dict[str, str]
    body_bytes: int
    body_file: str
    etag: str = ""
    sha256: str = ""


def pull(
    home: Path,
    url: str,
    *,
    progress: Callable[[PullProgress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    token: str | None = None,
) -> str:
    """Pull the session behind `url` and import it; answers its id in the library.

    `progress` is called from this thread; `cancelled` is asked some 20 times a second and takes effect at once.
    Raises BadInput, Unsupported, SourceProblem, NotFound, StorageProblem, Cancelled. What was pulled stays for the
    next try.
    """
    source, link = recognise(url)
    reach = addresses.access(home, link) if token is None else Access(token=token)
    link = ask(_whole(source, link, reach), cancelled)
    spool = home / "pulls" / _folder_name(link)
    lock = FileLock(spool.with_suffix(".lock"))
    try:
        spool.mkdir(parents=True, exist_ok=True)
        if not lock.acquire(wait=False):
            raise StorageProblem("This session is being pulled already.", "Wait until that is done.")
        try:
            ask(_pull(source, link, spool, progress, reach), cancelled)
            return _import(home, spool, link, progress, cancelled)
        finally:
            lock.release()
    except OSError as error:
        raise StorageProblem(
            f"The pulled segments cannot be stored: {error.strerror}.", "Free some disk space and try again."
        ) from error


def _import(
    home: Path,
    spool: Path,
    link: Link,
    progress: Callable[[PullProgress], None] | None,
    cancelled: Callable[[], bool] | None,
) -> str:
    """Import the whole spool, then remove it; answers the session's id."""

    def report(now: importer.Progress) -> None:
        if progress:
            progress(PullProgress(stage="import", done=now.done, total=now.total, session=now.session))

    sessions = importer.import_paths(home, [spool], progress=report, cancelled=cancelled, origin=link.url)
    shutil.rmtree(spool, ignore_errors=True)
    if not sessions:
        raise NotFound("The session holds no recording yet.", "Try again in a moment.")
    return sessions[0]


async def _whole(source: Source, link: Link, reach: Access) -> Link:
    """The link of a session: an address of an issue or an error is asked for the one it leads to."""
    if link.session:
        return link
    async with Http(access=reach) as http:
        return await addresses.whole_link(source, http, link, reach.token)


async def _pull(
    source: Source, link: Link, spool: Path, progress: Callable[[PullProgress], None] | None, reach: Access
) -> None:
    """Bring the spool up to what the source has."""
    token = reach.token
    async with Http(access=reach) as http:
        plan = await source.plan(http, link, token)
        if not plan.segments:
            raise NotFound("The session holds no recording yet.", "Try again in a moment.")
        have, size = _have(spool, plan)
        done = len(have)

        def report() -> None:
            if progress:
                total = len(plan.segments)
                progress(PullProgress(stage="pull", done=done, total=total, bytes=size, of_bytes=plan.bytes))

        report()
        async for segment in source.pull(http, link, token, plan, have):
            etag = plan.segments.get(segment.n, "")
            if etag and segment.etag and segment.etag != etag:
                raise SourceProblem("The session changed while it was pulled.", "Pull it again.")
            _keep(spool, segment)
            done += 1
            size += len(segment.body)
            report()


def _have(spool: Path, plan: Plan) -> tuple[dict[int, str], int]:
    """Segments that are whole in the spool (number to ETag) and their bytes. Whatever else lies there is removed."""
    have: dict[int, str] = {}
    size = 0
    kept: set[str] = set()
    for path in spool.glob("*.json"):
        try:
            sidecar = msgspec.json.decode(path.read_bytes(), type=_Sidecar)
            body = (spool / path.with_suffix(".bin").name).read_bytes()
        except (OSError, msgspec.MsgspecError):
            continue
        n = sidecar.seq - 1
        if hashlib.sha256(body).hexdigest() == sidecar.sha256 and plan.segments.get(n) == sidecar.etag:
            have[n] = sidecar.etag
            size += len(body)
            kept |= {path.name, path.with_suffix(".bin").name}
    for path in spool.iterdir():
        if path.name not in kept:
            path.unlink(missing_ok=True)
    return have, size


def _keep(spool: Path, segment: Segment) -> None:
    """Write body, then sidecar, each whole or not at all: a body counts once its sidecar is there."""
    stem = f"{segment.n + 1:05}"
    sidecar = _Sidecar(
        seq=segment.n + 1,
        received_at=segment.received,
        method="POST",
        url=segment.url,
        headers=segment.headers,
        body_bytes=len(segment.body),
        body_file=f"{stem}.bin",
        etag=segment.etag,
        sha256=hashlib.sha256(segment.body).hexdigest(),
    )
    for name, data in ((f"{stem}.bin", segment.body), (f"{stem}.json", msgspec.json.encode(sidecar))):
        part = spool / f".{name}.part"
        part.write_bytes(data)
        os.replace(part, spool / name)


def _folder_name(link: Link) -> str:
    """A folder for a session: readable, and made of harmless characters whatever the id is."""
    readable = re.sub(r"[^A-Za-z0-9-]", "_", link.session)[:40]
    return f"{readable}-{hashlib.sha256(link.url.encode()).hexdigest()[:12]}"
