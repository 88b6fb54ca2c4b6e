"""Nobody finds a token: connect, pull, export and fail in processes of their own, then look everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import zstandard

from tests.sources.desks import POSTHOG_TOKEN, S
from tests.sources.server import answer, serving
from tests.sources.test_posthog_forms import Forms

#: A keyring in a file, for processes of their own; the only place the token may stand.
_KEYRING = """
import json, os
from pathlib import Path
from keyring.backend import KeyringBackend

class FileKeyring(KeyringBackend):
    priority = 1
    path = Path(os.environ["TEST_KEYRING"])
    def _kept(self): return json.loads(self.path.read_text()) if self.path.exists() else {}
    def get_password(self, service, username): return self._kept().get(username)
    def set_password(self, service, username, password):
        self.path.write_text(json.dumps(self._kept() | {username: password}))
    def delete_password(self, service, username):
        self.path.write_text(json.dumps({k: v for k, v in self._kept().items() if k != username}))
"""
_COMMANDS = """
import json, sys
from replay_viewer.cli import main
print("", *[main(command) for command in json.loads(sys.argv[1])])
"""
#: What the application does when it pulls: a job in another process. Then it crashes.
_APPLICATION = """
import sys
from pathlib import Path
from replay_viewer.services import connections
from replay_viewer.services.jobs import PullJob, end_spares, prewarm
from replay_viewer.services.logs import log_to_file

if __name__ == "__main__":
    home, url = Path(sys.argv[1]), sys.argv[2]
    connections.take_environment()
    log_to_file(str(home))
    prewarm()
    job = PullJob(home, url)
    print(job.wait()[0], flush=True)
    end_spares()
    from replay_viewer.qt.crash import CrashFile
    crash = CrashFile(home)
    crash.install()
    token = next(iter(connections.held().values()))
    raise RuntimeError("a bug of ours")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "filekeyring.py").write_text(_KEYRING)
    path = os.pathsep.join([str(tmp_path / "site"), *sys.path])
    return {
        **{name: value for name, value in os.environ.items() if name != "REPLAY_VIEWER_TOKEN"},
        "PYTHONPATH": path,
        "PYTHON_KEYRING_BACKEND": "filekeyring.FileKeyring",
        "TEST_KEYRING": str(tmp_path / "keyring.json"),
        "REPLAY_VIEWER_HOME": str(tmp_path / "home"),
    }


class Held:
    """A backend that keeps the answer to the snapshots back until `go`."""

    def __init__(self) -> None:
        self.forms = Forms("blob_v2")
        self.asked, self.go = threading.Event(), threading.Event()
        self.broken = False

    def reply(self, path: str, headers: dict[str, str], n: int) -> bytes | None:
        if self.broken:
            return answer(403, b'{"detail":"API key missing required scope \'session_recording:read\'"}')
        if "source=blob_v2" in path:
            self.asked.set()
            self.go.wait(30)
        return self.forms.reply(path, headers, n)


def test_no_token_anywhere(tmp_path: Path, environment: dict[str, str]) -> None:
    held = Held()
    said: list[str] = []

    def run(*commands: list[str], given: str = "") -> list[int]:
        """Commands in a process of their own; their exit statuses."""
        done = subprocess.run(
            [sys.executable, "-c", _COMMANDS, json.dumps(commands)],
            input=given, env=environment, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        said.extend((done.stdout, done.stderr))
        return [int(word) for word in done.stdout.splitlines()[-1].split()]

    with serving(held.reply) as server:
        url = f"{server.url}/project/12/replay/{S}"
        assert run(["connect", "add", "ph", url, "--kind", "posthog"], given=POSTHOG_TOKEN + "\n") == [0], said
        assert POSTHOG_TOKEN in (tmp_path / "keyring.json").read_text()
        pulling = threading.Thread(target=lambda: said.append(str(run(["pull", url]))))
        pulling.start()
        assert held.asked.wait(30), said
        assert _seen_by_others(os.getpid()) == []
        held.go.set()
        pulling.join()
        assert S in "".join(said)
        held.broken = True
        forms = ("md", "json", "html", "bundle", "har")
        exports = [["export", S, "--format", form, "-o", str(tmp_path / f"out.{form}")] for form in forms]
        failing = [["pull", url], ["connect", "test", "ph"], ["list", "--source", "ph"]]
        working = [["search", "ada", "--sources"], ["connect", "list"]]
        assert run(*exports, *failing, *working) == [0] * 5 + [1] * 3 + [0] * 2, said
        assert POSTHOG_TOKEN not in "".join(path for path, _ in server.seen)
        assert any(headers.get("authorization") == f"Bearer {POSTHOG_TOKEN}" for _, headers in server.seen)
    assert POSTHOG_TOKEN not in "".join(said)
    assert _files_with_it(tmp_path) == [tmp_path / "keyring.json"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc")
def test_the_processes_of_the_application_do_not_carry_it(tmp_path: Path, environment: dict[str, str]) -> None:
    held = Held()
    program = tmp_path / "application.py"
    program.write_text(_APPLICATION)
    with serving(held.reply) as server:
        started = subprocess.Popen(
            [sys.executable, str(program), str(tmp_path / "home"), f"{server.url}/project/12/replay/{S}"],
            env={**environment, "REPLAY_VIEWER_TOKEN": POSTHOG_TOKEN, "QT_QPA_PLATFORM": "offscreen"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert held.asked.wait(60)
            children = list(_descendants(started.pid))
            assert children
            assert _seen_by_others(started.pid) == []
            held.go.set()
            out, err = started.communicate(timeout=60)
        finally:
            held.go.set()
            started.kill()
    assert S in out
    assert "a bug of ours" in (tmp_path / "home" / "crash.txt").read_text()
    assert POSTHOG_TOKEN not in out + err
    assert _files_with_it(tmp_path) == []


def _descendants(pid: int) -> Iterator[int]:
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = next(line for line in status.read_text().splitlines() if line.startswith("PPid:"))
        except (OSError, StopIteration):
            continue
        if int(parent.split()[1]) == pid:
            yield int(status.parent.name)
            yield from _descendants(int(status.parent.name))


def _seen_by_others(pid: int) -> list[str]:
    """Where the token stands in what /proc shows of the processes below `pid`."""
    found = []
    for child in _descendants(pid):
        for name in ("cmdline", "environ"):
            try:
                if POSTHOG_TOKEN.encode() in Path(f"/proc/{child}/{name}").read_bytes():
                    found.append(f"{child}/{name}")
            except OSError:
                continue
    return found


def _files_with_it(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    return [path for path in files if any(POSTHOG_TOKEN.encode() in data for data in _readings(path.read_bytes()))]


def _readings(data: bytes) -> Iterator[bytes]:
    """Bytes as they are, and unpacked as far as they are packed."""
    yield data
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        yield zstandard.ZstdDecompressor().decompressobj().decompress(data)
    elif data[:2] in (b"\x1f\x8b", b"\x78\x9c"):
        yield zlib.decompress(data, 15 | 32)
    elif data.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _readings(archive.read(name))
