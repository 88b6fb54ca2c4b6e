"""Who may write and who may read: project keys, personal tokens, or neither on loopback."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, Table, func, insert, select, update

from replay_viewer.collector.schema import project_keys, projects, tokens
from replay_viewer.domain.errors import BadInput, NotFound

#: Roles that may read, the weakest first.
ROLES = ("viewer", "triager", "admin")


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads: the name of the token and its role."""

    name: str
    role: str

    def may(self, role: str) -> bool:
        """Whether this one may do what `role` may."""
        return ROLES.index(self.role) >= ROLES.index(role)


#: Whoever reads an open collector.
OPEN = Reader(name="open", role="admin")


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

    def reader(self, token: str) -> Reader | None:
        """Whose token it is, None for an unknown or revoked one."""
        given = _hash(token)
        query = select(tokens).where(tokens.c.hash == given, tokens.c.revoked.is_(None))
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None or not hmac.compare_digest(row.hash, given) or row.role not in ROLES:
            return None
        return Reader(name=row.name, role=row.role)

    def add_token(self, name: str, role: str) -> tuple[int, str]:
        """Make a personal token; answers its number and the token itself, this once. Raises BadInput."""
        if role not in ROLES:
            raise BadInput(f"There is no role “{role}”.", f"Roles are {', '.join(ROLES)}.")
        if not name.strip() or len(name) > 200:
            raise BadInput("A token needs a name: whose it is.")
        token = "rvt_" + secrets.token_urlsafe(32)
        made = insert(tokens).values(name=name.strip(), role=role, hash=_hash(token), created=time.time() * 1000.0)
        with self._engine.begin() as connection:
            return int(connection.execute(made.returning(tokens.c.id)).scalar_one()), token

    def tokens(self) -> list[dict[str, Any]]:
        """All tokens: id, name, role, created, revoked (epoch ms or None); never the token."""
        query = select(tokens.c.id, tokens.c.name, tokens.c.role, tokens.c.created, tokens.c.revoked)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query.order_by(tokens.c.id)).mappings()]

    def revoke_token(self, id: int) -> None:
        """A token opens nothing from now on. Raises NotFound."""
        self._revoke(tokens, tokens.c.id == id, f"There is no usable token {id} here.")

    def add_key(self, project: str, name: str = "") -> str:
        """Make a project key, and the project when it is new. Raises BadInput."""
        if not (project.isascii() and project.isdigit() and len(project) <= 20):
            raise BadInput("A project is a number, as in a Sentry DSN.")
        key, now = secrets.token_hex(16), time.time() * 1000.0
        with self._engine.begin() as connection:
            if not connection.execute(select(projects.c.id).where(projects.c.id == project)).first():
                connection.execute(
                    insert(projects).values(id=project, name=name or f"Project {project}", created=now)
                )
            connection.execute(insert(project_keys).values(key=key, project=project, created=now))
        return key

    def keys(self) -> list[dict[str, Any]]:
        """All project keys: key, project, created, revoked (epoch ms or None)."""
        query = select(project_keys).order_by(project_keys.c.project, project_keys.c.created)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def revoke_key(self, key: str) -> None:
        """Nothing is taken with this key from now on. Raises NotFound."""
        self._revoke(project_keys, project_keys.c.key == key, "There is no usable project key like this here.")

    def _revoke(self, table: Table, which: ColumnElement[bool], missing: str) -> None:
        now = time.time() * 1000.0
        with self._engine.begin() as connection:
            done = connection.execute(update(table).where(which, table.c.revoked.is_(None)).values(revoked=now))
        if not done.rowcount:
            raise NotFound(missing, "List what there is with “list”.")

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
