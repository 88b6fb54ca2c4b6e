"""Wakes readers that wait for a session to grow, as soon as a body of it is durable."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable, Iterator

#: Another collector on the same database may have stored something: look again after so many seconds.
_LOOK_AGAIN = 1.0


class Arrivals:
    """Readers wait in the event loop; the store's thread tells. `stop` lets all go at once and for good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self.stopped = False

    @property
    def waiting(self) -> int:
        """Number of readers that wait."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def tell(self, sessions: Iterable[str]) -> None:
        """Something of these sessions is durable. Any thread."""
        with self._lock:
            woken = [one for session in set(sessions) for one in self._waiting.get(session, ())]
        _wake(woken)

    def stop(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self.stopped = True
            woken = [one for waiting in self._waiting.values() for one in waiting]
        _wake(woken)

    @contextlib.contextmanager
    def listening(self, session: str) -> Iterator[Listener]:
        """Listen from here on: what is told between a look at the database and `wait` is not missed."""
        listener = Listener(self, asyncio.get_running_loop())
        with self._lock:
            self._waiting.setdefault(session, set()).add(listener.entry)
        try:
            yield listener
        finally:
            with self._lock:
                waiting = self._waiting[session]
                waiting.discard(listener.entry)
                if not waiting:
                    del self._waiting[session]


class Listener:
    """One reader."""

    def __init__(self, arrivals: Arrivals, loop: asyncio.AbstractEventLoop) -> None:
        self._arrivals = arrivals
        self._event = asyncio.Event()
        self.entry = (loop, self._event)

    async def wait(self, seconds: float) -> bool:
        """Wait until it is worth a look, at most `seconds`; False when waiting is over because the server stops."""
        if not self._arrivals.stopped:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._event.wait(), min(seconds, _LOOK_AGAIN))
            self._event.clear()
        return not self._arrivals.stopped


def _wake(waiting: Iterable[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    for loop, event in waiting:
        with contextlib.suppress(RuntimeError):  # its loop has ended, and the reader with it
            loop.call_soon_threadsafe(event.set)
