"""Marks of sessions at the collector: viewers read, triagers change them; the log tells; they go with the session."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.collector.test_operations import Served

MARKS = "/api/v1/sessions/s1/marks"


@pytest.fixture
def served(tmp_path: Path, db: str | None) -> Iterator[Served]:
    made = Served(tmp_path / "c", db)
    made.post("s1")
    yield made
    made.stop()


def test_triagers_mark_and_viewers_read(served: Served) -> None:
    assert served.ask("GET", MARKS, "viewer").json() == {"watched": 0.0, "tags": [], "changed": None, "by": ""}
    assert served.ask("POST", MARKS, "", json={"add": ["x"]}).status_code == 401
    refused = served.ask("POST", MARKS, "viewer", json={"add": ["x"]})
    assert (refused.status_code, "triager" in refused.json()["detail"]) == (403, True)
    before = served.ask("GET", "/api/v1/sessions/s1", "viewer")
    made = served.ask("POST", MARKS, "triager", json={"watched": 1.7e12, "add": ["Checkout", "assigned/ada"]})
    assert made.status_code == 200
    assert {**made.json(), "changed": 0} == {
        "watched": 1.7e12, "tags": ["assigned/ada", "checkout"], "changed": 0, "by": "triager-token",
    }  # fmt: skip
    assert served.ask("GET", MARKS, "viewer").json() == made.json()
    after = served.ask("GET", "/api/v1/sessions/s1", "viewer", headers={"if-none-match": before.headers["etag"]})
    assert after.json()["marks"] == made.json()
    # the same again changes nothing, and is no line of the log
    assert served.ask("POST", MARKS, "admin", json={"add": ["checkout"]}).json() == made.json()
    gone = served.ask("POST", MARKS, "admin", json={"watched": 0, "add": ["resolved"], "remove": ["checkout"]}).json()
    assert (gone["watched"], gone["tags"], gone["by"]) == (0.0, ["assigned/ada", "resolved"], "admin-token")
    lines = served.ask("GET", "/api/v1/audit?action=mark").json()["data"]
    assert [(one["actor"], one["what"], one["detail"]) for one in lines] == [
        ("admin-token", "s1", "not watched +resolved -checkout"),
        ("triager-token", "s1", "watched +assigned/ada +checkout"),
    ]


def test_what_is_no_change_is_refused(served: Served) -> None:
    for wrong in (
        *('{"add": ["two words"]}', '{"add": "x"}', '{"watched": -1}', '{"watched": "now"}', '{"note": "x"}'),
        *("[", "\ud800"),
        '{"add": [' + ", ".join(f'"t{n}"' for n in range(51)) + "]}",
    ):  # fmt: skip
        answer = served.ask(
            "POST", MARKS, "triager", content=wrong.encode("utf-8", "surrogatepass"),
            headers={"content-type": "application/json"},
        )  # fmt: skip
        assert answer.status_code == 400, wrong
    assert served.ask("POST", MARKS, "triager", content=b'{"add": ["x"]}').status_code == 415
    assert served.ask("POST", MARKS, "triager", json={"add": ["x" * 30] * 1000}).status_code == 413
    assert served.ask("POST", MARKS.replace("s1", "none"), "triager", json={}).status_code == 404
    assert served.ask("GET", MARKS.replace("s1", "none"), "viewer").status_code == 404
    assert served.ask("GET", MARKS).json()["tags"] == []


def test_who_marks_at_once_both_have_their_way(served: Served) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: served.ask("POST", MARKS, "triager", json={"add": [f"t{n}"]}).status_code, range(16))
        )
    assert answers == [200] * 16
    assert len(served.ask("GET", MARKS).json()["tags"]) == 16


def test_marks_go_with_their_session(served: Served) -> None:
    served.ask("POST", MARKS, "triager", json={"add": ["x"]})
    assert served.ask("DELETE", "/api/v1/sessions/s1").status_code == 200
    served.post("s1")
    assert served.ask("GET", MARKS).json()["tags"] == []
