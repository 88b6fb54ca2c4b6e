"""Asking sources from a thread that has no event loop: one run, given up at once when somebody cancels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from replay_viewer.domain.errors import Cancelled

T = TypeVar("T")
_ASK_EVERY = 0.05


def ask(work: Coroutine[Any, Any, T], cancelled: Callable[[], bool] | None = None) -> T:
    """Run `work` to its end; `cancelled` is asked some 20 times a second. Raises Cancelled and what `work` raises."""
    return asyncio.run(watched(work, cancelled))


async def watched(work: Coroutine[Any, Any, T], cancelled: Callable[[], bool] | None) -> T:
    """`work`, given up as soon as `cancelled` says so."""
    task = asyncio.create_task(work)
    while not task.done():
        await asyncio.wait([task], timeout=_ASK_EVERY if cancelled else None)
        if cancelled and not task.done() and cancelled():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            raise Cancelled
    return await task
