"""Connections: which backends there are, how they are reached, and their tokens.

What is no secret stands in `connections.json` of the library's folder. Tokens are in the keyring of the operating
system, each bound to the address it was given for, so that a changed file sends it nowhere else. Where there is no
keyring, a token lives in this process until it ends. REPLAY_VIEWER_TOKEN serves hosts nobody can put up to catch it.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from replay_viewer.domain.errors import BadInput, NewerVersion, NotFound, StorageProblem, UserError

log = logging.getLogger(__name__)

#: The kinds of backends that can be connected, and the address of each one's cloud.
KINDS = {"sentry": "https://sentry.io", "posthog": "https://us.posthog.com", "collector": ""}
#: The kinds of places incident notes are sent to (services/senders), and the usual address of each.
PLACES = {"slack": "https://slack.com", "pagerduty": "https://events.pagerduty.com", "webhook": "", "email": ""}
TOKEN_VARIABLE = "REPLAY_VIEWER_TOKEN"  # noqa: S105  the name of a variable
_FILE = "connections.json"
_VERSION = 1
_SERVICE = "replay-viewer"
_NAME = re.compile(r"[\w.-]{1,60}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: Hosts of a vendor: a token for one serves its regions.
_VENDORS = ("sentry.io", "posthog.com")

#: Tokens of this process only: of the environment, and of machines without a keyring.
_held: dict[str, str] = {}


class NoKeyring(UserError):
    """There is no keyring on this machine that could keep a token."""


class Connection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A backend that is asked, or a place that notes are sent to.

    `account`: the organisation (Sentry) or project id (PostHog). `to`: Slack's channel, or recipients of mail;
    `sender` and `user` of mail.
    """

    name: str
    kind: str
    url: str
    account: str = ""
    proxy: str = ""
    ca_file: str = ""
    verify: bool = True
    to: str = ""
    sender: str = ""
    user: str = ""

    @property
    def key(self) -> str:
        """The name of its token in the keyring."""
        return f"{self.name} {self.url}"


class _File(msgspec.Struct):
    version: int
    connections: list[Connection] = []
    hosts: list[str] = []


def connections(home: Path) -> list[Connection]:
    """The sources of sessions, by name. Raises StorageProblem, NewerVersion."""
    return [one for one in _by_name(home) if one.kind not in PLACES]


def places(home: Path) -> list[Connection]:
    """The places notes are sent to, by name. Raises StorageProblem, NewerVersion."""
    return [one for one in _by_name(home) if one.kind in PLACES]


def _by_name(home: Path) -> list[Connection]:
    return sorted(_read(home).connections, key=lambda one: one.name.lower())


def connection(home: Path, name: str) -> Connection:
    """One by its name. Raises NotFound."""
    for one in _by_name(home):
        if one.name == name:
            return one
    known = ", ".join(one.name for one in _by_name(home))
    raise NotFound(
        f"There is no connection “{name}”.",
        f"There are: {known}." if known else "Add one: replay-viewer connect add.",
    )


def source(home: Path, name: str) -> Connection:
    """A source of sessions by its name. Raises NotFound, BadInput for a place that notes are sent to."""
    one = connection(home, name)
    if one.kind in PLACES:
        raise BadInput(f"“{name}” is a place notes are sent to; it has no sessions.", "Name a source.")
    return one


def checked(one: Connection) -> Connection:
    """The connection in its plain form. Raises BadInput saying what is wrong with it."""
    if not _NAME.fullmatch(one.name):
        raise BadInput(f"“{one.name}” is no name for a connection.", "Use letters, digits, dots and dashes.")
    if one.kind in PLACES:
        return _checked_place(one)
    if one.kind not in KINDS:
        raise BadInput(f"There is no kind of connection “{one.kind}”.", f"There are: {', '.join([*KINDS, *PLACES])}.")
    url = _plain_url(one.url or KINDS[one.kind])
    host = urlsplit(url).hostname or ""
    if one.kind == "sentry" and host.endswith(".sentry.io") and host not in ("us.sentry.io", "de.sentry.io"):
        if not one.account:
            one = msgspec.structs.replace(one, account=host.removesuffix(".sentry.io"))
        url = KINDS["sentry"]
    if one.kind == "sentry" and not one.account:
        raise BadInput("A Sentry connection needs the organisation.", "It is the short name in its addresses.")
    if one.kind == "posthog" and not one.account:
        raise BadInput("A PostHog connection needs the project's id.", "It is the number behind /project/.")
    if not re.fullmatch(r"[\w@-]{0,100}", one.account):
        raise BadInput(f"“{one.account}” is no short name of an organisation or project.", "Copy it from an address.")
    return _checked_way(msgspec.structs.replace(one, url=url))


def _checked_place(one: Connection) -> Connection:
    """A place in its plain form; what is particular to its kind, its sender looks at together with the secret."""
    url = (one.url or PLACES[one.kind]).strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if one.kind == "slack" and parts.hostname == "hooks.slack.com":
        raise BadInput("A webhook's address is its secret.", "Leave the address out, and give it when asked.")
    if not parts.hostname or parts.scheme not in (("smtp", "smtps") if one.kind == "email" else ("http", "https")):
        usual = "smtp://mail.example.com:587" if one.kind == "email" else "https://example.com"
        raise BadInput(f"“{url}” is not an address notes can be sent to.", f"It looks like {usual}.")
    if "@" in parts.netloc:
        raise BadInput(
            "User and password do not belong into the address.", "Give the user apart; the secret is asked."
        )
    return _checked_way(msgspec.structs.replace(one, url=url))


def _checked_way(one: Connection) -> Connection:
    """Proxy and certificates. Raises BadInput."""
    if one.proxy:
        proxy = urlsplit(one.proxy)
        if proxy.scheme not in ("http", "https", "socks5") or not proxy.hostname:
            raise BadInput("The proxy is not an address.", "Proxies look like http://proxy.example.com:3128.")
        if "@" in proxy.netloc:
            raise BadInput(
                "A proxy's password cannot be kept in a connection.", "Set it in the HTTPS_PROXY variable instead."
            )
    if one.ca_file and not Path(one.ca_file).is_file():
        raise BadInput(f"There is no certificate file {one.ca_file}.", "Check the path.")
    ca_file = str(Path(one.ca_file).resolve()) if one.ca_file else ""
    return msgspec.structs.replace(one, ca_file=ca_file)


def save(home: Path, one: Connection, *, replacing: str = "") -> Connection:
    """Keep a connection; `replacing`: the name it had. Raises BadInput, StorageProblem."""
    one = checked(one)
    file = _read(home)
    if one.name != replacing and any(other.name == one.name for other in file.connections):
        raise BadInput(f"There is a connection “{one.name}” already.", "Choose another name, or remove that first.")
    old = next((other for other in file.connections if other.name == replacing), None)
    if old is not None and old.key != one.key and _same_host(old.url, one.url):
        _move(old.key, one.key)  # another name for the same address keeps its token
    elif old is not None and old.key != one.key:
        forget(old)
    kept = [other for other in file.connections if other.name not in (replacing, one.name)]
    _write(home, _File(_VERSION, [*kept, one], file.hosts))
    return one


def remove(home: Path, name: str) -> None:
    """Remove a connection and its token. Raises NotFound, StorageProblem."""
    one = connection(home, name)
    file = _read(home)
    _write(home, _File(_VERSION, [other for other in file.connections if other.name != name], file.hosts))
    forget(one)


# tokens


def keep_token(one: Connection, token: str) -> None:
    """Put a connection's token into the keyring. Raises NoKeyring after keeping it for this process only."""
    token = token.strip()
    password = one.kind == "email"
    if not token or not token.isprintable() or (not password and (not token.isascii() or " " in token)):
        raise BadInput("This is no token.", "Paste the token alone, without words around it.")
    _held[one.key] = token
    keyring = _keyring()
    if keyring is None:
        raise NoKeyring(
            "This machine has no keyring, so the token is kept only until the program ends.",
            "Install a Secret Service (GNOME Keyring, KWallet, KeePassXC), or set REPLAY_VIEWER_TOKEN.",
        )
    try:
        keyring.set_password(_SERVICE, one.key, token)
    except Exception as error:  # keyrings fail in ways of their own: locked, dismissed, no bus
        log.warning("the keyring refuses to keep a token: %s", type(error).__name__)
        raise NoKeyring(
            "The keyring does not take the token, so it is kept only until the program ends.",
            "Unlock the keyring and enter the token again.",
        ) from None
    _held.pop(one.key, None)


def token_of(one: Connection) -> str:
    """A connection's token: of this process, of the keyring, of the environment; '' when there is none."""
    if token := _held.get(one.key, ""):
        return token
    keyring = _keyring()
    if keyring is not None:
        try:
            if token := keyring.get_password(_SERVICE, one.key) or "":
                return str(token)
        except Exception as error:
            log.warning("the keyring does not answer: %s", type(error).__name__)
    # A token of a backend is no secret of a place.
    return "" if one.kind in PLACES else environment_token(one.url)


def forget(one: Connection) -> None:
    """Remove a connection's token from where it is kept."""
    _held.pop(one.key, None)
    keyring = _keyring()
    if keyring is not None:
        try:
            keyring.delete_password(_SERVICE, one.key)
        except Exception as error:  # mostly: there was none
            log.info("no token was removed from the keyring: %s", type(error).__name__)


def has_keyring() -> bool:
    """Whether tokens outlive this process."""
    return _keyring() is not None


def environment_token(base: str) -> str:
    """REPLAY_VIEWER_TOKEN, for hosts nobody can put up to catch it: a pasted link must not be able to ask for it."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    trusted = (parts.scheme == "https" and _vendor(host)) or host in _LOOPBACK
    return environment_secret() if trusted else ""


def environment_secret() -> str:
    """REPLAY_VIEWER_TOKEN as it was given, for a connection somebody makes by hand."""
    return _held.get(TOKEN_VARIABLE, "") or os.environ.get(TOKEN_VARIABLE, "")


def take_environment() -> None:
    """Move REPLAY_VIEWER_TOKEN out of the environment, so that the processes started from here do not carry it."""
    if token := os.environ.pop(TOKEN_VARIABLE, ""):
        _held[TOKEN_VARIABLE] = token


def held() -> dict[str, str]:
    """The tokens of this process, for one that works for it. They go through its pipe and nowhere else."""
    return dict(_held)


def adopt(tokens: Mapping[str, str]) -> None:
    """Take over the tokens of the process this one works for."""
    _held.update(tokens)


# which connection a link is of


def of_base(home: Path, kind: str, base: str, account: str = "") -> Connection | None:
    """The connection that serves an address: same kind, same backend, and the account when it names one."""
    fitting = [one for one in connections(home) if one.kind == kind and _serves(one.url, base)]
    exact = [one for one in fitting if one.account == account]
    if exact or kind == "sentry":  # an organisation's token says nothing about another's
        return exact[0] if exact else fitting[0] if len(fitting) == 1 else None
    return fitting[0] if fitting else None


def is_known(home: Path, url: str) -> bool:
    """Whether a URL's host may be asked without a question: connected, agreed to, a vendor's, or this machine."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if host in _LOOPBACK or (parts.scheme == "https" and _vendor(host)):
        return True
    file = _read(home)
    sources = [one for one in file.connections if one.kind not in PLACES]
    return parts.netloc.lower() in file.hosts or any(_same_host(one.url, url) for one in sources)


def agree(home: Path, url: str) -> None:
    """Remember that the host of a URL may be asked."""
    file = _read(home)
    host = urlsplit(url).netloc.lower()
    if host and host not in file.hosts:
        _write(home, _File(_VERSION, file.connections, [*file.hosts, host][-200:]))


def _vendor(host: str) -> str:
    return next((name for name in _VENDORS if host == name or host.endswith("." + name)), "")


def _serves(mine: str, theirs: str) -> bool:
    a, b = urlsplit(mine), urlsplit(theirs)
    if a.scheme == b.scheme == "https" and _vendor(a.hostname or "") == "sentry.io" == _vendor(b.hostname or ""):
        return True
    return (a.scheme, a.netloc.lower(), a.path.rstrip("/")) == (b.scheme, b.netloc.lower(), b.path.rstrip("/"))


def _same_host(mine: str, theirs: str) -> bool:
    a, b = urlsplit(mine), urlsplit(theirs)
    return (a.scheme, a.netloc.lower()) == (b.scheme, b.netloc.lower())


def _plain_url(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise BadInput(f"“{url}” is not the address of a backend.", "Addresses look like https://sentry.example.com.")
    netloc = f"{parts.hostname}:{port}" if port else parts.hostname
    if ":" in parts.hostname:
        netloc = f"[{parts.hostname}]:{port}" if port else f"[{parts.hostname}]"
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def _move(old: str, new: str) -> None:
    keyring = _keyring()
    if old in _held:
        _held[new] = _held.pop(old)
    if keyring is None:
        return
    try:
        if token := keyring.get_password(_SERVICE, old):
            keyring.set_password(_SERVICE, new, token)
            keyring.delete_password(_SERVICE, old)
    except Exception as error:
        log.warning("a token could not be moved in the keyring: %s", type(error).__name__)


def _keyring() -> Any:
    """The keyring's module, None when it has no backend that keeps anything."""
    import keyring  # a tenth of a second, and only where a token is asked for
    from keyring.backends import fail, null

    try:
        backend = keyring.get_keyring()
    except Exception as error:
        log.warning("the keyring cannot be had: %s", type(error).__name__)
        return None
    return None if isinstance(backend, fail.Keyring | null.Keyring) else keyring


def _read(home: Path) -> _File:
    path = home / _FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _File(_VERSION)
    except OSError as error:
        raise StorageProblem(f"The connections cannot be read: {error.strerror}.", f"Look at {path}.") from error
    try:
        version = json.loads(data).get("version")
        if isinstance(version, int) and version > _VERSION:
            raise NewerVersion("The connections were written by a newer Replay Viewer.", "Install that version.")
        return msgspec.json.decode(data, type=_File)
    except (ValueError, AttributeError, msgspec.MsgspecError) as error:
        raise StorageProblem("The list of connections is damaged.", f"Mend or remove {path}.") from error


def _write(home: Path, file: _File) -> None:
    path = home / _FILE
    part = path.with_suffix(".part")
    try:
        home.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")
        os.replace(part, path)
    except OSError as error:
        raise StorageProblem(f"The connections cannot be kept: {error.strerror}.", f"Look at {home}.") from error
