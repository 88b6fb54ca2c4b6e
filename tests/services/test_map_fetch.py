"""Source maps fetched: from a collector and from Sentry with a pull, from the web with captured assets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from replay_viewer.analysis.symbols import symbolicate
from replay_viewer.cli.main import main
from replay_viewer.collector.run import RunningCollector, start
from replay_viewer.domain.errors import BadInput
from replay_viewer.domain.rows import ErrorEvent
from replay_viewer.library import Library
from replay_viewer.services import map_fetch, maps
from replay_viewer.services.assets import capture
from replay_viewer.services.pull import pull
from tests.collector.bodies import captured, sample
from tests.data_dir import needs_shared
from tests.postgres import Postgres
from tests.services.test_maps import frames
from tests.sites import Site, site
from tests.sourcemaps import MAPS, SOURCE, failing, small_map
from tests.sources.backends import SentryApi
from tests.sources.server import answer, serving

RELEASE = "lumen-oak@2.7.1"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def collector(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningCollector]:
    """A collector with the session that fails at the checkout, on both databases."""
    server: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    db = server.migrated() if server else None
    with start(tmp_path / "collector", db=db) as running:
        with httpx.Client(base_url=running.url, trust_env=False) as client:
            for url, headers, body in captured(sample("checkout-502")):
                assert client.post(url, content=body, headers=headers).status_code == 200
        yield running
    if server and db:
        server.drop(db)


def address(collector: RunningCollector) -> str:
    [session] = httpx.get(f"{collector.url}/api/v1/sessions", trust_env=False).json()["data"]
    return f"{collector.url}/sessions/{session['id']}"


def test_uploaded_maps_come_with_a_pull(
    collector: RunningCollector, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder goes up by the command line; a pull brings what its stacks need, and the note has the source."""
    home = ["--home", str(tmp_path / "home")]
    (tmp_path / "build").mkdir()
    for path in MAPS.iterdir():
        (tmp_path / "build" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "build" / "unused.js.map").write_bytes(small_map())
    assert main(["connect", "add", "ours", collector.url, "--kind", "collector", "--no-token", *home]) == 0
    upload = ["maps", "upload", str(tmp_path / "build"), "--to", "ours", "--release", RELEASE, *home]
    capsys.readouterr()
    assert main([*upload, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["maps"] == ["shop.min.js", "unused.js"]
    listed = httpx.get(f"{collector.url}/api/v1/maps", trust_env=False).json()["data"]
    assert {row["name"] for row in listed} == {"shop.min.js", "unused.js"}
    id = pull(tmp_path / "home", address(collector))
    with Library.open(tmp_path / "home") as library:
        [kept] = library.extras.maps(id)
        assert (kept.source, kept.why, kept.name.rpartition("/")[2]) == ("collector", "", "shop.min.js")
        assert frames(library, id)[-1].file.endswith(SOURCE)
    out = tmp_path / "note.md"
    assert main(["export", id, *home, "--format", "md", "-o", str(out), "--no-pictures", "--no-charts"]) == 0
    assert SOURCE in out.read_text()
    pull(tmp_path / "home", address(collector))
    with Library.open(tmp_path / "home") as library:
        assert library.extras.maps(id) == [kept], "asked for once"


def test_maps_uploaded_later_are_fetched_when_asked_for(collector: RunningCollector, tmp_path: Path) -> None:
    id = pull(tmp_path, address(collector))
    with Library.open(tmp_path) as library:
        assert library.extras.maps(id) == []
        assert not [one for one in library.session(id).health if one.code == "map-not-had"], "absence is no news"
    brought = map_fetch.from_source(tmp_path, id)
    assert brought.words == "0 source maps came, 1 could not be had: Health says why."
    with Library.open(tmp_path) as library:
        [said] = [one.message for one in library.session(id).health if one.code == "map-not-had"]
        assert f"the collector has none for release {RELEASE}" in said
    data = (MAPS / "shop.min.js.map").read_bytes()
    asked = {"project": "1", "release": RELEASE, "name": "assets/shop.min.js"}
    httpx.put(f"{collector.url}/api/v1/maps", params=asked, content=data, trust_env=False).raise_for_status()
    assert map_fetch.from_source(tmp_path, id).words == "1 source map came."
    assert map_fetch.from_source(tmp_path, id).words == ""
    with Library.open(tmp_path) as library:
        assert frames(library, id)[-1].file.endswith(SOURCE)
        assert not [one for one in library.session(id).health if one.code == "map-not-had"]


def test_a_session_of_a_file_has_nobody_to_ask(tmp_path: Path) -> None:
    id = failing(tmp_path, "https://shop.test/app.js")
    with pytest.raises(BadInput, match="not pulled"):
        map_fetch.from_source(tmp_path, id)


# -- Sentry ----------------------------------------------------------------------------------------------------------


class Releases(SentryApi):
    """The documented files of the release `shop@1`, in pages of two; `refused`: the token lacks the scope."""

    refused = False

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        frames = [
            {"function": "a", "abs_path": "https://shop.test/js/pay.min.js", "lineno": 1, "colno": 1},
            {"function": "b", "abs_path": "https://shop.test/js/vendor.js", "lineno": 1, "colno": 1},
            {"function": "c", "abs_path": "https://shop.test/js/mapped.js", "lineno": 7, "context": [[7, "known()"]]},
        ]
        for event in self.errors.values():
            event["release"] = "shop@1"
            event["exception"] = {"values": [{"type": "E", "value": "v", "stacktrace": {"frames": frames}}]}

    def reply(self, path: str, headers: dict[str, str], n: int) -> bytes | None:
        files = "/api/0/projects/acme/7/releases/shop%401/files/"
        parts, query = urlsplit(path), parse_qs(urlsplit(path).query)
        if "/releases/" not in parts.path:
            return super().reply(path, headers, n)
        assert headers["authorization"] == "Bearer sntryu_secret"
        self.asked.append(unquote(parts.path.removeprefix(files)))
        if self.refused:
            return answer(403, b'{"detail":"You do not have permission to perform this action."}')
        if parts.path == files and "cursor" not in query:
            rows = [
                {"id": "1", "name": "~/js/pay.min.js", "headers": {"Sourcemap": "maps/shop.js.map"}, "dist": None},
                {"id": "2", "name": "~/js/maps/shop.js.map", "headers": {}, "sha1": "…", "size": 9},
            ]
            link = f'<{path}?cursor=0:2:0>; rel="next"; results="true"; cursor="0:2:0"'
            return answer(200, json.dumps(rows).encode(), Link=link)
        if parts.path == files:
            return answer(200, json.dumps([{"id": "3", "name": "~/js/other.js.map", "headers": {}}]).encode())
        if parts.path == files + "2/" and query.get("download") == ["true"]:
            return answer(200, small_map("src/shop.ts"))
        return answer(404, b'{"detail":"The requested resource does not exist"}')


def sentry_session(home: Path, api: Releases, url: str) -> str:
    return pull(home, f"{url}/organizations/acme/replays/{api.id}/", token="sntryu_secret")


@needs_shared
def test_files_of_a_release_come_from_sentry(tmp_path: Path) -> None:
    api = Releases()
    with serving(api.reply) as server:
        id = sentry_session(tmp_path, api, server.url)
        assert api.asked == ["", "", "2/"], "what Sentry mapped itself, and what it does not have, is not asked for"
        with Library.open(tmp_path) as library:
            [kept] = library.extras.maps(id)
            assert (kept.name, kept.source) == ("js/pay.min.js", "sentry")
            error = next(row for _, row in library.rows(id, "errors") if isinstance(row, ErrorEvent))
            mapped = symbolicate(error, maps.of_session(library, id)).exceptions[-1].frames
            assert [frame.file.rpartition("/")[2] for frame in mapped] == ["shop.ts", "vendor.js", "mapped.js"]
            assert not [one for one in library.session(id).health if one.code == "map-not-had"]
        brought = map_fetch.from_source(tmp_path, id, token="sntryu_secret")
        assert (brought.had, brought.missing) == (0, 2), "the console has a stack in shop/app.min.js"
        with Library.open(tmp_path) as library:
            said = [one.message for one in library.session(id).health if one.code == "map-not-had"]
            assert "Sentry lists none among the files of release shop@1 (first: js/vendor.js)" in said[0]


@needs_shared
def test_a_token_without_the_scope_costs_the_maps_only(tmp_path: Path) -> None:
    api = Releases()
    api.refused = True
    with serving(api.reply) as server:
        id = sentry_session(tmp_path, api, server.url)
    with Library.open(tmp_path) as library:
        assert library.session(id).events > 100
        [said] = [one for one in library.session(id).health if one.code == "map-not-had"]
        assert "The token needs the scope project:releases" in said.message
        assert said.count == 3


# -- the web ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def web() -> Iterator[Site]:
    with site() as made:
        inline = base64.b64encode(small_map("src/inline.ts")).decode()
        data = f"data:application/json;charset=utf-8;base64,{inline}"
        script = "text/javascript"
        made.pages |= {
            "/js/comment.js": (200, script, b"x()\n//# sourceMappingURL=../maps/comment.js.map?v=2\n"),
            "/maps/comment.js.map": (200, "application/json", small_map("src/comment.ts")),
            "/js/header.js": (200, script, b"x()", {"SourceMap": "/maps/comment.js.map"}),
            "/js/inline.js": (200, script, f"x()\n//# sourceMappingURL={data}".encode()),
            "/js/moved.js": (302, "", b"", {"Location": "/new/moved.js"}),
            "/new/moved.js": (200, script, b"x()\n//# sourceMappingURL=moved.js.map"),
            "/new/moved.js.map": (200, "application/json", small_map("src/moved.ts")),
            "/js/none.js": (200, script, b"x()"),
            "/js/gone.js": (200, script, b"//# sourceMappingURL=gone.js.map"),
            "/js/page.js": (200, script, b"//# sourceMappingURL=page.html"),
            "/js/page.html": (200, "text/html", b"<html>"),
            "/js/file.js": (200, script, b"//# sourceMappingURL=file:///etc/passwd"),
            "/js/broken.js": (200, script, b"//# sourceMappingURL=data:application/json;base64,###"),
        }
        yield made


NAMES = ("comment", "header", "inline", "moved", "none", "gone", "page", "file", "broken")


def test_maps_that_scripts_name_come_with_the_assets(web: Site, tmp_path: Path) -> None:
    id = failing(tmp_path, *(f"{web.url}/js/{name}.js?v=1" for name in NAMES))
    refused = capture(tmp_path, id)
    assert (web.asked, refused.maps) == ([], "0 source maps came, 9 could not be had: Health says why.")
    came = capture(tmp_path, id, allow_private=True)
    assert came.words == "4 source maps came, 5 could not be had: Health says why."
    assert not [headers for _, headers in web.asked if "cookie" in headers or "authorization" in headers]
    with Library.open(tmp_path) as library:
        held = {one.name.removeprefix("js/").removesuffix(".js"): one for one in library.extras.maps(id)}
        assert {name: one.why for name, one in held.items() if one.why} == {
            "none": "its script names no source map",
            "gone": "HTTP 404",
            "page": "it is no source map",
            "file": "it is not on the web (http or https)",
            "broken": "the source map in its script is damaged",
        }
        files = [frame.file for frame in frames(library, id)][:4]
        assert files == ["src/comment.ts", "src/comment.ts", "src/inline.ts", "src/moved.ts"]
        assert library.extras.assets(id) == [], "scripts and maps are no assets: the page is never given one"
    asked = len(web.asked)
    capture(tmp_path, id, allow_private=True)
    assert [path for path, _ in web.asked[asked:] if "comment" in path] == [], "what is here is not asked for again"
