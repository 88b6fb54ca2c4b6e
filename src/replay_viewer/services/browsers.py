"""Browser and operating system in words, from a user agent."""

from __future__ import annotations

import ua_parser


def browser_and_os(user_agent: str) -> tuple[str, str]:
    """("Chrome 156", "Windows 10") of a user agent; empty where it does not say."""
    if not user_agent:
        return "", ""
    parsed = ua_parser.parse(user_agent)
    agent, system = parsed.user_agent, parsed.os
    browser = " ".join(part for part in (agent.family, agent.major) if part) if agent else ""
    os = " ".join(part for part in (system.family, system.major) if part) if system else ""
    return browser, os
