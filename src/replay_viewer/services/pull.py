"""Pull a session by its URL into the library: segments into a spool first, imported from there while they come.

What is there is imported whenever it has doubled, so a session can be opened after its first segment and grows; an
import replaces the one before it in one step. So the last import is of everything, in order, and a pull that was
killed anywhere gives the same session as one that was not. A session that is followed grows by what comes
(services/growth.py), and is the same at every step.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from replay_viewer.domain.errors import BadInput, Cancelled, NotFound, SourceProblem, StorageProblem, UserError
from replay_viewer.domain.pulled import Pulled
from replay_viewer.domain.session import Finding, Session
from replay_viewer.library import Library
from replay_viewer.library.locks import FileLock
from replay_viewer.services import addresses, expiry, importer, map_fetch, sharing
from replay_viewer.services.asking import ask
from replay_viewer.services.growth import Growth
from replay_viewer.services.segments import Spool
from replay_viewer.sources import Access, Follower, Http, Link, Plan, Source, recognise

log = logging.getLogger(__name__)

#: How often a wait looks whether it was cancelled (s).
_ASK_EVERY = 0.05
#: A backend may ask a pull to wait this long (s).
_PATIENCE = 120.0
#: Sessions whose last event is younger than this (ms) may still grow: their segments are kept for a refresh.
_YOUNG = 3_600_000.0
#: Following: first and longest wait (s) between looks, ours and others', and when nothing more is expected.
_WAITS = {"collector": (2.0, 15.0)}
_OTHER_WAITS = (10.0, 60.0)
_GIVE_UP = 15 * 60.0
#: While following, bringing the session up never takes more than this share of the time.
_SHARE = 0.25
#: A source that answers as soon as something comes is asked to wait this long (s), and again after at least so long.
_LISTEN, _BREATH = 20.0, 0.5


class PullProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a pull is.

    While `stage` is "pull", `done`/`total` count segments and `bytes`/`of_bytes` their bytes (`of_bytes` 0 when the
    source does not say, and off when a session is being recorded); `note` says what it waits for. In stage "import"
    `done`/`total` are bytes read; in "follow" everything there was is here. `session` is the id of the session as
    soon as it can be opened, and `grown` counts how often there is more of it.
    """

    stage: str
    done: int
    total: int
    bytes: int = 0
    of_bytes: int = 0
    session: str = ""
    note: str = ""
    grown: int = 0

    @property
    def words(self) -> str:
        """It as a person reads it, without what is pulled."""
        if self.note:
            return self.note
        if self.stage == "import":
            return f"importing {self.done / self.total:.0%}" if self.total else "importing"
        text = f"{self.done:,} of {self.total:,} segments · {self.bytes / 1e6:,.1f} MB"
        return f"following · {text}" if self.stage == "follow" else text


OnProgress = Callable[[PullProgress], None]


def pull(
    home: Path,
    url: str,
    *,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    token: str | None = None,
    follow: bool = False,
    into: Path | None = None,
) -> str:
    """Pull the session behind `url` and import it; answers its id in the library.

    `progress` is called from threads of the pull, one at a time; `cancelled` is asked some 20 times a second and
    takes effect at once. `follow`: go on as long as the session grows, until nothing came for a quarter of an hour
    or `cancelled`, which then is no error. `into`: import into the library there instead (connections are those of
    `home` all the same). Raises BadInput, Unsupported, SourceProblem, NotFound, StorageProblem,
    Cancelled. What was pulled stays for the next try, and what was imported of it can be opened.
    """
    source, link = recognise(url)
    reach = addresses.access(home, link) if token is None else Access(token=token)
    link = ask(_whole(source, link, reach), cancelled)
    home = into or home
    spool = Spool(home, link)
    lock = FileLock(spool.folder.with_suffix(".lock"))
    try:
        spool.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not lock.acquire(wait=False):
            raise StorageProblem("This session is being pulled already.", "Wait until that is done.")
        try:
            spool.open()
            one = _Pull(home, source, link, spool, reach, progress, cancelled)
            return one.follow() if follow else one.once()
        finally:
            lock.release()
    except OSError as error:
        raise StorageProblem(
            f"The pulled segments cannot be stored: {error.strerror}.", "Free some disk space and try again."
        ) from error


class _Pull:
    """One pull: the network in this thread, imports of what is there so far in another."""

    def __init__(
        self,
        home: Path,
        source: Source,
        link: Link,
        spool: Spool,
        reach: Access,
        progress: OnProgress | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.home, self.source, self.link, self.spool = home, source, link, spool
        self._reach = reach
        self._progress, self._cancelled = progress, cancelled
        self.session = ""
        self.plan = Plan(segments={}, bytes=0)
        self._imported = 0  # bytes of the spool when it was last imported
        self._grown = 0
        self._early: threading.Thread | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._note = ""
        self._growth: Growth | None = None
        self._live = False  # the source answers as soon as something comes
        self._maps = map_fetch.Quest(home, source, link, reach)

    # -- in one go, and on and on ------------------------------------------------------------------------------

    def once(self) -> str:
        """Pull what there is now, import it."""
        self._bring_up()
        session = self._import()
        self._maps.go(session, self._cancelled)
        with Library.open(self.home) as library:
            if time.time() * 1000.0 - library.session(session).end > _YOUNG and not self.spool.lost:
                self.spool.remove()
        return session

    def follow(self) -> str:
        """The same again and again while the session grows, by what came alone."""
        self._growth = Growth(self.home, self.spool, self.link.url)
        try:
            return self._follow()
        finally:
            self._growth.close()

    def _follow(self) -> str:
        first, longest = _WAITS.get(self.source.name, _OTHER_WAITS)
        wait, quiet = first, time.monotonic()
        try:
            while True:
                before = dict(self.spool.have)
                took = 0.0
                try:
                    self._bring_up()
                except (SourceProblem, NotFound) as error:
                    # a network that is gone comes back; a session not there yet may come
                    if time.monotonic() - quiet > _GIVE_UP:
                        raise
                    self._live = False
                    self._report("follow", note=f"{error.message} Trying again.")
                else:
                    if self.spool.have != before or not self.session:
                        begun = time.monotonic()
                        self._maps.go(self._import(), self._cancelled)
                        took = time.monotonic() - begun
                        wait, quiet = first, time.monotonic()
                    self._report("follow")
                if time.monotonic() - quiet > _GIVE_UP:
                    return self.session
                self._sleep(max(_BREATH if self._live else wait, took / _SHARE))
                wait = min(longest, wait * 1.5)
        except Cancelled:
            if not self.session:
                raise
            return self.session

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._cancelled and self._cancelled():
                raise Cancelled
            time.sleep(min(_ASK_EVERY, left))

    # -- the network -------------------------------------------------------------------------------------------

    def _bring_up(self) -> None:
        """Bring the spool up to what the source has. What came before it fails is imported all the same."""
        self._stop.clear()
        try:
            ask(self._fetch(), self._cancelled)
        except Cancelled:
            self._end_early(at_once=True)
            raise
        except (SourceProblem, NotFound) as error:
            self._end_early(at_once=False)
            if self.plan.segments and self.spool.size > self._imported:
                with suppress(UserError):
                    self._import_now(self._cancelled)
            if self.session and self.plan.segments:
                here = f"{len(self.spool.have):,} of {len(self.plan.segments):,} segments are here and can be opened"
                raise type(error)(error.message, f"{here}; pull it again to go on.") from error
            raise
        except BaseException:  # Ctrl+C too: the early import's thread must not outlive the pull; raised again
            self._end_early(at_once=True)
            raise
        self._end_early(at_once=False)

    async def _fetch(self) -> None:
        async with Http(access=self._reach, patience=_PATIENCE, on_wait=self._waits) as http:
            self.plan = plan = await self._planned(http)
            if not plan.segments:
                raise NotFound("The session holds no recording yet.", "Try again in a moment.")
            spool = self.spool
            spool.fit(plan.segments)
            spool.lost.clear()
            self._report("pull")
            async for segment in self.source.pull(http, self.link, self._reach.token, plan, spool.have):
                etag = plan.segments.get(segment.n, "")
                if etag and segment.etag and segment.etag != etag:
                    raise SourceProblem("The session changed while it was pulled.", "Pull it again.")
                spool.put(segment)
                self._note = ""
                self._report("pull")
                self._import_early()

    async def _planned(self, http: Http) -> Plan:
        """What there is by now. A session that is followed is asked for what came since, where the source can."""
        if self._growth is None or not isinstance(self.source, Follower):
            return await self.source.plan(http, self.link, self._reach.token)
        if not self._live:
            # everything, once: what was lost may be there by now, what was there may be gone
            self._live = bool(self.session)
            return await self.source.plan(http, self.link, self._reach.token)
        news = await self.source.news(http, self.link, self._reach.token, self.plan, _LISTEN)
        self._live = news.live
        return news.plan

    def _waits(self, host: str, seconds: float) -> None:
        self._note = f"{host} asks to wait {seconds:.0f} s"
        self._report("pull")

    def _report(self, stage: str, done: int = -1, total: int = -1, note: str = "") -> None:
        if self._progress is None:
            return
        whole = len(self.plan.segments)
        with self._lock:
            self._progress(
                PullProgress(
                    stage=stage,
                    done=min(len(self.spool.have) + len(self.spool.lost), whole) if done < 0 else done,
                    total=whole if total < 0 else total,
                    bytes=self.spool.size,
                    of_bytes=self.plan.bytes,
                    session=self.session,
                    note=note or self._note,
                    grown=self._grown,
                )
            )

    # -- imports -----------------------------------------------------------------------------------------------

    def _import_early(self) -> None:
        """Import what is there in a thread of its own, when that is twice what was imported before."""
        if self._early is not None and self._early.is_alive():
            return
        if self.spool.size < 2 * self._imported or len(self.spool.have) >= len(self.plan.segments):
            return
        self._imported = self.spool.size

        def work() -> None:
            try:
                self._import_now(self._stop.is_set)
                self._report("pull")
            except Cancelled:
                pass
            except UserError as error:
                # the beginning of a session may hold nothing that can be shown yet
                log.info("not to be opened yet: %s", error)
            except Exception:
                # Only the early look is lost: the import of the whole comes, and says what is wrong with it.
                log.exception("importing the beginning of a pull failed")

        self._early = threading.Thread(target=work, name="early-import")
        self._early.start()

    def _end_early(self, *, at_once: bool) -> None:
        """Wait for the early import; `at_once`: have it give up."""
        if self._early is not None:
            if at_once or len(self.spool.have) >= len(self.plan.segments):
                self._stop.set()
            self._early.join()
            self._early = None

    def _import(self) -> str:
        """Import everything that is there, with progress; answers the session's id."""

        def report(now: importer.Progress) -> None:
            self._report("import", now.done, now.total)

        self._import_now(self._cancelled, report)
        return self.session

    def _import_now(
        self, cancelled: Callable[[], bool] | None, progress: Callable[[importer.Progress], None] | None = None
    ) -> None:
        spool, plan = self.spool, self.plan
        size, have, lost = spool.size, dict(spool.have), dict(spool.lost)
        findings = spool.gaps(sorted(plan.segments))
        if (left := len(plan.segments) - len(have) - len(lost)) > 0:
            message = f"The pull is not complete: {left:,} of {len(plan.segments):,} segments are still to come."
            findings.insert(0, Finding(code="pull-unfinished", severity="warning", message=message, count=left))
        if self._growth is not None and self._early is None:
            sessions = [self._growth.bring_up(findings, progress, cancelled)]
        else:
            sessions = importer.import_paths(
                self.home, [spool.folder], progress=progress, cancelled=cancelled, origin=self.link.url,
                findings=findings,
            )  # fmt: skip
        if not sessions:
            raise NotFound("The session holds no recording yet.", "Try again in a moment.")
        self._imported = size
        with Library.open(self.home) as library:
            before = library.extras.pulled(sessions[0])
            sharing.bring(library, sessions[0], before.marks if before else None, plan.marks)
            library.extras.put_pulled(
                sessions[0],
                Pulled(
                    url=self.link.url,
                    source=self.source.name,
                    at=time.time() * 1000.0,
                    segments={n: etag for n, etag in have.items() if n in plan.segments},
                    of=len(plan.segments),
                    missing=lost,
                    marks=plan.marks,
                    expires=expiry.expires(self.source.name, plan.facts, library.session(sessions[0])),
                ),
            )
        self.session = sessions[0]
        self._grown += 1


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What a refresh brought: events, rows by kind, segments (numbers of what is there more than before), `marks`:
    whether it was marked otherwise there."""

    session: str
    events: int = 0
    rows: dict[str, int] = {}
    segments: int = 0
    marks: bool = False

    @property
    def words(self) -> str:
        """It in words."""
        parts = [f"{self.events:,} events"] if self.events else []
        parts += [f"{count:,} {kind}" for kind, count in self.rows.items()]
        if self.marks:
            parts.append("what the session was marked with")
        if parts:
            return "Came: " + ", ".join(parts) + "."
        return (
            "Missing segments came." if self.segments else "Nothing new: everything there is at the source is here."
        )


def refresh(
    home: Path,
    id: str,
    *,
    progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
    token: str | None = None,
    follow: bool = False,
) -> Came:
    """Let a session of the library grow to what its source has now; answers what came. Raises as `pull`; BadInput.

    A session that was pulled whole and has not changed at its source is not pulled again.
    """
    with Library.open(home) as library:
        before = library.session(id)
        pulled = library.extras.pulled(before.id)
    url = pulled.url if pulled else before.origin
    if not url.startswith(("http://", "https://")):
        raise BadInput("This session was not pulled from a source.", "Import its file again instead.")
    if pulled is not None and not follow and (plan := _unchanged(home, url, pulled, cancelled, token)):
        with Library.open(home) as library:
            sharing.bring(library, before.id, pulled.marks, plan.marks)
            library.extras.put_pulled(before.id, msgspec.structs.replace(pulled, marks=plan.marks))
        return Came(session=before.id, marks=plan.marks != pulled.marks)
    pull(home, url, progress=progress, cancelled=cancelled, token=token, follow=follow)
    with Library.open(home) as library:
        after = library.session(before.id)
        now = library.extras.pulled(before.id)
    return _difference(before, after, len(now.segments if now else ()) - len(pulled.segments if pulled else ()))


def _difference(before: Session, after: Session, segments: int) -> Came:
    more = {kind: count - before.counts.get(kind, 0) for kind, count in after.counts.items()}
    return Came(
        session=after.id,
        events=max(0, after.events - before.events),
        rows={kind: count for kind, count in more.items() if count > 0},
        segments=max(0, segments),
    )


def _unchanged(
    home: Path, url: str, pulled: Pulled, cancelled: Callable[[], bool] | None, token: str | None
) -> Plan | None:
    """What the source has, when that is exactly what was pulled, as far as its ETags tell."""
    if not pulled.complete or pulled.missing or "" in pulled.segments.values():
        return None
    source, link = recognise(url)
    reach = addresses.access(home, link) if token is None else Access(token=token)

    async def plan() -> Plan:
        async with Http(access=reach, patience=_PATIENCE) as http:
            return await source.plan(http, link, reach.token)

    now = ask(plan(), cancelled)
    return now if now.segments == pulled.segments else None


async def _whole(source: Source, link: Link, reach: Access) -> Link:
    """The link of a session: an address of an issue or an error is asked for the one it leads to."""
    if link.session:
        return link
    async with Http(access=reach) as http:
        return await addresses.whole_link(source, http, link, reach.token)
