"""The same tests for each kind of store, and stores to be checked."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cwtui.accounts.ports import AccountStore, RecordStore
from cwtui.config import Config
from tests.durability.saves import config_in, connected, made_in
from tests.store.stores import STORES, Stores


@pytest.fixture(scope="session", params=STORES)
def store_kind(request: pytest.FixtureRequest) -> Callable[[Path], Stores]:
    """Makes an empty store of one kind. The folder is the caller's."""
    name: str = request.param
    if name == "postgres":
        request.getfixturevalue("postgres_server")
    return STORES[name]


@pytest.fixture
def stores(store_kind: Callable[[Path], Stores], tmp_path: Path) -> Stores:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return store_kind(folder)


@pytest.fixture
def accounts(stores: Stores) -> AccountStore:
    return stores.accounts()


@pytest.fixture
def records(stores: Stores) -> RecordStore:
    return stores.records()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    config, _ = made_in(folder)
    connected(config)
    return folder


@pytest.fixture
def config(template: Path, tmp_path: Path) -> Config:
    shutil.copytree(template, tmp_path / "host")
    return config_in(tmp_path / "host")
