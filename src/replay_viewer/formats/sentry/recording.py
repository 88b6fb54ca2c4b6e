"""One segment's payload, in every form it is sent, stored or downloaded.

`{"segment_id":n}\\n` or not, then zlib, gzip or plain JSON; stored blobs begin with 0x00, or with 0x01 and a video of
4-byte big-endian length (getsentry/sentry `replays/usecases/pack.py`).
"""

from __future__ import annotations

import msgspec

from replay_viewer.formats.base import Truncated, inflate
from replay_viewer.formats.base.events import Broken

MAX_SEGMENT = 256 << 20
_VIDEO_HEADER = 5


def payload(data: bytes, name: str) -> tuple[int, bytes]:
    """(segment number or -1, JSON array of events). Raises Broken when it is neither, TooLarge."""
    number = -1
    for _ in range(3):  # header, compression and pack byte may each be there, in this order or another
        data = data.lstrip(b"\r\n ")
        if data.startswith(b'{"segment_id"'):
            line, _, data = data.partition(b"\n")
            try:
                number = msgspec.json.decode(line, type=dict[str, int])["segment_id"]
            except (msgspec.DecodeError, KeyError) as error:
                raise Broken("segment header") from error
        elif data[:1] == b"\x00":
            data = data[1:]
        elif data[:1] == b"\x01":
            size = int.from_bytes(data[1:_VIDEO_HEADER], "big")
            data = data[_VIDEO_HEADER + size :]
        elif data[:1] != b"[":
            try:
                data = inflate(data, name, MAX_SEGMENT)
            except Truncated as error:
                raise Broken("compression") from error
    if data[:1] != b"[":
        raise Broken("not an array")
    return number, data
