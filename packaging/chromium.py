"""A small driver of Debian's Chromium over the DevTools protocol's pipe, with input as a person makes it.

No websocket, no third party: `--remote-debugging-pipe` speaks JSON ended by NUL over file descriptors 3 and 4.
Used to record the sample sessions and by the tests that need a real browser with a real SDK.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import random
import select
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--metrics-recording-only",
    "--password-store=basic",
    "--hide-scrollbars",
    "--disable-blink-features=AutomationControlled",  # posthog-js records nobody who says `navigator.webdriver`
)

_TIMEOUT = 20.0


class ChromiumError(Exception):
    """Chromium is not there, went away, or answered with an error."""


def executable() -> str | None:
    """Path of the browser, None when the machine has none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    """One browser process with a fresh profile. `hosts`: name to address, for pages with a name of their own.

    `pace`: how long the person lingers, 1 as people do; shorter in tests, where nobody watches. `zone`: the person's
    time zone.
    """

    def __init__(
        self,
        hosts: dict[str, str] | None = None,
        size: tuple[int, int] = (1280, 800),
        *,
        pace: float = 1.0,
        zone: str = "",
    ) -> None:
        self.pace = pace
        path = executable()
        if path is None:
            raise ChromiumError("chromium is not installed")
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        rules = ",".join(f"MAP {name} {address}" for name, address in (hosts or {}).items())
        command = [
            "bash",  # dash knows descriptors of one digit only
            "-c",
            f'exec "$@" 3<&{to_read} 4>&{to_write}',
            "bash",
            path,
            *FLAGS,
            "--remote-debugging-pipe",
            f"--window-size={size[0]},{size[1]}",
            f"--user-data-dir={self._profile}",
            *([f"--host-resolver-rules={rules}"] if rules else []),
            "about:blank",
        ]
        self._process = subprocess.Popen(
            command,
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TZ": zone} if zone else None,
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer = b""
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.events: deque[dict[str, Any]] = deque(maxlen=2000)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the browser as a person would, so that its pages can send what is left."""
        with contextlib.suppress(ChromiumError, OSError):
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """One command and its result. Raises ChromiumError."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _TIMEOUT
        while number not in self._answers:
            self.pump(deadline - time.monotonic())
            if time.monotonic() > deadline:
                raise ChromiumError(f"no answer to {method}")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise ChromiumError(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer.get("result", {})
        return result

    def pump(self, seconds: float) -> None:
        """Take what the browser says within `seconds`."""
        ready, _, _ = select.select([self._from], [], [], max(0.0, seconds))
        if not ready:
            return
        data = os.read(self._from, 1 << 20)
        if not data:
            raise ChromiumError("chromium went away")
        *messages, self._buffer = (self._buffer + data).split(b"\0")
        for raw in messages:
            message = json.loads(raw)
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self.events.append(message)

    def open(self, url: str = "about:blank") -> Page:
        """A new tab."""
        return Page(self, self.call("Target.createTarget", url=url)["targetId"])

    def tabs(self) -> list[str]:
        """Target ids of the pages there are."""
        infos = self.call("Target.getTargets")["targetInfos"]
        return [info["targetId"] for info in infos if info["type"] == "page"]


class Page:
    """One tab, driven by real mouse and key events (trusted, as the browser sees them)."""

    def __init__(self, browser: Chromium, target: str) -> None:
        self._browser = browser
        self.target = target
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._x, self._y = 640.0, 400.0
        self._random = random.Random(7)
        self.call("Page.enable")
        self.call("Runtime.enable")
        agent = browser.call("Browser.getVersion")["userAgent"]
        self.call("Network.setUserAgentOverride", userAgent=agent.replace("HeadlessChrome", "Chrome"))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command for this tab."""
        return self._browser.call(method, self._session, **parameters)

    def go(self, url: str) -> None:
        """Load `url` and wait until it is complete."""
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, promises awaited. Raises ChromiumError when it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise ChromiumError(str(answer["exceptionDetails"].get("exception", {}).get("description")))
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = 10.0) -> None:
        """Wait until the expression holds; a page on its way elsewhere counts as not yet."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(ChromiumError):
                if self.evaluate(expression):
                    return
            if time.monotonic() > deadline:
                raise ChromiumError(f"never true: {expression}")
            self._browser.pump(0.05)

    def wait(self, seconds: float) -> None:
        """Do nothing, as a reading person (`seconds` times the browser's pace)."""
        self.idle(seconds * self._browser.pace)

    def idle(self, seconds: float) -> None:
        """Wait for what takes its time whoever sits there, such as an SDK's next sending."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._browser.pump(left)

    def picture(self, path: Path) -> None:
        """What the tab shows, as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def front(self) -> None:
        """Bring the tab to the front."""
        self.call("Page.bringToFront")

    def close(self) -> None:
        """Close the tab, running its unload handlers."""
        self.call("Page.close")

    def move(self, selector: str) -> None:
        """Move the pointer onto an element along a slightly bent path; scrolls it into view by wheel first."""
        box = self._box(selector)
        height = self.evaluate("innerHeight")
        while not 40 <= box["y"] <= height - 40:
            before = box["y"]
            self.scroll(math.copysign(min(240, abs(before - height / 2)), before - height / 2))
            box = self._box(selector)
            if abs(box["y"] - before) < 1:
                break
        for x, y in self._path(box["x"], box["y"]):
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
            self.wait(0.012)

    def _box(self, selector: str) -> dict[str, float]:
        script = (
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null;"
            "const r = e.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()"
        )
        self.until(f"document.querySelector({json.dumps(selector)}) !== null")
        box: dict[str, float] = self.evaluate(script)
        return box

    def _path(self, x: float, y: float) -> Iterator[tuple[float, float]]:
        start_x, start_y = self._x, self._y
        bend = self._random.uniform(-40, 40)
        steps = max(6, int(math.hypot(x - start_x, y - start_y) / 28))
        for step in range(1, steps + 1):
            part = step / steps
            eased = part * part * (3 - 2 * part)
            arc = math.sin(math.pi * part) * bend
            self._x, self._y = start_x + (x - start_x) * eased + arc, start_y + (y - start_y) * eased + arc / 3
            yield round(self._x, 1), round(self._y, 1)
        self._x, self._y = x, y

    def click(self, selector: str) -> None:
        """Move there and click."""
        self.move(selector)
        self.wait(self._random.uniform(0.08, 0.2))
        self.press()

    def press(self) -> None:
        """Click where the pointer is."""
        at: dict[str, Any] = {"x": self._x, "y": self._y, "button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mousePressed", **at)
        self.wait(self._random.uniform(0.05, 0.09))
        self.call("Input.dispatchMouseEvent", type="mouseReleased", **at)

    def type(self, selector: str, text: str) -> None:
        """Click into a field and type, key by key."""
        self.click(selector)
        for character in text:
            self.call(
                "Input.dispatchKeyEvent", type="keyDown", text=character, key=character, unmodifiedText=character
            )
            self.call("Input.dispatchKeyEvent", type="keyUp", key=character)
            self.wait(self._random.uniform(0.03, 0.09))

    def key(self, name: str, code: int) -> None:
        """Press a key that writes nothing by itself, such as Enter (13) or Tab (9)."""
        text = {"text": "\r"} if name == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=code)

    def scroll(self, pixels: float) -> None:
        """Turn the wheel, in notches."""
        left = pixels
        while abs(left) >= 1:
            notch = math.copysign(min(120, abs(left)), left)
            self.call("Input.dispatchMouseEvent", type="mouseWheel", x=self._x, y=self._y, deltaX=0, deltaY=notch)
            self.wait(0.06)
            left -= notch
        self.wait(0.15)


def popup_of(browser: Chromium, action: Callable[[], None]) -> Page:
    """The tab that `action` opens."""
    before = set(browser.tabs())
    action()
    deadline = time.monotonic() + 10
    while not (new := [target for target in browser.tabs() if target not in before]):
        if time.monotonic() > deadline:
            raise ChromiumError("no new tab")
        browser.pump(0.05)
    return Page(browser, new[0])
