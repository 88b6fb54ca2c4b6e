"""Starting and ending: hand-over between programs, crash file, tasks, the incident composer."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from replay_viewer.domain.errors import Cancelled, NotFound, UserError
from replay_viewer.library import Library
from replay_viewer.qt.composer import Composer
from replay_viewer.qt.crash import CrashFile
from replay_viewer.qt.instance import PROTOCOL, Instance, hand_over, server_name
from replay_viewer.qt.tasks import JobWatch, Tasks, as_user_error
from replay_viewer.qt.window import Window
from tests.qt.stand_in import FakeJob


def test_second_start_hands_over_what_it_should_open(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    assert instance.listening
    code = (
        "import sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication\n"
        "from replay_viewer.qt.instance import hand_over\n"
        "app = QCoreApplication([])\n"
        "sys.exit(0 if hand_over(Path(sys.argv[1]), ['https://a.test/s/1'], '83.5') else 1)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    with qtbot.waitSignal(instance.asked, timeout=20_000) as asked:
        pass
    qtbot.waitUntil(lambda: other.poll() is not None)
    instance.close()
    assert asked.args == [["https://a.test/s/1"], "83.5"]
    assert other.returncode == 0


def test_nobody_there_to_take_over(qapp: QApplication, tmp_path: Path) -> None:
    assert not hand_over(tmp_path, ["x"])


@pytest.mark.parametrize(
    "message",
    [b"nonsense", b'{"protocol": 99, "open": []}', b'{"protocol": 1, "open": [1]}', b"[]", b'{"protocol": 1}'],
)
def test_what_is_not_understood_is_refused(qapp: QApplication, qtbot: QtBot, tmp_path: Path, message: bytes) -> None:
    instance = Instance(tmp_path)
    heard: list[object] = []
    instance.asked.connect(lambda targets, _at: heard.append(targets))
    socket = QLocalSocket()
    socket.connectToServer(server_name(tmp_path))
    socket.write(message + b"\n")
    qtbot.waitUntil(lambda: socket.bytesAvailable() > 0)
    answer = json.loads(bytes(socket.readAll().data()))
    socket.abort()
    instance.close()
    assert answer["ok"] is False
    assert answer["protocol"] == PROTOCOL
    assert heard == []


def test_relative_paths_are_those_of_the_other_program(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    instance = Instance(tmp_path)
    heard: list[list[str]] = []
    instance.asked.connect(lambda targets, _at: heard.append(targets))
    line = json.dumps({"protocol": 1, "open": ["a.json", "5e55"], "cwd": str(tmp_path)}).encode()
    assert instance.answer(line) == {"protocol": 1, "ok": True}
    instance.close()
    assert heard == [[str(tmp_path / "a.json"), "5e55"]]


def test_unexpected_error_is_told_at_the_next_start(tmp_path: Path) -> None:
    crash = CrashFile(tmp_path)
    assert crash.previous() is None
    crash.install()
    try:
        raise ValueError("broken inside")
    except ValueError:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    crash.remove()
    told = CrashFile(tmp_path).previous()
    assert told is not None
    assert "broken inside" in told.read_text(encoding="utf-8")
    assert CrashFile(tmp_path).previous() is None, "it is told once"


def test_orderly_end_leaves_nothing(tmp_path: Path) -> None:
    crash = CrashFile(tmp_path)
    crash.install()
    crash.remove()
    assert CrashFile(tmp_path).previous() is None
    assert list(tmp_path.iterdir()) == []


def test_tasks_answer_here_and_drop_what_is_superseded(qapp: QApplication, qtbot: QtBot, library: Library) -> None:
    tasks = Tasks(library.home)
    gate = threading.Event()
    heard: list[str] = []
    tasks.run(lambda: gate.wait(5) and "old", heard.append, key="list")  # type: ignore[arg-type]
    tasks.run(lambda: "new", heard.append, key="list")
    cancelled = tasks.run(lambda: "never", heard.append)
    tasks.cancel(cancelled)
    gate.set()
    qtbot.waitUntil(lambda: heard == ["new"])
    tasks.close()


def test_failures_become_one_sentence(
    qapp: QApplication, qtbot: QtBot, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = Tasks(library.home)
    heard: list[UserError] = []

    def broken() -> None:
        raise ValueError("secret detail")

    tasks.read(lambda opened: opened.session("nobody"), lambda _session: None, heard.append)
    tasks.run(broken, lambda _nothing: None, heard.append)
    qtbot.waitUntil(lambda: len(heard) == 2)
    tasks.close()
    assert isinstance(heard[0], NotFound)
    assert "secret detail" not in str(heard[1])
    assert "secret detail" in caplog.text
    assert as_user_error(heard[0]) is heard[0]


def test_job_watch_tells_cancelled_from_failed(qapp: QApplication, qtbot: QtBot) -> None:
    watch = JobWatch(FakeJob(error=Cancelled()))
    with qtbot.waitSignal(watch.cancelled):
        pass
    failing = JobWatch(FakeJob(error=UserError("No.")))
    with qtbot.waitSignal(failing.failed):
        pass
    done = JobWatch(FakeJob(["a"]))
    with qtbot.waitSignal(done.done) as result:
        pass
    assert result.args == [["a"]]


def test_composer_previews_redacted_and_saves(session_window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    session_window.commands.add_evidence()
    session_window.compose()
    composer = session_window.findChild(Composer)
    assert composer is not None
    qtbot.waitUntil(lambda: "masked" in composer.removed.text())
    assert composer.title.text().startswith("TypeError")
    assert "ada.lovelace@acme.test" not in composer.preview.toPlainText()
    composer.title.setText("Checkout fails after a 502")
    composer.severity.setCurrentIndex(0)
    composer.save("md", tmp_path / "incident.md")
    text = (tmp_path / "incident.md").read_text(encoding="utf-8")
    assert "Checkout fails after a 502" in text
    assert "P1" in text
    assert "ada.lovelace@acme.test" not in text
    composer.copy("md")
    qtbot.waitUntil(lambda: "Checkout fails" in QApplication.clipboard().text())
    assert not composer.buttons["pdf"].isVisible(), "without a web engine there is no PDF"
    composer.save("md", Path("/nonexistent/incident.md"))
    assert composer.messages.isVisible()
    composer.close()
