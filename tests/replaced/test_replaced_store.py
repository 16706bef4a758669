"""The store is replaced, emptied, moved away and put back under a running application.

Nothing else is mistaken for the store, and missing files are not created; once the right files are
back, everything works again.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cwtui import maintenance
from cwtui.accounts import sign_in
from cwtui.accounts.errors import CannotCheck, StoreMissing
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import account_of
from cwtui.config import Config
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import number_of
from tests.accounts.world import HERE
from tests.durability.saves import unwatched
from tests.replaced.hosts import IN_SESSION, SECRET, WAYS_IN, Hosts, files, signed_in


def gone(folder: Path, other: Path) -> None:
    """Its disk is unmounted, and the mount point is removed."""
    del folder, other


def empty(folder: Path, other: Path) -> None:
    """Its disk is unmounted, and the mount point remains."""
    del other
    folder.mkdir(0o700)


def empty_for_all(folder: Path, other: Path) -> None:
    del other
    folder.mkdir(0o755)


def others(folder: Path, other: Path) -> None:
    shutil.copytree(other, folder)


def a_file(folder: Path, other: Path) -> None:
    del other
    folder.touch(0o600)


def a_loop(folder: Path, other: Path) -> None:
    del other
    folder.symlink_to(folder)


def without_accounts(folder: Path, other: Path) -> None:
    """An empty store, as created by setting up."""
    del other
    (folder / "sign-in").mkdir(0o700, parents=True)
    folder.chmod(0o700)
    TinyAccountStore.create(folder / "accounts.json")


def cut_to_nothing(folder: Path, other: Path) -> None:
    shutil.copytree(other, folder)
    os.truncate(folder / "accounts.json", 0)


STORES = [gone, empty, empty_for_all, others, a_file, a_loop, without_accounts, cut_to_nothing]


@pytest.mark.parametrize("instead", STORES, ids=lambda f: f.__name__)
def test_a_replaced_store_is_refused_until_the_right_one_returns(
    hosts: Hosts, ports: Ports, instead: Callable[[Path, Path], None]
) -> None:
    """DESIGN 4.7: at each read and write, on the login screen and in a session."""
    session = signed_in(ports)
    before, folder = files(hosts.config), hosts.config.folder
    away = folder.with_name("away")
    folder.rename(away)
    instead(folder, hosts.other.folder)
    there = files(hosts.config)
    for name, act in WAYS_IN.items():
        with pytest.raises(CannotCheck):
            pytest.fail(f"{name}: {act(ports)}")
    for name, do in IN_SESSION.items():
        with pytest.raises(CannotCheck):
            pytest.fail(f"{name}: {do(ports, session)}")
    assert files(hosts.config) == there
    if instead in {gone, empty, empty_for_all}:
        assert not folder.exists() or not list(folder.iterdir())
    put_back(folder, away)
    assert files(hosts.config) == before
    assert account_of(ports, session).username == "ada"
    signed_in(ports)
    assert maintenance.check(hosts.config, unwatched).findings == []


def accounts(config: Config) -> list[Path]:
    return [config.accounts_file, *config.folder.glob("accounts-*.journal")]


def record(config: Config) -> list[Path]:
    number, folder = f"{number_of('ada'):02d}", config.records_folder
    return [folder / f"{number}.json", *folder.glob(f"{number}-*.journal")]


@pytest.mark.parametrize("which", [0, 1], ids=["base", "journal"])
@pytest.mark.parametrize("of", [accounts, record], ids=lambda f: f.__name__)
def test_without_one_of_its_files_a_store_is_refused(
    hosts: Hosts, ports: Ports, of: Callable[[Config], list[Path]], which: int
) -> None:
    """What is open is not used any more when only its name is gone."""
    session = signed_in(ports)
    path = of(hosts.config)[which]
    there = files(hosts.config)
    path.rename(path.with_name("away"))
    names = {"records", "waits", "record"} if of is record else IN_SESSION.keys()
    for name in names:
        with pytest.raises(CannotCheck):
            pytest.fail(f"{name}: {IN_SESSION[name](ports, session)}")
    with pytest.raises(CannotCheck):
        signed_in(ports)
    path.with_name("away").rename(path)
    assert files(hosts.config) == there
    assert ports.records.get("ada").last_sign_in
    signed_in(ports)


def put_back(path: Path, away: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    away.rename(path)


def test_a_store_that_returns_is_used_again(hosts: Hosts, ports: Ports) -> None:
    session = signed_in(ports)
    root = hosts.config.folder.parent
    for _ in range(2):
        root.rename(root.with_name("away"))
        with pytest.raises(StoreMissing, match="mount that disk"):
            account_of(ports, session)
        with pytest.raises(CannotCheck):
            sign_in.with_password(ports, "ada", SECRET, HERE)
        assert not root.exists()
        root.with_name("away").rename(root)
        assert account_of(ports, session).username == "ada"
        signed_in(ports)
    assert maintenance.check(hosts.config, unwatched).findings == []
