"""Key rotation on real files: beside an open process, and killed at any point."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as with_fields

from cwtui import services
from cwtui.accounts import first_admin, sign_in, user_mfa
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.contents import Contents
from tests.accounts.steps import one_device
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Clock, Device
from tests.store.processes import Worker, started
from tests.store.worker import config_in

MODULE = "tests.store.key_worker"
PEOPLE = 30


def connected(folder: Path, clock: Clock) -> Ports:
    return replace(services.connect(config_in(folder)), bcrypt_cost=4, now=clock)


@pytest.fixture
def devices(tmp_path: Path) -> dict[str, Device]:
    """A store with an admin, two users without a device, and many with one."""
    ports = replace(services.create(config_in(tmp_path)), bcrypt_cost=4, now=lambda: NOW)
    secret = Secret(PASSWORD)
    first_admin.create(ports, "ada", secret, secret, OPERATOR)
    hashed = passwords.hash_password(secret, ports.keyring, 4)
    plain = Account(username="carol", created_at=NOW, password=hashed)
    made: dict[str, Device] = {}
    accounts = [plain, plain.changed(username="dave")]
    for name in (f"user{number}" for number in range(PEOPLE)):
        made[name] = Device(totp.new_secret(ports.random), backup_codes.new_codes(ports.random)[:1])
        codes = backup_codes.hash_codes(made[name].codes, ports.keyring, 4)
        sealed = ports.keyring.seal(made[name].totp_secret.reveal().encode(), name.encode())
        factor = one_device(sealed, NOW, with_fields(codes, acknowledged=True))
        accounts.append(plain.changed(username=name, second_factor=factor))
    with ports.accounts.change() as change:
        change.put(*accounts)
    return made


def everybody_gets_in(ports: Ports, devices: dict[str, Device], others: dict[str, str]) -> None:
    """Sign in everyone with password and code; `others` have only a password."""
    for name, password in others.items():
        state = sign_in.with_password(ports, name, Secret(password), HERE)
        assert isinstance(state, SignedIn), name
    for name, device in devices.items():
        state = sign_in.with_password(ports, name, Secret(PASSWORD), HERE)
        assert isinstance(state, CodeNeeded), name
        state = sign_in.with_one_time_code(ports, state, device.code(ports.now()))
        assert isinstance(state, SignedIn), name


def test_an_open_application_continues_after_a_rotation(
    tmp_path: Path, devices: dict[str, Device]
) -> None:
    """Started before the rotation, used after it and after the old key is retired."""
    clock = Clock()
    ports = connected(tmp_path, clock)
    [old] = ports.keyring.all_keys()
    with Worker("stay-open", tmp_path, module=MODULE) as application:
        assert application.line() == "ready"

        def ask(act: str, name: str, rest: str = "", password: str = PASSWORD) -> str:
            clock.forward(30)
            if name in devices and not rest:
                rest = devices[name].code(clock())
            return application.ask(f"{clock()} {act} {name} {password} {rest}")

        assert ask("sign-in", "user0") == "SignedIn"
        new = keys.rotate(ports, OPERATOR, lambda *_: None).key
        for name in ("ada", "user0", "user1"):
            assert ask("sign-in", name) == "SignedIn"
        devices["carol"] = Device(Secret(ask("enrol", "carol")), ())
        assert ask("change-password", "dave", "Another.9-Havel") == "changed"
        under = {row.username: row for row in ports.accounts.protected()}
        for name in ("ada", "user0", "user1", "carol", "dave"):
            assert under[name].password_key == new, name
        assert {key for row in under.values() for key in row.totp_keys} == {new}

        everybody_gets_in(ports, devices, {"ada": PASSWORD, "dave": "Another.9-Havel"})
        for name in [name for name in devices if name != "carol"]:
            user_mfa.disable_mfa(ports, OPERATOR, name)
            del devices[name]
        clock.forward(7200)
        assert keys.retire(ports, OPERATOR) == (old.id,)
        for name in ("ada", "user0", "carol"):
            assert ask("sign-in", name) == "SignedIn"
        devices["user1"] = Device(Secret(ask("enrol", "user1")), ())
        clock.forward(60)
    fresh = connected(tmp_path, clock)
    assert fresh.accounts.needed_keys() == {new}
    everybody_gets_in(fresh, devices, {"ada": PASSWORD, "dave": "Another.9-Havel"})


def test_everyone_still_signs_in_after_a_killed_rotation(
    tmp_path: Path, devices: dict[str, Device]
) -> None:
    """After each kill the store opens and everyone signs in; in the end it completes."""
    chance = random.Random(5)  # noqa: S311  repeatable
    clock, kills, finished = Clock(), 0, False
    ports = connected(tmp_path, clock)
    while not finished:
        with Worker("rotate", tmp_path, module=MODULE) as rotation:
            for _ in range(chance.randrange(4)):
                if rotation.line() == "finished":
                    finished = True
                    break
                rotation.tell()
            rotation.process.kill()
            finished |= "finished" in rotation.finish()
        kills += not finished
        clock.forward(60)
        ports = connected(tmp_path, clock)
        assert ports.accounts.needed_keys() <= {key.id for key in ports.keyring.all_keys()}
        few = {name: devices[name] for name in chance.sample(sorted(devices), 3)}
        everybody_gets_in(ports, few, {})
    assert kills > PEOPLE // 3 // 4
    active = ports.keyring.active
    assert {key for row in ports.accounts.protected() for key in row.totp_keys} == {active}
    clock.forward(60)
    everybody_gets_in(ports, devices, {"ada": PASSWORD})


def test_a_sign_in_waits_for_a_batch_not_the_whole_rotation(tmp_path: Path) -> None:
    """Counted in batches, not seconds, because a busy machine slows both down."""
    ports = replace(services.create(config_in(tmp_path)), bcrypt_cost=4, now=lambda: NOW)
    # The hashes use the previous key, so each of these sign-ins locks all accounts.
    plain = Account(
        username="ada",
        created_at=NOW,
        password=passwords.hash_password(Secret(PASSWORD), ports.keyring, 4),
    )
    codes = backup_codes.hash_codes((), ports.keyring, 4)
    names = [f"ann{number}" for number in range(12)]
    accounts = [plain.changed(username=name) for name in names]
    for name in (f"user{number}" for number in range(10_000)):
        sealed = ports.keyring.seal(b"A" * 32, name.encode())
        factor = one_device(sealed, NOW, codes)
        accounts.append(plain.changed(username=name, second_factor=factor))
    with ports.accounts.change() as change:
        change.put(*accounts)

    sign_ins = ("sign-in-many", tmp_path)
    with started(("rotate-many", tmp_path), sign_ins, sign_ins, module=MODULE) as workers:
        rotation, *others = workers
        assert [worker.line() for worker in workers] == ["ready"] * 3
        rotation.tell()
        batches = [float(rotation.line())]
        for number, name in enumerate(names):
            others[number % 2].tell(name)
        batches += map(float, rotation.finish().split())
        waits = [line.split() for other in others for line in other.finish().splitlines()]
    assert len(batches) == 20
    assert [kind for *_, kind in waits] == ["SignedIn"] * len(names)
    assert min(float(until) for _, until, _ in waits) < batches[5]
    waited = [sum(float(since) < at < float(until) for at in batches) for since, until, _ in waits]
    assert max(waited) <= 5, waited


@pytest.mark.parametrize("is_before_reading", [False, True])
def test_an_application_can_start_during_a_rotation(
    tmp_path: Path,
    devices: dict[str, Device],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_before_reading: bool,
) -> None:
    clock = Clock()
    ports = connected(tmp_path, clock)
    [old] = ports.keyring.all_keys()
    contents = TinyAccountStore.contents

    def meanwhile(store: TinyAccountStore) -> Contents:
        monkeypatch.undo()
        found = contents(store)
        keys.rotate(ports, OPERATOR, lambda *_: None)
        return contents(store) if is_before_reading else found

    monkeypatch.setattr(TinyAccountStore, "contents", meanwhile)
    started = connected(tmp_path, clock)
    assert started.keyring.active != old.id
    everybody_gets_in(started, dict([devices.popitem()]), {})
