"""The reading side of what was sent beside recordings: errors and their issues, vitals, metrics, events, feedback."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Engine, RowMapping, cast, distinct, func, literal_column, select

from replay_viewer.analysis.vitals import THRESHOLDS, rate
from replay_viewer.collector.filters import Filters, conditions
from replay_viewer.collector.paging import before
from replay_viewer.collector.paging import cursor as make_cursor
from replay_viewer.collector.schema import errors, linked
from replay_viewer.domain.errors import NotFound

#: Percentiles that a summary of vitals gives; a page is rated by its 75th, as web-vitals does.
PERCENTILES = (50, 75, 95)
_DAY_MS = 86_400_000


class FactQueries:
    """Plain dictionaries for the API. Any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def linked(
        self, kinds: tuple[str, ...], filters: Filters, limit: int, cursor: str, name: str = "", session: str = ""
    ) -> dict[str, Any]:
        """Facts of these kinds, newest first."""
        where = [linked.c.kind.in_(kinds), *conditions(linked, filters, linked.c.t, linked.c.name, linked.c.data)]
        if name:
            where.append(linked.c.name == name)
        if session:
            where.append(linked.c.session == session)
        query = select(linked).where(*where, *before(cursor, linked.c.t, linked.c.id, int))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(linked.c.t.desc(), linked.c.id.desc()).limit(limit + 1))
            found = rows.mappings().all()
        more, found = len(found) > limit, found[:limit]
        return {
            "data": [_fact(row) for row in found],
            "next": make_cursor(found[-1]["t"], found[-1]["id"]) if more else None,
        }

    def vitals(self, filters: Filters, page: str = "") -> dict[str, Any]:
        """How each vital is distributed: `{"data": [{name, count, p50, p75, p95, rating, good, …}]}`.

        Percentiles are nearest ranks: values that were measured, none in between.
        """
        # The kind as it stands, not as a parameter: else no database knows that its index of vitals alone will do.
        kind = linked.c.kind == literal_column("'vital'")
        where = [kind, linked.c.value.is_not(None), *conditions(linked, filters, linked.c.t)]
        if page:
            where.append(linked.c.page == page)
        # One walk over the rows: each database's own way of ranking them takes longer than sorting them here.
        query = select(linked.c.name, linked.c.level, linked.c.value).where(*where)
        values: dict[str, list[float]] = {}
        levels: Counter[tuple[str, str]] = Counter()
        with self._engine.connect() as connection:
            for name, level, value in connection.execute(query):
                values.setdefault(name, []).append(value)
                levels[name, level] += 1
        return {"data": [_distribution(name, values[name], levels) for name in sorted(values)], "next": None}

    @property
    def _postgresql(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    def errors(
        self, filters: Filters, limit: int = 50, cursor: str = "", session: str = "", issue: str = ""
    ) -> dict[str, Any]:
        """Errors, newest first, of one session, of one issue, or of all."""
        where = conditions(errors, filters, errors.c.t, errors.c.title)
        if session:
            where.append(errors.c.session == session)
        if issue:
            where.append(errors.c.issue == issue)
        query = select(errors).where(*where, *before(cursor, errors.c.t, errors.c.id, int))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(errors.c.t.desc(), errors.c.id.desc()).limit(limit + 1))
            found = rows.mappings().all()
        more, found = len(found) > limit, found[:limit]
        return {
            "data": [_error(row) for row in found],
            "next": make_cursor(found[-1]["t"], found[-1]["id"]) if more else None,
        }

    def issues(self, filters: Filters, limit: int = 50, cursor: str = "") -> dict[str, Any]:
        """Errors in groups, the one seen last first, with how many sessions and users met each."""
        where = conditions(errors, filters, errors.c.t, errors.c.title)
        last, first = func.max(errors.c.t).label("last"), func.min(errors.c.t).label("first")
        newest = func.max(errors.c.id).label("newest")
        grouped = select(errors.c.project, errors.c.issue, func.count().label("events"), first, last, newest)
        grouped = grouped.where(*where).group_by(errors.c.project, errors.c.issue)
        of = grouped.subquery()
        id = of.c.project + "-" + of.c.issue
        page = select(of, id.label("id")).where(*before(cursor, of.c.last, id, str))
        with self._engine.connect() as connection:
            found = connection.execute(page.order_by(of.c.last.desc(), id.desc()).limit(limit + 1)).mappings().all()
            more, found = len(found) > limit, found[:limit]
            met = {
                (row.project, row.issue): row
                for row in connection.execute(
                    select(
                        errors.c.project,
                        errors.c.issue,
                        func.count(distinct(func.nullif(errors.c.session, ""))).label("sessions"),
                        func.count(distinct(func.nullif(_who, ""))).label("users"),
                    )
                    .where(errors.c.issue.in_([row["issue"] for row in found]), *where)
                    .group_by(errors.c.project, errors.c.issue)
                )
            }
            samples = {
                row["id"]: row
                for row in connection.execute(
                    select(errors).where(errors.c.id.in_([row["newest"] for row in found]))
                ).mappings()
            }
        data = [
            {
                "id": row["id"],
                "project": row["project"],
                "title": samples[row["newest"]]["title"],
                "level": samples[row["newest"]]["level"],
                "source": samples[row["newest"]]["source"],
                "first": row["first"],
                "last": row["last"],
                "events": row["events"],
                "sessions": met[row["project"], row["issue"]].sessions,
                "users": met[row["project"], row["issue"]].users,
                "lastSession": samples[row["newest"]]["session"],
            }
            for row in found
        ]
        return {"data": data, "next": make_cursor(found[-1]["last"], found[-1]["id"]) if more else None}

    def issue(self, id: str) -> dict[str, Any]:
        """One issue with its releases, environments and how often it happened on each day (UTC) and release."""
        project, _, group = id.rpartition("-")
        where = (errors.c.project == project, errors.c.issue == group)
        # Numbers of days since 1970; PostgreSQL rounds a cast, SQLite cuts it.
        days = errors.c.t / _DAY_MS
        day = cast(func.floor(days) if self._postgresql else days, BigInteger).label("day")
        with self._engine.connect() as connection:
            newest = connection.execute(
                select(errors).where(*where).order_by(errors.c.t.desc(), errors.c.id.desc()).limit(1)
            )
            sample = newest.mappings().first()
            if sample is None:
                raise NotFound(f"There is no issue {id} here.", "Its errors may have expired.")
            whole = connection.execute(
                select(
                    func.count(),
                    func.min(errors.c.t),
                    func.max(errors.c.t),
                    func.count(distinct(func.nullif(errors.c.session, ""))),
                    func.count(distinct(func.nullif(_who, ""))),
                ).where(*where)
            ).one()
            counted = connection.execute(select(day, func.count()).where(*where).group_by(day).order_by(day)).all()
            releases = connection.execute(
                select(errors.c.release, func.count()).where(*where).group_by(errors.c.release)
            ).all()
        return {
            "id": id,
            "project": project,
            "title": sample["title"],
            "level": sample["level"],
            "source": sample["source"],
            "first": whole[1],
            "last": whole[2],
            "events": whole[0],
            "sessions": whole[3],
            "users": whole[4],
            "lastSession": sample["session"],
            "days": [{"day": number * _DAY_MS, "events": count} for number, count in counted],
            "releases": {str(row[0]): int(row[1]) for row in releases},
        }


def _distribution(name: str, values: list[float], levels: Counter[tuple[str, str]]) -> dict[str, Any]:
    values.sort()
    found: dict[str, Any] = {"name": name, "count": len(values)}
    for p in PERCENTILES:
        found[f"p{p}"] = values[(len(values) * p + 99) // 100 - 1]
    found["rating"] = rate(name, found["p75"]) if name in THRESHOLDS else ""
    return found | {level: levels[name, level] for level in ("good", "needs-improvement", "poor")}


#: Who met an error: the id a site gave, else the address; neither counts as nobody.
_who = func.coalesce(func.nullif(errors.c.user_id, ""), errors.c.user_email)


def _error(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "eventId": row["event_id"],
        "issue": f"{row['project']}-{row['issue']}",
        "session": row["session"],
        "project": row["project"],
        "t": row["t"],
        "title": row["title"],
        "level": row["level"],
        "source": row["source"],
        "url": row["url"],
        "release": row["release"],
        "environment": row["environment"],
        "user": {"id": row["user_id"], "email": row["user_email"]},
        "trace": row["trace"],
    }


def _fact(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "session": row["session"],
        "project": row["project"],
        "t": row["t"],
        "received": row["received"],
        "name": row["name"],
        "value": row["value"],
        "level": row["level"],
        "source": row["source"],
        "page": row["page"],
        "release": row["release"],
        "environment": row["environment"],
        "user": {"id": row["user_id"], "email": row["user_email"]},
        "eventId": row["event_id"],
        "trace": row["trace"],
        "data": msgspec.json.decode(row["data"]) if row["data"] else None,
    }
