"""Fixtures that several rooms share."""

import os

import pytest
from hypothesis import settings

from tests.accounts.world import Clock, World

# Machines differ in speed, and a failure in CI must be the same failure at the desk.
settings.register_profile("cwtui", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("cwtui")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock(world: World) -> Clock:
    return world.clock
