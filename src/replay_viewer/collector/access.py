"""Who may write and who may read: project keys, personal tokens, or neither on loopback."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time

from sqlalchemy import Engine, func, insert, select

from replay_viewer.collector.schema import project_keys, projects, tokens

#: Roles that may read, the weakest first.
ROLES = ("viewer", "triager", "admin")


def is_loopback(host: str) -> bool:
    """Whether an address or a Host header (port allowed) names this machine and nothing else."""
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Access:
    """Checks keys and tokens. `open`: any key, no tokens; whoever runs it must stay on loopback."""

    def __init__(self, engine: Engine, *, open: bool) -> None:
        self._engine = engine
        self.open = open

    def may_write(self, project: str, key: str) -> bool:
        """Whether `key` belongs to `project` and is not revoked. Every key is compared, in constant time."""
        if self.open:
            return True
        query = select(project_keys.c.key).where(project_keys.c.project == project, project_keys.c.revoked.is_(None))
        with self._engine.connect() as connection:
            known = connection.execute(query).scalars().all()
        given = key.encode("utf-8", "replace")
        return bool(sum(hmac.compare_digest(given, one.encode()) for one in known))

    def project_of(self, key: str) -> str | None:
        """The project a key writes to, None for an unknown one. For requests that name no project."""
        if self.open:
            return "1"
        query = select(project_keys.c.key, project_keys.c.project).where(project_keys.c.revoked.is_(None))
        with self._engine.connect() as connection:
            known = connection.execute(query).all()
        given = key.encode("utf-8", "replace")
        found = [project for one, project in known if hmac.compare_digest(given, one.encode())]
        return found[0] if found else None

    def role(self, token: str) -> str | None:
        """The role a personal token gives, None for an unknown or revoked one."""
        given = _hash(token)
        query = select(tokens.c.hash, tokens.c.role).where(tokens.c.hash == given, tokens.c.revoked.is_(None))
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return row.role if row is not None and hmac.compare_digest(row.hash, given) else None

    def counts(self) -> tuple[int, int]:
        """Numbers of usable project keys and tokens."""
        with self._engine.connect() as connection:
            keys = connection.execute(
                select(func.count()).select_from(project_keys).where(project_keys.c.revoked.is_(None))
            ).scalar_one()
            readers = connection.execute(
                select(func.count()).select_from(tokens).where(tokens.c.revoked.is_(None))
            ).scalar_one()
        return keys, readers

    def first_start(self) -> tuple[str, str] | None:
        """Make project 1 with a key, and an admin token, when there are neither; answers (key, token), once.

        Only the token's hash is kept, so this is the one moment it can be shown.
        """
        if self.open or self.counts() != (0, 0):
            return None
        key, token, now = secrets.token_hex(16), "rvt_" + secrets.token_urlsafe(32), time.time() * 1000.0
        with self._engine.begin() as connection:
            if not connection.execute(select(projects.c.id).where(projects.c.id == "1")).first():
                connection.execute(insert(projects).values(id="1", name="My site", created=now))
            connection.execute(insert(project_keys).values(key=key, project="1", created=now))
            connection.execute(insert(tokens).values(name="first", role="admin", hash=_hash(token), created=now))
        return key, token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
