"""Store operations in another process: python -m tests.store.worker WHAT FOLDER ...

A worker prints "ready" and continues when the gate opens: the test holds an exclusive lock on a
file and all workers wait for a shared one, so they start at the same moment.
"""

import ctypes
import fcntl
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from cwtui import services
from cwtui.accounts import sign_in
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.errors import CannotCheck, SignInFailed, Throttled
from cwtui.accounts.model import SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.sign_in_progress import Progress, Proof
from cwtui.accounts.sign_in_states import CodeNeeded, State
from cwtui.config import Config, KeyringConfig, StoreConfig
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit.log import FileAuditLog
from cwtui.store.records import TinyRecordStore
from tests.accounts.steps import at_step, last_step

_END_WITH_PARENT: Final = 1
"""PR_SET_PDEATHSIG from linux/prctl.h."""


def config_in(folder: Path) -> Config:
    return Config(
        store=StoreConfig(str(folder / "data")),
        keyring=KeyringConfig(str(folder / "keys" / "keyring.json")),
    )


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")  # at once, as other processes may write there too
    sys.stdout.flush()


def wait_for(gate: Path) -> None:
    say("ready")
    with gate.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)


def sign_in_once(folder: Path, now: str, source: str, epoch: str, rounds: str) -> None:
    """Each round is GATE=KIND=CODE: after the gate, sign in with the code and print the result."""
    ports = replace(services.connect(config_in(folder)), bcrypt_cost=4, now=lambda: float(now))
    proved = frozenset({Proof.PASSWORD})
    state = CodeNeeded(Progress("alice", source, int(epoch), float(now), proved, float(now)))
    steps: dict[str, Callable[[Ports, CodeNeeded, str], State]] = {
        "one-time": sign_in.with_one_time_code,
        "backup": sign_in.with_backup_code,
    }
    for one in rounds.split(","):
        gate, kind, code = one.split("=")
        wait_for(folder / gate)
        try:
            say(type(steps[kind](ports, state, code)).__name__)
        except Throttled:
            say("throttled")
        except SignInFailed:
            say("refused")


def sign_in_at_once(folder: Path, processes: str, *rest: str) -> None:
    """Do `sign_in_once` in so many processes, which end with this one."""
    services.load_rest()
    for _ in range(int(processes)):
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
            sign_in_once(folder, *rest)
            os._exit(0)
    for _ in range(int(processes)):
        os.wait()


def increment(folder: Path, times: str) -> None:
    """Increment a number in the account and one in its record."""
    accounts, records = TinyAccountStore(folder / "accounts.json"), TinyRecordStore(folder)

    def count(record: SignInRecord) -> tuple[SignInRecord, None]:
        return at_step(last_step(record) + 1, record), None

    wait_for(folder / "gate")
    for _ in range(int(times)):
        with accounts.change() as change:
            bob = change.get("bob")
            assert bob is not None
            change.put(bob.changed(session_epoch=bob.session_epoch + 1))
        records.update("bob", count)


def write_for_ever(folder: Path) -> None:
    """Write rising numbers and print each one once written, until killed."""
    store = TinyAccountStore(folder / "accounts.json")
    while True:
        with store.change() as change:
            bob = change.get("bob")
            assert bob is not None
            number = bob.session_epoch + 1
            change.put(bob.changed(session_epoch=number, display_name="x" * (number % 90)))
        say(number)


def append_for_ever(folder: Path, actor: str) -> None:
    """Append events to an audit log with small files and print each number, until killed."""
    log = FileAuditLog(folder / "audit.jsonl", AUDIT_BYTES, AUDIT_FILES)
    number = 0
    while True:
        number += 1
        log.append(
            Event(
                at=float(number),
                event=EventType.SIGN_IN,
                actor=actor,
                subject=str(number),
                source="",
                outcome=Outcome.SUCCESS,
            )
        )
        say(number)


ENOUGH = 20
AUDIT_BYTES, AUDIT_FILES = 2000, 1000


def read_for_ever(folder: Path) -> None:
    """Read until standard input ends.

    Print what was wrong, "enough" after enough reads, and finally the number of reads.
    """
    path, times, last = folder / "accounts.json", 0, 0
    say("ready")
    while not select.select([sys.stdin], [], [], 0)[0]:
        with suppress(CannotCheck):
            bob = TinyAccountStore(path).get("bob")
            if bob is None or len(bob.display_name) != bob.session_epoch % 90:
                say(f"torn: {bob}")
            elif bob.session_epoch < last:
                say(f"back from {last} to {bob.session_epoch}")
            else:
                last, times = bob.session_epoch, times + 1
                if times == ENOUGH:
                    say("enough")
    say(times)


WHAT: dict[str, Callable[..., None]] = {
    "sign-in": sign_in_at_once,
    "increment": increment,
    "write": write_for_ever,
    "append": append_for_ever,
    "read": read_for_ever,
}

if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    WHAT[what](Path(where), *rest)
