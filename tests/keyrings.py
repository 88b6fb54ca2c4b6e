"""A keyring for tests: in memory, and one that is locked. The machine's own is never touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import KeyringLocked, PasswordDeleteError

from replay_viewer.services import connections


class MemoryKeyring(KeyringBackend):
    """Keeps passwords in a dictionary; `locked` refuses everything."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def _open(self) -> None:
        if self.locked:
            raise KeyringLocked("locked")

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        if (service, username) not in self.kept:
            raise PasswordDeleteError("none")
        del self.kept[service, username]


@contextmanager
def memory_keyring() -> Iterator[MemoryKeyring]:
    """A keyring in memory, and nothing held in this process before or after."""
    with _keyring(MemoryKeyring()) as made:
        assert isinstance(made, MemoryKeyring)
        yield made


@contextmanager
def no_keyring() -> Iterator[None]:
    """A machine without one."""
    with _keyring(fail.Keyring()):
        yield


@contextmanager
def _keyring(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    before = keyring.get_keyring()
    connections._held.clear()
    keyring.set_keyring(backend)
    try:
        yield backend
    finally:
        keyring.set_keyring(before)
        connections._held.clear()
