"""Restores that are killed and run again: python -m tests.durability.restores FOLDER SECONDS.

Each is killed at up to three random instants. What is wrong is on a line that begins with "wrong";
the last line is how often a restore was killed, how often while the marker existed, and how often
one was completed.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from cwtui import backups, maintenance
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account
from cwtui.accounts.upkeep.findings import Severity
from cwtui.config import Config
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore
from tests.accounts.steps import last_step
from tests.accounts.world import OPERATOR
from tests.durability import nursery
from tests.durability.saves import connected, few_files, made_in, unwatched

_MOST_KILLS: Final = 3
_BACKUPS: Final = 2
_LEAST: Final = 2
"""How many kills and how many completed restores there are, however short the time."""


class State(NamedTuple):
    """What an account is called and which step was used last, by username."""

    names: dict[str, str]
    steps: dict[str, int]


def state_in(folder: Path) -> State:
    accounts, used = TinyAccountStore(folder / "accounts.json"), TinyRecordStore(folder / "sign-in")
    found = accounts.all()
    steps = {name: last_step(used.get(name)) for name in found}
    return State({name: one.display_name for name, one in found.items()}, steps)


class Restores:
    def __init__(self, folder: Path) -> None:
        self._config, _ = made_in(folder)
        self._folder = folder
        self._chance = random.Random(11)  # noqa: S311  repeatable
        self._number = 0
        self._usual = 0.1
        """Seconds from the end of the checks to the end of the restore."""
        self.kills = self.kills_of_half = self.completed = 0

    def change(self) -> None:
        """Make a new account, remove one, change others, and use steps."""
        ports = connected(self._config)
        for _ in range(self._chance.randrange(1, 6)):
            self._number += 1
            name = f"n{self._number % 7}"
            with ports.accounts.change() as change:
                change.remove(f"n{self._chance.randrange(7)}")
                change.put(Account(username=name, display_name=str(self._number), created_at=1.0))
            for one in (name, "alice", "ada"):
                nursery.use_step(ports, one)

    def back_up(self, path: Path) -> State:
        path.unlink(missing_ok=True)
        backups.back_up(self._config, OPERATOR, path, unwatched)
        return state_in(self._config.folder)

    def restore(self, path: Path, then: State) -> Iterator[str]:
        """Restore it at last, and yield what is wrong."""
        before = state_in(self._config.folder)
        for _ in range(self._chance.randrange(_MOST_KILLS + 1)):
            if self._is_killed(path):
                yield from self._after_a_kill(before, then)
            else:
                break
        if state_in(self._config.folder).names != then.names or self._config.layout.marker.exists():
            with backups.checked_backup(self._config, path, unwatched) as found:
                since = time.monotonic()
                found.run(OPERATOR)
                self._usual = time.monotonic() - since
        self.completed += 1
        yield from self._after_all(before, then)

    def _is_killed(self, path: Path) -> bool:
        begins, says = os.pipe()
        pid = os.fork()
        if pid == 0:
            _restore(self._config, path, says)
        os.close(says)
        os.read(begins, 1)
        os.close(begins)
        time.sleep(self._chance.random() * self._usual)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        return os.WIFSIGNALED(status)

    def _after_a_kill(self, before: State, then: State) -> Iterator[str]:
        self.kills += 1
        if self._config.layout.marker.exists():
            self.kills_of_half += 1
            with suppress(CannotCheck):
                connected(self._config)
                yield "a half restored store is used"
            return
        now = state_in(self._config.folder)
        if now != before:
            yield from self._differences(now, before, then)
        yield from self._damage()

    def _after_all(self, before: State, then: State) -> Iterator[str]:
        yield from self._differences(state_in(self._config.folder), before, then)
        yield from self._damage()
        if self._config.layout.marker.exists():
            yield "the marker is still there"
        kept = list(self._config.folder.glob("before-restore-*"))
        if before not in [state_in(one) for one in kept if (one / "accounts.json").exists()]:
            yield "the old store was not kept"
        for one in kept:
            shutil.rmtree(one)

    def _differences(self, now: State, before: State, then: State) -> Iterator[str]:
        if now.names != then.names:
            yield f"accounts {now.names} instead of {then.names}"
        for name, step in now.steps.items():
            least = max(before.steps.get(name, 0), then.steps.get(name, 0))
            if step < least:
                yield f"step {step} of {name} instead of {least}"

    def _damage(self) -> Iterator[str]:
        for finding in maintenance.check(self._config, unwatched).findings:
            if finding.severity is not Severity.WARNING:
                yield finding.sentence

    def run(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        backups: dict[Path, State] = {}
        while time.monotonic() < until or min(self.kills, self.completed) < _LEAST:
            self.change()
            path = self._folder / f"of-{self.completed % _BACKUPS}.tar"
            backups[path] = self.back_up(path)
            self.change()
            path = self._chance.choice(list(backups))
            for wrong in self.restore(path, backups[path]):
                print(f"wrong: {wrong}")  # noqa: T201  how it reports


def _restore(config: Config, path: Path, says: int) -> None:
    try:
        with backups.checked_backup(config, path, unwatched) as found:
            os.write(says, b".")
            found.run(OPERATOR)
    finally:
        os._exit(0)


def main(folder: Path, seconds: float) -> None:
    restores = Restores(folder)
    restores.run(seconds)
    print(restores.kills, restores.kills_of_half, restores.completed)  # noqa: T201  how it reports


if __name__ == "__main__":
    with nursery.small_files(), few_files():
        main(Path(sys.argv[1]), float(sys.argv[2]))
