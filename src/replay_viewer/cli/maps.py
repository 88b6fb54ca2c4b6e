"""The maps command: source maps of a session's stacks, and those a collector keeps of a release."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from replay_viewer.cli.output import ProgressLine, note, print_json, print_table
from replay_viewer.domain.pulled import KeptMap
from replay_viewer.library import Library, home_dir


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Register maps with its five verbs."""
    one = commands.add_parser(
        "maps",
        parents=[common],
        help="source maps: list, keep, fetch and remove those of a session, upload those of a release",
        description="Source maps that are kept with a session, so that its stacks show original files and code. "
        "`list` says which built files its stacks stand in, and what is here of them; `add` keeps those of a folder "
        "or zip that they need; `fetch` asks the Sentry or collector the session was pulled from; `remove` gives all "
        "of them up. `upload` hands the maps of a build to a collector, for all who pull sessions of that release.",
    )
    verbs = one.add_subparsers(dest="verb", required=True, metavar="list|add|fetch|remove|upload")
    # Given after the verb, the shared options must not fall back to their defaults there.
    late = argparse.ArgumentParser(add_help=False)
    late.add_argument("--home", metavar="DIR", default=argparse.SUPPRESS)
    late.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    for verb, text in (
        ("list", "built files in the session's stacks, and their maps"),
        ("add", "keep those of a folder, zip or map file that the stacks need"),
        ("fetch", "ask where the session was pulled from for those that are missing"),
        ("remove", "remove all maps kept with the session"),
    ):
        made = verbs.add_parser(verb, parents=[late], help=text)
        made.add_argument("id", metavar="ID")
        if verb == "add":
            made.add_argument("path", type=Path, metavar="DIR|ZIP")
    upload = verbs.add_parser("upload", parents=[late], help="hand the maps of a release to a collector")
    upload.add_argument("path", type=Path, metavar="DIR|ZIP", help="what was built: maps, and the files they are of")
    upload.add_argument("--to", required=True, metavar="CONNECTION", help="a collector; with an admin's token")
    upload.add_argument("--release", required=True, metavar="R", help="as the page's SDK says it, e.g. shop@1.4.2")
    upload.add_argument("--project", default="1", metavar="N", help="default: 1")
    one.set_defaults(run=_maps)


def _maps(options: argparse.Namespace) -> int:
    home = home_dir(options.home)
    if options.verb == "upload":
        return _upload(home, options)
    from replay_viewer.services import map_fetch, maps

    with Library.open(home) as library:
        session = library.session(options.id).id
        if options.verb == "add":
            maps.keep_chosen(library, session, options.path)
        elif options.verb == "remove":
            library.remove_maps(session)
            maps.after(library, session)
    if options.verb == "fetch":
        said = map_fetch.from_source(home, session).words
        note(said or "Nothing is missing: every stack has its source maps, or needs none.")
    with Library.open(home) as library:
        held = {one.name: one for one in library.extras.maps(session)}
        wanted = maps.wanted(library, session)
    lines = [(one, held.get(one.name) or KeptMap(name=one.name, source="")) for one in wanted]
    if options.json:
        files = [
            {"file": one.url, "release": one.release, "from": kept.source if kept.digest else "",
             "bytes": kept.size, "why": kept.why}
            for one, kept in lines
        ]  # fmt: skip
        print_json({"session": session, "files": files})
    elif lines:
        rows = [
            (one.url, kept.source, f"{kept.size:,}", "") if kept.digest else (one.url, "none", "", kept.why)
            for one, kept in lines
        ]
        print_table(("built file", "map from", "bytes", "why not"), rows)
    else:
        print("No stack of this session needs a source map.")
    return 0


def _upload(home: Path, options: argparse.Namespace) -> int:
    from replay_viewer.services.map_upload import upload

    line = ProgressLine()
    try:
        sent = upload(
            home,
            options.to,
            options.path,
            release=options.release,
            project=options.project,
            progress=lambda done, total: line.show(f"{done} of {total} source maps"),
        )
    finally:
        line.clear()
    if options.json:
        print_json({"release": options.release, "project": options.project, "maps": sent})
    else:
        print(f"{len(sent):,} source map{'s' if len(sent) != 1 else ''} of {options.release} uploaded.")
    return 0
