"""Nothing personal leaves: a recording full of secrets, exported strictly by every format, searched to the bottom."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import subprocess
from pathlib import Path

import av
import pytest

from replay_viewer.cli import main
from replay_viewer.domain.resources import resource
from replay_viewer.export.clips import FORMATS as CLIPS
from replay_viewer.export.clips import Shape, instants
from replay_viewer.library import Library
from replay_viewer.qt import headless
from replay_viewer.services import connections, redacting
from replay_viewer.services.clips import stretch
from replay_viewer.services.importer import import_paths
from replay_viewer.services.incident import Mask
from replay_viewer.services.outputs import outputs
from replay_viewer.services.stills import StillEngine
from tests.e2e import seeded
from tests.e2e.unpacking import found_in
from tests.services.loopback import Answer, Post, http, smtp

chromium = pytest.importorskip("chromium")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.webengine,
    pytest.mark.skipif(chromium.executable() is None, reason="chromium is not installed"),
    pytest.mark.skipif(not all(path.is_file() for path in (seeded.RECORDER, *seeded.PLUGINS)), reason="npm ci"),
    pytest.mark.skipif(not resource("player", "dist").is_dir(), reason="the player is not built"),
]

#: What a container may say of itself: nothing of the session.
_CONTAINER = {"encoder", "duration", "loop"}
_UNSEEN = re.compile(r" (?:href|src|download|data-[\w-]+)=\"[^\"]*\"")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeded")
    with chromium.Chromium(pace=0.1) as browser:
        seeded.record(browser, folder / "recording.json")
    # The seeds are there: what is not recorded proves nothing.
    assert set(found_in((folder / "recording.json").read_bytes(), seeded.SECRETS)) == set(seeded.SECRETS)
    assert import_paths(folder / "home", [folder / "recording.json"]) == ["seeded-0001"]
    with Library.open(folder / "home") as library:
        counts = library.session("seeded-0001").counts
    assert {kind for kind, count in counts.items() if count} >= {
        "console", "network", "errors", "state", "navigation", "interactions", "custom",
    }  # fmt: skip
    return folder / "home"


@pytest.mark.parametrize("format", [*outputs()])
def test_no_export_holds_a_secret(home: Path, tmp_path: Path, format: str) -> None:
    out = tmp_path / f"note{outputs()[format].suffix}"
    part = ["--range", "0..1.5", "--fps", "4"] if outputs()[format].clip else []
    assert main(["export", "seeded-0001", "--home", str(home), "--format", format, "-o", str(out), *part]) == 0
    written = sorted(tmp_path.iterdir())
    assert out in written
    for path in written:
        assert found_in(path.read_bytes(), seeded.SECRETS) == [], path.name
        assert found_in(path.name.encode(), seeded.SECRETS) == []
    if format in ("clip", "gif"):
        with av.open(str(out)) as container:
            said = {**container.metadata, **container.streams.video[0].metadata}
        assert said == {key: text for key, text in said.items() if key.lower() in _CONTAINER}, said
        assert found_in(repr(said).encode(), seeded.SECRETS) == []
    if format == "pdf" and shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-layout", out, "-"], capture_output=True, check=True).stdout
        assert b"Steps to reproduce" in text
        assert found_in(b" ".join(text.split()), seeded.SECRETS) == []
        assert found_in(b"".join(text.split()), {"password": seeded.PASSWORD, "card": "4000056655665556"}) == []


def test_what_searches_would_find_them(home: Path, tmp_path: Path) -> None:
    """Without redaction the same search finds every secret in a bundle, and the typed ones in a HAR."""
    for format, name in (("bundle", "all.replay"), ("har", "all.har")):
        out = tmp_path / name
        assert main(
            ["export", "seeded-0001", "--home", str(home), "--redact", "none", "--format", format, "-o", str(out)]
        ) == 0  # fmt: skip
    assert set(found_in((tmp_path / "all.replay").read_bytes(), seeded.SECRETS)) == set(seeded.SECRETS)
    assert "typed password" in found_in((tmp_path / "all.har").read_bytes(), seeded.SECRETS)


def test_no_picture_shows_a_secret(home: Path) -> None:
    """The page as it is painted for a picture: its text, its inputs, its markup, frames and shadow roots with it."""
    with Library.open(home) as library:
        redactor = redacting.redactor_for(library, "seeded-0001")
        session = library.session("seeded-0001")
        engine = StillEngine(library, session.id, Mask(redactor).redact)
        try:
            with headless.player(engine) as player:
                # The instants a clip and a strip of the whole session are painted at.
                tab, start, end = stretch(library, session, session.start, session.end, 0)
                frames = {start + 300}
                for name in CLIPS:
                    frames.update(instants(Shape(start=start, end=end, fps=2.0), name))
                for t in sorted(one for one in frames if one >= start + 300):
                    player.seek(tab, t)
                    page = player.read()
                    # Where a link leads and what is kept beside an element is not painted.
                    shown = _UNSEEN.sub("", str(page["html"]))
                    assert "Pay now" in shown
                    assert "Frame of [name 1]" in str(page)
                    assert found_in(shown.encode(), seeded.SECRETS) == []
                    assert found_in(repr([page["text"], page["inputs"], page["url"]]).encode(), seeded.SECRETS) == []
        finally:
            engine.close()


_TOKENS = {"slack": "xoxb-1-2-abcdefgh", "pagerduty": "0123456789abcdef0123456789abcdef", "webhook": "w", "email": ""}
_ANSWERS: dict[str, list[Answer]] = {
    "slack": [
        (200, b'{"ok": true, "channel": "C9", "ts": "17.1"}', {}),
        (200, b'{"ok": true, "upload_url": "$URL/upload/1", "file_id": "F1"}', {}),
        (200, b"OK", {}),
        (200, b'{"ok": true, "files": []}', {}),
    ],
    "pagerduty": [(202, b'{"status":"success","dedup_key":"k"}', {})],
}


@pytest.mark.parametrize("kind", ["slack", "pagerduty", "webhook", "email"])
def test_no_service_is_told_a_secret(home: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives at services on loopback, pictures with it: request lines, headers, bodies, parts of mails."""
    monkeypatch.setenv(connections.TOKEN_VARIABLE, _TOKENS[kind])
    arrived: list[bytes] = []
    with http(_ANSWERS.get(kind, [(200, b"ok", {})])) as service, smtp(Post()) as post:
        url = f"smtp://127.0.0.1:{post.port}" if kind == "email" else service.url
        more = ["--no-token"] if kind == "email" else []
        told = ["--to", "ops@example.test", "--from", "viewer@example.test"] if kind != "webhook" else []
        main(["connect", "--home", str(home), "add", kind, url, "--kind", kind, *told, *more])
        assert main(["send", "seeded-0001", "--home", str(home), "--to", kind, "--yes"]) == 0
        for one in service.posted:
            arrived += [one.path.encode(), repr(one.headers).encode(), one.body]
        for sender, to, data in post.mails:
            message = email.message_from_bytes(data, policy=email.policy.default)
            parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
            arrived += [sender.encode(), repr(to).encode(), data, repr(message.items()).encode()]
            arrived += [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    assert sum(len(one) for one in arrived) > 1_000
    for one in arrived:
        assert found_in(one, seeded.SECRETS) == []


def test_redacted_for_good_it_is_clean_in_the_library(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    assert main(["redact", "seeded-0001", "--home", str(copy), "--yes"]) == 0
    for path in sorted(copy.rglob("*")):
        if path.is_file() and path.name not in ("replay-viewer.log",):
            # The library's own number of a page is no user's id; words of the search index stand alone.
            assert found_in(path.read_bytes(), seeded.SECRETS) == [], path.name
