"""Sources: session URLs recognised, HTTP, one module per backend. No Qt, no storage."""

from replay_viewer.sources.base import Link, Plan, Segment, Source
from replay_viewer.sources.http import Http
from replay_viewer.sources.registry import recognise, sources, unwrap
from replay_viewer.sources.unsupported import Unsupported

__all__ = ["Http", "Link", "Plan", "Segment", "Source", "Unsupported", "recognise", "sources", "unwrap"]
