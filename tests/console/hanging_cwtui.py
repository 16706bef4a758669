"""cwtui with one hanging function: python -m tests.console.hanging_cwtui MODULE:NAME ...

Name a rule, as if the store that it needs did not answer. What it calls there may change.
"""

import sys
import time
from importlib import import_module

from cwtui import __main__ as cwtui


def hang(*_arguments: object) -> None:
    time.sleep(600)


if __name__ == "__main__":
    module, _, name = sys.argv.pop(1).partition(":")
    place = import_module(module)
    if not callable(getattr(place, name)):
        raise TypeError(name)
    setattr(place, name, hang)
    sys.exit(cwtui.main())
