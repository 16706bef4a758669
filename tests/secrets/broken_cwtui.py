"""cwtui that fails in one place, holding a secret: python -m tests.secrets.broken_cwtui WHERE.

The secret comes from an environment variable, which is then removed.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn, Self
from unittest.mock import patch

from cwtui import __main__ as cwtui

SECRET = os.environ.pop("A_SECRET_OF_THE_TEST")


def fails(*_arguments: object, **_named: object) -> NoReturn:
    password = SECRET
    raise ValueError(password)


class _Destroyed:
    def __del__(self) -> None:
        fails()


class _Importer:
    """Simulates a broken installation."""

    def find_spec(self, name: str, *_: object) -> Self | None:
        return fails() if name == "cwtui.cli.edge" else None


def in_a_command() -> None:
    patch("cwtui.services.connect_for_operator", fails).start()


def before_the_command() -> None:
    sys.meta_path.insert(0, _Importer())  # type: ignore[arg-type]  # finds modules


def in_a_thread() -> None:
    def start(*_: object) -> NoReturn:
        thread = threading.Thread(target=fails)
        thread.start()
        thread.join()
        sys.exit(3)

    _instead(start)


def in_a_destructor() -> None:
    def destroy(*_: object) -> NoReturn:
        one = _Destroyed()
        del one
        sys.exit(3)

    _instead(destroy)


def at_the_end() -> None:
    atexit.register(fails)


def in_the_configuration() -> None:
    _instead(fails)


def in_the_kernel() -> None:
    def be_killed(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    _instead(be_killed)


def while_keys_are_read() -> None:
    patch("cwtui.ui.terminal.driver.TerminalDriver.run_input_thread", fails).start()


def _instead(call: Callable[..., None]) -> None:
    patch("cwtui.config.loading.load", call).start()


if __name__ == "__main__":
    where = sys.argv.pop(1)
    globals()[where]()
    sys.exit(cwtui.main())
