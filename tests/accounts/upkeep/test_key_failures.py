"""A rotation or retirement that is killed or cannot be recorded, and what the record says."""

from collections.abc import Callable

import pytest

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.upkeep import key_rotation as keys
from tests.accounts.crashing import Crashing, Killed
from tests.accounts.upkeep.rotating import (
    everybody_gets_in,
    ids,
    people,
    rotate,
    sealed_under,
    silent,
    used_by_nothing,
)
from tests.accounts.world import OPERATOR, World

# Killed at each step and run again

ACTS: dict[str, Callable[[World, Crashing], object]] = {
    "rotate": lambda _, crashing: keys.rotate(crashing.ports, OPERATOR, silent),
    "retire": lambda _, crashing: keys.retire(crashing.ports, OPERATOR),
}


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("act", ACTS)
def test_after_a_kill_at_any_call_everyone_still_signs_in(act: str) -> None:
    """Killed at the n-th port call, for every n."""
    finished, calls = False, 0
    while not finished:
        calls += 1
        world = World()
        devices = people(world) if act == "rotate" else used_by_nothing(world)
        world.clock.forward(7200)
        try:
            ACTS[act](world, Crashing(world.ports, calls))
            finished = True
        except Killed:
            pass
        # A store must never ask for a key that is gone, or it could not be opened. It asks for
        # those that protect something; it may know one that was never made.
        protecting = {key for row in world.accounts.protected() for key in row.keys}
        assert world.accounts.needed_keys() & protecting <= {*ids(world)}
        assert world.keyring.active in world.accounts.needed_keys()
        everybody_gets_in(world, devices)
        if act == "rotate" and sealed_under(world) != {"k2"}:
            rotate(world)
        keys.retire(world.ports, OPERATOR)
        assert sealed_under(world) == {"k2"}
        assert ids(world) == (["k1", "k2"] if act == "rotate" else ["k2"])
        assert world.accounts.needed_keys() <= {*ids(world)}
        everybody_gets_in(world, devices)
    assert calls > 10


# The record


def test_rotation_and_retirement_are_recorded_with_their_keys(world: World) -> None:
    used_by_nothing(world)
    world.keyring.made = {"k0": 0.0} | world.keyring.made
    world.audit.events.clear()
    world.clock.forward(7200)
    keys.rotate(world.ports, OPERATOR, silent)
    assert [(event.event, event.actor, event.reason) for event in world.events] == [
        (EventType.KEY_ROTATE, "operator:root", "key=k3 before=k2"),
        (EventType.KEY_RETIRE, "operator:root", "keys=k0,k1"),
    ]


@pytest.mark.usefixtures("small_batches")
def test_resuming_a_rotation_is_recorded(world: World) -> None:
    people(world)
    crash = Crashing(world.ports, 18)
    with pytest.raises(Killed):
        keys.rotate(crash.ports, OPERATOR, silent)
    rotate(world)
    assert [event.reason for event in world.events] == ["key=k2 before=k1", "key=k2 continued"]


@pytest.mark.parametrize("act", ["rotate", "retire"])
def test_an_action_that_cannot_be_recorded_does_not_happen(world: World, act: str) -> None:
    """DESIGN 4.10."""
    used_by_nothing(world)
    world.clock.forward(7200)
    world.audit.fails = True
    accounts, made = world.accounts._committed, world.keyring.all_keys()
    with pytest.raises(CannotCheck):
        rotate(world) if act == "rotate" else keys.retire(world.ports, OPERATOR)
    assert world.accounts._committed == accounts
    assert world.keyring.all_keys() == made


def test_a_full_disk_stops_a_retirement_before_its_event(world: World) -> None:
    used_by_nothing(world)
    world.clock.forward(7200)
    world.audit.events.clear()

    def full_disk() -> None:
        raise CannotCheck("no space left")

    world.accounts.before_prepare = full_disk
    with pytest.raises(CannotCheck):
        keys.retire(world.ports, OPERATOR)
    assert world.events == []
    assert ids(world) == ["k1", "k2"]
