"""Creating the first admin of a store without accounts."""

import pytest

from cwtui.accounts import first_admin, roles
from cwtui.accounts.errors import InvalidInput, Refused
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import SignedIn
from tests.accounts.world import OPERATOR, World

NEW = Secret("Another.9-Havel")


def test_the_first_admin_signs_in_with_the_chosen_password(world: World) -> None:
    account = first_admin.create(world.ports, " Ada ", NEW, NEW, OPERATOR)
    assert (account.username, account.roles) == ("ada", (roles.ADMIN,))
    assert isinstance(world.begin("ada", NEW.reveal()), SignedIn)


def test_only_one_first_admin_can_be_created(world: World) -> None:
    world.add()
    with pytest.raises(Refused) as refused:
        first_admin.create(world.ports, "ada", NEW, NEW, OPERATOR)
    assert str(refused.value) == "An admin already exists. Sign in, or ask them for an account."
    assert world.accounts.get("ada") is None


def test_two_attempts_at_once_create_one_first_admin(world: World) -> None:
    world.accounts.before_change = lambda: first_admin.create(
        world.ports, "bob", NEW, NEW, OPERATOR
    )
    with pytest.raises(Refused):
        first_admin.create(world.ports, "ada", NEW, NEW, OPERATOR)
    assert [row.username for row in world.accounts.rows()] == ["bob"]


@pytest.mark.parametrize(
    ("username", "password", "confirmation", "field"),
    [
        ("", "Havel-99", "Havel-99", "username"),
        ("a b", "Havel-99", "Havel-99", "username"),
        ("ada", "", "", "new_password"),
        ("Ketzin-99", "ketzin-99", "ketzin-99", "new_password"),
        ("ada", "Havel-99", "Havel-9", "confirm_password"),
    ],
)
def test_invalid_input_creates_no_first_admin(
    world: World, username: str, password: str, confirmation: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        first_admin.create(world.ports, username, Secret(password), Secret(confirmation), OPERATOR)
    assert refused.value.field == field
    assert world.accounts.is_empty()
