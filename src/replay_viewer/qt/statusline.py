"""The line at the bottom: where the session came from, whether it is all here, how healthy it is, whose it is."""

from __future__ import annotations

from PySide6.QtWidgets import QStatusBar

from replay_viewer.domain.session import Session
from replay_viewer.qt.widgets import label, set_role
from replay_viewer.qt.wording import health_line, origin_line
from replay_viewer.services import expiry


class StatusLine(QStatusBar):
    """Four labels: `origin`, `offline`, `health`, `who`."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.origin, self.offline, self.health, self.who = (label("") for _ in range(4))
        for widget in (self.origin, self.offline, self.health):
            self.addWidget(widget)
        self.addPermanentWidget(self.who)
        self.tell(None)

    def tell(
        self, session: Session | None, *, live: bool = False, unreachable: bool = False, expires: float = 0.0
    ) -> None:
        """Tell of the open session. `expires`: when its backend deletes it, epoch ms, 0 when that is not known."""
        for part in (self.offline, self.health, self.who):
            part.setVisible(session is not None)
        if session is None:
            self.origin.setText("Recordings stay on this machine")
            return
        self.origin.setText(origin_line(session))
        text, role = _whereabouts(session, live, unreachable, expires)
        self.offline.setText(f"● {text}")
        set_role(self.offline, role)
        text, role = health_line(session)
        self.health.setText(text)
        set_role(self.health, role if role != "good" else "muted")
        facts = session.facts
        parts = [
            f"release {facts.release}" if facts.release else "",
            f"env {facts.environment}" if facts.environment else "",
            f"user {facts.user.label}",
        ]
        self.who.setText(" · ".join(part for part in parts if part))
        self.who.setAccessibleDescription(" on ".join(part for part in (session.browser, session.os) if part))


def _whereabouts(session: Session, live: bool, unreachable: bool, expires: float) -> tuple[str, str]:
    """(words, role) of whether all of it is here."""
    if live:
        return "live, grows while it is recorded", "accent"
    if session.state == "importing":
        return "still importing", "warning"
    words = "source unreachable, working offline" if unreachable else "offline, everything here is local"
    gone = expiry.words(expires)
    return f"{words} · {gone}" if gone else words, "warning" if unreachable else "good"
