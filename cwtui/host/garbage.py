"""When Python looks for garbage: objects that only refer to each other.

Loading modules makes several hundred thousand objects, of which next to none are garbage. Looking
at them again and again takes a twentieth of the time to the first paint.
"""

import gc
from typing import Final

_AFTER: Final = (5_000, 10, 10)
"""How many new objects cause a look at the newest ones; how many looks one at older ones."""


def put_off() -> None:
    """Do not look until `collect`."""
    gc.disable()


def collect() -> None:
    """Look from now on, but never at the objects that exist now, unless this was not put off."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(*_AFTER)
        gc.enable()
