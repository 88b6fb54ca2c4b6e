"""One timeline for several sources: attached, clocks set, taken back; real HAR and trace by real Playwright."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from replay_viewer.cli.main import main
from replay_viewer.domain.errors import BadInput, NotFound
from replay_viewer.domain.rows import ConsoleEntry, CustomEvent, ErrorEvent, Interaction, NetworkRequest
from replay_viewer.library import Library
from replay_viewer.services import attach
from replay_viewer.services.attaching import attach_files, attach_url
from replay_viewer.services.importer import import_paths
from replay_viewer.services.states import TabStates
from tests.services.pulling import START, backend, content

MODULES = Path(__file__).resolve().parents[2] / "resources" / "demo" / "node_modules"
CHROMIUM, NODE = shutil.which("chromium"), shutil.which("node")


def _recording(folder: Path) -> Path:
    with backend(10) as source:
        path = folder / "recording.json"
        events = [event for n in range(10) for event in json.loads(source.bodies[n])["events"]]
        path.write_text(json.dumps(events))
    return path


def _error(folder: Path, name: str = "error.json", seconds: float = START / 1000 + 3) -> Path:
    value = {"type": "TypeError", "value": "x is undefined"}
    event = {"event_id": "a" * 32, "timestamp": seconds, "platform": "javascript", "exception": {"values": [value]}}
    path = folder / name
    path.write_text(json.dumps(event))
    return path


def test_attached_rows_share_the_timeline(tmp_path: Path) -> None:
    home = tmp_path / "home"
    [id] = import_paths(home, [_recording(tmp_path)])
    before = content(home, id)
    made = attach_files(home, id, [_error(tmp_path)], offset=250.0)
    assert (made.name, made.rows) == ("error.json", 1)
    with Library.open(home) as library:
        [(_, error)] = library.rows(id, "errors")
        assert isinstance(error, ErrorEvent)
        assert (error.t, error.title) == (START + 3250, "TypeError: x is undefined")
        assert "clock set +250 ms" in next(
            one.message for one in library.session(id).health if one.code == "attached"
        )
        assert library.session(id).errors == 1
        assert attach.set_offset(library, id, "error", -500.0) == 250.0
        [(_, error)] = library.rows(id, "errors")
        assert error.t == START + 2500
        assert library.search("undefined", session=id)
        with pytest.raises(NotFound, match="not attached"):
            attach.set_offset(library, id, "other", 1.0)
        attach.detach(library, id, "error.json")
    assert content(home, id) == before


def test_an_import_anew_keeps_what_is_attached(tmp_path: Path) -> None:
    home = tmp_path / "home"
    recording = _recording(tmp_path)
    [id] = import_paths(home, [recording])
    attach_files(home, id, [_error(tmp_path)], offset=100.0)
    attach_files(home, id, [_error(tmp_path)])  # the same again replaces it
    with_error = content(home, id)
    assert import_paths(home, [recording]) == [id]
    assert content(home, id)["rows"] == with_error["rows"]
    with Library.open(home) as library:
        assert [one.offset for one in library.extras.attached(id)] == [0.0]
        assert TabStates(library, id, 0).seek(START + 9_999).nodes
        library.delete(id)
        assert library.extras.attached(id) == []


def test_what_a_url_names_is_attached(tmp_path: Path) -> None:
    """Its rows come, its recording does not; the library gets no second session."""
    home = tmp_path / "home"
    [id] = import_paths(home, [_error(tmp_path)])
    with backend(10) as source:
        made = attach_url(home, id, source.url, offset=1000.0)
    with Library.open(home) as library:
        assert made.rows == 3  # and the navigation
        assert [row.t - START for _, row in library.rows(id, "console")] == [1000 + 900, 1000 + 5900]
        session = library.session(id)
        assert (session.tabs, library.count()) == ([], 1)
        assert (session.start, session.end) == (START + 1000, START + 6900)


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(tmp_path / "home")
    assert main(["import", str(_recording(tmp_path)), "--home", home]) == 0
    id = capsys.readouterr().out.strip()
    assert main(["import", str(_error(tmp_path)), "--into", id, "--offset", "1.5s", "--home", home]) == 0
    assert capsys.readouterr().out == "Attached 1 rows as error.json.\n"
    assert main(["offset", id, "error.json", "-2s", "--home", home]) == 0
    assert "error.json  -2,000 ms" in capsys.readouterr().out
    assert main(["offset", id, "error.json", "--remove", "--home", home]) == 0
    assert "Nothing is attached" in capsys.readouterr().out
    assert main(["import", str(_error(tmp_path)), "--into", "none", "--home", home]) == 1


def test_offsets_as_people_write_them() -> None:
    assert [attach.offset_of(one) for one in ("250", "-1.5s", "−2m", "1h", "+3 ms")] == [
        250,
        -1500,
        -120000,
        3.6e6,
        3,
    ]
    with pytest.raises(BadInput):
        attach.offset_of("soon")


SCRIPT = """
import { chromium } from '@playwright/test'
const [exe, base, out] = process.argv.slice(2)
const browser = await chromium.launch({ executablePath: exe, args: ['--no-sandbox'] })
const viewport = { width: 640, height: 400 }
const context = await browser.newContext({ recordHar: { path: out + '/real.har' }, viewport })
await context.tracing.start({ screenshots: true, snapshots: true })
const page = await context.newPage()
await page.goto(base + '/page')
await page.click('#pay')
await page.fill('#mail', 'someone')
await page.waitForFunction(() => document.title === 'failed')
await page.evaluate(() => setTimeout(() => { throw new TypeError('boom') }, 0))
await page.click('#missing', { timeout: 300 }).catch(() => {})
await context.tracing.stop({ path: out + '/trace.zip' })
await context.close()
await browser.close()
"""
PAGE = b"""<!doctype html><title>shop</title><body style="background:#fc0"><button id=pay>Pay</button><input id=mail>
<script>pay.onclick=async()=>{console.warn('paying',{n:1});
const r=await fetch('/api/pay',{method:'POST',body:'{"a":1}'});
console.error('status '+r.status);document.title='failed'}</script>"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with real.har and trace.zip, made by real Playwright driving real Chromium on a loopback page."""
    if CHROMIUM is None or NODE is None or not (MODULES / "@playwright").is_dir():
        pytest.skip("chromium, node or Playwright is not installed")
    from tests.sources.server import answer, serving

    folder = tmp_path_factory.mktemp("playwright")
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "drive.mjs").write_text(SCRIPT)

    def reply(path: str, _headers: dict[str, str], _n: int) -> bytes:
        if path == "/api/pay":
            return answer(502, b'{"error":"gateway"}', Content_Type="application/json")
        return answer(200, PAGE, Content_Type="text/html")

    with serving(reply) as server:
        done = subprocess.run(
            [NODE, "drive.mjs", CHROMIUM, server.url, str(folder)],
            cwd=folder, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.chromium
def test_a_real_har(recorded: Path, tmp_path: Path) -> None:
    [id] = import_paths(tmp_path, [recorded / "real.har"])
    with Library.open(tmp_path) as library:
        requests = [row for _, row in library.rows(id, "network") if isinstance(row, NetworkRequest)]
        pay = next(row for row in requests if row.url.endswith("/api/pay"))
        assert (pay.method, pay.status) == ("POST", 502)
        assert (pay.request_body.text, pay.response_body.text) == ('{"a":1}', '{"error":"gateway"}')
        session = library.session(id)
        assert session.tabs == []
        assert session.browser
        assert [one.code for one in session.health] == ["no-recording"]
        assert library.activity(id)[2].sum() > 0


@pytest.mark.chromium
def test_a_real_trace(recorded: Path, tmp_path: Path) -> None:
    """Actions, console, requests with bodies, both errors, and the screencast as a picture that changes."""
    [id] = import_paths(tmp_path, [recorded / "trace.zip"])
    with Library.open(tmp_path) as library:
        session = library.session(id)
        requests = [row for _, row in library.rows(id, "network") if isinstance(row, NetworkRequest)]
        pay = next(row for row in requests if row.url.endswith("/api/pay"))
        assert (pay.status, pay.response_body.text) == (502, '{"error":"gateway"}')
        said = [(row.level, row.message) for _, row in library.rows(id, "console") if isinstance(row, ConsoleEntry)]
        assert ("error", "status 502") in said
        assert ("warn", "paying {n: 1}") in said
        did = [
            (row.action, row.selector) for _, row in library.rows(id, "interactions") if isinstance(row, Interaction)
        ]
        assert did[:2] == [("click", "#pay"), ("input", "#mail")]
        titles = [row.title for _, row in library.rows(id, "errors") if isinstance(row, ErrorEvent)]
        assert any("boom" in title for title in titles)
        assert any("Timeout" in title for title in titles)
        assert any(
            isinstance(row, CustomEvent) and row.category == "playwright" for _, row in library.rows(id, "custom")
        )
        assert all(session.start - 5_000 <= row.t <= session.end + 5_000 for row in requests)
        [tab] = session.tabs
        first = TabStates(library, id, tab.index).seek(session.start)
        image = next(node for node in first.nodes.values() if node.name == "img")
        assert str(image.attrs["src"]).startswith("data:image/jpeg;base64,")
