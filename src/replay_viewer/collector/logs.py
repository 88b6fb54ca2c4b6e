"""What a running collector writes to stderr: lines for people, or one JSON object a line for programs.

Nothing logs tokens, keys, query strings, headers or bodies.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from replay_viewer.collector.metrics import access_log, request_id

FORMS = ("off", "text", "json")


class _Json(logging.Formatter):
    """One object a line: time, level, logger, message, request, and what the record brings along."""

    def format(self, record: logging.LogRecord) -> str:
        about: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if id := request_id.get():
            about["request"] = id
        about |= getattr(record, "fields", {})
        if record.exc_info:
            about["error"] = self.formatException(record.exc_info)
        return json.dumps(about, ensure_ascii=True)


class _Text(logging.Formatter):
    """Time, level, message, and of requests how long they took. Control characters cannot forge lines."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        took = f" {fields['ms']} ms {fields['request']}" if fields else ""
        text = f"{_time(record)} {record.levelname} {record.getMessage()}{took}"
        text = text.encode("unicode_escape").decode()
        return text + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextlib.contextmanager
def logging_to(form: str, out: TextIO | None = None) -> Iterator[None]:
    """Log the collector to `out` (stderr) in one of `FORMS` while the block runs."""
    if form == "off":
        yield
        return
    logger = logging.getLogger("replay_viewer.collector")
    handler = logging.StreamHandler(out or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    access_log.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        access_log.setLevel(logging.WARNING)
