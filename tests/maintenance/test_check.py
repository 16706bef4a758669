"""A check beside other work."""

import pytest

from cwtui import maintenance
from cwtui.accounts.upkeep import key_rotation
from cwtui.config import Config
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.contents import Contents
from tests.accounts.world import OPERATOR
from tests.durability.saves import connected, unwatched


def test_a_check_beside_a_rotation_finds_nothing(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports, contents = connected(config), TinyAccountStore.contents

    def meanwhile(store: TinyAccountStore) -> Contents:
        monkeypatch.undo()
        found = contents(store)
        key_rotation.rotate(ports, OPERATOR, lambda *_: None)
        return found

    monkeypatch.setattr(TinyAccountStore, "contents", meanwhile)
    before = ports.keyring.active
    assert maintenance.check(config, unwatched).findings == []
    assert ports.keyring.active != before
