"""The sign-in with one factor and with two."""

from functools import partial

import pytest

from cwtui.accounts import roles, sign_in
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import CannotCheck, InvalidInput, SignInFailed
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from tests.accounts.world import HERE, World, outcome

# One factor


def test_username_and_password_alone_can_be_enough(world: World) -> None:
    world.add()
    state = world.begin("  ALICE ")
    assert isinstance(state, SignedIn)
    assert (state.session.username, state.session.source) == ("alice", HERE)
    assert state.session.roles == (roles.MINIMUM,)
    assert state.backup_codes_left is None
    assert world.records.get("alice").last_sign_in == world.clock()
    assert world.records.get("alice").known_sources == (HERE,)


@pytest.mark.parametrize(
    ("username", "password", "field", "sentence"),
    [
        ("", "x", "username", "Enter your username."),
        ("  ", "x", "username", "Enter your username."),
        ("alice", "", "password", "Enter your password."),
        ("x" * 65, "x", "username", "A username can have at most 64 characters."),
        ("x" * 1_000_000, "x", "username", "A username can have at most 64 characters."),
        ("ali\x1bce", "x", "username", "Control characters are not allowed."),
        ("[b]alice", "x", "username", "The character [ is not allowed in a username."),
    ],
)
def test_an_invalid_username_or_password_is_refused(
    world: World, username: str, password: str, field: str, sentence: str
) -> None:
    world.add()
    with pytest.raises(InvalidInput) as refused:
        world.begin(username, password)
    assert refused.value.field == field
    assert str(refused.value).startswith(sentence)
    assert world.events == []
    assert world.records.kept == {}


def test_a_session_has_the_current_roles(world: World) -> None:
    world.add_admin("ada")
    assert world.session("ada").roles == (roles.ADMIN,)


# Two factors


def test_a_one_time_code_completes_the_sign_in(world: World) -> None:
    world.add()
    device = world.equip()
    state = world.asked_for_code()
    signed_in = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(signed_in, SignedIn)
    assert signed_in.backup_codes_left is None


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_codes_one_step_away_are_accepted(world: World, steps: int) -> None:
    world.add()
    device = world.equip()
    code = device.code(world.clock(), steps)
    assert isinstance(
        sign_in.with_one_time_code(world.ports, world.asked_for_code(), code), SignedIn
    )


@pytest.mark.parametrize("steps", [-2, 2])
def test_codes_two_steps_away_are_refused(world: World, steps: int) -> None:
    world.add()
    device = world.equip()
    with pytest.raises(SignInFailed, match=r"This code is wrong\. 4 attempts left\."):
        sign_in.with_one_time_code(
            world.ports, world.asked_for_code(), device.code(world.clock(), steps)
        )


def test_a_used_step_and_earlier_ones_are_refused(world: World) -> None:
    """RFC 6238 section 5.2; the step matters, not the code (keycloak #13607)."""
    world.add()
    device = world.equip()
    now = world.clock()
    world.session(device=device)
    for steps in (0, -1):
        with pytest.raises(SignInFailed, match="already used"):
            sign_in.with_one_time_code(world.ports, world.asked_for_code(), device.code(now, steps))
    later = sign_in.with_one_time_code(world.ports, world.asked_for_code(), device.code(now, 1))
    assert isinstance(later, SignedIn)


def test_another_accounts_code_is_wrong(world: World) -> None:
    world.add("alice")
    world.add("bob")
    world.equip("alice")
    other = world.equip("bob")
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(
            world.ports, world.asked_for_code("alice"), other.code(world.clock())
        )


def test_a_secret_copied_to_another_account_does_not_work(world: World) -> None:
    """DESIGN 4.1: the username is bound into the encrypted TOTP secret."""
    world.add("alice")
    world.add("mallory")
    world.equip("alice")
    device = world.equip("mallory")
    stolen = world.account("mallory").second_factor
    world.put(world.account("alice").changed(second_factor=stolen))
    with pytest.raises(CannotCheck):
        sign_in.with_one_time_code(
            world.ports, world.asked_for_code("alice"), device.code(world.clock())
        )


def test_each_backup_code_works_once_and_the_rest_are_counted(world: World) -> None:
    world.add()
    device = world.equip()
    for number, code in enumerate(device.codes):
        state = sign_in.with_backup_code(world.ports, world.asked_for_code(), code.reveal())
        assert isinstance(state, SignedIn)
        assert state.backup_codes_left == 9 - number
        with pytest.raises(SignInFailed, match="not one of your unused backup codes"):
            sign_in.with_backup_code(world.ports, world.asked_for_code(), code.reveal())


def test_a_backup_code_used_meanwhile_is_refused(world: World) -> None:
    world.add()
    device = world.equip()
    state, other = world.asked_for_code(), world.asked_for_code()
    code = device.codes[0].reveal()
    world.accounts.before_change = lambda: sign_in.with_backup_code(world.ports, other, code)
    with pytest.raises(SignInFailed, match="was already used"):
        sign_in.with_backup_code(world.ports, state, code)


def test_using_a_backup_code_is_recorded(world: World) -> None:
    world.add()
    device = world.equip()
    sign_in.with_backup_code(world.ports, world.asked_for_code(), device.codes[0].reveal())
    assert world.event_types() == [
        EventType.SIGN_IN_PASSWORD,
        EventType.SIGN_IN_BACKUP_CODE,
        EventType.SIGN_IN,
    ]
    assert world.events[1].reason == "9 left"


def test_a_code_of_the_wrong_kind_is_refused(world: World) -> None:
    world.add()
    device = world.equip()
    state = world.asked_for_code()
    with pytest.raises(InvalidInput):
        sign_in.with_backup_code(world.ports, state, device.code(world.clock()))
    with pytest.raises(InvalidInput):
        sign_in.with_one_time_code(world.ports, state, device.codes[0].reveal())


@pytest.mark.parametrize("field", ["code", "backup_code"])
def test_either_kind_of_code_is_taken_in_either_field(world: World, field: str) -> None:
    world.add()
    device = world.equip()
    backup_code = device.codes[0].reveal().lower().replace("-", " ")
    state = sign_in.with_code(world.ports, world.asked_for_code(), backup_code, field)
    assert isinstance(state, SignedIn)
    assert state.backup_codes_left == 9
    code = device.code(world.clock())
    for typed in (device.wrong_code(world.clock()), device.codes[0].reveal(), "12"):
        asked = world.asked_for_code()
        refused = outcome(partial(sign_in.with_code, world.ports, asked, typed, field))
        assert isinstance(refused, InvalidInput | SignInFailed)
        assert refused.field == field
    assert isinstance(sign_in.with_code(world.ports, world.asked_for_code(), code, field), SignedIn)
    with pytest.raises(SignInFailed, match="already used") as used:
        sign_in.with_code(world.ports, world.asked_for_code(), code, field)
    assert used.value.field == field


def test_mfa_off_still_asks_for_an_existing_second_factor(world: World) -> None:
    world.add()
    world.equip()
    world.settings(mfa=Mfa.OFF)
    assert isinstance(world.begin(), CodeNeeded)
