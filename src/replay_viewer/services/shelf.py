"""The captured files of one session, as its page may ask for them: by a key made here, of the right type, harmless.

A page never names a file by path or URL: it gets a table of the recording's URLs to keys, and a key that is not in
the table is nothing. Keys are made anew for each shelf, so no recording can know one, and none of another session
works. What a key leads to is an image, a font or a style sheet by the type it is stored with, whatever a bundle
claims; style sheets are handed out with their references replaced by keys, so they load nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from typing import Protocol

import msgspec

from replay_viewer.analysis import cssrefs
from replay_viewer.domain.errors import StorageProblem
from replay_viewer.domain.pulled import Asset

#: Host of the page's private scheme that captured files are asked for at.
BASE = "replay://asset/"

IMAGES = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon"),
        "image/svg+xml",
    }
)
FONTS = frozenset({"font/woff2", "font/woff", "font/ttf", "font/otf", "font/collection"})
SHEET = "text/css"
SVG = "image/svg+xml"

#: Bytes of all files whose parts are handed to the page.
_SPRITES = 4 << 20
_PART = re.compile(r"<\w*:?symbol\b|<[^>]+\sid\s*=")

_DEVICE = re.compile(r"\b(min-|max-)?device-(width|height|aspect-ratio)\b")
_HOVER = re.compile(r"(?<!\\):hover(?![\w-])")


class Store(Protocol):
    """What is needed of a library."""

    def assets(self, id: str) -> list[Asset]: ...
    def blob(self, digest: str) -> bytes: ...


class Served(msgspec.Struct, frozen=True):
    """A file as it goes to the page; `type` is one of IMAGES, FONTS or "text/css; charset=utf-8"."""

    type: str
    body: bytes


def kind_of(type: str) -> str:
    """ "i" for images, "f" for fonts, "c" for style sheets by media type, '' for what is never handed out."""
    plain = type.partition(";")[0].strip().lower()
    return "i" if plain in IMAGES else "f" if plain in FONTS else "c" if plain == SHEET else ""


class Shelf:
    """The captured files of `session`; read when first asked for, anew after `reload`."""

    def __init__(self, store: Store, session: str) -> None:
        self._store, self._session = store, session
        self._salt = secrets.token_bytes(16)
        self._keys: dict[str, str] | None = None
        self._assets: dict[str, Asset] = {}

    def reload(self) -> bool:
        """Look again what there is; whether that changed."""
        before = self.table()
        self._keys = None
        return self.table() != before

    def table(self) -> dict[str, str]:
        """URL to key of every file that can be shown. A key begins with its kind (see `kind_of`)."""
        if self._keys is None:
            self._keys, self._assets = {}, {}
            for asset in self._store.assets(self._session):
                if asset.digest and (kind := kind_of(asset.type)):
                    said = f"{asset.url}\0{asset.digest}".encode()
                    key = kind + hashlib.blake2b(said, key=self._salt, digest_size=16).hexdigest()
                    self._keys[asset.url] = key
                    self._assets[key] = asset
        return self._keys

    def sprites(self) -> dict[str, str]:
        """URL to text of captured SVG files that have parts, for `<use>` of another file; large ones are left out."""
        found: dict[str, str] = {}
        left = _SPRITES
        self.table()
        for asset in sorted(self._assets.values(), key=lambda one: one.size):
            if asset.type.partition(";")[0].strip().lower() != SVG or asset.size > left:
                continue
            with contextlib.suppress(StorageProblem, UnicodeDecodeError):
                text = self._store.blob(asset.digest).decode("utf-8-sig")
                if _PART.search(text):
                    found[asset.url] = text
                    left -= asset.size
        return found

    def read(self, key: str) -> Served | None:
        """What a key leads to; None for a key that is not of this shelf, and for a file that is damaged."""
        table = self.table()
        asset = self._assets.get(key)
        if asset is None:
            return None
        try:
            body = self._store.blob(asset.digest)
        except StorageProblem:
            return None
        if not key.startswith("c"):
            return Served(asset.type.partition(";")[0].strip().lower(), body)

        def mapped(url: str, sheet: bool) -> str:
            found = table.get(url, "")
            return BASE + found if found and (found[0] == "c") == sheet else ""

        text = cssrefs.rewritten(cssrefs.decoded(body, asset.type), asset.url, mapped)
        # as the painter does with recorded sheets: device sizes are the viewport's, the pointer is the recorded one
        text = _HOVER.sub("[rr-hover]", _DEVICE.sub(r"\1\2", text))
        return Served("text/css; charset=utf-8", text.encode("utf-8", "replace"))
