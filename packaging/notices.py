"""Licence notices of the npm packages that a bundled page contains, for `dist/NOTICES.txt`.

What is redistributed is what the lock file installs for production: a superset of what the bundler keeps, but
packages come with others already inlined, which no report of the bundler names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: Copyright lines of packages that are published without their licence file, by the repository they come from.
_COPYRIGHT = {
    "rrweb-io/rrweb": (
        "Copyright (c) 2018 Contributors (https://github.com/rrweb-io/rrweb/graphs/contributors) and SmartX Inc."
    ),
    "PostHog/posthog-js": "Copyright 2020 Posthog / Hiberly, Inc.",
}

#: Code that packages contain already bundled, with nothing said of it: name, and its copyright line (all MIT).
_INSIDE = {
    "@sentry/replay": [
        ("fflate", "Copyright (c) 2023 Arjun Barrett"),
        ("rrweb, as changed by Sentry", _COPYRIGHT["rrweb-io/rrweb"]),
    ],
    "posthog-js": [("rrweb, as changed by PostHog", _COPYRIGHT["rrweb-io/rrweb"])],
}

_MIT = """MIT License

{copyright}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""

_RULE = "\n" + "-" * 80 + "\n\n"


class LicenceUnknown(Exception):
    """A package says nowhere under which terms it may be passed on; the build must not pass it on."""


def notices(folder: Path) -> str:
    """The notices of all production packages of the npm project in `folder`, which are installed there.

    Raises LicenceUnknown for a package whose licence text is neither in it nor known here.
    """
    lock = json.loads((folder / "package-lock.json").read_text())
    parts = ["This folder contains code of the packages below, under their own terms.\n"]
    for path, entry in sorted(lock["packages"].items()):
        if not path or entry.get("dev") or entry.get("optional"):
            continue
        package = folder / path
        about = json.loads((package / "package.json").read_text())
        heading = f"{about['name']} {about['version']}, {about.get('license', 'see below')}"
        parts.append(f"{heading}\n\n{_licence(package, about).strip()}\n")
        for inside, copyright in _INSIDE.get(about["name"], []):
            text = _MIT.format(copyright=copyright).strip()
            parts.append(f"{inside}, MIT, contained in {about['name']}\n\n{text}\n")
    return _RULE.join(parts)


def _licence(package: Path, about: dict[str, Any]) -> str:
    """The licence text of one installed package."""
    files = sorted(
        path
        for path in package.iterdir()
        if path.is_file() and path.name.upper().split(".")[0] in ("LICENSE", "LICENCE", "COPYING", "NOTICE")
    )
    if files:
        return "\n\n".join(path.read_text(encoding="utf-8").strip() for path in files)
    repository = about.get("repository", "")
    url = str(repository.get("url", "") if isinstance(repository, dict) else repository)
    for name, copyright in _COPYRIGHT.items():
        if name in url and about.get("license") == "MIT":
            return _MIT.format(copyright=copyright)
    raise LicenceUnknown(f"{about['name']} {about['version']} ({package}) has no licence text.")
