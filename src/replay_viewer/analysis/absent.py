"""Why a session has no rows of a kind, and which option of its SDK would record them next time.

Option names are those of @sentry/browser 7 to 11, posthog-js 1.449 and rrweb 2 (docs and sources of these SDKs).
"""

from __future__ import annotations

from typing import Literal

from replay_viewer.domain.session import Session

Sdk = Literal["sentry", "posthog", "rrweb", ""]

_TITLES = {
    "console": "No console lines",
    "network": "No requests",
    "errors": "No errors",
    "vitals": "No Web Vitals were recorded",
    "state": "No state changes",
    "interactions": "No interactions",
    "navigation": "No page views",
    "custom": "No custom events",
}

_NEXT_TIME: dict[str, dict[str, str]] = {
    "console": {
        "sentry": "Sentry records the console as breadcrumbs: keep breadcrumbsIntegration({ console: true }), the "
        "default.",
        "posthog": "Next time: enable_recording_console_log: true in posthog.init, and console log capture in the "
        "project's replay settings.",
        "rrweb": "Next time: plugins: [getRecordConsolePlugin()] of @rrweb/rrweb-plugin-console-record.",
    },
    "network": {
        "sentry": "Sentry records fetch and XHR by itself; headers and bodies need networkDetailAllowUrls: "
        "['https://api.example.com'] in replayIntegration().",
        "posthog": "Next time: capture_performance: { network_timing: true } in posthog.init, session_recording: "
        "{ recordHeaders: true, recordBody: true } for contents, and network capture in the project's replay "
        "settings. On localhost and 127.0.0.1 PostHog records no requests at all.",
        "rrweb": "Next time: plugins: [getRecordNetworkPlugin({ recordHeaders: true, recordBody: true })] of "
        "@rrweb/rrweb-plugin-network-record.",
    },
    "errors": {
        "sentry": "Errors are separate events at Sentry: pull the session by its URL to have those linked to it.",
        "posthog": "Errors need capture_exceptions: true in posthog.init, or exception autocapture in the project's "
        "settings.",
        "rrweb": "rrweb alone records no errors: its console plugin brings the uncaught ones, or call "
        "record.addCustomEvent('error', { message, stack }).",
    },
    "vitals": {
        "sentry": "Sentry's replayIntegration() records them in browsers that measure them; "
        "browserTracingIntegration() adds TTFB.",
        "posthog": "Next time: capture_performance: { web_vitals: true } in posthog.init, or Web vitals in the "
        "project's autocapture settings.",
        "rrweb": "Next time, with the web-vitals library: onLCP((m) => record.addCustomEvent('web-vital', m)), and "
        "the same for onINP, onCLS, onFCP and onTTFB; from web-vitals/attribution they name the elements, too.",
    },
    "state": {
        "sentry": "Next time: Sentry.createReduxEnhancer() among the store's enhancers; with stateTransformer it "
        "keeps the state, too.",
        "posthog": "Next time, in a Redux middleware: posthog.sessionRecording.tryAddCustomEvent('redux', "
        "{ action: action.type, payload, state }).",
        "rrweb": "Next time, in a Redux middleware: record.addCustomEvent('redux', { action: action.type, payload, "
        "state }).",
    },
}

_WHY = {
    "console": "The page wrote none, or the SDK did not record the console.",
    "network": "The page made none, or the SDK did not record the network.",
    "errors": "Nothing failed with an exception in this session, as far as the recording says.",
    "vitals": "The site did not report them.",
    "state": "The page has no state container, or its actions were not recorded.",
    "interactions": "Nobody clicked, typed or scrolled while this was recorded.",
    "navigation": "The recording names no page.",
    "custom": "Neither the site nor the SDK recorded any.",
}


def sdk_of(session: Session) -> Sdk:
    """Which SDK made a recording, by what the session says of it; '' when it does not say."""
    told = f"{session.facts.sdk} {session.facts.source} {session.origin}".lower()
    if "sentry" in told:
        return "sentry"
    if "posthog" in told:
        return "posthog"
    return "rrweb" if session.events else ""


def absent(kind: str, session: Session) -> tuple[str, str]:
    """Title and sentences for an empty panel: why there is nothing, and what to configure next time.

    `session.facts.sdk` decides whose option is named; when it is not known, those of all three are.
    """
    options = _NEXT_TIME.get(kind, {})
    sdk = sdk_of(session)
    advice = options.get(sdk, "") if sdk else " ".join(options.values())
    return _TITLES.get(kind, "Nothing here"), f"{_WHY.get(kind, '')} {advice}".strip()


_BODIES: dict[str, dict[str, str]] = {
    "not recorded: the SDK was not told to record bodies": {
        "sentry": "replayIntegration({ networkDetailAllowUrls: [...], networkCaptureBodies: true })",
        "posthog": "session_recording: { recordBody: true } in posthog.init, and the project's replay settings",
        "rrweb": "getRecordNetworkPlugin({ recordBody: true })",
    },
    "not in the SDK's allow list": {"sentry": "add its URL to networkDetailAllowUrls of replayIntegration()"},
    "not in the SDK's allow list (it is empty)": {
        "sentry": "networkDetailAllowUrls: ['https://api.example.com'] in replayIntegration()"
    },
    "cut short by the SDK": {"sentry": "Sentry keeps 150,000 characters of a body; this cannot be changed"},
}


def body_advice(why: str, session: Session) -> str:
    """What to configure to have a body next time that is absent for the reason `why`; '' when nothing helps."""
    return _BODIES.get(why, {}).get(sdk_of(session), "")


def headers_advice(session: Session) -> str:
    """What to configure to have headers recorded next time."""
    return {
        "sentry": "networkDetailAllowUrls, networkRequestHeaders and networkResponseHeaders of replayIntegration()",
        "posthog": "session_recording: { recordHeaders: true } in posthog.init",
        "rrweb": "getRecordNetworkPlugin({ recordHeaders: true })",
    }.get(sdk_of(session), "")
