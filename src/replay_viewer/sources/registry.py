"""Which source a URL belongs to. Third parties add theirs by the entry point `replay_viewer.sources`."""

from __future__ import annotations

from importlib.metadata import entry_points
from urllib.parse import urlsplit

from replay_viewer.domain import links
from replay_viewer.domain.errors import BadInput
from replay_viewer.sources.base import Link, Source
from replay_viewer.sources.collector import CollectorSource
from replay_viewer.sources.posthog import PostHogSource
from replay_viewer.sources.sentry import SentrySource
from replay_viewer.sources.unsupported import explain


def sources() -> list[Source]:
    """All sources, those of others first (they know their hosts, ours takes any)."""
    added: list[Source] = [entry.load()() for entry in entry_points(group="replay_viewer.sources")]
    return [*added, SentrySource(), PostHogSource(), CollectorSource()]


def source_named(name: str) -> Source:
    """The source of a name. Raises BadInput."""
    for source in sources():
        if source.name == name:
            return source
    raise BadInput(f"There is no source “{name}”.", "See: replay-viewer connect --help.")


def unwrap(url: str) -> str:
    """The session URL inside `replay-viewer://open?url=…`; anything else as it is. Raises BadInput for any other."""
    if not links.is_link(url):
        return url.strip()
    link = links.parse(url)
    if isinstance(link, links.SessionLink):
        raise BadInput("This link names a session of the library, not one to pull.", "Open it instead.")
    return link.url


def recognise(url: str) -> tuple[Source, Link]:
    """The source a URL belongs to, and what it names.

    Raises Unsupported for a backend that cannot be pulled from, BadInput for what is no session URL.
    """
    try:
        plain = unwrap(url)
        if "@" in urlsplit(plain).netloc:
            raise BadInput("An address with a password in it is not asked.", "Remove what stands before the @.")
        *others, own = sources()
        for source in others:
            if link := source.recognise(plain):
                return source, link
        if problem := explain(plain):  # before ours, which takes any host
            raise problem
        if link := own.recognise(plain):
            return own, link
    except ValueError as error:  # urlsplit on a broken host
        raise BadInput(f"“{url}” is not an address.", "Paste the whole address of a session.") from error
    raise BadInput(
        f"“{url}” is not the address of a session.",
        "Paste the address of a replay, an issue or an error, such as https://replay.example.com/sessions/ID?t=83.",
    )
