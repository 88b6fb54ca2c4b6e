"""`serve` with limits and redaction, as people start it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.collector.test_redact import JWT


def _serve(home: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "replay_viewer", "serve", "--home", str(home), "--port", "0", "--open"]
    return subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_limits_and_redaction_of_the_command_line(tmp_path: Path) -> None:
    process = _serve(tmp_path, "--rate", "2", "--max-body", "1k", "--quota", "1G", "--redact", "secrets")
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    with httpx.Client(base_url=url, trust_env=False) as client:
        sent = [client.post("/api/metrics", json={"name": JWT, "value": n}).status_code for n in range(3)]
        large = client.post("/api/metrics", content=b"x" * 1025)
    process.terminate()
    process.communicate(timeout=20)
    assert sent == [200, 200, 429]
    assert large.status_code == 413
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert JWT.encode() not in stored


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--redact", "some"], 1, "no redaction at ingest"),
        (["--redact", "7=some"], 1, "no redaction at ingest"),
        (["--rate", "fast"], 2, "not a number above 0"),
        (["--quota", "0"], 2, "not a number above 0"),
    ],
)
def test_wrong_options(tmp_path: Path, options: list[str], status: int, said: str) -> None:
    process = _serve(tmp_path, *options)
    _, error = process.communicate(timeout=20)
    assert process.returncode == status
    assert said in error
