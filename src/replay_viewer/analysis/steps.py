"""Reproduction steps in words: what the person did up to an instant, numbered, without what does not matter."""

from __future__ import annotations

from collections.abc import Sequence

from replay_viewer.domain.rows import Interaction, Navigation, Row

_LEFT_OUT = ("scroll", "focus", "blur", "resize", "rage-click", "dead-click", "slow-click", "media")
_DOUBLE_MS = 700.0
#: A change of URL this soon after an act is its consequence, not a step.
_CAUSED_MS = 3_000.0
#: How many rows ahead a step looks for the one that tells it better.
_AHEAD = 40


def steps(rows: Sequence[Row], until: float, tab: int | None = None, *, scrolls: bool = False) -> list[str]:
    """Numbered steps up to and with the instant `until` (epoch ms), of one tab or of all.

    A click into a field that is then typed into, the two clicks of a double click, and page changes that follow an
    act are told by the other. Equal acts in a row are counted. `scrolls`: scrolls and resizes too.
    """
    chosen = sorted(
        (
            row for row in rows
            if isinstance(row, Interaction | Navigation) and row.t <= until and (tab is None or row.tab in (tab, -1))
        ),
        key=lambda row: row.t,
    )  # fmt: skip
    lines: list[tuple[str, int]] = []
    last_act = float("-inf")
    tabs = {row.tab for row in chosen if row.tab >= 0}
    current = -2
    for index, row in enumerate(chosen):
        if isinstance(row, Navigation):
            text = _navigation(row, first=not lines, caused=row.t - last_act <= _CAUSED_MS)
        else:
            text = _act(row, chosen[index + 1 : index + 1 + _AHEAD], scrolls)
            last_act = row.t if row.action not in _LEFT_OUT else last_act
        if not text:
            continue
        if len(tabs) > 1 and row.tab >= 0 and row.tab != current:
            if current >= 0:
                text = f"In tab {row.tab + 1}: {text[0].lower()}{text[1:]}"
            current = row.tab
        if lines and lines[-1][0] == text:
            lines[-1] = (text, lines[-1][1] + 1)
        else:
            lines.append((text, 1))
    return [
        f"{number}. {text}{f' ({count} times)' if count > 1 else ''}"
        for number, (text, count) in enumerate(lines, 1)
    ]  # fmt: skip


def _navigation(row: Navigation, first: bool, caused: bool) -> str:
    if first:
        return f"Open {row.url}"
    if row.how == "reload":
        return "Reload the page"
    if row.how == "back_forward":
        return f"Go back or forward to {row.url}"
    return f"→ the page {row.url} opens" if caused else f"Go to {row.url}"


def _act(row: Interaction, later: Sequence[Interaction | Navigation], scrolls: bool) -> str:
    if row.action in _LEFT_OUT and not (scrolls and row.action in ("scroll", "resize")):
        return ""
    acts = (other for other in later if isinstance(other, Interaction) and other.action not in _LEFT_OUT)
    following = next(acts, None)
    if (
        row.action in ("click", "touch")
        and following is not None
        and following.node == row.node
        and (following.action in ("input", "select"))
    ):
        return ""
    if row.action == "click":
        for other in later:
            if other.t - row.t > _DOUBLE_MS:
                break
            if isinstance(other, Interaction) and other.action == "dblclick" and other.node == row.node:
                return ""
    return _imperative(row.words)


_VERBS = {
    "Clicked": "Click", "Tapped": "Tap", "Double-clicked": "Double-click", "Right-clicked": "Right-click",
    "Typed": "Type", "Chose": "Choose", "Checked": "Check", "Unchecked": "Uncheck", "Cleared": "Clear", "Set": "Set",
    "Picked": "Pick", "Pressed": "Press", "Scrolled": "Scroll", "Swiped": "Swipe", "Dragged": "Drag",
    "Resized": "Resize", "Turned": "Turn",
}  # fmt: skip


def _imperative(words: str) -> str:
    verb, _, rest = words.partition(" ")
    return f"{_VERBS.get(verb, verb)} {rest}".strip()
