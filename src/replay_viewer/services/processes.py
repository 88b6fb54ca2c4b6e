"""What our worker processes set up first."""

from __future__ import annotations

import gc
import signal


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
