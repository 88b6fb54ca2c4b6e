"""Where the frozen program starts; its child processes come through here too (see cli.main)."""

import multiprocessing
import sys

if __name__ == "__main__":
    # Before any import of ours: a child process must not parse its arguments as a command.
    multiprocessing.freeze_support()
    from replay_viewer.cli import main

    sys.exit(main())
