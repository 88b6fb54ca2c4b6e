"""Source maps of releases: who may upload and read them, lists, replacing, deleting, what is refused."""

from __future__ import annotations

import gzip
import hashlib
import os
import threading
import zlib
from pathlib import Path

import httpx
import pytest

from replay_viewer.collector import maps
from replay_viewer.collector.office import opened
from replay_viewer.collector.run import RunningCollector, start
from replay_viewer.domain.errors import NotFound
from tests.sourcemaps import small_map

DEBUG_ID = "85314830-023f-4cf1-a267-535f4e37bb17"


def ask(name: str = "js/app.js", release: str = "shop@1", **more: str) -> dict[str, str]:
    return {"project": "1", "release": release, "name": name, **more}


def files(home: Path) -> int:
    return len(list((home / "maps").iterdir()))


def test_upload_list_and_read(client: httpx.Client, tmp_path: Path) -> None:
    data = small_map(debug_id=DEBUG_ID)
    made = client.put("/api/v1/maps", params=ask(), content=gzip.compress(data), headers={"Content-Encoding": "gzip"})
    assert made.status_code == 200
    one = made.json()
    assert {key: one[key] for key in ("name", "release", "project", "debugId", "bytes", "by")} == {
        "name": "js/app.js", "release": "shop@1", "project": "1", "debugId": DEBUG_ID, "bytes": len(data),
        "by": "open",
    }  # fmt: skip
    read = client.get(f"/api/v1/maps/{one['id']}")
    assert read.content == data
    assert read.headers["etag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert client.get(f"/api/v1/maps/{one['id']}", headers={"If-None-Match": read.headers["etag"]}).status_code == 304
    for n in range(3):
        client.put("/api/v1/maps", params=ask(f"js/{n}.js", debugId=DEBUG_ID.upper()), content=small_map())
    client.put("/api/v1/maps", params=ask(release="shop@2 (beta)/é"), content=small_map())
    page = client.get("/api/v1/maps", params={"release": "shop@1", "project": "1", "limit": "3"}).json()
    rest = client.get("/api/v1/maps", params={"release": "shop@1", "limit": "3", "cursor": page["next"]}).json()
    assert [row["name"] for row in page["data"] + rest["data"]] == ["js/2.js", "js/1.js", "js/0.js", "js/app.js"]
    assert rest["next"] is None
    assert len(client.get("/api/v1/maps", params={"debugId": DEBUG_ID.upper()}).json()["data"]) == 4
    assert len(client.get("/api/v1/maps", params={"release": "shop@2 (beta)/é"}).json()["data"]) == 1
    assert client.get("/api/v1/maps", params={"project": "2"}).json()["data"] == []
    assert client.get("/api/v1/maps", params={"release": "a\x00b"}).json()["data"] == []
    assert files(tmp_path / "collector") == 5


def test_the_same_name_again_replaces(client: httpx.Client, tmp_path: Path) -> None:
    first = client.put("/api/v1/maps", params=ask(), content=small_map("a.ts")).json()
    second = client.put("/api/v1/maps", params=ask(), content=small_map("b.ts")).json()
    assert [row["id"] for row in client.get("/api/v1/maps").json()["data"]] == [second["id"]]
    assert client.get(f"/api/v1/maps/{first['id']}").status_code == 404
    assert client.get(f"/api/v1/maps/{second['id']}").content == small_map("b.ts")
    assert files(tmp_path / "collector") == 1


def test_uploads_of_one_name_at_once(client: httpx.Client, collector: RunningCollector, tmp_path: Path) -> None:
    """However they fall, one of them is there, whole, and nothing of the others."""
    sent = [small_map(f"{n}.ts") for n in range(6)]
    codes: list[int] = []

    def put(data: bytes) -> None:
        with httpx.Client(base_url=collector.url, trust_env=False, timeout=60) as own:
            codes.append(own.put("/api/v1/maps", params=ask(), content=data).status_code)

    threads = [threading.Thread(target=put, args=(data,)) for data in sent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 6
    [row] = client.get("/api/v1/maps").json()["data"]
    assert client.get(f"/api/v1/maps/{row['id']}").content in sent
    assert files(tmp_path / "collector") == 1


@pytest.mark.parametrize(
    ("asked", "body", "headers", "status"),
    [
        (ask(), b"<html>", {}, 400),
        (ask(), b"", {}, 400),
        (ask(), b"no gzip", {"Content-Encoding": "gzip"}, 400),
        (ask(), gzip.compress(small_map())[:-9], {"Content-Encoding": "gzip"}, 400),
        (ask(), small_map(), {"Content-Encoding": "br"}, 400),
        (ask(release=""), small_map(), {}, 400),
        (ask(name=" "), small_map(), {}, 400),
        (ask(name="a\x00b"), small_map(), {}, 400),
        (ask(name="x" * 1001), small_map(), {}, 400),
        (ask(debugId="no"), small_map(), {}, 400),
        ({**ask(), "project": "../1"}, small_map(), {}, 400),
    ],
)
def test_what_is_refused(
    client: httpx.Client, tmp_path: Path, asked: dict[str, str], body: bytes, headers: dict[str, str], status: int
) -> None:
    assert client.put("/api/v1/maps", params=asked, content=body, headers=headers).status_code == status
    assert client.get("/api/v1/maps").json()["data"] == []
    assert not (tmp_path / "collector" / "maps").exists()


def test_bombs_and_bad_questions(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "LARGEST", 5_000)
    bomb = zlib.compress(bytes(10_000), wbits=31)
    for body, headers in ((bomb, {"Content-Encoding": "gzip"}), (bytes(5_001), {})):
        assert client.put("/api/v1/maps", params=ask(), content=body, headers=headers).status_code == 413
    assert client.get("/api/v1/maps", params={"cursor": "x"}).status_code == 400
    assert client.get("/api/v1/maps/99").status_code == 404
    assert client.get(f"/api/v1/maps/{1 << 70}").status_code == 404


def test_roles_deletion_and_the_audit_log(tmp_path: Path, db: str | None) -> None:
    home = tmp_path / "collector"
    with opened(home, db) as office:
        tokens = {role: office.add_token(role, role)[1] for role in ("viewer", "admin")}
        office.add_key("1", "Shop")
    with start(home, db=db, open=False) as running:

        def call(role: str, method: str, path: str = "", **more: object) -> httpx.Response:
            headers = {"Authorization": f"Bearer {tokens[role]}"} if role else {}
            return httpx.request(
                method,
                f"{running.url}/api/v1/maps{path}",
                headers=headers,
                trust_env=False,
                **more,  # type: ignore[arg-type]
            )

        assert call("", "GET").status_code == 401
        assert call("", "PUT", params=ask(), content=small_map()).status_code == 401
        refused = call("viewer", "PUT", params=ask(), content=small_map())
        assert (refused.status_code, "admin" in refused.json()["detail"]) == (403, True)
        made = call("admin", "PUT", params=ask(), content=small_map())
        assert made.json()["by"] == "admin"
        call("admin", "PUT", params=ask("b.js"), content=small_map())
        assert call("viewer", "GET", f"/{made.json()['id']}").content == small_map()
        assert call("viewer", "DELETE", params=ask()).status_code == 403
        assert call("admin", "DELETE", params={"project": "1"}).status_code == 400
        assert call("admin", "DELETE", params=ask()).json() == {"maps": 1, "bytes": len(small_map())}
        assert call("admin", "DELETE", params=ask()).status_code == 404
        assert files(home) == 1
    with opened(home, db) as office:
        assert [one["name"] for one in office.maps("1", "")] == ["b.js"]
        assert office.delete_maps("1", "shop@1")["maps"] == 1
        with pytest.raises(NotFound):
            office.delete_maps("1", "shop@1")
        done = [(one["action"], one["what"]) for one in office.audit("", 20) if one["action"] not in ("token", "key")]
        assert done[::-1] == [
            ("upload", "shop@1"), ("upload", "shop@1"), ("export", f"source map {made.json()['id']}"),
            ("delete-maps", "shop@1"), ("delete-maps", "shop@1"),
        ]  # fmt: skip
    assert files(home) == 0


def test_what_a_crash_left_goes_at_the_next_start(tmp_path: Path) -> None:
    with start(tmp_path) as running:
        made = httpx.put(f"{running.url}/api/v1/maps", params=ask(), content=small_map(), trust_env=False).json()
    left, young = tmp_path / "maps" / "left", tmp_path / "maps" / "young"
    for path in (left, young):
        path.write_bytes(b"half")
    os.utime(left, (1, 1))
    with start(tmp_path) as running:
        assert (left.exists(), young.exists()) == (False, True), "a young one may belong to an upload under way"
        damaged = next(path for path in (tmp_path / "maps").iterdir() if path != young)
        damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
        assert httpx.get(f"{running.url}/api/v1/maps/{made['id']}", trust_env=False).status_code == 503
