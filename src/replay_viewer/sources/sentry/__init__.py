"""Sentry, SaaS and self-hosted."""

from replay_viewer.sources.sentry.api import next_cursor
from replay_viewer.sources.sentry.source import SentrySource

__all__ = ["SentrySource", "next_cursor"]
