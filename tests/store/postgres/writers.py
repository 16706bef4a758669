"""Processes that write without pause, and note what the store acknowledged.

    python -m tests.store.postgres.writers URL FOLDER KILLS

It forks them, with an account for each, until its input ends. KILLS is "yes" if they are killed at
random instants. They note a line WRITER KIND NUMBER for what was done, and a
line WRITER KIND NUMBER SENTENCE for what was not, or perhaps not.
"""

import random
import select
import sys
import time
from functools import partial
from pathlib import Path
from typing import Final, cast

from msgspec.structs import replace

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.store.postgres import opening
from cwtui.store.postgres.opening import Parts
from tests.durability import nursery
from tests.durability.nursery import ACKNOWLEDGED, Say

WRITERS: Final = ("w0", "w1", "w2", "w3")
KINDS: Final = ("account", "step", "event", "joined")
_LONGEST: Final = 0.15
"""The longest time between two kills in seconds."""
_LIFE: Final = 150
"""Bytes that they note between two kills at least, so that something is done on a slow machine."""
KILLS: Final = 6
"""At least so many writers are killed, however fast the server is."""
_PAUSE: Final = 0.1
"""After a refusal, so that a server that is starting has the processor."""


def prepare(url: str) -> None:
    parts = opening.parts(url)
    parts.audit.append(replace(nursery.event_of("ada", 0), event=EventType.USER_CREATE))
    with parts.accounts.change() as change:
        change.put(*(Account(username=name, created_at=1.0) for name in WRITERS))


def write_for_ever(url: str, name: str, seed: int, say: Say) -> None:
    parts = _opened(url)
    chance = random.Random(seed)  # noqa: S311  repeatable
    while True:
        kind, number = chance.choice(KINDS), time.time_ns()
        try:
            done = write(parts, kind, name, number)
        except CannotCheck as error:
            say(f"{name} {kind} {number} {error}")
            time.sleep(_PAUSE)
        else:
            say(f"{name} {kind} {done}")


def write(parts: Parts, kind: str, name: str, number: int) -> int:
    """Do something of this kind, and return the number that must be found later."""
    ports = cast("Ports", parts)  # what the nursery needs of them has the same names
    if kind == "account":
        return nursery.write_account(ports, name)
    if kind == "step":
        return nursery.use_step(ports, name)
    if kind == "joined":
        # An event and an account in one transaction.
        with parts.accounts.change() as change:
            account = change.get(name)
            assert account is not None
            count = account.session_epoch + 1
            change.put(account.changed(session_epoch=count, display_name="x" * (count % 90)))
            change.prepare()
            parts.audit.append(nursery.event_of(name, number))
        return number
    parts.audit.append(nursery.event_of(name, number))
    return number


def _opened(url: str) -> Parts:
    while True:
        try:
            return opening.parts(url)
        except CannotCheck:
            time.sleep(_PAUSE)


def main(url: str, folder: Path, *, kills: bool) -> None:
    said = folder / ACKNOWLEDGED
    said.touch()
    chance = random.Random(11)  # noqa: S311  repeatable
    killed, size, is_over = 0, 0, False

    def started(name: str) -> int:
        seed = chance.randrange(1 << 30)
        return nursery.forked(partial(write_for_ever, url, name, seed), said)

    alive = {name: started(name) for name in WRITERS}
    print("started", flush=True)  # noqa: T201  how it reports
    while not is_over or (kills and killed < KILLS):
        time.sleep(chance.random() * _LONGEST)
        is_over = bool(select.select([sys.stdin], [], [], 0)[0])
        # On a slow machine they live longer.
        if kills and (now := said.stat().st_size) > size + _LIFE:
            size = now
            name = chance.choice(list(alive))
            nursery.kill(alive[name])
            killed += 1
            alive[name] = started(name)
    for pid in alive.values():
        nursery.kill(pid)
    print(killed)  # noqa: T201  how it reports


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), kills=sys.argv[3] == "yes")
