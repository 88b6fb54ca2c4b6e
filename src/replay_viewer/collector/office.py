"""The collector's back office: tokens, keys, retention, deletion, audit. For the command line; may run beside."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from replay_viewer.collector.access import Access
from replay_viewer.collector.audit import Audit
from replay_viewer.collector.blobs import FileBlobs
from replay_viewer.collector.database import default_url, open_database
from replay_viewer.collector.erasing import Erased, Eraser
from replay_viewer.collector.filters import Filters
from replay_viewer.collector.maps import MapStore
from replay_viewer.collector.queries import Queries
from replay_viewer.collector.views import Views
from replay_viewer.domain.errors import StorageProblem


class Office:
    """What an administrator does. Every change has its line in the audit log, under the name of the account."""

    def __init__(self, access: Access, eraser: Eraser, audit: Audit, maps: MapStore) -> None:
        self._access = access
        self._maps = maps
        self._eraser = eraser
        self._audit = audit
        self._actor = f"cli:{_account()}"

    def add_token(self, name: str, role: str) -> tuple[int, str]:
        """See `Access.add_token`."""
        made = self._access.add_token(name, role)
        self._audit.note(self._actor, "", "token", str(made[0]), f"added for {name} as {role}")
        return made

    def tokens(self) -> list[dict[str, Any]]:
        """See `Access.tokens`."""
        return self._access.tokens()

    def revoke_token(self, id: int) -> None:
        """See `Access.revoke_token`."""
        self._access.revoke_token(id)
        self._audit.note(self._actor, "", "token", str(id), "revoked")

    def add_key(self, project: str, name: str) -> str:
        """See `Access.add_key`."""
        key = self._access.add_key(project, name)
        self._audit.note(self._actor, "", "key", project, "added")
        return key

    def keys(self) -> list[dict[str, Any]]:
        """See `Access.keys`."""
        return self._access.keys()

    def revoke_key(self, key: str) -> None:
        """See `Access.revoke_key`."""
        self._access.revoke_key(key)
        self._audit.note(self._actor, "", "key", f"…{key[-4:]}", "revoked")

    def keep(self, project: str, environment: str, days: float | None) -> None:
        """See `Eraser.keep`."""
        self._eraser.keep(project, environment, days, self._actor)

    def rules(self) -> list[dict[str, object]]:
        """See `Eraser.rules`."""
        return self._eraser.rules()

    def expire(self) -> Erased:
        """See `Eraser.expire`."""
        return self._eraser.expire()

    def delete_session(self, id: str) -> Erased:
        """See `Eraser.session`."""
        return self._eraser.session(id, self._actor, "")

    def delete_user(self, id: str, email: str) -> Erased:
        """See `Eraser.user`."""
        return self._eraser.user(id, email, self._actor, "")

    def maps(self, project: str, release: str) -> list[dict[str, Any]]:
        """See `MapStore.page`; all of them."""
        found: list[dict[str, Any]] = []
        before: int | None = 1 << 62
        while before is not None:
            page = self._maps.page({"project": project, "release": release}, 200, before)
            found += page["data"]
            before = int(page["next"]) if page["next"] else None
        return found

    def delete_maps(self, project: str, release: str) -> dict[str, int]:
        """See `MapStore.remove`."""
        return self._maps.remove(project, release, "", self._actor, "")

    def audit(self, words: str, limit: int) -> list[dict[str, Any]]:
        """Lines of the audit log, newest first."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None and len(found) < limit:
            page = self._audit.entries(Filters(q=words), min(200, limit - len(found)), cursor)
            found += page["data"]
            cursor = page["next"]
        return found


@contextlib.contextmanager
def opened(home: Path, db: str | None) -> Iterator[Office]:
    """The office of the collector in `home`. Raises what opening a database raises; StorageProblem for the folder."""
    try:
        blobs = FileBlobs(home / "bodies")
    except OSError as error:
        raise StorageProblem(f"{home} cannot be used: {error.strerror}.", "Choose another folder.") from error
    engine = open_database(db or default_url(home))
    try:
        audit = Audit(engine)
        views = Views(home / "views", Queries(engine, blobs))
        eraser = Eraser(engine, blobs, audit, views.forget)
        yield Office(Access(engine, open=False), eraser, audit, MapStore(engine, home, audit))
    finally:
        engine.dispose()


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
