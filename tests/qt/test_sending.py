"""Sending from the window: a place is added, what goes is read, it goes; and what is said when it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from replay_viewer.cli.main import main
from replay_viewer.library import Library
from replay_viewer.qt.context import Context
from replay_viewer.qt.opened import load
from replay_viewer.qt.placedialog import PlaceDialog
from replay_viewer.qt.senddialog import SendDialog
from replay_viewer.qt.window import Window
from replay_viewer.services import connections
from replay_viewer.services.incident import build
from replay_viewer.services.redacting import redactor_for
from replay_viewer.services.senders import post
from tests.services.loopback import http


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keyring, no token of the environment, no pauses."""
    monkeypatch.setattr(connections, "_keyring", lambda: None)
    monkeypatch.setattr(connections, "_held", {})
    monkeypatch.delenv(connections.TOKEN_VARIABLE, raising=False)
    monkeypatch.setattr(post.Poster, "_sleep", lambda self, seconds: None)


def _webhook(home: Path, url: str, name: str = "ops") -> connections.Connection:
    return connections.save(home, connections.Connection(name=name, kind="webhook", url=url))


@pytest.fixture
def dialog(filled: Library, styled: object, qtbot: QtBot) -> Iterator[SendDialog]:
    context = Context(filled)
    opened = load(filled, filled.sessions()[0].id)
    opened.library = filled
    context.set_opened(opened)
    redactor = redactor_for(filled, opened.id)
    made = SendDialog(context, build(filled, opened.id, redactor=redactor), redactor)
    qtbot.addWidget(made)
    made.show()
    yield made
    context.tasks.close()


def test_without_a_place_it_says_what_to_do(dialog: SendDialog) -> None:
    assert "Add one" in dialog.preview.toPlainText()
    assert not dialog.send_button.isEnabled()
    assert not dialog.edit_button.isEnabled()


def test_a_place_is_added_and_the_note_goes_as_it_was_shown(
    dialog: SendDialog, filled: Library, qtbot: QtBot
) -> None:
    with http([(502, b"", {}), (200, b"", {})]) as service:
        place = PlaceDialog(filled.home, dialog)
        qtbot.addWidget(place)
        place.saved.connect(dialog.fill)
        place.kind.setCurrentIndex(place.kind.findData("webhook"))
        place.name.setText("Team hook")
        place.fields["url"].setText(service.url + "/notes")
        place.secret.setText("s3cret")
        assert place.save() is None, "a name holds no blanks"
        assert "no name" in place.messages.accessibleName()
        place.name.setText("team-hook")
        assert place.save() is not None
        assert "no keyring" in place.messages.accessibleName()
        qtbot.waitUntil(dialog.send_button.isEnabled, timeout=10_000)
        shown = dialog.preview.toPlainText()
        with qtbot.waitSignal(dialog.sent, timeout=20_000):
            dialog.send_button.click()
    assert len(service.posted) == 2
    body = json.loads(service.posted[-1].body)
    assert json.loads(shown.split("\n\n", 1)[1]) == body, "exactly what was shown"
    assert "s3cret" not in shown
    assert "x-replay-viewer-signature" in service.posted[-1].headers
    assert "taken" in dialog.messages.accessibleName() or "Sent" in dialog.messages.accessibleName()
    assert "s3cret" not in (filled.home / "connections.json").read_text()


def test_a_refusal_is_said_and_can_be_tried_again(dialog: SendDialog, filled: Library, qtbot: QtBot) -> None:
    with http([(404, b"gone", {}), (200, b"", {})]) as service:
        _webhook(filled.home, service.url)
        dialog.fill("ops")
        qtbot.waitUntil(dialog.send_button.isEnabled, timeout=10_000)
        dialog.send_button.click()
        qtbot.waitUntil(lambda: "no such address" in dialog.messages.accessibleName(), timeout=20_000)
        assert dialog.places.isEnabled()
        with qtbot.waitSignal(dialog.sent, timeout=20_000):
            dialog.send()


def test_a_place_is_changed_tested_and_removed(dialog: SendDialog, filled: Library, qtbot: QtBot) -> None:
    _webhook(filled.home, "http://127.0.0.1:9/a")
    dialog.fill("ops")
    place = PlaceDialog(filled.home, dialog, dialog.places.currentData())
    qtbot.addWidget(place)
    place.saved.connect(dialog.fill)
    place.fields["url"].setText("http://127.0.0.1:9/b")
    place.try_out()
    qtbot.waitUntil(lambda: "right form" in place.messages.accessibleName() or place.test_button.isEnabled())
    assert dialog.places.currentData().url.endswith("/b")
    place.remove()
    assert dialog.places.count() == 0
    assert connections.places(filled.home) == []


def test_from_the_window(session_window: Window, qtbot: QtBot) -> None:
    session_window.actions_table.run("send")
    composer = session_window.composer
    assert composer is not None
    qtbot.waitUntil(composer.send_button.isEnabled, timeout=20_000)


def test_by_command(
    filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session = filled.sessions()[0].id
    home = ["--home", str(filled.home)]
    with http([(202, b'{"status":"success","dedup_key":"k"}', {})]) as service:
        monkeypatch.setenv(connections.TOKEN_VARIABLE, "0123456789abcdef0123456789abcdef")
        # Without a keyring the connection stands without its key: the command says so, and how to give it.
        assert main(["connect", *home, "add", "pager", service.url, "--kind", "pagerduty"]) == 1
        assert "kept without its token" in capsys.readouterr().err
        assert main(["connect", *home, "list"]) == 0
        assert "pager" in capsys.readouterr().out
        told = ["send", session, *home, "--to", "pager", "--no-pictures"]
        assert main([*told, "--preview"]) == 0
        shown = capsys.readouterr().out
        assert '"event_action": "trigger"' in shown
        assert "0123456789abcdef" not in shown
        rules = tmp_path / "rules.json"
        rules.write_text('{"version": 1, "profiles": {"vendor": {"rules": [{"kind": "text", "what": "TypeError"}]}}}')
        own = ["--rules", str(rules), "--redact", "vendor"]
        assert "TypeError" in shown
        assert main([*told, *own, "--preview"]) == 0
        assert "TypeError" not in capsys.readouterr().out
        assert main(told) == 1, "nobody is there to read it"
        assert "--yes" in capsys.readouterr().err
        assert not service.posted
        assert main([*told, *own, "--yes"]) == 0
        assert "PagerDuty has taken it" in capsys.readouterr().out
    assert b"TypeError" not in service.posted[0].body
    assert json.loads(service.posted[0].body)["routing_key"] == "0123456789abcdef0123456789abcdef"
    assert main([*told[:-3], "--to", "nobody", "--yes"]) == 1
    assert "There are: pager" in capsys.readouterr().err
