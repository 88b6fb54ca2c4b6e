"""The walls: a hostile recording, painted, played, clicked into and sought through, reaches and runs nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.qt.player.conftest import Bench
from tests.qt.player.engines import START
from tests.qt.player.hostile import hostile
from tests.qt.player.listeners import Listeners

pytestmark = pytest.mark.webengine


def answer(bench: Bench, script: str) -> Any:
    """Value of a script in the player's own page."""
    got: list[Any] = []
    bench.view.page.runJavaScript(script, got.append)
    bench.qtbot.waitUntil(lambda: bool(got), timeout=10_000)
    return got[0]


def click_everywhere(bench: Bench) -> None:
    """Click through the page on a grid, with all buttons and with keys."""
    proxy = bench.view.findChild(type(bench.view._web)).focusProxy()
    for y in range(20, 780, 60):
        for x in range(10, 700, 70):
            QTest.mouseClick(proxy, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(x, y))
        QTest.mouseClick(proxy, Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier, QPoint(60, y))
        QTest.mouseClick(proxy, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, QPoint(60, y))
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Space, Qt.Key.Key_Enter):
        QTest.keyClick(proxy, key)


def test_hostile_recording(bench: Bench) -> None:
    with Listeners() as listeners:
        bench.use(hostile(listeners.port).raws)
        for offset in (50, 120, 175, 195, 220, 260, 290):
            state = bench.seek(offset)
            assert "a link here" in state["text"]
        click_everywhere(bench)
        bench.seek(10)
        bench.view.play()
        bench.qtbot.waitUntil(lambda: bench.view.current >= START + 500, timeout=10_000)
        bench.view.pause()
        click_everywhere(bench)
        for offset in (260, 50, 220, 120, 290, 10):
            bench.seek(offset)
        bench.qtbot.wait(300)
        state = bench.read()
        assert listeners.total == 0, listeners.lines
    assert answer(bench, "window.ran === undefined") is True
    assert answer(bench, "document.title") == "Replay"
    assert answer(bench, "location.href.split('#')[0]") == "replay://app/player.html"
    assert "root:" not in state["html"]
    frames = "[...document.querySelectorAll('iframe')]"
    assert answer(bench, f"{frames}.every(f => f.getAttribute('sandbox') === 'allow-same-origin')") is True
    inner = "[...document.querySelector('iframe').contentDocument.querySelectorAll('iframe')]"
    assert (
        answer(bench, f"{inner}.length > 10 && {inner}.every(f => f.contentDocument && !f.src && !f.srcdoc)") is True
    )
    everything = "document.querySelector('iframe').contentDocument.querySelectorAll('*')"
    assert answer(bench, f"[...{everything}].filter(e => e.localName === 'script').length") == 0
    handlers = "[...e.attributes].some(a => /^on/i.test(a.name))"
    assert answer(bench, f"[...{everything}].filter(e => {handlers}).length") == 0


def markup(port: int) -> str:
    """A page that tries, as it would be written by hand."""
    base = f"http://127.0.0.1:{port}"
    return (
        f"<link rel=preconnect href={base}><link rel=dns-prefetch href=//localhost:{port}>"
        f"<link rel=stylesheet href={base}/a.css><link rel=prefetch href={base}/p>"
        f"<link rel=preload as=image href={base}/q>"
        f"<img src={base}/b.png><script src={base}/c.js></script><script>top.ran=1</script>"
        f"<iframe src={base}/d></iframe><iframe srcdoc='<script>top.ran=1</script><img src={base}/z>'></iframe>"
        f"<object data={base}/e></object><video autoplay src={base}/f></video><style>@import '{base}/g'</style>"
        f"<img src=x onerror=top.ran=1><svg><image href={base}/h /><script>top.ran=1</script></svg>"
        f"<script>const p=new RTCPeerConnection({{iceServers:[{{urls:'stun:127.0.0.1:{port}'}}]}});"
        "p.createDataChannel('x');p.createOffer().then(o=>p.setLocalDescription(o));"
        f"new WebSocket('ws://127.0.0.1:{port}/ws')</script>"
        f"<meta http-equiv=refresh content='0;url={base}/i'><img src=file:///etc/passwd>"
        f"<img src=replay://data/x/next><iframe src=file:///etc/passwd></iframe>"
    )


def test_raw_page_in_the_same_frame(bench: Bench) -> None:
    """Without the painter's cleaning the other walls hold by themselves: the same markup, written as it is."""
    with Listeners() as listeners:
        bench.use(hostile(listeners.port).raws)
        bench.seek(50)
        written = markup(listeners.port).replace("'", "\\'").replace("</script", "<\\/script")
        answer(
            bench,
            "(() => { window.told = 0; const f = document.querySelector('iframe'), d = f.contentDocument; d.open();"
            " for (const t of [d, document]) t.addEventListener('securitypolicyviolation', () => window.told++);"
            f" d.write('{written}'); d.close(); return 1 }})()",
        )
        bench.qtbot.wait(700)
        assert listeners.total == 0, listeners.lines
        assert answer(bench, "window.ran === undefined") is True
        told = answer(bench, "window.told")
        assert told > 5, "the policy did not have to refuse anything"


def test_policy_and_data_host(bench: Bench) -> None:
    """The page's own policy is in force; without the key the data host answers nothing."""
    script = (
        "window.out = []; Promise.allSettled(["
        "fetch('replay://data/wrong/next', {method: 'POST'}), fetch('replay://data/', {method: 'POST'}),"
        "fetch('replay://app/player.html'), fetch('replay://app/../etc/passwd'), fetch('http://127.0.0.1:9/'),"
        "fetch('file:///etc/passwd'), import('data:text/javascript,top.ran=1')"
        "]).then(r => { window.out = r.map(x => x.value ? String(x.value.status) : x.status) }); 1"
    )
    answer(bench, script)
    bench.qtbot.waitUntil(lambda: answer(bench, "window.out.length") == 7, timeout=10_000)
    assert answer(bench, "window.out.join()") == ",".join(["403", "403"] + ["rejected"] * 5)
    blocked = (
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); s.remove(); return window.ran === undefined })()"
    )
    assert answer(bench, blocked) is True


CONTROL = """
import os, sys, time
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
os.environ.pop("QTWEBENGINE_CHROMIUM_FLAGS", None)
sys.path.insert(0, {root!r})
from replay_viewer.qt import chromium
if {unwalled}:
    chromium.RESOLVER_RULE = "--unwalled"
    chromium._ALWAYS = ()
chromium.prepare()
from PySide6.QtWidgets import QApplication
from PySide6.QtCore import QTimer
from replay_viewer.qt.player.view import PlayerView
chromium.is_prepared = lambda: True
app = QApplication([])
view = PlayerView()
said = []
view.failed.connect(lambda m: (said.append("refused: " + m), app.quit()))
view.ready.connect(lambda: (said.append("ready"), app.quit()))
view.show()
QTimer.singleShot(15000, app.quit)
app.exec()
view.shutdown()
view.profile.destroyed.connect(app.quit)
QTimer.singleShot(2000, app.quit)
app.exec()
print(said[0] if said else "nothing")
"""


@pytest.mark.parametrize(("unwalled", "word"), [(False, "ready"), (True, "refused")])
def test_probe_refuses_when_it_gets_out(unwalled: bool, word: str) -> None:
    """The control: without the resolver rule the same probe reaches its listener, and nothing is painted."""
    root = str(Path(__file__).parents[3])
    script = CONTROL.format(root=root, unwalled=unwalled)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd=root, check=False
    )
    assert done.stdout.strip().startswith(word), done.stdout + done.stderr[-2000:]


UNWALLED = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
sys.path.insert(0, {root!r})
from PySide6.QtCore import QTimer, QUrl
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication
from tests.qt.player.listeners import Listeners
from tests.qt.player.test_walls import markup
os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = "--disable-gpu"
app = QApplication([])
with Listeners() as listeners:
    view = QWebEngineView()
    page = markup(listeners.port).replace("<meta http-equiv=refresh", "<meta name=refresh")
    view.setHtml(page, QUrl("http://127.0.0.1:1/"))
    view.show()
    ran = []
    ask = lambda: view.page().runJavaScript("window.ran === 1", lambda r: (ran.append(r), app.quit()))
    QTimer.singleShot(2500, ask)
    app.exec()
    print(listeners.tcp, listeners.udp, ran[0])
"""


def test_control_without_walls() -> None:
    """The control: in a plain view the same page connects, sends datagrams and runs its scripts."""
    root = str(Path(__file__).parents[3])
    script = UNWALLED.format(root=root)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd=root, check=False
    )
    tcp, udp, ran = done.stdout.split()
    assert int(tcp) >= 8
    assert int(udp) >= 1
    assert ran == "True"


def test_listeners_count() -> None:
    """The control of the controls: a connection and a datagram are counted."""
    import socket

    with Listeners() as listeners:
        socket.create_connection(("127.0.0.1", listeners.port)).close()
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.sendto(b"x", ("127.0.0.1", listeners.port))
        sender.close()
        deadline = time.monotonic() + 5
        while listeners.total < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (listeners.tcp, listeners.udp) == (1, 1)
