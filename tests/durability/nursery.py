"""Writers that are killed at random instants: python -m tests.durability.nursery FOLDER SECONDS.

It forks them, so that a replacement starts at once. Each writer has its own account, and notes
what it wrote as a line WRITER KIND NUMBER in a file that outlives it. Readers check the store at
the same time: whatever is wrong is on a line that begins with "wrong".
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

from cwtui import maintenance
from cwtui.accounts import factors
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.credentials.totp import PERIOD
from cwtui.accounts.errors import SignInFailed
from cwtui.accounts.ports import Ports
from cwtui.accounts.upkeep.findings import Severity
from cwtui.config import Config
from tests.accounts.world import OPERATOR
from tests.durability.saves import config_in, connected, unwatched

WRITERS: Final = ("w0", "w1", "w2", "w88")
"""The first and the last have their records in the same file."""
ACKNOWLEDGED: Final = "acknowledged"
_LONGEST: Final = 0.2
"""The longest life of a writer in seconds; most are killed in the middle of a save."""

Say = Callable[[str], object]


def write_account(ports: Ports, name: str) -> int:
    """Count up; the content follows from the number, so that a partial write is detected."""
    with ports.accounts.change() as change:
        account = change.get(name)
        assert account is not None
        number = account.session_epoch + 1
        change.put(account.changed(session_epoch=number, display_name="x" * (number % 90)))
    return number


def use_step(ports: Ports, name: str) -> int:
    """Use the next time step; none is accepted twice."""
    step = ports.records.get(name).last_totp_step + 1
    in_time = replace(ports, now=lambda: float(step * PERIOD))
    factors.use_step(in_time, factors.Claim(name, ""), step)
    return step


def refuse_used_step(ports: Ports, name: str) -> None:
    step = ports.records.get(name).last_totp_step
    in_time = replace(ports, now=lambda: float(step * PERIOD))
    try:
        factors.use_step(in_time, factors.Claim(name, ""), step)
    except SignInFailed:
        return
    raise AssertionError(step)


def append_event(ports: Ports, name: str) -> int:
    number = time.time_ns()
    ports.audit.append(
        Event(
            at=0.0,
            event=EventType.SIGN_IN,
            actor=name,
            subject=str(number),
            source="",
            outcome=Outcome.SUCCESS,
        )
    )
    return number


KINDS: Final = {"account": write_account, "step": use_step, "event": append_event}


def write_for_ever(config: Config, name: str, seed: int, say: Say) -> None:
    ports = connected(config)
    chance = random.Random(seed)  # noqa: S311  repeatable
    while True:
        kind = chance.choice(list(KINDS))
        say(f"{name} {kind} {KINDS[kind](ports, name)}")


def look_for_ever(config: Config, number: int, say: Say) -> None:
    """Check and back up repeatedly: neither may find anything incomplete."""
    target = config.folder.parent / f"backup-{number}.tar"
    while True:
        for finding in maintenance.check(config, unwatched).findings:
            if finding.severity is not Severity.WARNING:
                say(f"wrong {finding.sentence}")
        target.unlink(missing_ok=True)
        maintenance.back_up(config, OPERATOR, target, unwatched)
        with maintenance.checked_backup(config, target, unwatched) as found:
            if found.then != len(WRITERS) + 1:
                say(f"wrong number of accounts in a backup: {found.then}")
        say("looked")


def _forked(act: Callable[[Say], None], path: Path) -> int:
    pid = os.fork()
    if pid == 0:
        _live(act, path)
    return pid


def _live(act: Callable[[Say], None], path: Path) -> NoReturn:
    out = os.open(path, os.O_WRONLY | os.O_APPEND)

    def say(line: str) -> int:
        return os.write(out, f"{line}\n".encode())

    try:
        act(say)
    except BaseException as error:  # noqa: BLE001  told, whatever it is
        say(f"wrong {error!r}")
    os._exit(1)


def main(folder: Path, seconds: float) -> None:
    config = config_in(folder)
    said = folder / ACKNOWLEDGED
    said.touch()
    chance = random.Random(7)  # noqa: S311  repeatable
    kills, until = 0, time.monotonic() + seconds

    def writer(name: str) -> int:
        seed = chance.randrange(1 << 30)
        return _forked(lambda say: write_for_ever(config, name, seed, say), said)

    looker = _forked(lambda say: look_for_ever(config, 0, say), said)
    alive = {name: writer(name) for name in WRITERS}
    while time.monotonic() < until:
        time.sleep(chance.random() * _LONGEST / len(WRITERS))
        name = chance.choice(WRITERS)
        _kill(alive[name])
        kills += 1
        alive[name] = writer(name)
    for pid in (*alive.values(), looker):
        _kill(pid)
    print(kills)  # noqa: T201  how it reports


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
