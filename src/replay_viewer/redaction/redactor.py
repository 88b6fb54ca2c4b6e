"""`Redactor`: one export's redaction. Create one per export, so that labels number the same value alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.pulled import Asset
from replay_viewer.domain.rows import Row
from replay_viewer.domain.session import Facts, Note, Session
from replay_viewer.recording.nodes import Node
from replay_viewer.redaction import rows
from replay_viewer.redaction.elements import Matcher, inside, picked
from replay_viewer.redaction.events import EventRedactor
from replay_viewer.redaction.fields import words
from replay_viewer.redaction.known import Known
from replay_viewer.redaction.learn import Learner
from replay_viewer.redaction.own import OWN_RULE, OwnRules, check_allow, check_rule
from replay_viewer.redaction.rules import RULES
from replay_viewer.redaction.strings import Hit, Removed, Strings
from replay_viewer.redaction.tree import json_value

__all__ = ["PROFILES", "Hit", "Redactor", "Removed"]

SCREENSHOTS = "screenshots"  #: Where masking of pictures is tallied.
#: Profile → rules it applies. `strict` is what everything that leaves the machine gets unless told otherwise.
PROFILES: dict[str, frozenset[str]] = {"strict": frozenset(RULES), "none": frozenset()}


class Redactor:
    """Applies the rules of a profile to text, URLs, headers, JSON, rows, notes, facts and raw rrweb events.

    `facts`: the user named there is removed wherever they turn up. `known_secrets`: further values to remove.
    `rules`: only these of the profile. `own`: the rules, allowances and profiles of a person or team; `elements`
    makes a matcher of each CSS selector among them. `on_hit` is called with every removal, values included: for a
    preview on this machine. Raises BadInput for a profile or rule that does not exist or cannot work.

    Give it everything with `learn` and `learn_row` first when there is a recording: what was typed into a password
    field is then found in URLs and bodies too. Then redact; for recordings, each tab's events in order.
    """

    def __init__(
        self,
        profile: str = "strict",
        *,
        facts: Facts | None = None,
        known_secrets: Iterable[str] = (),
        rules: Collection[str] | None = None,
        own: OwnRules | None = None,
        elements: Callable[[str], Matcher] | None = None,
        on_hit: Callable[[Hit], None] | None = None,
    ) -> None:
        known_profiles = [*PROFILES, *(own.profiles if own is not None else ())]
        if profile not in known_profiles:
            raise BadInput(f"There is no redaction profile “{profile}”.", f"Use one of: {', '.join(known_profiles)}.")
        unknown = sorted(set(rules or ()) - set(RULES))
        if unknown:
            raise BadInput(f"There is no redaction rule “{unknown[0]}”.", f"Use some of: {', '.join(RULES)}.")
        self.profile = profile
        #: The rules it was made with: what another process needs to make the same.
        self.own = own
        base = PROFILES.get(profile, PROFILES["strict"])
        active = base if rules is None else base & frozenset(rules)
        mine = own.of(profile) if own is not None and active else None
        if mine is not None:
            active -= {allowed.rule for allowed in mine.allow if allowed.rule}
        self._strings = Strings(active, json_value, on_hit)
        #: What picks the elements that are blanked.
        self.matchers: list[Matcher] = []
        if mine is not None:
            for allowed in mine.allow:
                check_allow(allowed)
                if allowed.value and allowed.where:
                    self._strings.spared.add((allowed.where, allowed.value))
                elif allowed.value:
                    self._strings.known.spared.add(allowed.value)
            for rule in mine.rules:
                check_rule(rule)
                if OWN_RULE[rule.kind] not in active:
                    continue
                if rule.kind == "text":
                    added = Known(value=rule.what.strip(), rule="own-text", label="removed", fold=True)
                    self._strings.known.add(added)
                elif rule.kind == "pattern":
                    self._strings.patterns.append(re.compile(rule.what))
                elif rule.kind == "field":
                    self._strings.fields.add(words(rule.what))
                elif elements is not None:
                    self.matchers.append(elements(rule.what))
        self._events = EventRedactor(self._strings, self.matchers)
        self._learner = Learner(self._strings, self.matchers)
        for secret in known_secrets:
            self._strings.known.add(Known(value=secret, rule="known-secret", label="secret", prefixes=True))
        if facts is not None:
            self._user(facts)

    @property
    def strict(self) -> bool:
        """Whether anything is removed at all."""
        return bool(self._strings.active)

    def _user(self, facts: Facts) -> None:
        """Make the session's user known: address and name in any case, parts of the name as written."""
        known, user = self._strings.known, facts.user
        if user.email:
            known.add(Known(value=user.email, rule="user", label="e-mail", fold=True))
        if len(user.name) >= 3 and user.name != user.email:
            known.add(Known(value=user.name, rule="user", label="name", fold=True))
            for part in user.name.split():
                if len(part) >= 3 and part[0].isupper():
                    known.add(Known(value=part, rule="user", label="name"))
        if len(user.id) >= 4 and user.id not in (user.email, user.name):
            known.add(Known(value=user.id, rule="user", label="user"))

    # -- learning ----------------------------------------------------------------------------------------------

    def learn(self, events: Iterable[bytes], tab: int = 0) -> None:
        """Learn from all raw events of one tab, in order."""
        for raw in events:
            self._learner.event(raw, tab)
        self._learner.finish(tab)

    def learn_row(self, row: Row) -> None:
        """Learn from a row."""
        self._learner.row(row)

    # -- redacting ---------------------------------------------------------------------------------------------

    def text(self, text: str, where: str = "text", field: str = "") -> str:
        """Text of any kind; `field` is the name of the field it is the value of, when it has one."""
        named = self._strings.field(field) if field else None
        if named is not None and text.strip():
            return self._strings.replace(text, named[0], named[1], where)
        return self._strings.text(text, where)

    def url(self, url: str, where: str = "URL") -> str:
        """A URL; what is not removed keeps its bytes."""
        return self._strings.url(url, where)

    def headers(self, headers: Mapping[str, str], where: str = "headers") -> dict[str, str]:
        """Headers, by name and by content."""
        return rows.headers(self._strings, headers, where)

    def json_value(self, value: Any, where: str = "JSON", path: Iterable[str] = ()) -> Any:
        """A JSON value (as decoded) standing under `path`; the same object when nothing was removed."""
        names = list(path)
        name = names[-1] if names else ""
        return json_value(self._strings, value, where, name, names[-2] if len(names) > 1 else "")

    def row(self, row: Row) -> Row:
        """A row of any kind."""
        return rows.row(self._strings, row)

    def note(self, note: Note) -> Note:
        """A person's note."""
        return rows.note(self._strings, note)

    def facts(self, facts: Facts) -> Facts:
        """The facts of a session; its user becomes labels."""
        return rows.facts(self._strings, facts)

    def session(self, session: Session) -> Session:
        """A session's record."""
        return rows.session(self._strings, session)

    def event(self, raw: bytes, tab: int = 0) -> bytes:
        """One raw rrweb event's JSON (a tab's events in order); the same bytes when nothing was removed."""
        return self._events.event(raw, tab)

    def harmless(self, asset: Asset) -> bool:
        """Whether a captured file may leave: styles and fonts whose address nobody is named by, never pictures."""
        if not self.strict:
            return True
        plain = asset.type.startswith(("text/css", "font/", "application/font", "application/x-font"))
        return plain and self._strings.url(asset.url, "assets") == asset.url

    def painted(self, text: str) -> str:
        """Text of the page about to be painted for a screenshot: the `redact` given to a painter."""
        return self._strings.text(text, SCREENSHOTS)

    def hidden(self, nodes: Mapping[int, Node]) -> tuple[set[int], set[int]]:
        """Of a page at one instant: the picked elements, and all that stands in them. For painters and previews."""
        if not self.matchers:
            return set(), set()
        roots = picked(nodes, self.matchers)
        return roots, inside(nodes, roots)

    def mark(self) -> dict[tuple[str, str], int]:
        """Where the tally stands now, for `manifest(since=…)`. What was masked in screenshots is left out of it."""
        return {key: count for key, count in self._strings.counts().items() if key[1] != SCREENSHOTS}

    def manifest(self, since: Mapping[tuple[str, str], int] | None = None) -> list[Removed]:
        """What was removed (since a `mark`): per rule and place a count, the shape of a value, its label."""
        return self._strings.manifest(since or {})
