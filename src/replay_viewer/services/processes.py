"""Worker processes: started ahead of need, talked to through a pipe, ended by closing it."""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any


def start_worker() -> None:
    """Prepare this process for work on recordings: no Ctrl+C, and garbage collection that rarely looks.

    States are hundreds of thousands of lists and dicts without a cycle among them. Looking for cycles each time some
    hundreds were made took nine tenths of a seek on a page of 23,000 nodes.
    """
    # Ctrl+C in a terminal reaches the whole process group; the owner ends us by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rarely_collect()


def rarely_collect() -> None:
    """Let the garbage collector look once in half a million allocations, and never again at what is there now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 50, 100)


class Worker:
    """One process and our end of its pipe. `serve` runs there with the other end, until that is closed."""

    def __init__(self, serve: Callable[[Connection], None], name: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection: Connection[Any, Any]
        self.connection, theirs = context.Pipe(duplex=True)
        self.process = context.Process(target=serve, args=(theirs,), name=name, daemon=True)
        self.process.start()
        theirs.close()

    def end(self, patience: float = 5.0) -> None:
        """Close the pipe; the process leaves by itself within `patience` seconds, or is made to."""
        self.connection.close()
        self.process.join(patience)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


class Spares:
    """Keeps one process of a kind waiting, so that nobody waits for Python to start.

    Processes handed in by `linger` finish what they do, and are let go of afterwards. All end with this process.
    """

    def __init__(self, serve: Callable[[Connection], None], name: str) -> None:
        self._serve = serve
        self._name = name
        self._waiting: list[Worker] = []
        self._lingering: list[Worker] = []
        atexit.register(self.end)

    def prewarm(self) -> None:
        """Start a process ahead of need, unless one waits."""
        if not self._waiting:
            self._waiting.append(Worker(self._serve, self._name))

    def take(self) -> Worker:
        """A process: the one that waits, else a new one."""
        for worker in [one for one in self._lingering if not one.process.is_alive()]:
            self._lingering.remove(worker)
            worker.end()
        return self._waiting.pop() if self._waiting else Worker(self._serve, self._name)

    def linger(self, worker: Worker) -> None:
        """Let a process finish by itself."""
        self._lingering.append(worker)

    def end(self) -> None:
        """End those that wait and those that linger."""
        for workers in (self._waiting, self._lingering):
            while workers:
                workers.pop().end()
