"""Licence files of the Python packages that a frozen folder redistributes."""

from __future__ import annotations

import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

_COMMON = Path("/usr/share/common-licenses")
_WORDS = ("licen", "copying", "notice", "authors")


def licence_files(name: str) -> list[tuple[str, str]]:
    """(file, folder in the frozen program) of each licence file of `name`'s requirements, of Python and of Qt.

    Raises FileNotFoundError when the text of Qt's licence is not on this machine.
    """
    found = []
    for package in closure(name):
        title = package.metadata["Name"]
        for file in package.files or []:
            path = Path(str(package.locate_file(file)))
            if is_licence(path) and path.is_file():
                found.append((str(path), f"licences/{title}"))
    # The wheels of Qt come without their licence; its text is part of every Debian.
    found.append((str(Path(__file__).with_name("qt-notice.txt")), "licences/PySide6"))
    for text in ("LGPL-3", "GPL-3"):
        if not (_COMMON / text).exists():
            raise FileNotFoundError(f"{_COMMON / text} is needed: the folder may not be passed on without it.")
        found.append((str(_COMMON / text), "licences/PySide6"))
    python = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    if python.exists():
        found.append((str(python), "licences/Python"))
    return found


def is_licence(path: Path) -> bool:
    """Whether a file of a package holds its terms."""
    in_metadata = any(part.endswith(".dist-info") for part in path.parts)
    named = any(word in path.name.lower() for word in _WORDS) or path.parent.name == "licenses"
    return named and (in_metadata or path.suffix in ("", ".txt", ".md", ".rst"))


def closure(name: str) -> list[Distribution]:
    """The distribution `name` and all that it requires here, without extras, by name."""
    seen: dict[str, Distribution] = {}
    wanted = [name]
    while wanted:
        one = wanted.pop()
        key = one.lower().replace("_", "-")
        if key in seen:
            continue
        try:
            seen[key] = distribution(one)
        except PackageNotFoundError:  # required on another system only
            continue
        for line in seen[key].requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    return [seen[key] for key in sorted(seen)]
