"""Events as typed values: whatever the order and kind of their fields."""

from __future__ import annotations

import msgspec
import pytest

from replay_viewer.recording.events import Custom, Mutation, decode_event
from replay_viewer.services.recorder import _stamp

T = 1_795_200_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":3,"data":{"source":0,"texts":[{"id":4,"value":"x"}]},"timestamp":%d}' % T,
        b'{"type":3,"timestamp":%d,"data":{"texts":[{"id":4,"value":"x"}],"source":0}}' % T,
        b'{"timestamp":%d,"data":{"source":0,"texts":[{"id":4,"value":"x"}]},"type":3}' % T,
        b'{"type":3,"data":{"source":0,"texts":[{"id":4,"value":"x"}]},"timestamp":%d,"delay":12}' % T,
    ],
)
def test_a_mutation_is_read_whatever_the_order_of_its_fields(raw: bytes) -> None:
    event = decode_event(raw)
    assert isinstance(event.data, Mutation)
    assert event.data.texts is not None
    assert (event.data.texts[0].value, event.timestamp, event.source, _stamp(raw)) == ("x", T, 0, T)


def test_what_only_looks_like_a_mutation_is_what_it_says() -> None:
    event = decode_event(b'{"type":5,"data":{"source":0,"tag":"mine","payload":{"adds":1}},"timestamp":%d}' % T)
    assert isinstance(event.data, Custom)
    assert event.data.tag == "mine"
    with pytest.raises(msgspec.ValidationError):
        decode_event(b'{"type":3,"data":{"source":0,"adds":"none"},"timestamp":%d}' % T)


def test_the_time_of_an_event_is_its_own() -> None:
    assert _stamp(b'{"timestamp":%d,"type":5,"data":{"timestamp":17}}' % T) == T
    assert _stamp(b'{"type":4,"data":{},"timestamp":%d.5}' % T) == T + 0.5
    assert _stamp(b'{"type":4,"data":{},"timestamp":%d}' % (T // 1000)) == T
    assert _stamp(b'{"type":4,"data":"\\"timestamp\\":5}') == 0.0
    assert _stamp(b'{"type":4,"data":{},"timestamp":999999999999999999}') == 0.0
