"""Replay Viewer: desktop session replay and triage for support engineers."""

__version__ = "0.1.0"
