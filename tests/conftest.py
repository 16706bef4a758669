"""Fixtures that several rooms share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.accounts.world import Clock, World

# Machines differ in speed, and a failure in CI must be the same failure at the desk.
settings.register_profile("cwtui", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("cwtui")
# A configuration that its group can write is refused.
os.umask(0o022)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock(world: World) -> Clock:
    return world.clock


@pytest.fixture(scope="session", autouse=True)
def _crash_reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Crashes made by tests leave no report in the developer's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
