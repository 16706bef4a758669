"""cwtui that is busy forever once F3 is pressed: python -m tests.console.busy_cwtui."""

import sys

from cwtui import __main__ as cwtui


def busy(*_arguments: object) -> None:
    while True:
        pass


if __name__ == "__main__":
    from cwtui.ui.app import AccountApp

    AccountApp.action_next_theme = busy  # type: ignore[assignment, method-assign]
    sys.exit(cwtui.main())
