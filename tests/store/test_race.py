"""When twenty processes use one code at the same moment, exactly one signs in."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from msgspec.structs import replace as with_fields

from cwtui import services
from cwtui.accounts import devices, first_admin, organization, throttle, unlocking
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.model import Account, SecondFactor
from cwtui.accounts.model import Device as Registered
from cwtui.accounts.secret import Secret
from tests.accounts.world import NOW, OPERATOR, PASSWORD, Device
from tests.store.processes import Gate, started
from tests.store.worker import config_in

PROCESSES = 20
EACH = 5
"""Processes that a worker starts."""
KNOWN, STRANGE = "10.0.0.1", "198.51.100.7"


def prepared(folder: Path) -> tuple[Account, Device, Device]:
    """A store with an account that has two devices and has signed in from KNOWN before."""
    ports = replace(services.create(config_in(folder)), bcrypt_cost=4, now=lambda: NOW)
    secret = Secret(PASSWORD)
    first_admin.create(ports, "ada", secret, secret, OPERATOR)
    device = Device(totp.new_secret(ports.random), backup_codes.new_codes(ports.random))
    hashed = backup_codes.hash_codes(device.codes, ports.keyring, 4)
    tablet = Device(totp.new_secret(ports.random), ())
    kept = [
        Registered(name, devices.sealed(ports.keyring, "alice", id_, one.totp_secret), NOW, id_)
        for name, id_, one in (("Phone", "", device), ("Tablet", "0a1b2c3d", tablet))
    ]
    account = Account(
        username="alice",
        created_at=NOW,
        password=passwords.hash_password(secret, ports.keyring, 4),
        second_factor=SecondFactor(tuple(kept), with_fields(hashed, acknowledged=True)),
    )
    with ports.accounts.change() as change:
        change.put(account)
    ports.records.update("alice", lambda record: (throttle.with_known_source(record, KNOWN), None))
    return account, device, tablet


def test_each_code_lets_exactly_one_of_twenty_sign_in(tmp_path: Path) -> None:
    """A one-time code and a backup code, used by 20 processes at the same moment.

    Codes of two devices at the same moment let two of them in.

    With a limit of 10, the ten from the known source and the ten strangers are all checked; with
    the default of 5, some may be throttled first.
    """
    account, phone, tablet = prepared(tmp_path)
    codes = phone.codes
    # The limit, the kind of code, the codes that ten processes each use, and how many get in.
    rounds = [
        (10, "one-time", (phone.code(NOW, -1), phone.code(NOW, -1)), 1),
        (10, "backup", (codes[0].reveal(), codes[0].reveal()), 1),
        (5, "one-time", (phone.code(NOW), phone.code(NOW)), 1),
        (5, "backup", (codes[1].reveal(), codes[1].reveal()), 1),
        (10, "one-time", (phone.code(NOW, 1), tablet.code(NOW, 1)), 2),
        (10, "backup", (codes[2].reveal(), codes[2].reveal()), 1),
    ]
    gates = [Gate(tmp_path / f"gate{number}") for number in range(len(rounds))]
    orders = [
        ",".join(f"gate{n}={kind}={typed[who]}" for n, (_, kind, typed, _) in enumerate(rounds))
        for who in (0, 1)
    ]
    racers = [
        ("sign-in", tmp_path, EACH, NOW, source, account.session_epoch, orders[who])
        for who in (0, 1)
        for source in (KNOWN, STRANGE)
    ]
    assert len(racers) * EACH == PROCESSES
    ports = replace(services.connect(config_in(tmp_path)), now=lambda: NOW)
    with started(*racers) as workers:
        assert [worker.line() for worker in workers * EACH] == ["ready"] * PROCESSES
        for gate, (limit, kind, _, let_in) in zip(gates, rounds, strict=True):
            organization.update_settings(ports, OPERATOR, {"code_limit": str(limit)})
            unlocking.unlock(ports, OPERATOR, "alice")
            gate.open()
            # Each says its result, and that it is ready for the next round, if there is one.
            lines = EACH if gate is gates[-1] else 2 * EACH
            results = Counter(worker.line() for worker in workers * lines)
            del results["ready"]
            assert results["SignedIn"] == let_in, (kind, results)
            assert sum(results.values()) == PROCESSES
            turned_away = {"throttled"} if limit == 5 else set()
            assert set(results) <= {"SignedIn", "refused"} | turned_away
    after = ports.accounts.get("alice")
    assert after is not None
    assert after.second_factor is not None
    assert len(after.second_factor.backup_codes.hashes) == 7
    uses = ports.records.get("alice").devices
    assert {id_: use.last_step for id_, use in uses.items()} == {
        "": int(NOW) // 30 + 1,
        "0a1b2c3d": int(NOW) // 30 + 1,
    }
    log = config_in(tmp_path).audit_file.read_text().splitlines()
    assert sum(EventType.SIGN_IN in line for line in log) == len(rounds) + 1
