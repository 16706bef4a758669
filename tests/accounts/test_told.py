"""What the owner is told at the next sign-in: failed ones, how many, when, and from where."""

import pytest

from cwtui.accounts import sign_in
from cwtui.accounts.audit import EventType, Outcome
from cwtui.accounts.errors import SignInEnded, SignInFailed
from cwtui.accounts.model import FailedSignIns
from tests.accounts.test_throttle import ELSEWHERE, wrong
from tests.accounts.world import HERE, World


def test_the_owner_is_told_of_failed_sign_ins(world: World) -> None:
    """How many, when, and from where: at the next sign-in that succeeds, once."""
    world.add()
    device = world.equip()
    first = world.session(device=device)
    world.clock.forward(3600)
    wrong(world, source=ELSEWHERE)
    world.clock.forward(60)
    state = world.asked_for_code(source=ELSEWHERE)
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    failed_at = world.clock()
    world.clock.forward(60)
    end = sign_in.with_one_time_code(
        world.ports, world.asked_for_code(), device.code(world.clock())
    )
    assert isinstance(end, sign_in.SignedIn)
    assert end.before.failed == FailedSignIns(2, failed_at, ELSEWHERE)
    assert (end.before.last_sign_in, end.before.last_source) == (first.started_at, HERE)
    assert world.records.get("alice").failed is None


def test_a_right_password_that_goes_no_further_is_seen(world: World) -> None:
    """Whoever stops at the code, or meets a disabled account, knows the password."""
    world.add()
    world.equip()
    world.asked_for_code(source=ELSEWHERE)
    event = world.events[-1]
    assert (event.event, event.outcome) == (EventType.SIGN_IN_PASSWORD, Outcome.SUCCESS)
    assert event.source == ELSEWHERE
    world.put(world.account().changed(enabled=False))
    with pytest.raises(SignInEnded):
        world.begin(source=ELSEWHERE)
    assert world.events[-1].outcome is Outcome.FAILURE
    assert world.events[-1].reason.startswith("right, refused: Your account is disabled")
    assert world.records.get("alice").failed == FailedSignIns(1, world.clock(), ELSEWHERE)


def test_tries_that_were_not_checked_are_not_told_but_that_there_were_some(world: World) -> None:
    world.add()
    for _ in range(9):
        wrong(world, source=ELSEWHERE)
    failed = world.records.get("alice").failed
    assert failed is not None
    assert failed.count == 6
