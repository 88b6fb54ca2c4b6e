"""The headless twin of the application: every command is also what the window does.

Exit status 0, 1 for a failure (one line on stderr that says what to do), 2 for a usage error.
"""

from replay_viewer.cli.main import main

__all__ = ["main"]
