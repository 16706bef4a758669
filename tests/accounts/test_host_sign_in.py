"""Sign-ins at a door of the host, after the host has checked a factor of its own."""

import pytest

from cwtui.accounts import (
    failed_sign_in_words,
    failed_sign_ins,
    host_sign_in,
    sign_in,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import NoSecondFactor, Refused, SignInFailed, UnknownAccount
from cwtui.accounts.model import Ending
from cwtui.accounts.recent_proofs import MOST, Place, RecentProofs
from cwtui.accounts.sign_in_states import (
    CodeNeeded,
    EnrolmentNeeded,
    PasswordNeeded,
    SignedIn,
    State,
)
from tests.accounts.world import HERE, World


def begin(world: World, *, null_ok: bool = False) -> State:
    return host_sign_in.begin(world.ports, "alice", HERE, "sudo", null_ok=null_ok)


def test_only_the_code_is_asked_for(world: World) -> None:
    world.add(must_change_password=True)  # the password is not used here
    device = world.equip()
    state = begin(world)
    assert isinstance(state, CodeNeeded)
    after = sign_in.with_code(world.ports, state, device.code(world.clock()), "code")
    assert isinstance(after, SignedIn)
    assert after.before.failed is None
    host, complete = world.events
    assert (host.event, host.reason) == (EventType.SIGN_IN_HOST, "code needed")
    assert complete.reason == "host, one-time code, device=Phone, door=sudo"


def test_an_expired_initial_password_does_not_matter(world: World) -> None:
    world.add(must_change_password=True, initial_password_expires_at=world.clock() - 1)
    world.equip()
    assert isinstance(begin(world), CodeNeeded)


def test_no_second_factor_is_refused_unless_that_is_allowed(world: World) -> None:
    world.add()
    with pytest.raises(NoSecondFactor):
        begin(world)
    assert isinstance(begin(world, null_ok=True), SignedIn)


@pytest.mark.parametrize("null_ok", [False, True])
def test_an_enrolment_needs_the_password(world: World, *, null_ok: bool) -> None:
    world.add(mfa_required=True)
    assert isinstance(begin(world, null_ok=null_ok), PasswordNeeded)
    assert isinstance(world.begin(), EnrolmentNeeded)
    assert world.account().second_factor is None


def test_the_owner_learns_of_those_who_stopped_at_the_code(world: World) -> None:
    world.add()
    device = world.equip()
    state = begin(world)
    record = world.records.get("alice")
    assert record.failed is not None
    assert record.failed.knew_password is not None
    assert record.failed.knew_password.ending is Ending.HOST_STOPPED
    told = failed_sign_in_words.sentence(record.failed, is_first_sign_in=True)
    assert told == (
        "1 failed attempt before your first sign-in. It passed the host's own check, such as an "
        "SSH key, but entered no code (2027-01-15 08:00 UTC, 10.0.0.1). If that was not you, tell "
        "an admin: somebody may have your SSH key or your Unix password."
    )
    assert isinstance(state, CodeNeeded)
    with pytest.raises(SignInFailed):
        sign_in.with_code(world.ports, state, device.wrong_code(world.clock()), "code")
    record = world.records.get("alice")
    assert record.failed is not None
    told = failed_sign_in_words.sentence(record.failed, password_changed=True)
    assert "It passed the host's own check, such as an SSH key, but entered a wrong code" in told
    assert "tell an admin" in told  # a new password would not help
    # Nor is it forgotten as something that only an old password could do.
    assert failed_sign_ins.with_old_password(record, world.clock()) == record


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"enabled": False}, Refused, "Your account is disabled"),
        ({"gone_since": 1.0}, Refused, "was removed from the directory"),
        ({"mfa_required": True}, NoSecondFactor, "You must set up"),
    ],
)
def test_entry_is_refused_however_the_person_signed_in(
    world: World, fields: dict[str, object], error: type[Refused], sentence: str
) -> None:
    world.put(world.add().changed(**fields))
    with pytest.raises(error, match=sentence):
        host_sign_in.check_entry(world.ports, "alice")


def test_entry_needs_an_account(world: World) -> None:
    with pytest.raises(UnknownAccount):
        host_sign_in.check_entry(world.ports, "alice")
    world.add()
    host_sign_in.check_entry(world.ports, "alice")


DESK = Place("pts/1 alice", "77@5")


def test_a_proof_covers_its_account_and_place_for_some_minutes(world: World) -> None:
    account, other = world.add(), world.add("bob")
    proofs, now = RecentProofs(), world.clock()
    assert not proofs.cover(account, DESK, now, 5)
    proofs.remember(account, DESK, now)
    assert proofs.cover(account, DESK, now + 299, 5)
    assert not proofs.cover(account, DESK, now + 300, 5)
    assert not proofs.cover(account, DESK, now - 1, 5)
    assert not proofs.cover(account, DESK, now, 0)
    assert not proofs.cover(other, DESK, now, 5)
    # The same terminal, used by somebody else now.
    assert not proofs.cover(account, Place("pts/1 alice", "99@6"), now, 5)
    changed = account.changed_ending_sessions(roles=account.roles)
    assert not proofs.cover(changed, DESK, now, 5)


def test_the_oldest_proofs_are_forgotten(world: World) -> None:
    account, proofs = world.add(), RecentProofs()
    for number in range(MOST + 1):
        proofs.remember(account, Place(str(number)), world.clock())
    assert not proofs.cover(account, Place("0"), world.clock(), 5)
    assert proofs.cover(account, Place("1"), world.clock(), 5)
