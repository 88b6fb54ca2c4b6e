"""What tests of several layers share."""

from __future__ import annotations

from tests.postgres import postgres

__all__ = ["postgres"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case that is bytes by its argument and number, not by its content.

    Packed bytes hold the time of packing (gzip's header does), so an identifier made of them differs from process
    to process, and the workers that share a run refuse it because they no longer see the same tests.
    """
    return argname if isinstance(val, bytes) else None
