"""PostHog: bodies as posthog-js sends them, snapshot downloads, export files.

Sources: posthog-js 1.449.2 on the wire; PostHog/posthog `file-playback/types.ts`; posthog.com `snapshot-api`.
"""

from replay_viewer.formats.posthog import capture, snapshots

__all__ = ["capture", "snapshots"]
