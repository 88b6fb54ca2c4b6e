"""PostHog, cloud and self-hosted."""

from replay_viewer.sources.posthog.source import PostHogSource

__all__ = ["PostHogSource"]
