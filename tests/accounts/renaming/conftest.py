"""The directory that renames ann and bob, and ann's device."""

import pytest

from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.renaming.ann_and_bob import directory_with_both
from tests.accounts.world import Device, World


@pytest.fixture
def directory(world: World) -> MemoryDirectory:
    return directory_with_both(world)


@pytest.fixture
def device(world: World, directory: MemoryDirectory) -> Device:
    """ann's device."""
    assert "ann" in directory.people
    return world.equip("ann")
