"""`cwtui store copy`: what is refused, kept, told, and left after an interruption."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace as with_fields

from cwtui import backups, copying, maintenance, services
from cwtui.accounts import administration, sign_in
from cwtui.accounts.audit.lines import START, decode
from cwtui.accounts.audit.reading import verified
from cwtui.accounts.errors import CannotCheck, KeyringMissing, Refused, StoreDamaged
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.secret import Secret
from cwtui.config import Config, StoreConfig
from cwtui.store import swapping
from cwtui.store.building import FilesTarget
from cwtui.store.postgres.building import DatabaseTarget
from tests.accounts.steps import at_step, last_step
from tests.accounts.world import OPERATOR, PASSWORD, Device
from tests.durability.saves import BACKUP, codes_left, connected, unwatched
from tests.maintenance.small_store import asked_for_code
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.usefixtures("quick_disk")

TARGETS: Final[dict[str, Any]] = {"files": FilesTarget, "database": DatabaseTarget}


@pytest.fixture(params=TARGETS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def target(config: Config, kind: str, request: pytest.FixtureRequest) -> Iterator[Config]:
    """The same host, with the store in another place where there is none."""
    if kind == "files":
        yield with_fields(config, store=StoreConfig(str(config.folder.parent / "copy")))
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield with_fields(config, store=StoreConfig(url))


def copy(source: Config, target: Config, *, replace: bool = False) -> copying.Copied:
    return copying.copy(source, target, OPERATOR, lambda _done, _of: None, replace=replace)


def names(config: Config) -> list[str]:
    return services.connect(config).accounts.names()


def events(config: Config) -> list[str]:
    found = (decode(line.content) for line in services.audit_log(config).lines(START))
    return [f"{one.n} {one.event} {one.reason}" for one in found if one is not None]


def test_a_copy_has_everything_and_both_logs_say_so(config: Config, target: Config) -> None:
    connected(config).records.update("ada", lambda _: (at_step(7), None))
    before = events(config)
    done = copy(config, target)
    assert (done.changed, done.is_recorded, done.kept) == ((), True, None)
    assert names(target) == names(config) == ["ada", "alice", "bob"]
    assert last_step(services.connect(target).records.get("ada")) == 7
    n = len(before)
    own, theirs = events(config), events(target)
    assert own == [*before, f"{n + 1} store.copy to {target.store_name}"]
    source = f"{config.store_name}, accounts=3, events={n + 1}"
    assert theirs == [*own, f"{n + 2} store.copy from {source}"]
    assert verified(services.audit_log(target), has_accounts=True).findings == []
    assert maintenance.check(target, unwatched).findings == []

    with pytest.raises(Refused, match=r"There is a store in .* already.* add --replace"):
        copy(config, target)
    assert events(target) == theirs

    administration.remove_user(connected(config), OPERATOR, "bob")
    done = copy(config, target, replace=True)
    assert names(target) == ["ada", "alice"]
    if isinstance(done.kept, Path):
        assert names(with_fields(config, store=StoreConfig(str(done.kept)))) == [
            "ada",
            "alice",
            "bob",
        ]
    else:
        assert str(done.kept).startswith("cwtui_before_copy_")

    back = with_fields(config, store=StoreConfig(str(config.folder.parent / "back")))
    copy(target, back)
    assert names(back) == ["ada", "alice"]
    assert events(back)[:-1] == events(target)
    assert last_step(services.connect(back).records.get("ada")) == 7


def test_a_backup_of_a_database_can_be_restored_to_files(
    config: Config, postgres_server: Postgres
) -> None:
    with postgres_server.database() as url:
        source = with_fields(config, store=StoreConfig(url))
        copy(config, source)
        path = config.folder.parent / "of-database.tar"
        made = backups.back_up(source, OPERATOR, path, unwatched)
        assert made.is_recorded
        assert events(source)[-1].endswith(f"store.backup {path}")
        assert list(path.parent.glob(".cwtui-*")) == []
        there = with_fields(config, store=StoreConfig(str(config.folder.parent / "restored")))
        with backups.checked_backup(there, path, unwatched) as found:
            found.run(OPERATOR)
        assert names(there) == names(source)
        assert events(there)[:-1] == events(source)[:-1]


def test_a_backup_of_files_is_restored_to_a_database(
    config: Config, device: Device, postgres_server: Postgres
) -> None:
    path = config.folder.parent / BACKUP  # of ada and alice
    with postgres_server.database() as url:
        target = with_fields(config, store=StoreConfig(url))
        with backups.checked_backup(target, path, unwatched) as found:
            assert (found.then, found.now) == (2, 0)
            assert found.run(OPERATOR) is None
        assert names(target) == ["ada", "alice"]
        assert events(target)[:-1] == events(config)[:BEFORE]
        assert verified(services.audit_log(target), has_accounts=True).findings == []

        ports = connected(target)
        administration.create_user(
            ports, OPERATOR, NewAccount("carol", initial_password=Secret(PASSWORD))
        )
        ports.records.update("ada", lambda _: (at_step(9), None))
        state = asked_for_code(ports)
        sign_in.with_backup_code(ports, state, device.codes[0].reveal())
        left = codes_left(target)
        before = events(target)
        with backups.checked_backup(target, path, unwatched) as found:
            assert found.difference is not None
            assert found.difference.gone == ("carol",)
            kept = found.run(OPERATOR)
        assert str(kept).startswith("cwtui_before_restore_")
        assert names(target) == ["ada", "alice"]
        assert last_step(services.connect(target).records.get("ada")) == 9
        assert codes_left(target) == left == len(device.codes) - 1
        assert events(target)[:-1] == before
        assert " store.restore " in events(target)[-1]
        assert maintenance.check(target, unwatched).findings == []
        asked_for_code(ports)


BEFORE: Final = 2
"""Events in the backup: ada and alice were made."""


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_copy_leaves_nothing_and_can_be_repeated(
    config: Config, target: Config, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(TARGETS[kind], "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            copy(config, target)
    with pytest.raises(CannotCheck, match="There is no store in"):
        services.connect(target)
    assert names(config) == ["ada", "alice", "bob"]
    with monkeypatch.context() as patch:
        # A target that loses something.
        patch.setattr(TARGETS[kind], "write", losing(TARGETS[kind].write))
        with pytest.raises(StoreDamaged, match="The sign-in records could not be read back from"):
            copy(config, target)
    copy(config, target)
    assert names(target) == names(config)


def losing(write: Callable[..., None]) -> Callable[..., None]:
    class Source:
        def __init__(self, whole: object) -> None:
            self._whole = whole

        def __getattr__(self, name: str) -> object:
            return getattr(self._whole, name)

        def records(self) -> Iterator[object]:
            return iter(())

    return lambda self, source, *others: write(self, Source(source), *others)


def test_a_change_while_it_is_copied_is_told(
    config: Config, target: Config, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = connected(config)
    append = TARGETS[kind].append

    def append_late(*args: object) -> None:
        ports.records.update("ada", lambda _: (at_step(9), None))
        append(*args)

    with monkeypatch.context() as patch:
        patch.setattr(TARGETS[kind], "append", append_late)
        assert copy(config, target).changed == ("the sign-in records",)
    assert last_step(services.connect(target).records.get("ada")) == 1
    assert copy(config, target, replace=True).changed == ()


def test_a_copy_that_is_interrupted_while_files_are_replaced_must_be_repeated(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = with_fields(config, store=StoreConfig(str(config.folder.parent / "a copy")))
    copy(config, target)
    with monkeypatch.context() as patch:
        patch.setattr(swapping, "sync_folder", interrupted_at(target.records_folder))
        with pytest.raises(KeyboardInterrupt):
            copy(config, target, replace=True)
    folder = target.folder
    again = f"was interrupted, .* cwtui store copy FROM '{folder}' --replace"
    back = with_fields(config, store=StoreConfig(str(folder.parent / "back")))
    for use in (services.connect, lambda half: copy(half, back)):
        with pytest.raises(CannotCheck, match=again):
            use(target)
    with pytest.raises(Refused, match="add --replace"):
        copy(config, target)
    copy(config, target, replace=True)
    assert names(target) == names(config)


def interrupted_at(folder: Path) -> Callable[[Path], None]:
    def sync(path: Path) -> None:
        if path == folder:
            raise KeyboardInterrupt

    return sync


def test_a_store_is_not_copied_without_its_keys_or_to_itself(config: Config) -> None:
    target = with_fields(config, store=StoreConfig(str(config.folder.parent / "copy")))
    with pytest.raises(Refused, match="is the store to copy"):
        copy(config, config, replace=True)
    config.keyring_file.unlink()
    with pytest.raises(KeyringMissing):
        copy(config, target)
    assert not target.folder.exists()
