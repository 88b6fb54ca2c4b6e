"""Every address Sentry and PostHog give people, read as what it names; and those that only look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_viewer.domain.errors import BadInput, UserError
from replay_viewer.services.addresses import read
from replay_viewer.sources import recognise

R = "4dc395e328494c49a7ea6335849a6fbe"
D = f"{R[:8]}-{R[8:12]}-{R[12:16]}-{R[16:20]}-{R[20:]}"
S = "01a1fa95-02f8-7615-ad67-a981e306b742"
SELF = "https://errors.shop.test/tools/sentry"


@pytest.mark.parametrize(
    ("url", "base", "account", "target"),
    [
        (f"https://de.sentry.io/organizations/acme/explore/replays/{R}/", "https://de.sentry.io", "acme", ""),
        (f"{SELF}/organizations/acme/replays/{R}/?t_main=console", SELF, "acme", ""),
        ("https://acme.sentry.io/issues/4711/", "https://sentry.io", "acme", "issue:4711"),
        ("https://acme.sentry.io/issues/4711/replays/?project=1", "https://sentry.io", "acme", "issue:4711"),
        (f"https://acme.sentry.io/issues/4711/events/{D}/?project=1", "https://sentry.io", "acme",
         f"event::4711:{R}"),
        ("https://acme.sentry.io/issues/4711/events/latest/", "https://sentry.io", "acme", "event::4711:latest"),
        ("https://us.sentry.io/organizations/acme/issues/4711/", "https://us.sentry.io", "acme", "issue:4711"),
        ("https://sentry.io/acme/shop/issues/4711/", "https://sentry.io", "acme", "issue:4711"),
        (f"https://sentry.io/acme/shop/events/{R}/", "https://sentry.io", "acme", f"event:::{R}"),
        ("https://acme.sentry.io/issues/shop-1ab/", "https://sentry.io", "acme", "short:SHOP-1AB"),
        ("https://acme.sentry.io/issues/?query=WEB-APP-1A", "https://sentry.io", "acme", "short:WEB-APP-1A"),
        ("https://acme.sentry.io/issues/feedback/?feedbackSlug=shop%3A99", "https://sentry.io", "acme", "issue:99"),
        (f"https://acme.sentry.io/performance/shop:{R}/", "https://sentry.io", "acme", f"event:shop::{R}"),
        (f"https://acme.sentry.io/explore/discover/shop%3A{R}/", "https://sentry.io", "acme", f"event:shop::{R}"),
        (f"https://acme.sentry.io/organizations/acme/projects/shop/events/{R}/", "https://sentry.io", "acme",
         f"event:shop::{R}"),
        (f"https://acme.sentry.io/performance/trace/{R}/?timestamp=1795205432", "https://sentry.io", "acme",
         f"trace:{R}"),
        (f"https://acme.sentry.io/explore/traces/trace/{R}/", "https://sentry.io", "acme", f"trace:{R}"),
        (f"{SELF}/organizations/acme/issues/12/events/{R}/", SELF, "acme", f"event::12:{R}"),
        ("https://sentry.shop.test/acme/shop/issues/12/", "https://sentry.shop.test", "acme", "issue:12"),
    ],
)  # fmt: skip
def test_sentry(url: str, base: str, account: str, target: str) -> None:
    _, link = recognise(url)
    assert (link.source, link.base, link.account, link.target) == ("sentry", base, account, target)
    assert link.session == ("" if target else R)
    again = recognise(link.url)[1]
    assert (again.url, again.target, again.session) == (link.url, link.target, link.session)


@pytest.mark.parametrize(
    ("url", "base", "session", "target"),
    [
        (f"https://us.posthog.com/project/12/replay/home?sessionRecordingId={S}#panelfilters=x",
         "https://us.posthog.com", S, ""),
        (f"https://eu.posthog.com/project/phc_Tok_en/replay/{S}?t=5", "https://eu.posthog.com", S, ""),
        (f"https://app.posthog.com/replay/recent?sessionRecordingId={S}", "https://us.posthog.com", S, ""),
        (f"https://us.posthog.com/project/1/person/u17#activeTab=sessionRecordings&sessionRecordingId={S}",
         "https://us.posthog.com", S, ""),
        (f"https://ph.shop.test/in/project/12/replay/{S}", "https://ph.shop.test/in", S, ""),
        ("https://us.posthog.com/shared/abcDEF123_-45", "https://us.posthog.com", "", "shared"),
        ("https://eu.posthog.com/embedded/abcDEF123_-45?whitelabel", "https://eu.posthog.com", "", "shared"),
        (f"https://us.posthog.com/project/12/error_tracking/{S}?fingerprint=x", "https://us.posthog.com", "",
         f"issue:{S}"),
        (f"https://us.posthog.com/project/12/events/{S}/2026-11-20T20%3A10%3A32Z", "https://us.posthog.com", "",
         f"event:{S}"),
    ],
)  # fmt: skip
def test_posthog(url: str, base: str, session: str, target: str) -> None:
    _, link = recognise(url)
    assert (link.source, link.base, link.session, link.target) == ("posthog", base, session, target)
    again = recognise(link.url)[1]
    assert (again.url, again.target, again.session) == (link.url, link.target, link.session)


@pytest.mark.parametrize(
    ("url", "at"),
    [
        (f"https://acme.sentry.io/replays/{R}/?t=12.5&event_t=1795205432", "12.5"),
        (f"https://acme.sentry.io/replays/{R}/?event_t=2026-11-20T20:10:32Z", "1795205432000.0"),
        (f"https://acme.sentry.io/replays/{R}/?event_t=1795205432270", "1795205432270.0"),
        (f"https://acme.sentry.io/replays/{R}/?event_t=yesterday", ""),
        (f"https://acme.sentry.io/explore/traces/trace/{R}/?timestamp=1795205432", "1795205432000.0"),
        ("https://acme.sentry.io/issues/4711/?t=3", "3.0"),
        (f"https://us.posthog.com/project/12/replay/{S}?timestamp=1795205432270", "1795205432270.0"),
        (f"https://us.posthog.com/project/12/replay/{S}?t=65", "65.0"),
        ("https://us.posthog.com/shared/abcDEF123_-45?t=7", "7.0"),
        ("https://replay.test/sessions/a?t=83.5", "83.5"),
        ("https://replay.test/sessions/a", ""),
    ],
)
def test_instants(url: str, at: str) -> None:
    assert read(url).at == at


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com/acme/shop/issues/12",
        "https://github.com/acme/shop/issues/12",
        "https://shop.test/issues/12",
        "https://user:secret@sentry.io/organizations/acme/issues/1/",
        f"https://sentry.io.evil.test/replays/{R}/",
    ],
)
def test_what_is_nobodys(url: str) -> None:
    with pytest.raises(BadInput) as raised:
        recognise(url)
    assert "secret" not in str(raised.value)


@given(
    st.text(max_size=60),
    st.sampled_from(["https://acme.sentry.io/", "https://us.posthog.com/project/1/", "https://"]),
)
def test_no_address_breaks_it(rest: str, start: str) -> None:
    try:
        address = read(start + rest)
    except UserError:
        return  # one sentence for the person; anything else is a bug
    assert read(address.url).url == address.url
