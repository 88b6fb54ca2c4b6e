"""All endpoints that write. A 200 means that the body is on disk."""

from __future__ import annotations

from starlette.routing import Route

from replay_viewer.collector.access import Access
from replay_viewer.collector.endpoints import BrowserIngest
from replay_viewer.collector.intake import Intake
from replay_viewer.collector.limits import Limits, LimitSettings
from replay_viewer.collector.posthog import PostHogIngest
from replay_viewer.collector.redact import IngestRedaction
from replay_viewer.collector.sentry import SentryIngest
from replay_viewer.collector.store import Store


class Ingest:
    """Routes that write. `store` keeps, `access` decides who may."""

    def __init__(
        self,
        store: Store,
        access: Access,
        limits: LimitSettings | None = None,
        redaction: IngestRedaction | None = None,
    ) -> None:
        counted = Limits(limits or LimitSettings(), store.bytes_since)
        self._intake = Intake(store, access, counted, redaction or IngestRedaction())

    def routes(self) -> list[Route]:
        """Browser code's, Sentry's and PostHog's endpoints."""
        return [
            *BrowserIngest(self._intake).routes(),
            *PostHogIngest(self._intake).routes(),
            *SentryIngest(self._intake).routes(),
        ]
