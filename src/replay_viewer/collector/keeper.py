"""Sees to retention while a collector runs: soon after the start, then every hour, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from replay_viewer.collector.erasing import Erased
from replay_viewer.domain.errors import StorageProblem

_log = logging.getLogger(__name__)

#: Seconds between two rounds, and before the first: a start has other things to do.
_EVERY = 3600.0
_FIRST = 60.0


class Keeper:
    """Calls `expire` again and again until it is stopped. A round that fails is logged; the next one may do."""

    def __init__(self, expire: Callable[..., Erased], first: float = _FIRST, every: float = _EVERY) -> None:
        self._expire = expire
        self._first, self._every = first, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector-keeper", daemon=True)
        self._thread.start()

    def stop(self, wait: bool = False) -> None:
        """No further round begins; the one under way ends after the session it is at. Any thread, twice is once."""
        self._over.set()
        if wait:
            self._thread.join()

    def _run(self) -> None:
        wait = self._first
        while not self._over.wait(wait):
            wait = self._every
            try:
                done = self._expire(over=self._over.is_set)
            except Exception as error:  # a database that is away is no reason to forget about retention for good
                _log.error("retention: %s", error, exc_info=not isinstance(error, StorageProblem))
                continue
            if done.sessions or done.rows or done.bodies:
                _log.info("retention: %d sessions, %d rows, %d bodies deleted", done.sessions, done.rows, done.bodies)
