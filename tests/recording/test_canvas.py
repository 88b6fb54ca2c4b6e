"""Logs of drawing commands: what they forget, what they keep, how long they get."""

from __future__ import annotations

from typing import Any

from replay_viewer.recording import canvas

SIZE = (100.0, 50.0)


def call(name: str, *args: Any) -> dict[str, Any]:
    return {"property": name, "args": list(args)}


def setter(name: str, value: Any) -> dict[str, Any]:
    return {"property": name, "args": [value], "setter": True}


def names(log: list[dict[str, Any]]) -> list[str]:
    return [command["property"] for command in log]


def test_log_grows_in_place_until_it_is_painted_over() -> None:
    first, _ = canvas.extended(None, [call("fillRect", 0, 0, 9, 9)], 0, SIZE)
    assert names(first) == ["getContext", "fillRect"]
    second, _ = canvas.extended(first, [call("stroke")], 0, SIZE)
    assert second is first
    third, _ = canvas.extended(second, [call("clearRect", 0, 0, 100, 50), call("fill")], 0, SIZE)
    assert third is not first
    assert names(third) == ["getContext", "reset", "fill"]
    part, _ = canvas.extended(third, [call("clearRect", 0, 0, 99, 50)], 0, SIZE)
    assert names(part) == ["getContext", "reset", "fill", "clearRect"]


def test_what_a_clear_leaves_behind_stays() -> None:
    drawn = [
        setter("font", "10px a"),
        setter("font", "20px a"),
        call("setLineDash", [1, 2]),
        call("scale", 2, 2),
        call("save"),
        setter("lineWidth", 7),
        call("restore"),
        call("save"),
        setter("lineWidth", 3),
        call("translate", 5, 5),
        call("beginPath"),
        call("moveTo", 1, 1),
        call("fill"),
        call("setTransform", 2, 0, 0, 2, 0, 0),
        call("clearRect", 0, 0, 50, 25),
    ]
    log, _ = canvas.extended(None, drawn, 0, SIZE)
    assert log[2:] == [
        setter("font", "20px a"),
        call("setLineDash", [1, 2]),
        call("setTransform", 2.0, 0.0, 0.0, 2.0, 0.0, 0.0),
        call("save"),
        setter("lineWidth", 3),
        call("setTransform", 2.0, 0.0, 0.0, 2.0, 10.0, 10.0),
        call("beginPath"),
        call("moveTo", 1, 1),
        call("setTransform", 2.0, 0.0, 0.0, 2.0, 0.0, 0.0),
    ]


def test_no_whole_clear_when_clipped_scaled_or_turned() -> None:
    clear = call("clearRect", 0, 0, 100, 50)
    for before in (call("clip"), call("scale", 0.5, 0.5), call("rotate", 0.2), call("translate", 3, 0)):
        log, _ = canvas.extended(None, [call("fill"), before, clear], 0, SIZE)
        assert "fill" in names(log), before
    log, _ = canvas.extended(None, [call("fill"), call("save"), call("clip"), call("restore"), clear], 0, SIZE)
    assert names(log) == ["getContext", "reset"]


def test_whole_pictures_and_sizes_begin_anew() -> None:
    log, _ = canvas.extended(None, [call("fill")], 0, SIZE)
    picture = call("drawImage", {"rr_type": "ImageBitmap", "args": []}, 0, 0)
    whole, _ = canvas.extended(log, [call("clearRect", 0, 0, 1, 1), picture], 0, SIZE)
    assert names(whole) == ["getContext", "reset", "clearRect", "drawImage"]
    assert names(canvas.emptied(whole)) == ["getContext", "reset"]


def test_webgl_keeps_colour_clear_and_that_it_drew() -> None:
    log: list[dict[str, Any]] | None = None
    for n in range(50):
        commands = [call("clearColor", n, 0, 0, 1), call("clear", 0x4000), call("drawArrays", 4, 0, 3)]
        log, _ = canvas.extended(log, commands, 1, SIZE)
    assert log is not None
    assert names(log) == ["getContext", "clearColor", "clear", "drawArrays"]
    assert log[0]["args"] == ["webgl"]
    assert log[1]["args"][0] == 49


def test_long_logs_are_cut_and_counted() -> None:
    log: list[dict[str, Any]] | None = None
    lost = 0
    for n in range(300):
        log, cut = canvas.extended(log, [setter("lineWidth", n), *[call("fillRect", n, 0, 1, 1)] * 99], 0, SIZE)
        lost += cut
        assert len(log) <= canvas.MAX_COMMANDS
    assert log is not None
    drawn = sum(name == "fillRect" for name in names(log))
    assert drawn + lost == 300 * 99
    heavy = [call("putImageData", {"rr_type": "ImageData", "args": ["x" * 1_000_000]}, 0, 0)]
    for _ in range(20):
        log, cut = canvas.extended(log, heavy, 0, SIZE)
        lost += cut
    assert canvas._size(log) <= canvas.MAX_SIZE + 1_000_000
    assert lost > 300 * 99 - drawn


def test_odd_commands_are_passed_over() -> None:
    odd: list[Any] = [
        *(None, 3, {"property": 4}, {"args": []}, call("clearRect"), call("clearRect", "a", None, {}, [])),
        *({"property": "rotate"}, call("setTransform", {}), call("restore"), {"property": "scale", "args": 5}),
    ]
    log, _ = canvas.extended(None, odd, 7, SIZE)
    log, _ = canvas.extended(log, [call("clearRect", 0, 0, 100, 50)], None, SIZE)
    assert log[0]["property"] == "getContext"
    for args in ({}, "x", 5, None, [], [{}]):
        canvas.extended(None, [{"property": "clear", "args": args}], 1, SIZE)
