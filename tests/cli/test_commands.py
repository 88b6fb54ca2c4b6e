"""The command line as a person uses it: real library, real output, exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.services.test_importer import recording, write


@pytest.fixture
def session(run: Run, tmp_path: Path) -> str:
    status, out, _ = run("import", write(tmp_path / "a.json", recording()))
    assert status == 0
    return out.strip()


def test_help_names_every_command(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for command in (
        *("open", "demo", "import", "pull", "list", "show", "rows", "state", "snapshot", "note", "export"),
        *("serve", "doctor"),
    ):
        assert f"    {command} " in out


def test_an_empty_library_says_what_to_do(run: Run) -> None:
    status, out, _ = run("list")
    assert status == 0
    assert "import a file" in out
    assert json.loads(run("list", "--json")[1]) == []


def test_list_show_rows_and_state(run: Run, session: str) -> None:
    assert session in run("list")[1]
    (listed,) = json.loads(run("list", "--json")[1])
    assert (listed["id"], listed["events"]) == (session, 60)
    assert (listed["kept"], listed["expires"]) == (False, None)
    shown = json.loads(run("show", session, "--json")[1])
    assert shown["counts"]["custom"] == 29
    assert "60 events" in run("show", session)[1]
    rows = json.loads(run("rows", session, "custom", "--range", "0.45..0.75", "--json")[1])
    assert [row["data"] for row in rows] == [5, 6, 7]
    state = json.loads(run("state", session, "--at", "0.75", "--json")[1])
    assert ">7<" in state["html"]
    assert state["viewport"] == [800, 600]
    assert "https://shop.test/" in run("state", session, "--at", "0:00.75")[1]


def test_an_id_may_be_shortened(run: Run, session: str) -> None:
    assert run("show", session[:8])[0] == 0


def test_notes(run: Run, session: str) -> None:
    status, out, _ = run("note", session, "add", "it broke here", "--at", "1.5")
    assert status == 0
    note = out.strip()
    run("note", session, "add", "--range", "1..2")
    listed = json.loads(run("note", session, "list", "--json")[1])
    assert [(n["text"], n["end"] >= 0) for n in listed] in (
        [("it broke here", False), ("", True)],
        [("", True), ("it broke here", False)],
    )
    assert run("note", session, "remove", note)[0] == 0
    assert "it broke here" not in run("note", session, "list")[1]
    status, _, err = run("note", session, "remove", note)
    assert (status, err.count("\n")) == (1, 1)


@pytest.mark.parametrize("format", ["md", "html", "json", "txt"])
def test_export_without_pictures(run: Run, session: str, tmp_path: Path, format: str) -> None:
    run("note", session, "add", "card 4111 1111 1111 1111 refused", "--at", "1.5")
    out = tmp_path / f"incident.{format}"
    status, printed, _ = run("export", session, "--format", format, "-o", out, "--no-pictures")
    assert status == 0
    assert printed.splitlines()[0] == str(out)
    text = out.read_text()
    assert "refused" in text
    assert "4111 1111" not in text


def test_bundle_out_and_in_again(run: Run, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("note", session, "add", "look", "--at", "1")
    bundle = tmp_path / "s.replay"
    assert run("export", session, "--format", "bundle", "-o", bundle, "--redact", "none")[0] == 0
    before = run("state", session, "--at", "2", "--json")[1]
    monkeypatch.setenv("REPLAY_VIEWER_HOME", str(tmp_path / "elsewhere"))
    assert run("import", bundle)[1].strip() == session
    assert run("state", session, "--at", "2", "--json")[1] == before
    assert "look" in run("note", session, "list")[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nobody"),
        ("import", "/nowhere/file.json"),
        ("pull", "https://example.com/whatever"),
        ("pull", "https://app.logrocket.com/org/app/s/6-abc/0"),
    ],
)
def test_a_failure_is_one_line_and_status_1(run: Run, arguments: tuple[str, ...]) -> None:
    status, out, err = run(*arguments)
    assert status == 1
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("replay-viewer: ")


@pytest.mark.parametrize("arguments", [("rows", "x", "nonsense"), ("export", "x"), ("frobnicate",)])
def test_a_usage_error_is_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_times_and_tabs_that_are_none(run: Run, session: str) -> None:
    for arguments in (("--at", "yesterday"), ("--at", "1", "--tab", "4")):
        status, _, err = run("state", session, *arguments)
        assert (status, err.count("\n")) == (1, 1)


def test_delete(run: Run, session: str) -> None:
    assert run("delete", session)[0] == 0
    assert run("show", session)[0] == 1


def test_doctor_says_what_it_found(run: Run) -> None:
    checks = json.loads(run("doctor", "--json")[1])
    assert {"versions", "system libraries", "player page", "disk"} <= {check["name"] for check in checks}
    assert "versions" in run("doctor")[1]
