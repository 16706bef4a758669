"""Eight processes guess at once while the owner keeps signing in."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cwtui import services
from cwtui.accounts import organization, throttle
from tests import soak
from tests.accounts.world import OPERATOR
from tests.attack.attacker import FASTER, clock_since
from tests.store.processes import Gate, started
from tests.store.test_race import KNOWN, prepared
from tests.store.worker import config_in

GUESSERS = 8
LIMIT = 5
BAN_MINUTES = 1
MODULE = "tests.attack.attacker"


def allowed(seconds: float) -> int:
    """How many wrong attempts may be checked in that many seconds of wall time."""
    limit, past, failures = throttle.Limit(LIMIT, BAN_MINUTES * 60.0), 0.0, 0
    while past <= seconds * FASTER:
        failures += 1
        if failures % LIMIT == 0 or failures >= throttle.MOST:
            past += throttle.wait_after(failures, limit)
    return failures


@pytest.mark.parametrize("what", ["password", "code"])
def test_attempts_stop_at_the_limit_but_the_owner_can_sign_in(tmp_path: Path, what: str) -> None:
    """Parallel processes get no more attempts than one; the waits grow from 15 on."""
    _, device, _ = prepared(tmp_path)
    begin = time.time()
    ports = replace(services.connect(config_in(tmp_path)), now=clock_since(begin))
    values = {"password_ban_minutes": str(BAN_MINUTES), "code_ban_minutes": str(BAN_MINUTES)}
    organization.update_settings(ports, OPERATOR, values)
    seconds = soak.seconds(usually=3.5)  # the first wait, of a minute, ends after 3
    gate = Gate(tmp_path / "gate")
    guessers = [("guess", tmp_path, begin, seconds, what, number) for number in range(GUESSERS)]
    key = device.totp_secret.reveal()
    with started(
        *guessers, ("owner", tmp_path, begin, seconds, KNOWN, key), module=MODULE
    ) as workers:
        gate.open_for(workers)
        opened = time.time()
        *said, times = [worker.line() for worker in workers]
        took = time.time() - opened
    checked, throttled, let_in = (
        sum(int(one.split()[place]) for one in said) for place in range(3)
    )
    assert let_in == 0
    assert LIMIT <= checked <= allowed(took)
    assert throttled > 10 * checked
    assert int(times) >= 2
    record = ports.records.get("alice")
    attempts = record.password_attempts if what == "password" else record.code_attempts
    assert attempts[throttle.STRANGERS].failures == checked


def test_the_owner_learns_of_guesses_and_the_log_stays_short(tmp_path: Path) -> None:
    prepared(tmp_path)
    begin = time.time()
    gate = Gate(tmp_path / "gate")
    guessers = [("guess", tmp_path, begin, 1.0, "password", number) for number in range(2)]
    with started(*guessers, module=MODULE) as workers:
        gate.open_for(workers)
        throttled = sum(int(worker.line().split()[1]) for worker in workers)
    config = config_in(tmp_path)
    failed = services.connect(config).records.get("alice").failed
    assert failed is not None
    assert failed.count == LIMIT + 1  # plus one that was not checked
    assert throttled > 2 * LIMIT
    written = config.audit_file.read_text("utf-8").splitlines()
    assert sum('"throttled"' in line for line in written) == 1
