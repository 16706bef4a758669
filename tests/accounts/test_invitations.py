"""An invitation: a one-time code that leads into choosing a password."""

import pytest

from cwtui.accounts import administration, host_sign_in, sign_in_new_password
from cwtui.accounts.account_state import PasswordState, password_state
from cwtui.accounts.errors import Refused, SignInEnded, SignInFailed
from cwtui.accounts.new_account import NewAccount, WithInitialPassword
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import EnrolmentNeeded, NewPasswordNeeded, SignedIn
from cwtui.accounts.updates import Update
from tests.accounts.world import OPERATOR, World

NEW = Secret("Another.9-Havel")
DAY = 86400


def invite(world: World, *, mfa_required: bool = False) -> WithInitialPassword:
    return administration.create_user(
        world.ports, OPERATOR, NewAccount("bob", mfa_required=mfa_required, invited=True)
    )


def state_of(world: World, name: str = "bob") -> PasswordState:
    return password_state(world.account(name), world.clock())


def begun(world: World, made: WithInitialPassword) -> NewPasswordNeeded:
    state = world.begin(made.account.username, made.password.reveal())
    assert isinstance(state, NewPasswordNeeded)
    return state


def test_the_code_leads_into_a_password_and_is_then_used_up(world: World) -> None:
    made = invite(world)
    assert state_of(world) is PasswordState.INVITED
    assert world.events[-1].reason == ('roles=minimum-access invited_until="2027-01-22 08:00 UTC"')
    state = begun(world, made)
    assert state.invited
    assert isinstance(sign_in_new_password.choose(world.ports, state, NEW, NEW), SignedIn)
    assert state_of(world) is PasswordState.SET
    assert not world.account("bob").invited
    assert "password.change invitation=used" in [f"{e.event} {e.reason}" for e in world.events]
    with pytest.raises(SignInFailed):
        world.begin("bob", made.password.reveal())


def test_two_uses_of_a_code_at_once_let_one_in(world: World) -> None:
    made = invite(world)
    one, other = begun(world, made), begun(world, made)
    assert isinstance(sign_in_new_password.choose(world.ports, one, NEW, NEW), SignedIn)
    theirs = Secret("Theirs.7-Spree")
    with pytest.raises(SignInEnded, match="was changed in the meantime"):
        sign_in_new_password.choose(world.ports, other, theirs, theirs)
    assert isinstance(world.begin("bob", NEW.reveal()), SignedIn)


def test_an_interrupted_enrolment_goes_on_with_the_new_password(world: World) -> None:
    made = invite(world, mfa_required=True)
    state = sign_in_new_password.choose(world.ports, begun(world, made), NEW, NEW)
    assert isinstance(state, EnrolmentNeeded)
    with pytest.raises(SignInFailed):
        world.begin("bob", made.password.reveal())
    assert isinstance(world.begin("bob", NEW.reveal()), EnrolmentNeeded)


def test_an_invitation_ends_after_the_days_that_the_organization_allows(world: World) -> None:
    world.settings(invitation_days=3)
    made = invite(world)
    world.clock.forward(3 * DAY - 1)
    begun(world, made)
    world.clock.forward(2)
    assert state_of(world) is PasswordState.INVITATION_EXPIRED
    with pytest.raises(SignInEnded) as ended:
        world.begin("bob", made.password.reveal())
    assert str(ended.value) == (
        "Your invitation expired on 2027-01-18 08:00 UTC. Ask an admin for a new one."
    )
    with pytest.raises(SignInFailed) as wrong:
        world.begin("bob", "0000-0000-0000-0000")
    assert "invitation" not in str(wrong.value)


@pytest.mark.parametrize("invited", [True, False])
def test_another_invitation_or_a_reset_revokes_an_invitation(world: World, invited: bool) -> None:
    first = invite(world)
    state = begun(world, first)
    second = administration.reset_password(world.ports, OPERATOR, "bob", invited=invited)
    assert world.events[-1].reason.startswith("invitation=revoked")
    with pytest.raises(SignInFailed):
        world.begin("bob", first.password.reveal())
    with pytest.raises(SignInEnded):
        sign_in_new_password.choose(world.ports, state, NEW, NEW)
    assert begun(world, second).invited is invited


def test_removing_the_account_revokes_an_invitation(world: World) -> None:
    invite(world)
    administration.remove_user(world.ports, OPERATOR, "bob")
    assert world.events[-1].reason == "invitation=revoked"


def test_a_disabled_account_cannot_use_an_invitation(world: World) -> None:
    made = invite(world)
    state = begun(world, made)
    administration.update_user(world.ports, OPERATOR, "bob", Update(enabled=False))
    with pytest.raises(Refused, match="is disabled"):
        world.begin("bob", made.password.reveal())
    with pytest.raises(SignInEnded):
        sign_in_new_password.choose(world.ports, state, NEW, NEW)


def test_a_door_that_cannot_ask_for_a_password_says_where_to_choose_one(world: World) -> None:
    made = invite(world)
    with pytest.raises(SignInEnded, match="your invitation code as the password"):
        host_sign_in.check_password(world.ports, "bob", made.password, "10.0.0.1", "vsftpd")


@pytest.mark.parametrize(
    ("invited", "said", "reason"),
    [
        (True, "Your invitation expired on .* Ask an admin", "invitation expired"),
        (False, "initial password has expired. Ask an admin", "initial password expired"),
    ],
)
def test_a_door_says_that_it_is_too_late_to_choose_one(
    world: World, invited: bool, said: str, reason: str
) -> None:
    made = administration.create_user(world.ports, OPERATOR, NewAccount("bob", invited=invited))
    world.clock.forward(30 * DAY)
    with pytest.raises(SignInEnded, match=said) as ended:
        host_sign_in.check_password(world.ports, "bob", made.password, "10.0.0.1", "vsftpd")
    assert ended.value.reason == reason


def test_a_code_typed_forgivingly_works_again_after_its_hash_was_renewed(world: World) -> None:
    made = invite(world)
    typed = made.password.reveal().lower().replace("-", "")
    kept = world.account("bob").password
    world.bcrypt_cost += 1
    for _ in range(2):
        assert isinstance(world.begin("bob", typed), NewPasswordNeeded)
    assert world.account("bob").password != kept
