"""An account and a made-up name always get the same answers to wrong passwords.

The account is of any kind, with known or unknown sources. Time goes forward and back, keys are
rotated and retired, processes restart, others sign in and fail: in memory and with files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

import pytest

from cwtui import services
from cwtui.accounts import made_up, sign_in
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import SignInFailed, StoreDamaged
from cwtui.accounts.model import Account, Origin, SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.store.records import number_of
from tests import soak
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import NOW, OPERATOR, PASSWORD, Clock, World
from tests.store.worker import config_in

pytestmark = pytest.mark.usefixtures("remembered_hashes")
SEEDS: Final = soak.times(usually=2, in_a_soak=100)
STEPS: Final = 100
STEPS_IN_FILES: Final = soak.times(usually=30, in_a_soak=100)
"""Fewer, because each attempt is written to disk before it is answered."""
KNOWN: Final = ("local console", "10.0.0.1", "2001:db8::/64")
SOURCES: Final = ("local console", "10.0.0.1", "2001:db8::7", "198.51.100.7", "203.0.113.9", "")
DAY: Final = 86400.0
PAUSES: Final = (0.0, 0.0, 1.0, 60.0, 299.0, 300.0, 600.0, 3600.0, DAY, DAY + 3600, 5 * DAY)
KINDS: Final[dict[str, dict[str, object]]] = {
    "plain": {},
    "disabled": {"enabled": False},
    "to change": {"must_change_password": True},
    "expired": {"must_change_password": True, "initial_password_expires_at": NOW - 1},
    "invited": {
        "must_change_password": True,
        "initial_password_expires_at": NOW + DAY,
        "invited": True,
    },
    "required": {"mfa_required": True},
    "ldap": {"origin": Origin.LDAP, "password": None},
    "of the directory": {"origin": Origin.LDAP, "password": None},
}


@dataclass
class Place:
    """A store, with a function that connects to it like a new process."""

    connect: Callable[[], Ports]
    clock: Clock


def in_memory(_: Path) -> Place:
    world = World()
    return Place(lambda: world.ports, world.clock)


def in_files(folder: Path) -> Place:
    clock = Clock()
    services.create(config_in(folder))
    # Setting up again just connects, as long as there is no account.
    return Place(
        lambda: replace(services.create(config_in(folder)), bcrypt_cost=4, now=clock), clock
    )


def answer(ports: Ports, username: str, source: str) -> tuple[object, ...]:
    """All that the person can see; `until` as a wait, as the screen shows it."""
    try:
        sign_in.with_password(ports, username, Secret("wrong"), source)
    except SignInFailed as failed:
        return type(failed), str(failed), failed.field, failed.left, failed.until
    return ("let in",)


def prepare(ports: Ports, kind: str) -> None:
    """One account, which every made-up name imitates."""
    hashed = passwords.hash_password(Secret(PASSWORD), ports.keyring, 4)
    account = Account(username="alice", created_at=NOW, password=hashed).changed(**KINDS[kind])
    with ports.accounts.change() as change:
        change.put(account)
    ports.records.update("alice", lambda _: (SignInRecord(known_sources=KNOWN), None))


def with_directory(ports: Ports, kind: str) -> Ports:
    if kind != "of the directory":
        return ports
    directory = MemoryDirectory()
    directory.add("alice", "right")
    directory.add("newcomer", "right")  # never signed in: there is no account
    return replace(ports, directory=directory)


def steps(random: Random, number: int) -> Iterator[tuple[str, float, str]]:
    """What happens, after which pause, and where an attempt comes from."""
    for _ in range(number):
        what = random.choices(
            ("try", "burst", "set back", "rotate", "restart", "another"), (60, 8, 4, 3, 5, 20)
        )[0]
        yield what, random.choice(PAUSES), random.choice(SOURCES)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", KINDS)
def test_a_made_up_name_is_answered_like_an_account_in_memory(
    tmp_path: Path, kind: str, seed: int
) -> None:
    check_twins(in_memory(tmp_path), kind, seed, STEPS)


@pytest.mark.parametrize("seed", range(SEEDS // 2))
@pytest.mark.parametrize("kind", ["plain", "of the directory"])
def test_a_made_up_name_is_answered_like_an_account_in_files(
    tmp_path: Path, kind: str, seed: int
) -> None:
    check_twins(in_files(tmp_path), kind, seed, STEPS_IN_FILES)


def check_twins(there: Place, kind: str, seed: int, number: int) -> None:
    random = Random(f"{kind} {seed}")  # noqa: S311  repeatable
    ports = there.connect()
    prepare(ports, kind)
    ports = with_directory(ports, kind)
    names = ["alice", "nobody", "Nobody-2", *(["newcomer"] if ports.directory else [])]
    done: list[str] = []
    for what, pause, source in steps(random, number):
        there.clock.forward(-pause if what == "set back" else pause)
        there.clock.at = max(there.clock.at, NOW - 10 * DAY)
        done.append(f"{what} {pause:g} {source}")
        if what == "rotate":
            keys.rotate(ports, OPERATOR, lambda _done, _of: None)
            there.clock.forward(keys.SETTLED + 1)
            keys.retire(ports, OPERATOR)
        elif what == "restart":
            ports = with_directory(there.connect(), kind)
        elif what == "another":
            answer(ports, f"x{random.randrange(10**6)}", source)
        for _ in range({"try": 1, "burst": 7}.get(what, 0)):
            random.shuffle(names)
            seen = {name: answer(ports, name, source) for name in names}
            assert len(set(seen.values())) == 1, (seen, done)


def test_a_shared_address_does_not_reveal_made_up_names(world: World) -> None:
    """Otherwise two addresses, one of them known to all accounts, could tell names apart."""
    for number in range(8):
        world.add(f"user{number}")
        world.session(f"user{number}", source="local console")
    for name in ("user3", *(f"nobody{number}" for number in range(20))):
        for _ in range(5):
            answer(world.ports, name, "198.51.100.7")
        assert answer(world.ports, name, "198.51.100.7")[1] == "Too many failed attempts."
        assert answer(world.ports, name, "local console")[1] == "Username or password is wrong."


def test_a_damaged_record_locks_out_nobody_else(tmp_path: Path) -> None:
    """A made-up name shares the sources of some account, whose file may be damaged."""
    ports = in_files(tmp_path).connect()
    prepare(ports, "plain")
    folder = config_in(tmp_path).records_folder
    [file] = folder.glob("*.json")
    file.write_bytes(b"{}")
    with pytest.raises(StoreDamaged):
        answer(ports, "alice", "")
    damaged = int(file.stem)
    names = [f"nobody{number}" for number in range(9)]
    others = [n for n in names if number_of(made_up.counted_name(ports, n)) != damaged]
    for name in others:
        assert answer(ports, name, "")[1] == "Username or password is wrong."


def test_attempted_names_are_hidden_by_a_key_of_the_keyring(world: World) -> None:
    """The store alone does not reveal attempted names, since people mistype passwords there."""
    answer(world.ports, "hunter2", "")
    [name] = world.records.kept
    assert made_up.is_made_up(name)
    assert "hunter2" not in name
    world.keyring.made["k2"] = 1.0
    assert made_up.counted_name(world.ports, "hunter2") == name
    assert made_up.counted_name(world.ports, "hunter3") != name
