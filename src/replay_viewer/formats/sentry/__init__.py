"""Sentry: envelopes as received, segments as downloaded or stored, error events.

Sources: getsentry/relay and sentry-javascript (envelope protocol, 7 to 11), getsentry/sentry `replays/usecases`,
sentry-api-schema.
"""

from replay_viewer.formats.sentry import envelope, eventfile, segments

__all__ = ["envelope", "eventfile", "segments"]
