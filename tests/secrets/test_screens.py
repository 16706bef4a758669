"""Every screen in every state, with all possible logging, shows secrets only where intended.

Two screens show new secrets, a third an initial password to hand over, and two show a backup code
while it is typed. All others, the log, the audit log, the toasts and error messages show none.
"""

import asyncio
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import pytest
from textual.worker import Worker

from cwtui.ui.app import AccountApp
from cwtui.ui.painted import Changes, Painted
from tests.secrets.logging_all import Log, logged
from tests.secrets.observing import observed
from tests.secrets.registry import Secrets
from tests.ui.scenes import SCENES
from tests.ui.speed import drawn_as_in_a_terminal

SHOWING: Final = {
    "RegisterDeviceScreen",
    "BackupCodesScreen",
    "CheckSavedScreen",
    "InitialPasswordScreen",
    "BackupCodeScreen",
    "ProofScreen",
}


@contextmanager
def every_step_named() -> Iterator[None]:
    """asyncio's debug mode logs each slow callback with its arguments: here, all of them."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    # Where a callback was created is source code, not a value, and slow to find out.
    with patch("traceback.walk_stack", lambda *_: iter(())):
        yield


@contextmanager
def watched(log: Log) -> Iterator[dict[bool, set[str]]]:
    """The terminal output, keyed by whether a screen is open that may show secrets.

    Workers are logged, because their descriptions contain their arguments.
    """
    drawn: dict[bool, set[str]] = {True: set(), False: set()}
    display, changes, begin = AccountApp._display, Painted.changes, Worker.__init__
    may_show = False

    def displayed(self: AccountApp, *arguments: Any) -> None:
        nonlocal may_show
        up = {type(screen).__name__ for screen in self.screen_stack}
        may_show = not SHOWING.isdisjoint(up)
        display(self, *arguments)

    def written(self: Painted, *arguments: Any) -> Changes:
        made = changes(self, *arguments)
        drawn[may_show].update(strip.text for _, _, strip in made._pieces)
        return made

    def begun(self: Worker[Any], *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        log.lines.add(f"{self!r} {self.description}")

    with (
        drawn_as_in_a_terminal(),
        patch.object(AccountApp, "_display", displayed),
        patch.object(Painted, "changes", written),
        patch.object(Worker, "__init__", begun),
    ):
        yield drawn


@pytest.mark.parametrize("name", SCENES)
async def test_secrets_appear_only_on_the_screens_that_show_them(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """DESIGN 4.2."""
    secrets = Secrets()
    with (
        logged() as log,
        every_step_named(),
        observed(secrets.add, log.lines.add),
        watched(log) as drawn,
    ):
        async with SCENES[name].played() as (person, there):
            log.lines.update(map(repr, there.world.events), person.toasts)
            log.lines.update(map(repr, person.app._notifications))
            logging.getLogger("a library").debug("logs")
    assert "logs" in log.lines
    assert any("Executing <" in line for line in log.lines)
    assert any(drawn.values())
    printed = "".join(capfd.readouterr())
    assert secrets.found_in(as_bytes([*log.lines, printed])) == set()
    assert secrets.found_in(as_bytes(drawn[False]), codes=False) == set()
    # Only secrets created to be shown may appear, and the code being typed.
    shown = {value for value in secrets.kept if is_to_be_shown(value)}
    assert secrets.found_in(as_bytes(drawn[True]), but=shown, codes=False) == set()


def as_bytes(lines: Iterable[str]) -> bytes:
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def is_to_be_shown(value: str | bytes) -> bool:
    """Whether it is a new key, backup code, initial password or otpauth URI."""
    form = r"[A-Z2-7]{32}|[0-9A-HJKMNP-TV-Z]{4}(-?[0-9A-HJKMNP-TV-Z]{4}){3}"
    return isinstance(value, str) and re.fullmatch(form, value) is not None
