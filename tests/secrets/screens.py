"""Watches screens with all possible logging: secrets are shown only where intended (DESIGN 4.2).

Two screens show new secrets, a third an initial password to hand over, and two show a backup code
while it is typed. All others, the log, the audit log, the toasts and error messages show none.
"""

import logging
import re
from asyncio import Handle, base_events
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from textual.worker import Worker

from cwtui.ui.app import AccountApp
from cwtui.ui.painted import Painted
from tests.secrets.logging_all import Log, logged
from tests.secrets.observing import observed
from tests.secrets.registry import Secrets
from tests.ui.harness import Person
from tests.ui.plants import Plant
from tests.ui.speed import drawn_as_in_a_terminal

SHOWING: Final = {
    "RegisterDeviceScreen",
    "BackupCodesScreen",
    "CheckSavedScreen",
    "InitialPasswordScreen",
    "InvitationScreen",
    "BackupCodeScreen",
    "ProofScreen",
}


@contextmanager
def _every_step_named(log: Log) -> Iterator[None]:
    """Log each callback with its arguments and results, as asyncio's debug mode does.

    That mode also finds out where each one was created, which takes long. test_journey has it on.
    """

    def run(self: Handle) -> None:
        _RUN(self)
        log.lines.add(f"Executing {base_events._format_handle(self)}")  # type: ignore[attr-defined]  # asyncio has no public name for it

    with patch.object(Handle, "_run", run):
        yield


_RUN: Final = Handle._run


@contextmanager
def _watched(log: Log) -> Iterator[dict[bool, set[str]]]:
    """The terminal output, keyed by whether a screen is open that may show secrets.

    Workers are logged, because their descriptions contain their arguments.
    """
    drawn: dict[bool, set[str]] = {True: set(), False: set()}
    display, take, begin = AccountApp._display, Painted.take, Worker.__init__
    may_show = False

    def displayed(self: AccountApp, *arguments: Any) -> None:
        nonlocal may_show
        up = {type(screen).__name__ for screen in self.screen_stack}
        may_show = not SHOWING.isdisjoint(up)
        display(self, *arguments)

    def taken(self: Painted, *arguments: Any) -> None:
        take(self, *arguments)
        rows = [self._wanted[y] for y in self._changed]
        self._changed.clear()
        drawn[may_show].update("".join(text for text, _ in row) for row in rows)

    def begun(self: Worker[Any], *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        log.lines.add(f"{self!r} {self.description}")

    with (
        drawn_as_in_a_terminal(),
        patch.object(AccountApp, "_display", displayed),
        patch.object(Painted, "take", taken),
        patch.object(Worker, "__init__", begun),
    ):
        yield drawn


class Watch:
    """What was written, drawn and kept secret in one process so far."""

    def __init__(self, log: Log, secrets: Secrets, drawn: dict[bool, set[str]]) -> None:
        self._log, self._secrets, self._drawn = log, secrets, drawn

    def note(self, person: Person, there: Plant) -> None:
        """Search these too, as they are now."""
        self._log.lines.update(map(repr, there.world.events), person.toasts)
        self._log.lines.update(map(repr, person.app._notifications))
        logging.getLogger("a library").debug("logs")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Neither name each step nor draw each update, which takes long."""
        with patch.object(Handle, "_run", _RUN), drawn_as_in_a_terminal(really=False):
            yield

    def check(self, printed: str) -> None:
        """Check that secrets are only where they belong; `printed`: to both standard outputs."""
        lines, drawn, secrets = self._log.lines, self._drawn, self._secrets
        assert "logs" in lines
        assert any("Executing <" in line for line in lines)
        assert any(drawn.values())
        found = secrets.found_in(_as_bytes([*lines, printed]))
        assert not found, f"logged or printed: {found}"
        found = secrets.found_in(_as_bytes(drawn[False]), codes=False)
        assert not found, f"on a screen that may show no secret: {found}"
        # Only secrets created to be shown may appear, and the code being typed.
        shown = {value for value in secrets.kept if _is_to_be_shown(value)}
        found = secrets.found_in(_as_bytes(drawn[True]), but=shown, codes=False)
        assert not found, f"on a screen that may show new secrets only: {found}"


@contextmanager
def watching() -> Iterator[Watch]:
    """Log and observe all that happens in the block. Call `check` after it."""
    secrets = Secrets()
    with (
        logged() as log,
        _every_step_named(log),
        observed(secrets.add, log.lines.add),
        _watched(log) as drawn,
    ):
        yield Watch(log, secrets, drawn)


def _as_bytes(lines: Iterable[str]) -> bytes:
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _is_to_be_shown(value: str | bytes) -> bool:
    """Whether it is a new key, backup code, initial password or otpauth URI."""
    form = r"[A-Z2-7]{32}|[0-9A-HJKMNP-TV-Z]{4}(-?[0-9A-HJKMNP-TV-Z]{4}){3}"
    return isinstance(value, str) and re.fullmatch(form, value) is not None
