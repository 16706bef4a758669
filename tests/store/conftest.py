"""The same tests for each kind of store."""

from pathlib import Path

import pytest

from cwtui.accounts.ports import AccountStore, RecordStore
from tests.store.stores import STORES, Stores


@pytest.fixture(params=STORES)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    kind: str = request.param
    return STORES[kind](folder)


@pytest.fixture
def accounts(stores: Stores) -> AccountStore:
    return stores.accounts()


@pytest.fixture
def records(stores: Stores) -> RecordStore:
    return stores.records()
