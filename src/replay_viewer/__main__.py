"""`python -m replay_viewer` is `replay-viewer`."""

import sys

from replay_viewer.cli import main

if __name__ == "__main__":
    sys.exit(main())
