"""A sign-in that was left, or whose account was changed meanwhile."""

import pytest

from cwtui.accounts import administration, roles, sign_in, sign_in_new_password, user_mfa
from cwtui.accounts.errors import TO_EVERYTHING, SignInEnded
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import EnrolmentNeeded, NewPasswordNeeded, SignedIn
from cwtui.accounts.updates import Update
from tests.accounts.world import OPERATOR, PASSWORD, World

NEW = Secret("Another.9-Havel")


def test_an_abandoned_sign_in_expires(world: World) -> None:
    world.add()
    device = world.equip()
    state = world.asked_for_code()
    world.clock.forward(300)
    assert isinstance(
        sign_in.with_one_time_code(world.ports, state, device.code(world.clock())), SignedIn
    )
    state = world.asked_for_code()
    world.clock.forward(301)
    with pytest.raises(SignInEnded, match="expired after 5 minutes"):
        sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    with pytest.raises(SignInEnded):
        sign_in.with_backup_code(world.ports, state, device.codes[0].reveal())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("disable", "Your account was changed in the meantime. Start again."),
        ("remove", "Your account was changed in the meantime. Start again."),
        ("reset_password", "Your account was changed in the meantime. Start again."),
        ("disable_mfa", "Your account was changed in the meantime. Start again."),
        ("roles", "Your account was changed in the meantime. Start again."),
    ],
)
def test_a_change_to_the_account_restarts_the_sign_in(
    world: World, change: str, sentence: str
) -> None:
    world.add_admin()
    world.add()
    device = world.equip()
    state = world.asked_for_code()
    match change:
        case "disable":
            administration.update_user(world.ports, OPERATOR, "alice", Update(enabled=False))
        case "remove":
            administration.remove_user(world.ports, OPERATOR, "alice")
        case "reset_password":
            administration.reset_password(world.ports, OPERATOR, "alice")
        case "disable_mfa":
            user_mfa.disable_mfa(world.ports, OPERATOR, "alice")
        case _:
            administration.update_user(
                world.ports, OPERATOR, "alice", Update(roles=(roles.ADMIN,)), agreed=TO_EVERYTHING
            )
    with pytest.raises(SignInEnded) as ended:
        sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert str(ended.value) == sentence


def test_mfa_required_meanwhile_is_enforced(world: World) -> None:
    world.add(must_change_password=True)
    state = world.begin()
    assert isinstance(state, NewPasswordNeeded)
    administration.update_user(world.ports, OPERATOR, "alice", Update(mfa_required=True))
    assert isinstance(sign_in_new_password.choose(world.ports, state, NEW, NEW), EnrolmentNeeded)


def test_a_recreated_account_does_not_continue_a_sign_in(world: World) -> None:
    world.add_admin()
    administration.create_user(world.ports, OPERATOR, NewAccount("bob", initial_password=NEW))
    state = world.begin("bob", NEW.reveal())
    assert isinstance(state, NewPasswordNeeded)
    administration.remove_user(world.ports, OPERATOR, "bob")
    administration.create_user(world.ports, OPERATOR, NewAccount("bob"))
    with pytest.raises(SignInEnded):
        sign_in_new_password.choose(world.ports, state, Secret(PASSWORD), Secret(PASSWORD))
