"""Preparing Chromium: flags, environment and our private scheme. To be called before the QApplication exists.

Measured walls (reference in docs/decisions): the resolver rule works only through the environment variable and only
with its inner quotes; as a plain argument, or unquoted, it silently does nothing.
"""

from __future__ import annotations

import os
import sys

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWebEngineCore import QWebEngineUrlScheme

from replay_viewer.domain.errors import UserError

SCHEME = b"replay"
FLAGS = "QTWEBENGINE_CHROMIUM_FLAGS"

#: No host name and no address resolves: what a recording asks for, by whatever means, has nowhere to go.
RESOLVER_RULE = '--host-resolver-rules="MAP * ~NOTFOUND"'

_ALWAYS = (
    RESOLVER_RULE,
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    # The page's clock is what play runs on: it must not slow down behind another window.
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
)


class RootRefused(UserError):
    """Chromium does not start its sandbox as root, and untrusted pages are not shown without it."""

    def __init__(self) -> None:
        super().__init__(
            "Recorded pages are not shown to root, because Chromium has no sandbox there.",
            "Start Replay Viewer as an ordinary user.",
        )


def is_headless() -> bool:
    """Whether this process has no display: tests and command-line runs."""
    return os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in ("offscreen", "minimal")


def prepare() -> None:
    """Set flags and register the scheme. Safe to call twice. Raises RootRefused for root with a display."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        if not is_headless():
            raise RootRefused
        os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
    wanted = list(_ALWAYS)
    if is_headless():
        wanted.append("--disable-gpu")
    present = os.environ.get(FLAGS, "")
    missing = [flag for flag in wanted if flag not in present]
    os.environ[FLAGS] = " ".join([present, *missing]).strip()
    # Chromium reads the trailing arguments of the process as well: keep ours from meaning anything to it.
    if QCoreApplication.instance() is None:
        QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
        register_scheme()


def register_scheme() -> None:
    """Make `replay:` known: secure, for fetch across its hosts, nothing local. Before the QApplication exists."""
    if QWebEngineUrlScheme.schemeByName(SCHEME).name() == SCHEME:
        return
    scheme = QWebEngineUrlScheme(SCHEME)
    scheme.setSyntax(QWebEngineUrlScheme.Syntax.Host)
    scheme.setFlags(
        QWebEngineUrlScheme.Flag.SecureScheme
        | QWebEngineUrlScheme.Flag.CorsEnabled
        | QWebEngineUrlScheme.Flag.FetchApiAllowed
    )
    QWebEngineUrlScheme.registerScheme(scheme)


def is_prepared() -> bool:
    """Whether `prepare` ran in time: flags set and scheme known."""
    return (
        RESOLVER_RULE in os.environ.get(FLAGS, "")
        and QWebEngineUrlScheme.schemeByName(SCHEME).name() == SCHEME
        and "PySide6.QtWebEngineCore" in sys.modules
    )
