"""cwtui that is busy forever once F3 is pressed: python -m tests.console.busy_cwtui.

Its watchdog waits less long, because the processor is busy until then.
"""

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
    from cwtui.ui.terminal import watchdog
    from tests.ui.replacing import replace_in

    replace_in(watchdog, "LAST_SECONDS", watchdog.ORDERLY_SECONDS + 0.2)
    replace_in(AccountApp, "action_next_theme", busy)
    sys.exit(cwtui.main())
