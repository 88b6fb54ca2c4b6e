"""A note printed by Chromium: A4 pages with its words, and nothing fetched."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from replay_viewer.domain.errors import StorageProblem
from replay_viewer.export import export
from replay_viewer.qt import chromium
from replay_viewer.qt.pdf import print_html
from replay_viewer.redaction import Redactor
from tests.export.notes import note

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
chromium.prepare()

#: What Chromium says on a machine without a display, a bus or a graphics card.
pytestmark = [
    pytest.mark.webengine,
    pytest.mark.qt_log_ignore("QRhiGles2", "Failed to create RHI", "GPUInfo not initialized", "Sandboxing disabled"),
]


@pytest.mark.usefixtures("qapp")
def test_a_note(tmp_path: Path) -> None:
    """Larger than the 2 MB that `setHtml` takes."""
    page = export(note("Total is wrong"), "pdf", Redactor())[0].data.decode()
    out = tmp_path / "incident.pdf"
    print_html(page.replace("</main>", f"<!-- {'x' * 3_000_000} --></main>"), out)
    assert out.read_bytes().startswith(b"%PDF")
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", "-layout", str(out), "-"], capture_output=True, check=True
        ).stdout.decode()
        assert "Total is wrong" in text
        assert re.search(r"Incident note\s+1\s?/\s?\d", text)
    if shutil.which("pdfinfo"):
        facts = subprocess.run(["pdfinfo", str(out)], capture_output=True, check=True).stdout.decode()
        assert "A4" in facts


@pytest.mark.usefixtures("qapp")
def test_nothing_is_fetched(tmp_path: Path) -> None:
    """A page that asks for the network and the disk gets neither, and is printed all the same."""
    (tmp_path / "secret.css").write_text("body { color: red }")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        html = (
            f'<link rel=stylesheet href="http://127.0.0.1:{port}/a.css"><link rel=preconnect href="http://127.0.0.1:{port}">'
            f'<img src="http://127.0.0.1:{port}/p.png"><link rel=stylesheet href="file://{tmp_path}/secret.css">'
            f'<script src="http://127.0.0.1:{port}/s.js"></script><p>here</p>'
        )
        print_html(html, tmp_path / "out.pdf")
        assert (tmp_path / "out.pdf").stat().st_size > 500
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.usefixtures("qapp")
def test_nowhere_to_write(tmp_path: Path) -> None:
    """One sentence."""
    with pytest.raises(StorageProblem, match="written"):
        print_html("<p>x</p>", tmp_path / "nowhere" / "out.pdf")
