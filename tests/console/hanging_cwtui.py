"""cwtui with one hanging function: python -m tests.console.hanging_cwtui MODULE:NAME ..."""

import sys
import time
from importlib import import_module

from cwtui import __main__ as cwtui


def hang(*_arguments: object) -> None:
    time.sleep(600)


if __name__ == "__main__":
    module, _, name = sys.argv.pop(1).partition(":")
    *inside, name = name.split(".")
    place = import_module(module)
    for part in inside:
        place = getattr(place, part)
    setattr(place, name, hang)
    sys.exit(cwtui.main())
