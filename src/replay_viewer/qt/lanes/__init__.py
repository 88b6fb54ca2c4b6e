"""The lanes: content, axis, drawing, and the widget that holds them together."""

from replay_viewer.qt.lanes.content import View, view_of
from replay_viewer.qt.lanes.widget import Lanes

__all__ = ["Lanes", "View", "view_of"]
