"""A process that guesses, or the owner: python -m tests.attack.attacker WHAT FOLDER ...

Their clock runs FASTER, so that waits end during a test.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from cwtui import services
from cwtui.accounts import code_factors, factors, sign_in
from cwtui.accounts.errors import SignInFailed, Throttled
from cwtui.accounts.model import Account, SecondFactor
from cwtui.accounts.ports import Clock, Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.accounts.tries import Claim
from tests.accounts.world import PASSWORD, Device
from tests.store.worker import config_in, say, wait_for

FASTER: Final = 20.0
"""Seconds of the store's clock per second of wall time."""
SPARE: Final = 10.0
"""Store seconds between the owner's sign-ins, in addition to the 30 s of a code."""

PAUSE: Final = 0.005
"""Seconds of wall time after a refusal: else refusals take all processors until the wait ends."""


def clock_since(started: float) -> Clock:
    """The store's clock: it starts at wall time and runs faster."""
    return lambda: started + (time.time() - started) * FASTER


def ports_of(folder: Path, started: str) -> Ports:
    ports = services.connect(config_in(folder))
    return replace(ports, bcrypt_cost=4, now=clock_since(float(started)))


def _equipped(ports: Ports) -> tuple[Account, SecondFactor]:
    account = ports.accounts.get("alice")
    assert account is not None
    assert account.second_factor is not None
    return account, account.second_factor


def guess(folder: Path, started: str, seconds: str, what: str, number: str) -> None:
    """Guess passwords or codes from changing addresses; print how many were checked."""
    ports = ports_of(folder, started)
    account, factor = _equipped(ports)
    checked: Counter[str] = Counter()
    wait_for(folder / "gate")
    end = time.monotonic() + float(seconds)
    tries = 0
    while time.monotonic() < end:
        tries += 1
        claim = Claim("alice", f"198.51.100.{(int(number) * 31 + tries) % 256}")
        try:
            if what == "password":
                factors.check_password(ports, claim, account, Secret(f"wrong {tries}"), "password")
            else:
                # Not a possible backup code: it is counted and never right.
                code_factors.use_backup_code(ports, claim, lambda: factor, f"{tries:016d}")
            checked["let in"] += 1
        except Throttled:
            checked["throttled"] += 1
            time.sleep(PAUSE)
        except SignInFailed:
            checked["checked"] += 1
    say(f"{checked['checked']} {checked['throttled']} {checked['let in']}")


def owner(folder: Path, started: str, seconds: str, source: str, key: str) -> None:
    """Sign in with password and code repeatedly; print how often, or how it failed."""
    ports = ports_of(folder, started)
    device = Device(Secret(key), ())
    times = 0
    wait_for(folder / "gate")
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        state = sign_in.with_password(ports, "alice", Secret(PASSWORD), source)
        assert isinstance(state, CodeNeeded)
        signed_in = sign_in.with_one_time_code(ports, state, device.code(ports.now()))
        assert isinstance(signed_in, SignedIn)
        times += 1
        # Until the app shows another code.
        time.sleep((30 + SPARE) / FASTER)
    say(times)


WHAT: dict[str, Callable[..., None]] = {"guess": guess, "owner": owner}

if __name__ == "__main__":
    which, where, *rest = sys.argv[1:]
    WHAT[which](Path(where), *rest)
