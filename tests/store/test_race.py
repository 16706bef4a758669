"""When twenty processes use one code at the same moment, exactly one signs in."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from msgspec.structs import replace as with_fields

from cwtui import services
from cwtui.accounts import administration, first_admin, organization, throttle
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.model import Account, SecondFactor
from cwtui.accounts.secret import Secret
from tests.accounts.world import NOW, OPERATOR, PASSWORD, Device
from tests.store.processes import Gate, started
from tests.store.worker import config_in

PROCESSES = 20
KNOWN, STRANGE = "10.0.0.1", "198.51.100.7"


def prepared(folder: Path) -> tuple[Account, Device]:
    """A store with an account that has a device and has signed in from KNOWN before."""
    ports = replace(services.create(config_in(folder)), bcrypt_cost=4, now=lambda: NOW)
    secret = Secret(PASSWORD)
    first_admin.create(ports, "ada", secret, secret, OPERATOR)
    device = Device(totp.new_secret(ports.random), backup_codes.new_codes(ports.random))
    hashed = backup_codes.hash_codes(device.codes, ports.keyring, 4)
    account = Account(
        username="alice",
        created_at=NOW,
        password=passwords.hash_password(secret, ports.keyring, 4),
        second_factor=SecondFactor(
            totp_secret=ports.keyring.seal(device.totp_secret.reveal().encode(), b"alice"),
            registered_at=NOW,
            backup_codes=with_fields(hashed, acknowledged=True),
        ),
    )
    with ports.accounts.change() as change:
        change.put(account)
    ports.records.update("alice", lambda record: (throttle.with_known_source(record, KNOWN), None))
    return account, device


def test_each_code_lets_exactly_one_of_twenty_sign_in(tmp_path: Path) -> None:
    """A one-time code and a backup code, used by 20 processes at the same moment.

    With a limit of 10, the ten from the known source and the ten strangers are all checked; with
    the default of 5, some may be throttled first.
    """
    account, device = prepared(tmp_path)
    rounds = [
        (10, "one-time", device.code(NOW, -1)),
        (10, "backup", device.codes[0].reveal()),
        (5, "one-time", device.code(NOW)),
        (5, "backup", device.codes[1].reveal()),
        (10, "one-time", device.code(NOW, 1)),
        (10, "backup", device.codes[2].reveal()),
    ]
    gates = [Gate(tmp_path / f"gate{number}") for number in range(len(rounds))]
    orders = ",".join(f"gate{n}={kind}={code}" for n, (_, kind, code) in enumerate(rounds))
    sources = [KNOWN, STRANGE] * (PROCESSES // 2)
    racers = [
        ("sign-in", tmp_path, NOW, source, account.session_epoch, orders) for source in sources
    ]
    ports = replace(services.connect(config_in(tmp_path)), now=lambda: NOW)
    with started(*racers) as workers:
        for gate, (limit, kind, _) in zip(gates, rounds, strict=True):
            organization.update_settings(ports, OPERATOR, {"code_limit": str(limit)})
            administration.unlock(ports, OPERATOR, "alice")
            gate.open_for(workers)
            results = Counter(worker.line() for worker in workers)
            assert results["SignedIn"] == 1, (kind, results)
            assert sum(results.values()) == PROCESSES
            turned_away = {"throttled"} if limit == 5 else set()
            assert set(results) <= {"SignedIn", "refused"} | turned_away
    after = ports.accounts.get("alice")
    assert after is not None
    assert after.second_factor is not None
    assert len(after.second_factor.backup_codes.hashes) == 7
    assert ports.records.get("alice").last_totp_step == int(NOW) // 30 + 1
    log = config_in(tmp_path).audit_file.read_text().splitlines()
    assert sum(EventType.SIGN_IN in line for line in log) == len(rounds)
