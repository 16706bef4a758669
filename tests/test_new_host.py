"""Whether the application may offer to create the first admin."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cwtui import installation, services
from cwtui.accounts import first_admin
from cwtui.accounts.errors import CannotCheck
from cwtui.config import Config, KeyringConfig, StoreConfig
from tests.accounts.world import OPERATOR
from tests.new_store import SECRET, quick


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a setup or a configured place."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_a_fresh_host_is_new(home: Path) -> None:
    assert installation.is_new(Config())
    Config().folder.mkdir(parents=True)
    assert installation.is_new(Config())
    assert {path.name for path in home.iterdir()} == {".local"}


def test_a_host_with_its_first_admin_is_not_new(home: Path) -> None:
    del home
    ports = quick(services.create(Config()))
    first_admin.create(ports, "ada", SECRET, SECRET, OPERATOR)
    assert not installation.is_new(Config())


def test_without_a_home_folder_nothing_is_new(home: Path) -> None:
    home.rmdir()
    assert not installation.is_new(Config())


def touched(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(b"")


TRACES: dict[str, Callable[[Config], Path]] = {
    "accounts": lambda config: config.accounts_file,
    "audit log": lambda config: config.audit_file,
    "rotated audit log": lambda config: config.folder / "audit-000001.jsonl",
    "record": lambda config: config.records_folder / "07.json",
    "interrupted restore": lambda config: config.layout.marker,
    "keyring": lambda config: config.keyring_file,
}


@pytest.mark.parametrize("trace", TRACES)
def test_any_trace_of_a_store_means_it_is_not_new(home: Path, trace: str) -> None:
    """DESIGN 4.7: a store that vanished is never new."""
    del home
    touched(TRACES[trace](Config()))
    assert not installation.is_new(Config())
    with pytest.raises(CannotCheck):
        services.connect(Config())
    if trace != "accounts":
        with pytest.raises(CannotCheck):
            services.create(Config())
        assert not Config().accounts_file.exists()


@pytest.mark.parametrize(
    "named",
    [
        lambda home: Config(store=StoreConfig(str(home / "store"))),
        lambda home: Config(keyring=KeyringConfig(str(home / "keyring.json"))),
        lambda _: Config(keyring=KeyringConfig(credential="cwtui-keyring")),
    ],
    ids=["store", "keyring", "credential"],
)
def test_a_configured_place_is_not_new(home: Path, named: Callable[[Path], Config]) -> None:
    config = named(home)
    assert not installation.is_new(config)
    with pytest.raises(CannotCheck):
        services.connect(config)
    assert not list(home.iterdir())


def loop(path: Path) -> None:
    path.symlink_to(path)


CANNOT_BE_SEEN: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.write_bytes(b""),
    "a loop": loop,
}


@pytest.mark.parametrize("what", CANNOT_BE_SEEN)
def test_an_unreadable_place_is_not_new(home: Path, what: str) -> None:
    folder = Config().folder
    folder.parent.mkdir(parents=True)
    CANNOT_BE_SEEN[what](folder)
    assert not installation.is_new(Config())
    for start in (services.connect, services.create):
        with pytest.raises(CannotCheck, match="Nothing was changed"):
            start(Config())
    assert {path.name for path in home.iterdir()} == {".local"}
