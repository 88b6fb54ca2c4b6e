"""What the Health report says of the files a recording refers to, once somebody tried to capture them."""

from __future__ import annotations

from collections import defaultdict

from replay_viewer.domain.pulled import Asset
from replay_viewer.domain.session import Finding
from replay_viewer.library import Library

#: Name of the library's setting that captures with every pull of the application.
SETTING = "pull.assets"
#: Codes of ours; and what the import says as long as nobody tried.
HAD, LOST = "assets-captured", "asset-not-had"
_BEFORE = frozenset({"missing-asset", "missing-style"})


def findings(assets: list[Asset]) -> list[Finding]:
    """What was captured, and what could not be: for each reason how many, and the first."""
    had = [asset for asset in assets if asset.digest]
    found: list[Finding] = []
    if had:
        size = sum(asset.size for asset in had)
        files = "file" if len(had) == 1 else "files"
        message = f"{len(had):,} {files} the page refers to were captured ({size / 1e6:,.1f} MB) and are shown."
        found.append(Finding(code=HAD, message=message.replace("1 file the page refers to were", "1 file was")))
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for asset in assets:
        if asset.why:
            reasons[asset.why].append(asset.url)
    for why, urls in sorted(reasons.items(), key=lambda item: -len(item[1])):
        files = "file" if len(urls) == 1 else "files"
        first = urls[0] if len(urls[0]) <= 120 else urls[0][:119] + "…"
        message = f"{len(urls):,} {files} of the page's look could not be had: {why} (first: {first})."
        found.append(Finding(code=LOST, severity="warning", message=message, count=len(urls)))
    return found


def completed(health: list[Finding], assets: list[Asset]) -> list[Finding]:
    """A report with what is known of the session's assets."""
    if not assets:
        return health
    ours = {HAD, LOST}
    return [*(one for one in health if one.code not in _BEFORE | ours), *findings(assets)]


def after(library: Library, id: str) -> None:
    """Bring the report of a session up to what is known of its assets; also after it was imported anew."""
    session = library.session(id)
    made = completed(session.health, library.extras.assets(id))
    if made != session.health:
        library.set_health(session.id, made)
