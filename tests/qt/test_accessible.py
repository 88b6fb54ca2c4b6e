"""Every widget of the window that takes the focus says what it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QScrollBar,
    QSplitter,
    QTabBar,
    QTabWidget,
    QWidget,
)

from replay_viewer.qt.panels.base import Panel
from replay_viewer.qt.window import Window


def said(widget: QWidget) -> str:
    """What a screen reader says of a widget: its name, or the text it shows."""
    if name := widget.accessibleName():
        return name
    if isinstance(widget, QAbstractButton | QLabel):
        return str(widget.text())
    return ""


def owner(widget: QWidget) -> QWidget:
    """The widget that stands for this one: of a viewport, a header, a tab bar or an opened list the one around it."""
    parent = widget.parentWidget()
    up = parent
    while up is not None and not isinstance(up, QComboBox):
        up = up.parentWidget()
    if up is not None and not isinstance(widget, QComboBox):
        return up  # the list that a combo box opens is made by Qt, and speaks for itself
    inner = isinstance(widget, QHeaderView) or (
        isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget
    )
    if parent is not None and (inner or (isinstance(widget, QTabBar) and isinstance(parent, QTabWidget))):
        return parent
    return widget


def unnamed(window: Window) -> list[str]:
    """Widgets that take the focus and say nothing."""
    found = []
    for widget in window.findChildren(QWidget):
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or isinstance(widget, QScrollBar | QSplitter | QDockWidget):
            continue
        if owner(widget) is not widget:
            continue
        if isinstance(widget, QTabWidget | QTabBar) and not widget.accessibleName():
            where = widget if isinstance(widget, QTabBar) else widget.tabBar()
            if where is not None and all(where.tabText(at) for at in range(where.count())):
                continue
        if not said(widget).strip():
            parents = []
            up: QWidget | None = widget
            while up is not None and len(parents) < 4:
                parents.append(type(up).__name__ + (f"#{up.objectName()}" if up.objectName() else ""))
                up = up.parentWidget()
            found.append(" in ".join(parents))
    return found


def test_everything_that_takes_the_focus_has_a_name(session_window: Window) -> None:
    for name in session_window.panels.panels:
        session_window.panels.show_panel(name)
    assert not unnamed(session_window)


def test_a_widget_without_a_name_would_be_found(session_window: Window) -> None:
    stray = QWidget(session_window.panels)
    stray.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    assert len(unnamed(session_window)) == 1


def test_panels_and_what_they_hold_are_named(session_window: Window) -> None:
    for panel in session_window.panels.panels.values():
        assert isinstance(panel, Panel)
        assert panel.accessibleName() == f"{panel.title} panel"
