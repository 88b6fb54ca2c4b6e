from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from replay_viewer.library.locks import FileLock, is_held


def _hold(path: str, held: Any) -> None:
    FileLock(Path(path)).acquire()
    held.set()
    signal.pause()


def test_a_lease_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    assert not is_held(path)
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(str(path), held))
    process.start()
    assert held.wait(60)
    assert is_held(path)
    assert not FileLock(path).acquire(wait=False)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not is_held(path)


def test_a_lease_of_this_process_is_held_too(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lease")
    assert lock.acquire()
    assert is_held(lock.path)
    lock.release(remove=True)
    lock.release(remove=True)
    assert not is_held(lock.path)
    assert not lock.path.exists()
    with FileLock(tmp_path / "other"):
        assert is_held(tmp_path / "other")
    assert not is_held(tmp_path / "other")
