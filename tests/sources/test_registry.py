"""Which URL is whose: ours in every spelling, others with an answer of their own."""

from __future__ import annotations

import pytest

from replay_viewer.domain.errors import BadInput
from replay_viewer.sources import Unsupported, recognise, unwrap


@pytest.mark.parametrize(
    ("url", "base", "session", "offset"),
    [
        ("http://127.0.0.1:8040/sessions/abc", "http://127.0.0.1:8040", "abc", None),
        ("https://Replay.Example.com/sessions/abc/?t=83.5", "https://replay.example.com", "abc", 83500.0),
        (
            "https://example.com/tools/replay/sessions/a-b_c.d:e?x=1&t=0",
            "https://example.com/tools/replay",
            "a-b_c.d:e",
            0.0,
        ),
        ("  https://example.com/sessions/a%3Ab#x ", "https://example.com", "a:b", None),
        ("https://example.com/sessions/a?t=nan", "https://example.com", "a", None),
        ("https://example.com/sessions/a?t=soon", "https://example.com", "a", None),
        ("replay-viewer://open?url=http%3A%2F%2Flocalhost%2Fsessions%2Fa%3Ft%3D2", "http://localhost", "a", 2000.0),
    ],
)
def test_ours(url: str, base: str, session: str, offset: float | None) -> None:
    source, link = recognise(url)
    assert (source.name, link.base, link.session, link.offset) == ("collector", base, session, offset)
    assert recognise(link.url)[1] == recognise(url)[1].__class__(
        source="collector", url=link.url, base=base, session=session
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hello",
        "ftp://example.com/sessions/a",
        "file:///sessions/a",
        "https://user:password@example.com/sessions/a",
        "https://example.com/sessions/",
        "https://example.com/sessions/a%2Fb",
        "https://example.com/sessions/" + "a" * 129,
        "https://example.com/other/a",
        "http://[::1/sessions/a",
        "replay-viewer://open",
        "replay-viewer://open?url=replay-viewer://open",
    ],
)
def test_nobodys(url: str) -> None:
    with pytest.raises(BadInput) as raised:
        recognise(url)
    assert raised.value.message
    assert "password" not in str(raised.value) or "password" in url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://acme.sentry.io/explore/replays/?query=a", "Sentry address"),
        ("https://sentry.io/share/issue/0123456789abcdef/", "shared Sentry issue"),
        ("https://app.replay.io/recording/a--b", "Replay.io"),
        ("https://insights.hotjar.com/sites/1", "does not hand out"),
        ("https://eu.posthog.com/project/1/replay/home?sessionRecordingId=01a1", "PostHog address"),
        ("https://us.posthog.com/shared/abc", "PostHog address"),
        ("https://app.logrocket.com/acme/shop/s/6-0192/4?t=1", "LogRocket"),
        ("https://app.fullstory.com/ui/ORG/session/1%3A2", "FullStory"),
        ("https://app.eu1.fullstory.com/ui/ORG/client-session/1:2", "FullStory"),
        ("https://clarity.microsoft.com/player/p/u/s", "Clarity"),
        ("https://app.datadoghq.eu/rum/replay/sessions/1?seed=2", "Datadog"),
        ("https://us3.datadoghq.com/rum/replay/sessions/1", "Datadog"),
        ("https://app.openreplay.com/5/session/123456", "OpenReplay"),
        ("https://replay.example.com/5/session/123456", "self-hosted OpenReplay"),
        ("https://app.highlight.io/1/sessions/secure", "Highlight"),
        ("https://app.launchdarkly.com/projects/a/b/sessions/c", "Highlight"),
        ("https://mixpanel.com/projects/replay-redirect?replay_id=1", "Mixpanel"),
        (
            "https://app.amplitude.com/analytics/o/session-replay/project/1?sessionReplayId=a%2Fb",
            "Amplitude",
        ),
        ("https://jam.dev/c/0192", "Jam"),
    ],
)
def test_others(url: str, words: str) -> None:
    with pytest.raises(Unsupported, match=words) as raised:
        recognise(url)
    assert raised.value.message.endswith(".")
    assert raised.value.advice.endswith(".")


def test_unwrap() -> None:
    assert unwrap(" https://a/sessions/b ") == "https://a/sessions/b"
