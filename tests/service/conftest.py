"""A host that can be cut off from its database."""

from pathlib import Path

import pytest

from cwtui.service.packets import Verdict
from tests.accounts.world import PASSWORD, Device, World
from tests.service.cut_off import CutOffHost


@pytest.fixture
def host(world: World, tmp_path: Path) -> CutOffHost:
    return CutOffHost(world.ports, tmp_path / "copies")


@pytest.fixture
def device(world: World, host: CutOffHost) -> Device:
    """Alice's, who has signed in here an hour ago."""
    world.add()
    found = world.equip()
    assert host.sign_in(PASSWORD, found.code(world.clock()))[0] is Verdict.ACCEPTED
    world.clock.forward(3600)
    return found
