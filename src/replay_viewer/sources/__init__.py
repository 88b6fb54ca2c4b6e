"""Sources: session URLs recognised, HTTP, one module per backend. No Qt, no storage."""

from replay_viewer.sources.base import (
    Browser,
    Check,
    Follower,
    FoundIssue,
    FoundMap,
    FoundSession,
    IssueLister,
    Link,
    MapHolder,
    MarkChange,
    Marker,
    Page,
    Place,
    Plan,
    Resolver,
    Segment,
    Source,
    Timed,
)
from replay_viewer.sources.collector import upload_map
from replay_viewer.sources.http import Access, Http, Refused
from replay_viewer.sources.registry import recognise, source_named, sources, unwrap
from replay_viewer.sources.unsupported import Unsupported

__all__ = [
    "Access",
    "Browser",
    "Check",
    "Follower",
    "FoundIssue",
    "FoundMap",
    "FoundSession",
    "Http",
    "IssueLister",
    "Link",
    "MapHolder",
    "MarkChange",
    "Marker",
    "Page",
    "Place",
    "Plan",
    "Refused",
    "Resolver",
    "Segment",
    "Source",
    "Timed",
    "Unsupported",
    "recognise",
    "source_named",
    "sources",
    "unwrap",
    "upload_map",
]
