"""The keyring is replaced under a running application: nothing is written with other keys."""

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cwtui import maintenance, services
from cwtui.accounts import administration, self_service, sign_in
from cwtui.accounts.errors import CannotCheck, KeyringMissing, Refused
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import account_of
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.keyring import file_format
from cwtui.keyring.file_keyring import FileKeyring
from cwtui.store.accounts import TinyAccountStore
from tests.accounts.world import HERE, NOW, OPERATOR
from tests.durability.saves import connected, unwatched
from tests.replaced.hosts import (
    IN_SESSION,
    NEW,
    SECRET,
    WAYS_IN,
    Hosts,
    added_key,
    signed_in,
)


def keyring_gone(path: Path, other: Path) -> None:
    del other
    path.unlink()


def keyring_emptied(path: Path, other: Path) -> None:
    del other
    os.truncate(path, 0)


def others_copied(path: Path, other: Path) -> None:
    """Like cp, which keeps the inode."""
    path.write_bytes(other.read_bytes())


def others_copied_with_its_time(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())
    shutil.copystat(other, path)


def others_moved(path: Path, other: Path) -> None:
    shutil.copy(other, path.with_name("copy"))
    path.with_name("copy").rename(path)


def both(path: Path, other: Path) -> None:
    """Another store's keyring, with one more key."""
    others_copied(path, other)
    with FileKeyring.load(path).change() as change:
        change.add(NOW)


KEYRINGS = [
    keyring_gone,
    keyring_emptied,
    others_copied,
    others_copied_with_its_time,
    others_moved,
    both,
]
HASHING = {"add", "reset", "password"}


@pytest.mark.parametrize("happens", KEYRINGS, ids=lambda f: f.__name__)
def test_nothing_is_written_with_another_keyring(
    hosts: Hosts, ports: Ports, happens: Callable[[Path, Path], None]
) -> None:
    """DESIGN 4.1: refused at every read, so that the right one still opens all."""
    session, path = signed_in(ports), hosts.config.keyring_file
    right = path.read_bytes()
    accounts = hosts.config.accounts_file.read_bytes()
    happens(path, hosts.other.keyring_file)
    for name, act in WAYS_IN.items():
        with pytest.raises(CannotCheck):
            pytest.fail(f"{name}: {act(ports)}")
    for name in HASHING:
        with pytest.raises(CannotCheck):
            pytest.fail(f"{name}: {IN_SESSION[name](ports, session)}")
    with pytest.raises(CannotCheck):
        keys.rotate(ports, OPERATOR, lambda *_: None)
    for start in (services.connect, services.connect_for_operator, services.create):
        with pytest.raises(CannotCheck):
            start(hosts.config)
    assert hosts.config.accounts_file.read_bytes() == accounts
    if path.exists():
        path.unlink()
    path.touch(0o600)
    path.write_bytes(right)
    assert account_of(ports, session).username == "ada"
    signed_in(ports)
    assert maintenance.check(hosts.config, unwatched).findings == []


def test_a_started_sign_in_stops_when_the_keyring_is_replaced(hosts: Hosts, ports: Ports) -> None:
    state = sign_in.with_password(ports, "alice", SECRET, HERE)
    assert isinstance(state, CodeNeeded)
    path = hosts.config.keyring_file
    right = path.read_bytes()
    others_copied(path, hosts.other.keyring_file)
    with pytest.raises(CannotCheck):
        sign_in.with_one_time_code(ports, state, hosts.device.code(NOW))
    with pytest.raises(CannotCheck):
        sign_in.with_backup_code(ports, state, hosts.device.codes[0].reveal())
    path.write_bytes(right)
    done = sign_in.with_backup_code(ports, state, hosts.device.codes[0].reveal())
    assert isinstance(done, SignedIn)


def test_a_password_is_not_rehashed_with_another_keyring(hosts: Hosts, ports: Ports) -> None:
    """Even if the keyring is replaced in the middle of a sign-in."""
    path = hosts.config.keyring_file
    real = ports.keyring.pepper

    class Replaced:
        def __getattr__(self, name: str) -> object:
            return getattr(ports.keyring, name)

        def pepper(self, key: str) -> bytes:
            found = real(key)
            others_copied(path, hosts.other.keyring_file)
            return found

    before = hosts.config.accounts_file.read_bytes()
    with pytest.raises(KeyringMissing):
        sign_in.with_password(
            dataclasses.replace(ports, keyring=Replaced()),  # type: ignore[arg-type]  # passes on all the rest
            "ada",
            SECRET,
            HERE,
        )
    assert hosts.config.accounts_file.read_bytes() == before


# A keyring with all keys of the store, of which the active one is not the store's


def test_no_active_key_is_used_that_the_store_does_not_know(hosts: Hosts, ports: Ports) -> None:
    """What is written under it could not be read with the keyring that belongs to the store."""
    session = signed_in(ports)
    right = hosts.config.keyring_file.read_bytes()
    foreign = added_key(hosts.config, known=False)
    before = hosts.config.accounts_file.read_bytes()
    refused = f"The store does not know the active key {foreign}"
    for act in (
        lambda: ports.keyring.seal(b"secret", b"ada"),
        lambda: ports.keyring.active,
        lambda: sign_in.with_password(ports, "ada", SECRET, HERE),
        lambda: self_service.change_password(ports, session, SECRET, NEW, NEW),
        lambda: administration.reset_password(ports, OPERATOR, "bob"),
        lambda: services.connect(hosts.config),
        lambda: services.connect_for_operator(hosts.config),
    ):
        with pytest.raises(KeyringMissing, match=refused):
            act()
    assert hosts.config.accounts_file.read_bytes() == before
    [finding] = maintenance.check(hosts.config, unwatched).findings
    assert finding.sentence.startswith(refused)
    hosts.config.keyring_file.write_bytes(right)
    signed_in(ports)


def test_an_older_copy_of_the_store_is_told_from_its_keyring(hosts: Hosts, ports: Ports) -> None:
    """It was copied back by hand, and its keys were rotated since."""
    files = [hosts.config.folder / name for name in hosts.config.layout.account_files()]
    older = {path: path.read_bytes() for path in files}
    rotated = keys.rotate(ports, OPERATOR, lambda *_: None).key
    for path, content in older.items():
        path.write_bytes(content)
    with pytest.raises(KeyringMissing, match="cwtui key rotate"):
        services.connect_for_operator(hosts.config)
    with pytest.raises(KeyringMissing, match="cwtui key rotate"):
        sign_in.with_password(ports, "ada", SECRET, HERE)
    for_keys = services.connect_for_key_commands(hosts.config)
    assert keys.rotate(for_keys, OPERATOR, lambda *_: None).key == rotated
    signed_in(ports)
    assert maintenance.check(hosts.config, unwatched).findings == []


def test_a_keyring_that_has_every_key_is_not_lost(hosts: Hosts) -> None:
    """Whatever its active key is: giving it up would cost every password."""
    added_key(hosts.config, known=False)
    before = hosts.config.keyring_file.read_bytes()
    with pytest.raises(Refused, match="has every key that the store needs"):
        services.with_new_keyring(hosts.config)
    assert hosts.config.keyring_file.read_bytes() == before


# Rotation by another process does not make a keyring wrong


def test_key_rotation_by_another_process_locks_out_nobody(
    hosts: Hosts, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keyring is read, then the accounts need a key created in between."""
    whole = file_format.read
    later = dataclasses.replace(connected(hosts.config), now=lambda: NOW + 5)

    def rotated_after(path: Path) -> file_format.KeyFile:
        found = whole(path)
        monkeypatch.setattr(file_format, "read", whole)
        keys.rotate(later, OPERATOR, lambda *_: None)
        administration.reset_password(later, OPERATOR, "bob")
        return found

    keys.rotate(later, OPERATOR, lambda *_: None)
    monkeypatch.setattr(file_format, "read", rotated_after)
    signed_in(ports)
    assert ports.keyring.active == later.keyring.active
    signed_in(connected(hosts.config))


def test_key_retirement_by_another_process_locks_out_nobody(hosts: Hosts, ports: Ports) -> None:
    """An account was read with a key that another process has retired since."""
    first = ports.keyring.active
    pepper, ada = ports.keyring.pepper(first), ports.accounts.get("ada")
    assert ada is not None
    added_key(hosts.config, known=True)
    assert ports.keyring.active != first
    with TinyAccountStore(hosts.config.accounts_file).change() as accounts:
        for row in accounts.protected():
            accounts.remove(row.username)
        accounts.put(ada.changed(password=None))
        accounts.put_needed_keys(frozenset())
    with FileKeyring.load(hosts.config.keyring_file).change() as change:
        change.remove(first)
    assert ports.keyring.active != first
    assert ports.keyring.pepper(first) == pepper
