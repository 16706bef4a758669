"""alice, signed in with her phone."""

import pytest

from tests.accounts.devices.alice import Person
from tests.accounts.world import World


@pytest.fixture
def alice(world: World) -> Person:
    world.add()
    phone = world.equip()
    return Person(world, phone, world.session(device=phone))
