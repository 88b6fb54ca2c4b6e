"""The sample sessions, and the demo made of them: collector, shop and samples in one.

Samples are request bodies as a collector received them, recorded by `packaging/record_samples.py` from the demo shop.
They are loaded as they came: posted to the collector's own endpoints.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from replay_viewer.collector.demo import start_site
from replay_viewer.collector.run import RunningCollector, start
from replay_viewer.domain.errors import NotFound, SourceProblem
from replay_viewer.domain.resources import resource

#: The session the demo opens: a checkout that answers 502 and then throws.
FAILING = "checkout-502"

#: How long before its first error a session is opened, in ms.
_BEFORE_ERROR = 3000.0

#: Any key does in an open collector; the samples' own stands in their URLs.
_DEMO_PROXY = urllib.request.ProxyHandler({})
_opener = urllib.request.build_opener(_DEMO_PROXY)


class _Sidecar(msgspec.Struct, rename="camel"):
    method: str
    url: str
    headers: dict[str, str]
    body_file: str


def load_samples(url: str) -> dict[str, str]:
    """Post every sample to the open collector at `url`; answers name to session URL, each at its first error.

    The failing one comes first. Loading again changes nothing: the collector keeps the same bytes once. Raises
    NotFound when no samples ship with this installation, SourceProblem when the collector refuses one.
    """
    try:
        index: dict[str, str] = json.loads(resource("samples", "index.json").read_text())
    except OSError as error:
        raise NotFound(
            "The sample sessions are not part of this installation.", "Install Replay Viewer again."
        ) from error
    names = sorted(index, key=lambda name: (name != FAILING, name))
    loaded = {name: _load(url, resource("samples", name), index[name]) for name in names}
    _load_maps(url, index[FAILING])
    return loaded


def _load(url: str, folder: Path, session: str) -> str:
    """Post one sample's bodies in order; answers the URL of its session."""
    for path in sorted(folder.glob("[0-9]*.json")):
        sidecar = msgspec.json.decode(path.read_bytes(), type=_Sidecar)
        body = (folder / sidecar.body_file).read_bytes()
        # The address is the loopback one of a collector that we started.
        _ask(urllib.request.Request(url + sidecar.url, body, sidecar.headers, method=sidecar.method))  # noqa: S310
    whole = json.loads(_ask(f"{url}/api/v1/sessions/{session}"))
    errors = json.loads(_ask(f"{url}/api/v1/errors?session={session}&limit=200"))["data"]
    address = f"{url}/sessions/{session}"
    if not errors:
        return address
    first = min(error["t"] for error in errors)
    return f"{address}?t={max(0.0, first - _BEFORE_ERROR - whole['started']) / 1000.0:.1f}"


def _load_maps(url: str, session: str) -> None:
    """Upload the shop's source maps as those of the release the samples are of."""
    about = json.loads(_ask(f"{url}/api/v1/sessions/{session}"))
    for path in sorted(resource("samples", "sourcemaps").glob("*.map")):
        place = {"project": about["project"], "release": about["release"], "name": path.stem}
        address = f"{url}/api/v1/maps?{urlencode(place)}"
        _ask(urllib.request.Request(address, path.read_bytes(), method="PUT"))  # noqa: S310


def _ask(request: urllib.request.Request | str) -> bytes:
    try:
        with _opener.open(request, timeout=30) as answer:
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, TimeoutError) as error:
        raise SourceProblem(
            f"The demo's collector did not take a sample: {error}.", "Start the demo again."
        ) from error


class RunningDemo:
    """The demo while it runs: `url` of the collector, `site` of the shop ('' when it was not built), `sessions`."""

    def __init__(self, collector: RunningCollector, site: str, stop_site: Callable[[], None]) -> None:
        self.url = collector.url
        self.site = site
        self.sessions: dict[str, str] = {}
        self._collector = collector
        self._stop_site = stop_site

    @property
    def failing(self) -> str:
        """URL of the session the demo opens."""
        return self.sessions[FAILING]

    def visitors(self) -> list[str]:
        """Addresses of sessions that people make in the shop right now, newest first. Any thread."""
        samples = {url.partition("?")[0] for url in self.sessions.values()}
        return [url for url in self._collector.live() if url not in samples]

    def stop(self) -> None:
        """End shop and collector."""
        self._stop_site()
        self._collector.stop()

    def __enter__(self) -> RunningDemo:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_demo(home: Path) -> RunningDemo:
    """Start an open collector in `home` with the samples, and the shop beside it, all on loopback and free ports.

    Raises what `run.start` and `load_samples` raise.
    """
    collector = start(home)
    try:
        site, stop_site = start_site(collector.url)
    except NotFound:  # a checkout whose shop was not built: the samples do without
        site, stop_site = "", _nothing
    demo = RunningDemo(collector, site, stop_site)
    try:
        demo.sessions = load_samples(collector.url)
    except BaseException:  # Ctrl+C too: nobody else knows of the servers to stop; raised again
        demo.stop()
        raise
    return demo


def _nothing() -> None:
    """There is no shop to stop."""
