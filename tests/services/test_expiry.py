"""When backends delete sessions, as they say it, and in words."""

from __future__ import annotations

from replay_viewer.domain.session import Session
from replay_viewer.services.expiry import expires, words

DAY = 86_400_000.0
SESSION = Session(id="s", start=1_700_000_000_000.0)


def test_what_each_backend_says() -> None:
    assert expires("sentry", {}, SESSION) == SESSION.start + 90 * DAY
    assert expires("posthog", {"recording": {"expiry_time": "2023-12-14T00:00:00Z"}}, SESSION) == 1_702_512_000_000.0
    assert expires("posthog", {"recording": {"retention_period_days": 30}}, SESSION) == SESSION.start + 30 * DAY
    assert expires("posthog", {"recording": {"expiry_time": "later"}}, SESSION) == 0.0
    assert expires("collector", {}, SESSION) == 0.0


def test_words() -> None:
    now = 1_700_000_000_000.0
    said = [words(now + left, now) for left in (30 * DAY, 3 * DAY + 1, DAY + 1, 7_200_000.0, -2 * DAY)]
    assert said == [
        "",
        "gone there in 3 days",
        "gone there in 1 day",
        "gone there in 2 hours",
        "gone there for 2 days",
    ]
    assert words(0.0) == ""
