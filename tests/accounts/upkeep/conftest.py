"""What tests of keys have in common."""

import pytest

from cwtui.accounts.upkeep import key_rotation as keys


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "BATCH", 2)
