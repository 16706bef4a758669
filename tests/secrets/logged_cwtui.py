"""cwtui with all possible logging: python -m tests.secrets.logged_cwtui FOLDER ARGS...

FOLDER has `log`, which must contain no secret; `noted`, with each secret that this process saw;
and `ahead`, by how many seconds the clock is ahead of the host's.
"""

import asyncio
import logging
import sys
import time
from asyncio import constants
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

FOLDER = Path(sys.argv[1])
_real_time = time.time


def _ahead() -> float:
    try:
        return _real_time() + float((FOLDER / "ahead").read_text() or 0)
    except FileNotFoundError:
        return _real_time()


def _note(value: str | bytes, what: str) -> None:
    kind, raw = (
        ("bytes", value)
        if isinstance(value, bytes)
        else ("str", value.encode("utf-8", "surrogatepass"))
    )
    with (FOLDER / "noted").open("a") as noted:
        noted.write(f"{kind}\t{raw.hex()}\t{what}\n")


_begin_loop = asyncio.BaseEventLoop.__init__


def _talkative(loop: asyncio.BaseEventLoop) -> None:
    """asyncio's debug mode logs each slow callback: here, all of them."""
    _begin_loop(loop)
    loop.set_debug(True)
    loop.slow_callback_duration = 0


def _crash(*_arguments: object) -> None:
    """What Save Settings does here: fail while holding secrets."""
    held = [line.split("\t")[1] for line in (FOLDER / "noted").read_text().splitlines()]
    raise ValueError(*(bytes.fromhex(one) for one in held))


def main() -> None:
    logging.basicConfig(filename=FOLDER / "log", level=logging.DEBUG)
    # Each line of the log asks for the time, and needs no look at how far ahead it is.
    patch.object(logging, "time", SimpleNamespace(**vars(time))).start()
    time.time = _ahead
    # Where callbacks and coroutines were created is source code, not a value, and slow to find out.
    patch.object(constants, "DEBUG_STACK_DEPTH", 0).start()
    # After the clock, since default arguments keep a reference to it.
    from cwtui import services
    from tests.new_store import quick_ports
    from tests.secrets.observing import observed

    patch.object(services, "Ports", quick_ports).start()

    patch.object(asyncio.BaseEventLoop, "__init__", _talkative).start()
    sys.argv = ["cwtui", *sys.argv[2:]]
    with observed(_note, logging.debug):
        from cwtui.__main__ import main as cwtui
        from cwtui.ui.screens.pages.organization import OrganizationPage

        patch.object(OrganizationPage, "submit", _crash).start()
        sys.exit(cwtui())


if __name__ == "__main__":
    main()
