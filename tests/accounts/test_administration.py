"""Managing accounts and organization settings."""

from collections.abc import Callable
from typing import Final, NoReturn

import pytest

from cwtui.accounts import (
    administration,
    roles,
    self_service,
    sign_in,
    user_list,
    user_mfa,
)
from cwtui.accounts.errors import (
    TO_EVERYTHING,
    InvalidInput,
    Refused,
    SignInFailed,
    StoreDamaged,
)
from cwtui.accounts.listing import View
from cwtui.accounts.model import Origin
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, EnrolmentNeeded, NewPasswordNeeded
from cwtui.accounts.updates import Update
from cwtui.accounts.user_list import UserSearch
from tests.accounts.steps import last_step
from tests.accounts.world import NOW, OPERATOR, World

NEW = Secret("Another.9-Havel")


# Creating


def test_a_new_account_gets_a_one_time_initial_password(world: World) -> None:
    made = administration.create_user(
        world.ports,
        OPERATOR,
        NewAccount(
            "Bob",
            roles=(roles.MINIMUM, roles.ADMIN),
            display_name="  Bob   Builder ",
            mfa_required=True,
        ),
        agreed=TO_EVERYTHING,
    )
    account = world.account("bob")
    assert account == made.account
    assert account.roles == (roles.ADMIN, roles.MINIMUM)
    assert account.display_name == "Bob Builder"
    assert account.must_change_password
    assert account.mfa_required
    assert account.initial_password_expires_at == NOW + 7 * 86400
    assert made.password.reveal() not in repr(made)
    assert len(made.password.reveal()) == 19


def test_a_given_password_must_be_changed_too(world: World) -> None:
    made = administration.create_user(
        world.ports, OPERATOR, NewAccount("bob", initial_password=NEW)
    )
    assert made.password == NEW
    assert isinstance(world.begin("bob", NEW.reveal()), NewPasswordNeeded)


@pytest.mark.parametrize("rules", [{}, {"password_min": 64, "password_symbol": 9}])
def test_a_generated_password_works_whatever_the_rules(world: World, rules: dict[str, int]) -> None:
    world.settings(**rules)
    made = administration.create_user(world.ports, OPERATOR, NewAccount("bob"))
    assert isinstance(world.begin("bob", made.password.reveal()), NewPasswordNeeded)


@pytest.mark.parametrize(
    ("username", "chosen", "display_name", "password", "field"),
    [
        ("", (roles.MINIMUM,), "", None, "username"),
        ("ada", (roles.MINIMUM,), "", None, "username"),
        ("ADA", (roles.MINIMUM,), "", None, "username"),
        ("bob", (), "", None, "roles"),
        ("bob", ["root"], "", None, "roles"),
        ("bob", (roles.MINIMUM,), "x" * 101, None, "display_name"),
        ("bob", (roles.MINIMUM,), "\x1b]52;c;eA==\x07", None, "display_name"),
        ("bob", (roles.MINIMUM,), "", "1234", "password"),
        ("ketzin-99", (roles.MINIMUM,), "", "Ketzin-99", "password"),
        ("bob", (roles.MINIMUM,), "", "bob12\n", "password"),
    ],
)
def test_invalid_input_is_refused_at_its_field(
    world: World,
    username: str,
    chosen: tuple[str, ...],
    display_name: str,
    password: str | None,
    field: str,
) -> None:
    world.add_admin("ada")
    with pytest.raises(InvalidInput) as refused:
        administration.create_user(
            world.ports,
            OPERATOR,
            NewAccount(
                username,
                roles=chosen,
                display_name=display_name,
                initial_password=Secret(password) if password is not None else None,
            ),
        )
    assert refused.value.field == field
    assert [row.username for row in world.accounts.rows()] == ["ada"]


def test_creating_one_name_twice_at_once_fails_once(world: World) -> None:
    world.accounts.before_change = lambda: administration.create_user(
        world.ports, OPERATOR, NewAccount("bob", display_name="first")
    )
    with pytest.raises(InvalidInput) as refused:
        administration.create_user(world.ports, OPERATOR, NewAccount("bob", display_name="second"))
    assert str(refused.value) == "The username bob is taken. Choose another one."
    assert world.account("bob").display_name == "first"


def test_a_taken_name_is_refused_before_hashing(world: World) -> None:
    """Hashing takes 0.3 s, and others wait for the lock meanwhile."""
    world.add("bob")
    world.accounts.before_change = lambda: pytest.fail("the lock was taken")
    with pytest.raises(InvalidInput, match="The username bob is taken"):
        administration.create_user(world.ports, OPERATOR, NewAccount("bob"))


# Updating


def test_an_update_changes_only_what_is_given(world: World) -> None:
    world.add_admin("ada")
    before = world.add("bob")
    after = administration.update_user(world.ports, OPERATOR, "BOB", Update(mfa_required=True))
    assert after == administration.Updated(before.changed(mfa_required=True), changed=True)
    commits, events = world.accounts.commits, len(world.events)
    again = administration.update_user(world.ports, OPERATOR, "bob", Update(mfa_required=True))
    assert again == administration.Updated(after.account, changed=False)
    assert len(world.events) == events
    assert world.account("bob") == after.account
    assert world.accounts.commits == commits + 1


LONG: Final = "x" * 101


@pytest.mark.parametrize(
    "act",
    [
        lambda w: administration.create_user(w.ports, OPERATOR, NewAccount("bob", LONG)),
        lambda w: administration.update_user(w.ports, OPERATOR, "bob", Update(display_name=LONG)),
    ],
)
def test_an_invalid_display_name_is_refused_at_its_field(
    world: World, act: Callable[[World], object]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        act(world)
    assert refused.value.field == "display_name"
    assert str(refused.value) == "The display name can have at most 100 characters."


def test_an_update_with_one_invalid_part_changes_nothing(world: World) -> None:
    world.add_admin("ada")
    before = world.add("bob")
    with pytest.raises(InvalidInput):
        administration.update_user(
            world.ports, OPERATOR, "bob", Update(mfa_required=True, roles=("root",))
        )
    assert world.account("bob") == before


def test_required_mfa_leads_to_enrolment_at_the_next_sign_in(world: World) -> None:
    world.add("bob")
    session = world.session("bob")
    administration.update_user(world.ports, OPERATOR, "bob", Update(mfa_required=True))
    self_service.overview(world.ports, session)  # this session goes on
    assert isinstance(world.begin("bob"), EnrolmentNeeded)


def test_resetting_a_password_also_unlocks_password_attempts(world: World) -> None:
    world.add("bob")
    device = world.equip("bob")
    state = world.asked_for_code("bob")
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    for _ in range(6):
        with pytest.raises(SignInFailed):
            world.begin("bob", "wrong")
    made = administration.reset_password(world.ports, OPERATOR, "bob")
    assert made.account == world.account("bob")
    with pytest.raises(SignInFailed):
        world.begin("bob")
    assert isinstance(world.begin("bob", made.password.reveal()), CodeNeeded)
    assert world.account("bob").must_change_password
    assert world.records.get("bob").code_attempts != {}


def test_an_ldap_users_password_cannot_be_reset(world: World) -> None:
    world.add("bob", origin=Origin.LDAP)
    with pytest.raises(Refused) as refused:
        administration.reset_password(world.ports, OPERATOR, "bob")
    assert str(refused.value) == ("This is an LDAP user. Reset the password in the directory.")


def test_an_admin_can_disable_mfa_for_a_lost_device(world: World) -> None:
    world.add("bob", mfa_required=True)
    device = world.equip("bob")
    state = world.asked_for_code("bob")
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, state, device.wrong_code(world.clock()))
    user_mfa.disable_mfa(world.ports, OPERATOR, "bob")
    assert isinstance(world.begin("bob"), EnrolmentNeeded)
    assert world.records.get("bob").code_attempts == {}
    with pytest.raises(Refused, match="not enabled for bob"):
        user_mfa.disable_mfa(world.ports, OPERATOR, "bob")


def test_disabling_mfa_keeps_used_codes_used(world: World) -> None:
    world.add("bob")
    device = world.equip("bob")
    world.session("bob", device)
    step = last_step(world.records.get("bob"))
    user_mfa.disable_mfa(world.ports, OPERATOR, "bob")
    assert last_step(world.records.get("bob")) == step > 0


def test_removing_an_account_removes_its_sign_in_record(world: World) -> None:
    world.add_admin("ada")
    world.add("bob")
    world.session("bob")
    administration.remove_user(world.ports, OPERATOR, "bob")
    assert world.accounts.get("bob") is None
    assert "bob" not in world.records.kept
    with pytest.raises(SignInFailed, match="Username or password is wrong"):
        world.begin("bob")


# Reading


def test_lists_and_pages_say_which_accounts_are_locked(world: World) -> None:
    for name in ("ada", "bob", "cho"):
        world.add(name)
    for name in ("bob", *["cho"] * 5):
        with pytest.raises(SignInFailed):
            world.begin(name, "wrong")

    def states() -> list[str]:
        rows = user_list.list_users(world.ports, OPERATOR).rows
        names = [row.username for row in rows]
        shown = [administration.show_user(world.ports, OPERATOR, name).status for name in names]
        assert [row.status(world.clock()) for row in rows] == shown
        return [status.value for status in shown]

    assert states() == ["enabled", "enabled", "locked"]
    administration.update_user(world.ports, OPERATOR, "cho", Update(enabled=False))
    assert states() == ["enabled", "enabled", "disabled"]
    administration.update_user(world.ports, OPERATOR, "cho", Update(enabled=True))
    world.clock.forward(300)
    assert states() == ["enabled", "enabled", "enabled"]


def test_damaged_records_leave_the_list_and_are_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("bob")

    def damaged() -> NoReturn:
        raise StoreDamaged("07.json is damaged.")

    monkeypatch.setattr(world.records, "banned", damaged)
    found = user_list.list_users(world.ports, OPERATOR)
    assert [row.username for row in found.rows] == ["bob"]
    assert str(found.problem) == "07.json is damaged."


def test_users_are_found_by_a_part_of_their_names(world: World) -> None:
    world.add_admin("ada")
    for number in range(9):
        world.add(f"bob{number}", display_name=f"Bob (No. {number})")
    actor = world.session("ada")
    found = user_list.find_users(world.ports, actor, " BOB", 3, UserSearch())
    assert [names.username for names in found] == ["bob0", "bob1", "bob2"]
    [one] = user_list.find_users(world.ports, actor, "o. 7)", 3, UserSearch())
    assert (one.username, one.display_name) == ("bob7", "Bob (No. 7)")
    assert one.contain("NO. 7")
    assert not one.contain("no. 8")
    assert user_list.find_users(world.ports, actor, "mfa:none", 3, UserSearch()) == []
    assert user_list.user_named(world.ports, actor, "Bob7 ") == one
    assert user_list.user_named(world.ports, actor, "bob") is None


def test_accounts_are_listed_and_shown(world: World) -> None:
    world.add_admin("ada")
    world.add("bob")
    actor = world.session("ada")
    rows = user_list.list_users(world.ports, actor, View("b")).rows
    assert [row.username for row in rows] == ["bob"]
    details = administration.show_user(world.ports, actor, " ADA ")
    assert details.account == world.account("ada")
    assert details.record.last_sign_in == world.clock()
    asked = ["ada", "bob", "nobody"]
    assert user_list.last_sign_ins(world.ports, actor, asked) == {
        "ada": world.clock(),
        "bob": None,
        "nobody": None,
    }
