"""A sign-in with an initial password, which must be replaced."""

import pytest

from cwtui.accounts import administration, sign_in, sign_in_new_password
from cwtui.accounts.errors import InvalidInput, SignInEnded, SignInFailed
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import EnrolmentNeeded, NewPasswordNeeded, SignedIn
from tests.accounts.world import OPERATOR, PASSWORD, World

NEW = Secret("Another.9-Havel")


def test_an_initial_password_must_be_replaced(world: World) -> None:
    world.add_admin()
    made = administration.create_user(world.ports, OPERATOR, NewAccount("bob"))
    typed = made.password.reveal().lower().replace("-", " ")
    state = world.begin("bob", typed)
    assert isinstance(state, NewPasswordNeeded)
    with pytest.raises(InvalidInput, match="This is the initial password"):
        sign_in_new_password.choose(world.ports, state, Secret(typed), Secret(typed))
    signed_in = sign_in_new_password.choose(world.ports, state, NEW, NEW)
    assert isinstance(signed_in, SignedIn)
    assert isinstance(world.begin("bob", NEW.reveal()), SignedIn)
    with pytest.raises(SignInFailed):
        world.begin("bob", made.password.reveal())
    assert world.account("bob").initial_password_expires_at is None


def test_only_initial_passwords_are_forgiving(world: World) -> None:
    """A password that someone chose is exact, and so is one that the operator gave."""
    world.add(password="2V6F-0Q9K-7T3M-XH5R")
    with pytest.raises(SignInFailed):
        world.begin(password="2v6f-0q9k-7t3m-xh5r")
    given = Secret("abcd-efgh-jkmn-pqrs")
    administration.create_user(world.ports, OPERATOR, NewAccount("bob", initial_password=given))
    assert isinstance(world.begin("bob", given.reveal()), NewPasswordNeeded)


def test_the_initial_password_cannot_be_kept(world: World) -> None:
    world.add(must_change_password=True)
    state = world.begin()
    assert isinstance(state, NewPasswordNeeded)
    with pytest.raises(InvalidInput) as refused:
        sign_in_new_password.choose(world.ports, state, Secret(PASSWORD), Secret(PASSWORD))
    assert refused.value.field == "new_password"
    assert str(refused.value) == "This is the initial password. Choose your own."
    with pytest.raises(InvalidInput, match="do not match"):
        sign_in_new_password.choose(world.ports, state, NEW, Secret("x"))
    with pytest.raises(InvalidInput, match="at least 5"):
        sign_in_new_password.choose(world.ports, state, Secret("x"), Secret("x"))
    assert world.account().must_change_password


def test_an_initial_password_expires_after_a_week(world: World) -> None:
    made = administration.create_user(world.ports, OPERATOR, NewAccount("bob"))
    world.clock.forward(7 * 86400)
    assert isinstance(world.begin("bob", made.password.reveal()), NewPasswordNeeded)
    world.clock.forward(1)
    with pytest.raises(SignInEnded) as ended:
        world.begin("bob", made.password.reveal())
    assert str(ended.value) == "Your initial password has expired. Ask an admin for a new one."


def test_a_new_password_is_asked_for_after_the_code(world: World) -> None:
    world.add(must_change_password=True, mfa_required=True)
    device = world.equip()
    state = sign_in.with_one_time_code(
        world.ports, world.asked_for_code(), device.code(world.clock())
    )
    assert isinstance(state, NewPasswordNeeded)
    assert isinstance(sign_in_new_password.choose(world.ports, state, NEW, NEW), SignedIn)


def test_a_new_password_is_followed_by_required_enrolment(world: World) -> None:
    world.add(must_change_password=True, mfa_required=True)
    state = world.begin()
    assert isinstance(state, NewPasswordNeeded)
    state = sign_in_new_password.choose(world.ports, state, NEW, NEW)
    assert isinstance(state, EnrolmentNeeded)
