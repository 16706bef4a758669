"""Writers that are killed at random instants: python -m tests.durability.nursery FOLDER SECONDS.

It forks them, so that a replacement starts at once. Each writer has its own account, and notes
what it wrote as a line WRITER KIND NUMBER in a file that outlives it. Another process rotates keys
and is killed as well. Journals and audit files are small, so that new bases are written and audit
files rotated all the time. Readers check the store at the same time: whatever is wrong is on a
line that begins with "wrong".
"""

import ctypes
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

import pytest
from msgspec.structs import replace as replaced

from cwtui import backups, maintenance, services
from cwtui.accounts import code_factors, devices, tries
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.credentials.totp import PERIOD
from cwtui.accounts.errors import KeyringMissing, SignInFailed
from cwtui.accounts.model import Device, Sealed
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.throttle import Counted
from cwtui.accounts.upkeep import key_rotation
from cwtui.accounts.upkeep.findings import Severity
from cwtui.config import AuditConfig, Config
from cwtui.store import table_file
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore, number_of
from tests.accounts.steps import last_step, only
from tests.accounts.world import OPERATOR
from tests.durability.saves import config_in, connected, unwatched

DEVICE: Final = Device("Phone", Sealed("", b"", b""), 0.0)
WRITERS: Final = ("w0", "w1", "w2", "w88")
"""The first and the last have their records in the same file."""
KEYS: Final = "keys"
"""The process that rotates keys."""
HAS_DEVICE: Final = "alice"
ACKNOWLEDGED: Final = "acknowledged"
_LONGEST: Final = 0.2
"""The longest life of a writer in seconds; most are killed in the middle of a save."""

_KILLS: Final = 3
_LINES: Final = 30
"""The least kills and acknowledged lines per second; on a slow machine, it takes longer."""
_SAID: Final = {"looked", "read", "rotated", "compact"}
"""What is done at least once, too."""

_END_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG, so that a test that fails leaves no writers behind."""

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
    step = last_step(ports.records.get(name)) + 1
    use(ports, name, step)
    return step


def use(ports: Ports, name: str, step: int) -> None:
    accepted = code_factors.AcceptedCode(DEVICE, step, 0, "code", Counted({}, ""))
    note = code_factors.after_code(tries.Claim(name, ""), accepted, float(step * PERIOD))
    ports.records.update(name, lambda record: (note(record), None))


def refuse_used_step(ports: Ports, name: str) -> None:
    step = last_step(ports.records.get(name))
    try:
        use(ports, name, step)
    except SignInFailed:
        return
    raise AssertionError(step)


def append_event(ports: Ports, name: str) -> int:
    number = time.time_ns()
    ports.audit.append(event_of(name, number))
    return number


def event_of(name: str, number: int) -> Event:
    return Event(
        at=4_000_000_000.0,  # a database refuses events that say they are old
        event=EventType.SIGN_IN,
        actor=name,
        subject=str(number),
        source="",
        outcome=Outcome.SUCCESS,
    )


def compact(ports: Ports, name: str) -> int:
    assert isinstance(ports.accounts, TinyAccountStore)
    assert isinstance(ports.records, TinyRecordStore)
    return ports.accounts.compact() + ports.records.compact(number_of(name))


KINDS: Final = {
    "account": write_account,
    "step": use_step,
    "event": append_event,
    "compact": compact,
}
_OFTEN: Final = (5, 5, 5, 1)


def write_for_ever(config: Config, name: str, seed: int, say: Say) -> None:
    ports = connected(config)
    chance = random.Random(seed)  # noqa: S311  repeatable
    while True:
        [kind] = chance.choices(list(KINDS), _OFTEN)
        say(f"{name} {kind} {KINDS[kind](ports, name)}")


def rotate_for_ever(config: Config, say: Say) -> None:
    ports = replace(services.connect_for_key_commands(config), now=time.time)
    while True:
        found = key_rotation.rotate(ports, OPERATOR, lambda *_: None)
        say(f"{KEYS} rotated {found.renewed}")


def read_for_ever(config: Config, say: Say) -> None:
    """Read what writers change, as an open application does: no number may go back."""
    ports = connected(config)
    secret, newest = None, dict.fromkeys(((name, what) for name in WRITERS for what in "as"), 0)
    while True:
        for name in WRITERS:
            account = ports.accounts.get(name)
            if account is None or len(account.display_name) != account.session_epoch % 90:
                say(f"wrong account {account}")
                continue
            step = last_step(ports.records.get(name))
            for what, number in (("a", account.session_epoch), ("s", step)):
                if number < newest[name, what]:
                    say(f"wrong order of {name}: {number} after {newest[name, what]}")
                newest[name, what] = number
        rows = [row.username for row in ports.accounts.rows()]
        if rows != ["ada", HAS_DEVICE, *WRITERS]:
            say(f"wrong accounts {rows}")
        found = secret_of_device(ports)
        if secret not in (None, found):
            say("wrong secret")
        secret = found
        say("read")


def secret_of_device(ports: Ports) -> Secret:
    while True:
        account = ports.accounts.get(HAS_DEVICE)
        assert account is not None
        try:
            return devices.unsealed(ports.keyring, HAS_DEVICE, only(account.second_factor))
        except KeyringMissing:
            # Keys are retired soon here, perhaps after the account was read.
            again = ports.accounts.get(HAS_DEVICE)
            if again == account:
                raise


def look_for_ever(config: Config, number: int, say: Say) -> None:
    """Check and back up repeatedly: neither may find anything incomplete."""
    target = config.folder.parent / f"backup-{number}.tar"
    while True:
        for finding in maintenance.check(config, unwatched).findings:
            if finding.severity is not Severity.WARNING:
                say(f"wrong {finding.sentence}")
        target.unlink(missing_ok=True)
        backups.back_up(config, OPERATOR, target, unwatched)
        with backups.checked_backup(config, target, unwatched) as found:
            if found.then != len(WRITERS) + 2:
                say(f"wrong number of accounts in a backup: {found.then}")
        say("looked")


def forked(act: Callable[[Say], None], path: Path) -> int:
    pid = os.fork()
    if pid == 0:
        _live(act, path)
    return pid


def _live(act: Callable[[Say], None], path: Path) -> NoReturn:
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    out = os.open(path, os.O_WRONLY | os.O_APPEND)

    def say(line: str) -> int:
        return os.write(out, f"{line}\n".encode())

    try:
        act(say)
    except BaseException as error:  # noqa: BLE001  told, whatever it is
        say(f"wrong {error!r}")
    os._exit(1)


@contextmanager
def small_files() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_file, "_MOST_JOURNAL", 2000)
        patch.setattr(services, "MEGABYTE", 10_000)
        patch.setattr(key_rotation, "SETTLED", 30.0)  # seconds, more than a reader takes
        yield


def main(folder: Path, seconds: float) -> None:
    config = replaced(config_in(folder), audit=AuditConfig(max_megabytes=1, keep_files=1000))
    said = folder / ACKNOWLEDGED
    said.touch()
    chance = random.Random(7)  # noqa: S311  repeatable
    kills, until = 0, time.monotonic() + seconds

    def started(name: str) -> int:
        if name == KEYS:
            return forked(partial(rotate_for_ever, config), said)
        seed = chance.randrange(1 << 30)
        return forked(lambda say: write_for_ever(config, name, seed, say), said)

    readers = [
        forked(partial(look_for_ever, config, 0), said),
        forked(partial(read_for_ever, config), said),
    ]
    alive = {name: started(name) for name in (*WRITERS, KEYS)}

    def is_enough() -> bool:
        lines = [line.split() for line in said.read_text().splitlines()]
        whats = {words[1] if len(words) > 1 else words[0] for words in lines}
        is_wrong = any(words[0] == "wrong" for words in lines)
        is_much = kills > seconds * _KILLS and len(lines) > seconds * _LINES
        return is_wrong or (is_much and whats >= _SAID)

    while time.monotonic() < until or not is_enough():
        time.sleep(chance.random() * _LONGEST / len(alive))
        name = chance.choice(list(alive))
        kill(alive[name])
        kills += 1
        alive[name] = started(name)
    for pid in (*alive.values(), *readers):
        kill(pid)
    print(kills)  # noqa: T201  how it reports


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    with small_files():
        main(Path(sys.argv[1]), float(sys.argv[2]))
