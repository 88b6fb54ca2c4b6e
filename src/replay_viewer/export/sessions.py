"""Exports of a session's requests and acts: the same seam as for incident notes, for `SessionContent`."""

from __future__ import annotations

import msgspec

from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import Navigation, NetworkRequest
from replay_viewer.export import base, har, playwright
from replay_viewer.export.base import Exporter, File, Settings
from replay_viewer.export.content import SessionContent, Step
from replay_viewer.redaction import Redactor

FORMATS: dict[str, Exporter] = {one.name: one for one in (har.EXPORTER, playwright.EXPORTER)}


def export_session(
    content: SessionContent, format: str, redactor: Redactor, settings: Settings | None = None
) -> list[File]:
    """The files of an export, the main one first. Everything in them went through `redactor`. Raises BadInput."""
    if format not in FORMATS:
        raise BadInput(f"There is no export “{format}”.", f"Use one of: {', '.join(FORMATS)}.")
    return FORMATS[format].render(base._seal_session(redacted(content, redactor)), settings or Settings())


def redacted(content: SessionContent, redactor: Redactor) -> SessionContent:
    """`content` after redaction."""
    if not redactor.strict:
        return msgspec.structs.replace(content, profile=redactor.profile)
    for row in content.rows:
        redactor.learn_row(row)
    mark = redactor.mark()
    requests = [row for each in content.requests if isinstance(row := redactor.row(each), NetworkRequest)]
    navigation = [row for each in content.navigation if isinstance(row := redactor.row(each), Navigation)]
    failure = content.failure
    if failure is not None:
        # A message that may not leave cannot be asserted whole; what stands before the first removal can.
        text = _kept(failure.text, redactor.text(failure.text, "errors"))
        failure = msgspec.structs.replace(
            failure, text=text, title=redactor.text(failure.title, "errors"),
            place=redactor.text(failure.place, "errors"),
        )  # fmt: skip
    done = msgspec.structs.replace(
        content,
        session=redactor.session(content.session),
        requests=requests,
        navigation=navigation,
        steps=[_step(step, redactor) for step in content.steps],
        failure=failure,
        profile=redactor.profile,
    )
    return msgspec.structs.replace(done, removed=sum(one.count for one in redactor.manifest(mark)))


def _kept(before: str, after: str) -> str:
    """The longest beginning that redaction leaves as it is."""
    size = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(map(len, (before, after)))
    )
    return before if before == after else before[:size].rstrip("[ \"'“")


def _step(step: Step, redactor: Redactor) -> Step:
    """URLs and typed values: what redaction changes becomes a blank; locators need none."""
    value, blank = step.value, step.blank
    if step.act in ("open", "arrive"):
        value = redactor.url(step.value, "page URL")
    elif step.act in ("fill", "select") and not blank:  # noqa: SIM102
        if redactor.text(step.value, "typed values", step.field) != step.value:
            value, blank = "", "redacted"
    return msgspec.structs.replace(
        step,
        value=value,
        blank=blank,
        words=redactor.text(step.words, "steps") if not blank else f"fill in {redactor.text(step.field, 'steps')}",
        field=redactor.text(step.field, "steps"),
        locator=redactor.text(step.locator, "steps"),
        shown=[text for text in step.shown if redactor.text(text, "page text") == text],
    )
