"""The flat node record: one representation for the mirror, keyframes and patches.

On the wire (JSON in patches, MessagePack in keyframes) a node is an array in the order of these fields.
"""

from __future__ import annotations

from typing import Any

import msgspec

DOCUMENT, DOCTYPE, ELEMENT, TEXT, CDATA, COMMENT = range(6)

#: Bits of `Node.flags`.
SVG = 1  #: element of the SVG namespace
SHADOW_HOST = 2  #: has (or had) a shadow root
SHADOW = 4  #: stands in its parent's shadow root, not among its children
CUSTOM = 8  #: an autonomous custom element
BLOCKED = 16  #: recorded as an empty box (`needBlock`, rr_width/rr_height)


class Node(msgspec.Struct, array_like=True, gc=False):
    """One node of a recorded document.

    `kind`: DOCUMENT … COMMENT (rrweb-snapshot's NodeType). `name`: tag (lower case as recorded), or doctype name.
    `children` and `shadow`: ids, in order, of the light tree and of the shadow root. `attrs`: as serialised, with
    rrweb's `rr_*` and `_cssText` names kept; `style` is the text, overrides apart. `style`: property → value,
    [value, priority] or False (removed), applied in order over `attrs["style"]`. `text`: of text, CDATA, comment.
    `extra`: [publicId, systemId] of a doctype, [compatMode] of a document.
    """

    id: int
    kind: int
    parent: int
    name: str
    attrs: dict[str, Any]
    children: list[int]
    shadow: list[int] | None = None
    text: str | None = None
    flags: int = 0
    style: dict[str, Any] | None = None
    extra: list[str] | None = None
