"""A world with one admin, three users, and a role for a help desk."""

import pytest

from tests.accounts.bulk.planning import HELP_DESK
from tests.accounts.world import World


@pytest.fixture
def world() -> World:
    made = World()
    made.add_admin()
    made.settings(custom_roles={"help-desk": HELP_DESK})
    for name in ("ann", "bea", "cid"):
        made.add(name)
    made.clock.forward(1)
    return made
