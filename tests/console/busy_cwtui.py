"""cwtui that is busy forever once F3 is pressed: python -m tests.console.busy_cwtui."""

import os
import sys
from typing import Final

from cwtui import __main__ as cwtui

BUSY: Final = b"\x1b]2;busy\x07"
"""The title of the terminal from then on."""


def busy(*_arguments: object) -> None:
    os.write(1, BUSY)
    while True:
        pass


if __name__ == "__main__":
    from cwtui.ui.app import AccountApp

    AccountApp.action_next_theme = busy  # type: ignore[assignment,method-assign]  # replaced on purpose
    sys.exit(cwtui.main())
