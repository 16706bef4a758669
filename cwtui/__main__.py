"""The console script `cwtui`, and `python -m cwtui`."""

import sys
from typing import Final

from cwtui import crash

_INTERRUPTED: Final = 130


def main() -> int:
    """Run the command line; the exit status."""
    try:
        crash.guard()
        # Late, so that Ctrl+C while it loads is as quiet as later.
        from cwtui.cli.edge import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
