"""Charts of a note: drawn from data, the same every time, inert whatever a recording says, readable by a parser."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from replay_viewer.export import Settings, charts, export
from replay_viewer.export.incident import Chart, Mark
from replay_viewer.redaction import Redactor
from tests.export.notes import T, note

SVG = "{http://www.w3.org/2000/svg}"


def requests(*marks: Mark, of: int = 0) -> Chart:
    return Chart(
        name="requests", start=T, end=T + 10_000, zero=T - 60_000, moment=T + 5_000, marks=list(marks), of=of
    )


def drawn(chart: Chart) -> ET.Element:
    picture = charts.svg(chart)
    assert picture == charts.svg(chart)
    return ET.fromstring(picture)


def test_a_request_stands_at_its_time() -> None:
    late = Mark(t=T + 5_000, end=T + 7_500, label="POST", url="https://a.test/pay?q=1", said="502", severity=2)
    root = drawn(requests(Mark(t=T, end=T + 2_500, label="GET", url="https://a.test/a", said="200"), late, of=40))
    first, second = [one for one in root.iter(f"{SVG}rect") if one.get("rx")]
    assert float(second.get("x", "")) > float(first.get("x", "")) + float(first.get("width", ""))
    assert first.get("width") == second.get("width")
    assert second.get("fill") == charts.PAPER["failed"]
    texts = [one.text for one in root.iter(f"{SVG}text")]
    assert "POST /pay" in texts
    assert "502 · 2.50 s" in texts
    assert [text for text in texts if text and text.startswith("1:")] == [f"1:{n:02d}" for n in range(0, 11, 2)]
    assert charts.caption(requests(late, of=40)).startswith("1 of 40 requests")


def test_hostile_labels_stay_text() -> None:
    bad = '</text><script>alert(1)</script>"\x00\u202e'
    for chart in (
        requests(Mark(t=T, end=T + 1, label=bad, url=f"https://a.test/{bad}", said=bad)),
        requests(Mark(t=T, end=T + 1, label="GET", url="http://[bad", said="")),
    ):
        root = drawn(chart)
        assert not list(root.iter(f"{SVG}script"))
        assert {one.tag for one in root.iter()} <= {f"{SVG}{name}" for name in ("svg", "rect", "line", "text")}
    page = export(note(bad), "html", Redactor("none"))[0].data.decode()
    assert "<script" not in page


@pytest.mark.parametrize("name", ["md", "html", "pdf"])
def test_labels_are_redacted(name: str) -> None:
    made = note("ada@example.test")
    for file in export(made, name, Redactor(), Settings(stem="n")):
        assert b"ada@example" not in file.data


def test_text_has_no_charts() -> None:
    assert "svg" not in export(note(), "txt", Redactor())[0].data.decode()


def test_memory_and_vitals() -> None:
    memory, vitals = note().charts[1:]
    line = next(drawn(memory).iter(f"{SVG}polyline")).get("points", "").split()
    assert len(line) == 2
    assert float(line[1].split(",")[1]) < float(line[0].split(",")[1])  # more memory stands higher
    texts = [one.text for one in drawn(vitals).iter(f"{SVG}text")]
    assert texts == ["LCP", "2.60 s"]  # a name that is no measure is not drawn
