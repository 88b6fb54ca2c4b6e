"""The seam and the formats: nothing passes unredacted, nothing recorded gets out of its place."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from replay_viewer.domain.errors import BadInput
from replay_viewer.export import Settings, base, export, exporter, formats, redacted
from replay_viewer.export.incident import RESPONSE
from replay_viewer.redaction import Redactor
from tests.export.notes import PNG, note

NAMES = list(formats())
SECRETS = [
    "4242 4242 4242 4242",
    "mail bob@private.test",
    "password=hunter2-horse",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
]
HOSTILE = (
    "<script>alert(1)</script> `x` ``` | a | [click](javascript:alert(1)) ![p](http://evil.test/p.png) "
    "http://evil.test/x www.evil.test \"onload=' </style> {{ 7*7 }} \u202egnp.exe"
)


def _all(name: str, content: str, redactor: Redactor | None = None) -> str:
    files = export(note(content), name, redactor or Redactor())
    return "\n".join(file.data.decode("utf-8", "replace") for file in files if not file.name.endswith(".png"))


def test_formats() -> None:
    """Those of this release."""
    assert {"md", "html", "pdf", "json", "txt"} <= set(NAMES)
    with pytest.raises(BadInput, match="no incident note in the format"):
        exporter("docx")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("name", NAMES)
def test_no_export_holds_a_secret(name: str, secret: str) -> None:
    """Seeded into every field of a note."""
    text = _all(name, secret)
    value = secret.removeprefix("mail ").removeprefix("password=")
    assert value not in text
    assert value.replace(" ", "") not in text
    assert "ada@example.test" not in text
    assert "Lovelace" not in text


@pytest.mark.parametrize("name", NAMES)
def test_no_exporter_takes_anything_else(name: str) -> None:
    """Not the note itself, and there is no other way to make what it takes."""
    render = exporter(name).render
    with pytest.raises(TypeError, match="after redaction"):
        render(note(), Settings())
    with pytest.raises(TypeError, match="after redaction"):
        base.Clean(note(), object())


@pytest.mark.parametrize("name", NAMES)
def test_manifest_is_in_the_export(name: str) -> None:
    """What was removed is said, with counts; without redaction that is said."""
    text = _all(name, "4242 4242 4242 4242")
    assert "card" in text
    if name != "json":
        assert re.search("what was removed", text, re.I)
        assert "without redaction" in re.sub(r"[*\s]+", " ", _all(name, "x", Redactor("none")))


def test_counts_are_of_this_export() -> None:
    """A second export with the same redactor counts anew, with the same labels."""
    redactor = Redactor()
    first = redacted(note("bob@private.test"), redactor)
    second = redacted(note("bob@private.test"), redactor)
    assert first.removed == second.removed
    assert first.title == second.title == "[e-mail 1]"


def test_pictures_that_were_not_masked_stay_out() -> None:
    """Strict leaves them out and says so; without redaction they are in."""
    strict = redacted(note(masked=False), Redactor())
    assert strict.pictures == []
    assert strict.missing[0].code == "pictures-withheld"
    assert len(redacted(note(masked=False), Redactor("none")).pictures) == 1
    assert len(redacted(note(), Redactor()).pictures) == 1


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attrs)
        self.attributes |= set(values)
        self.links += [str(values[name]) for name in ("href", "src") if name in values]
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(values["content"])


@pytest.mark.parametrize("name", ["html", "pdf"])
def test_html_is_inert(name: str) -> None:
    """No script, no handler, no link but ours, no picture but inside; a policy that forbids the rest."""
    page = _Page()
    text = _all(name, HOSTILE)
    page.feed(text)
    assert "script" not in page.tags
    assert not {attribute for attribute in page.attributes if attribute.startswith("on")}
    assert page.policy.startswith("default-src 'none'")
    assert {link.partition(":")[0] for link in page.links} <= {"https", "data", "replay-viewer"}
    assert not any("evil" in link for link in page.links)
    assert "49" not in re.sub(r"\d{2,}:\d{2}|\d{3,}", "", text.partition("<main>")[2]).replace("8.49", "")


def _outside_code(text: str) -> str:
    text = re.sub(r"^(`{3,})[^\n]*\n.*?\n\1$", "", text, flags=re.S | re.M)
    return re.sub(r"(?<!\\)(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", text)


def test_markdown_is_inert() -> None:
    """Outside code spans nothing recorded has a meaning: no HTML, no link, no picture, no table cell of its own."""
    text = _outside_code(export(note(HOSTILE), "md", Redactor())[0].data.decode())
    assert "<script" not in text.replace("\\<script", "")
    assert not re.search(r"(?<!\\)\]\(javascript", text)
    assert not re.search(r"(?<!\\)!\[[^\]]*\]\(http", text)
    assert "http://" not in text
    assert "\u202e" not in text
    for line in text.splitlines():
        if line.startswith("|"):
            cells = len(re.findall(r"(?<!\\)\|", line))
            assert cells <= 7, line


def test_code_cannot_be_left() -> None:
    """Fences and spans are longer than what they hold."""
    text = _all("md", "a ```` b `c`\n````\nout", Redactor("none"))
    assert re.search(r"^`{5,}json\n.*?````\nout.*?\n`{5,}$", text, re.S | re.M)


def test_markdown_pictures_lie_beside() -> None:
    """Called after the file, referred to by name."""
    files = export(note(), "md", Redactor(), Settings(stem="ticket-12"))
    charts = ["ticket-12-requests.svg", "ticket-12-memory.svg", "ticket-12-vitals.svg"]
    assert [file.name for file in files] == ["", "ticket-12-1.png", *charts]
    assert files[1].data == PNG
    assert all(f"]({name})".encode() in files[0].data for name in charts)
    drawn = export(
        note(), "md", Redactor(), Settings(stem="ticket-12", raster=lambda svg: PNG if "<svg" in svg else b"")
    )
    assert [file.name for file in drawn[2:]] == [name.replace("svg", "png") for name in charts]
    assert {file.data for file in drawn[2:]} == {PNG}
    assert b"](ticket-12-1.png)" in files[0].data


def test_json_is_versioned() -> None:
    """Named, numbered, with everything in it."""
    value = json.loads(_all("json", "plain"))
    assert (value["format"], value["version"], value["response"]) == ("replay-viewer-incident", 1, RESPONSE["P1"])
    assert value["requests"][0]["status"] == 502
    assert value["session"]["facts"]["user"]["email"] == "[e-mail 1]"
    assert value["pictures"][0]["png"]


@pytest.mark.parametrize("name", ["md", "html", "pdf", "txt"])
def test_what_a_reader_needs(name: str) -> None:
    """Severity with its response time, facts, times in both zones, steps, stack, request, picture, links."""
    text = _all(name, "Total is wrong")
    for words in ("P1", "15 min", "Chrome 156", "4.2.0", "production", "2026-11-20T20:14:22.358Z",
                  "Asia/Tokyo", "05:14:22", "1:00.0", "Click Total is wrong", "src/pay.js:2:1", "502",
                  "t=60.0", "LCP"):  # fmt: skip
        assert words in text.replace("\\", ""), words


def test_a_team_has_its_own_template(tmp_path: Path) -> None:
    """Found before ours; a mistake in it is said with file and line; it cannot reach into Python."""
    settings = Settings(templates=[tmp_path])
    (tmp_path / "incident.txt.j2").write_text("Ticket: {{ note.title }}")
    assert export(note("bob@x.test"), "txt", Redactor(), settings)[0].data == b"Ticket: [e-mail 1]"
    (tmp_path / "incident.txt.j2").write_text("x\n{{ note.titel }}")
    with pytest.raises(BadInput, match="cannot be used"):
        export(note(), "txt", Redactor(), Settings(templates=(tmp_path, Path("a"))))
    (tmp_path / "incident.txt.j2").write_text("{{ note.__class__.__init__.__globals__ }}")
    with pytest.raises(BadInput, match="cannot be used"):
        export(note(), "txt", Redactor(), Settings(templates=(tmp_path, Path("b"))))


@pytest.mark.parametrize("name", ["md", "html", "txt", "json"])
def test_an_empty_note(name: str) -> None:
    """A session about which nothing is known makes a note too."""
    bare = msgspec.structs.replace(
        note(), faults=[], requests=[], console=[], state=[], notes=[], timeline=[], vitals=[], missing=[],
        pictures=[], links=[], steps=[], zone="Mars/Olympus", category="", verdict="", summary="", page="",
    )  # fmt: skip
    assert export(bare, name, Redactor())[0].data
