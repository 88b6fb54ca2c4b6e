"""Categories of errors."""

from __future__ import annotations

import pytest

from replay_viewer.analysis.errorkinds import category, category_words
from replay_viewer.domain.rows import ErrorEvent, Raised


def error(type_: str, value: str, mechanism: str = "", **more: str) -> ErrorEvent:
    return ErrorEvent(t=0, exceptions=[Raised(type=type_, value=value, mechanism=mechanism)], **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (error("TypeError", "Failed to fetch"), "network"),
        (error("TypeError", "Cannot read properties of undefined (reading 'x')"), "type"),
        (error("ChunkLoadError", "Loading chunk 7 failed"), "chunk"),
        (error("Error", "ResizeObserver loop completed with undelivered notifications."), "noise"),
        (error("Error", "Minified React error #418"), "render"),
        (error("HttpError", "502 from /api/charge"), "network"),
        (error("SyntaxError", "Unexpected token < in JSON"), "syntax"),
        (error("UnhandledRejection", "no", "onunhandledrejection"), "rejection"),
        (error("Error", "checkout step failed"), "error"),
        (error("Error", "said so", source="console"), "console"),
        (ErrorEvent(t=0, title="QuotaExceededError: full"), "storage"),
    ],
)
def test_category(given: ErrorEvent, expected: str) -> None:
    assert category(given) == expected
    assert category_words(given)
