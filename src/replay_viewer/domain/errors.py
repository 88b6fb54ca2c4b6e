"""Errors meant for people: one sentence that says what happened, one that says what to do.

Anything that is not a `UserError` is a bug: it goes to the log and the crash file, not to a dialog as text.
"""

from __future__ import annotations


class UserError(Exception):
    """Something a person can understand and act on.

    `message` is one sentence without a trailing advice; `advice` says what to do next (may be empty).
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class BadInput(UserError):
    """A file, URL or argument that cannot be read as what it claims to be."""


class NotFound(UserError):
    """A session, row or note that is not in the library (or not at the source any more)."""


class NewerVersion(UserError):
    """A stored format written by a newer Replay Viewer than this one."""


class StorageProblem(UserError):
    """The disk or the library refuses: full, locked, read-only, damaged."""


class SourceProblem(UserError):
    """A backend that does not answer, refuses, or answers what it should not."""


class Unreachable(SourceProblem):
    """A backend that could not be asked at all: no network, no answer in time, a connection that broke."""


class Cancelled(UserError):
    """The person cancelled; nothing is wrong."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")
