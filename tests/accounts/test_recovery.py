"""Recovering an admin, which is possible only when no admin can sign in."""

from collections.abc import Callable

import bcrypt
import pytest

from cwtui.accounts import (
    administration,
    admins,
    factors,
    recovery,
    roles,
    sign_in,
    sign_in_new_password,
    tries,
    user_mfa,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.errors import (
    TO_EVERYTHING,
    CannotCheck,
    InvalidInput,
    KeyringMissing,
    Refused,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.model import Origin
from cwtui.accounts.new_account import INITIAL_PASSWORD_LIFETIME, NewAccount
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import account_of, open_session
from cwtui.accounts.sign_in_states import CodeNeeded, NewPasswordNeeded, SignedIn
from cwtui.accounts.updates import Update
from tests.accounts.memory import MemoryKeyring
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, World

NEW = Secret("Another.9-Havel")
WEEK = INITIAL_PASSWORD_LIFETIME


def lost_key(world: World) -> None:
    world.add_admin("ada")
    world.keyring = MemoryKeyring("k9")


def two_lost_keys(world: World) -> None:
    world.add("bob")
    world.keyring.made["k2"] = 0.0
    lost_key(world)


def lost_key_of_the_device(world: World) -> None:
    world.add_admin("ada")
    world.equip("ada")
    world.keyring = MemoryKeyring("k9")
    world.put(world.account("ada").changed(password=world.add("bob").password))


def expired(world: World) -> None:
    world.add_admin("ada")
    administration.reset_password(world.ports, OPERATOR, "ada")
    world.clock.forward(WEEK + 1)


NOBODY_CAN: dict[str, Callable[[World], object]] = {
    "gone": lambda world: world.add("bob"),
    "disabled": lambda world: world.add_admin("ada", enabled=False),
    "demoted": lambda world: world.add("ada"),
    "in the directory": lambda world: world.add_admin("eve", origin=Origin.LDAP),
    "expired": expired,
    "without a password": lambda world: world.add_admin("ada", password=None),
    "of a lost key": lost_key,
    "of two lost keys": two_lost_keys,
    "with a device of a lost key": lost_key_of_the_device,
}

SOMEBODY_CAN: dict[str, Callable[[World], object]] = {
    "enabled": lambda world: world.add_admin("eve"),
    "with an initial password": lambda world: administration.create_user(
        world.ports, OPERATOR, NewAccount("eve", roles=(roles.ADMIN,)), agreed=TO_EVERYTHING
    ),
    "with a device": lambda world: (world.add_admin("eve"), world.equip("eve")),
}


@pytest.mark.parametrize("how", NOBODY_CAN)
def test_an_admin_is_recovered_when_no_admin_can_sign_in(world: World, how: str) -> None:
    NOBODY_CAN[how](world)
    recovered = recovery.recover_admin(world.ports, OPERATOR, " Ada ")
    assert recovered.account == world.account("ada")
    assert recovered.account.is_admin
    assert recovered.account.initial_password_expires_at == world.clock() + WEEK
    state = world.begin("ada", recovered.password.reveal())
    assert isinstance(state, NewPasswordNeeded)
    state = sign_in_new_password.choose(world.ports, state, NEW, NEW)
    assert isinstance(state, SignedIn)
    created = administration.create_user(world.ports, state.session, NewAccount("carol"))
    assert created.account.username == "carol"


@pytest.mark.parametrize("how", SOMEBODY_CAN)
@pytest.mark.parametrize("name", ["ada", "eve", "new"])
def test_recovery_is_refused_while_an_admin_can_sign_in(world: World, how: str, name: str) -> None:
    world.add_admin("ada", enabled=False)
    SOMEBODY_CAN[how](world)
    before = world.accounts._committed
    with pytest.raises(Refused) as refused:
        recovery.recover_admin(world.ports, OPERATOR, name)
    assert str(refused.value) == (
        "An admin can still sign in: eve. To help someone who is locked out, use: "
        "cwtui user reset-password NAME, reset-mfa NAME, or unlock NAME"
    )
    assert world.accounts._committed == before


def test_the_refusal_names_up_to_three_admins(world: World) -> None:
    for name in ("dan", "cho", "bob", "ada"):
        world.add_admin(name)
    with pytest.raises(Refused, match=r"can still sign in: ada, bob, cho\. To help"):
        recovery.recover_admin(world.ports, OPERATOR, "eve")


def test_an_ldap_user_created_meanwhile_is_not_made_admin(world: World) -> None:
    world.accounts.before_change = lambda: world.add("erin", origin=Origin.LDAP)
    with pytest.raises(InvalidInput) as refused:
        recovery.recover_admin(world.ports, OPERATOR, "erin")
    assert str(refused.value) == (
        "erin is an LDAP user, whose password is in the directory. Choose a local account or a "
        "new name."
    )
    assert world.account("erin").roles == (roles.MINIMUM,)


def test_two_recoveries_at_once_recover_one_admin(world: World) -> None:
    world.add("bob")
    world.accounts.before_change = lambda: recovery.recover_admin(world.ports, OPERATOR, "bob")
    with pytest.raises(Refused, match="sign in: bob"):
        recovery.recover_admin(world.ports, OPERATOR, "eve")
    assert world.accounts.get("eve") is None


def test_recovery_keeps_account_settings_and_ends_sessions(world: World) -> None:
    before = world.add("ada", display_name="Ada", mfa_required=True, enabled=False)
    session = open_session(world.ports, before, HERE, NOW)
    after = recovery.recover_admin(world.ports, OPERATOR, "ada").account
    assert (after.display_name, after.mfa_required) == ("Ada", True)
    assert after.roles == (roles.ADMIN, roles.MINIMUM)
    with pytest.raises(SessionEnded):
        account_of(world.ports, session)


def test_recovery_keeps_the_second_factor(world: World) -> None:
    """Access to the host is not the device; reset-mfa is a separate step."""
    world.add_admin("ada", enabled=False)
    device = world.equip("ada")
    recovered = recovery.recover_admin(world.ports, OPERATOR, "ada")
    state = world.begin("ada", recovered.password.reveal())
    assert isinstance(state, CodeNeeded)
    state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, NewPasswordNeeded)


def test_recovery_clears_failed_attempts(world: World) -> None:
    world.add("ada")
    device = world.equip("ada")
    for _ in range(5):
        asked = world.asked_for_code("ada")
        with pytest.raises(SignInFailed):
            sign_in.with_one_time_code(world.ports, asked, device.wrong_code(world.clock()))
    for _ in range(5):
        with pytest.raises(SignInFailed):
            world.begin("ada", "wrong")
    with pytest.raises(Throttled):
        world.begin("ada")
    recovered = recovery.recover_admin(world.ports, OPERATOR, "ada")
    state = world.begin("ada", recovered.password.reveal())
    assert isinstance(state, CodeNeeded)
    sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))


def test_a_given_password_must_be_changed_and_expires(world: World) -> None:
    world.add("bob")
    recovered = recovery.recover_admin(world.ports, OPERATOR, "ada", NEW)
    assert recovered.password == NEW
    assert isinstance(world.begin("ada", NEW.reveal()), NewPasswordNeeded)
    world.clock.forward(WEEK + 1)
    with pytest.raises(Refused, match="expired"):
        world.begin("ada", NEW.reveal())


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("", None, "admin"),
        ("a b", None, "admin"),
        ("eve", None, "admin"),
        ("ada", "1234", "password"),
        ("ketzin-99", "Ketzin-99", "password"),
    ],
)
def test_invalid_input_recovers_nobody(
    world: World, name: str, password: str | None, field: str
) -> None:
    world.add_admin("eve", origin=Origin.LDAP)
    before = world.accounts._committed
    secret = Secret(password) if password is not None else None
    for call in (
        lambda: recovery.recover_admin(world.ports, OPERATOR, name, secret),
        lambda: recovery.check_input(world.accounts, name, secret),
    ):
        with pytest.raises(InvalidInput) as refused:
            call()
        assert refused.value.field == field
    assert world.accounts._committed == before


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("gone", "created"),
        ("disabled", "new initial password, enabled"),
        ("demoted", "new initial password, role connectware-admin added"),
        ("expired", "new initial password"),
        ("of a lost key", "new initial password, keys given up: k1"),
        ("of two lost keys", "new initial password, keys given up: k1 k2"),
        (
            "with a device of a lost key",
            "new initial password, second factor with lost key removed, keys given up: k1",
        ),
    ],
)
def test_the_event_says_what_recovery_did(world: World, how: str, reason: str) -> None:
    NOBODY_CAN[how](world)
    recovery.recover_admin(world.ports, OPERATOR, "ada")
    event = world.events[-1]
    assert (event.event, event.actor, event.subject) == (
        EventType.USER_RECOVER,
        "operator:root",
        "ada",
    )
    assert event.reason == reason


# The last admin, by the same rule


def test_an_expired_initial_password_does_not_count_as_an_admin(world: World) -> None:
    """Nobody can sign in as that admin, so the other one must stay."""
    world.add_admin("ada")
    world.add_admin("eve")
    administration.reset_password(world.ports, OPERATOR, "eve")
    with world.accounts.change() as change:
        assert admins.who_can_sign_in(change, world.keyring, NOW + WEEK) == {"ada", "eve"}
        assert admins.who_can_sign_in(change, world.keyring, NOW + WEEK + 1) == {"ada"}
    world.clock.forward(WEEK + 1)
    with pytest.raises(Refused, match="ada is the last enabled admin"):
        administration.remove_user(world.ports, OPERATOR, "ada")
    administration.remove_user(world.ports, OPERATOR, "eve")


def test_the_last_enabled_admin_stays_even_if_expired(world: World) -> None:
    """DESIGN section 3: a store keeps an enabled admin, even one who needs a new password."""
    world.add_admin("ada")
    expired(world)
    with pytest.raises(Refused, match="ada is the last enabled admin"):
        administration.update_user(world.ports, OPERATOR, "ada", Update(enabled=False))


# Accounts whose key was given up


@pytest.fixture
def given_up(world: World) -> World:
    """ada and bob had accounts before the keyring was lost; ada was recovered."""
    world.add_admin("ada")
    world.add("bob")
    world.equip("bob")
    world.keyring = MemoryKeyring("k9")
    recovery.recover_admin(world.ports, OPERATOR, "ada", NEW)
    return world


def test_a_given_up_key_is_no_longer_needed(given_up: World) -> None:
    assert given_up.accounts.needed_keys() == {"k9"}
    administration.update_user(given_up.ports, OPERATOR, "bob", Update(display_name="Bob"))
    assert given_up.accounts.needed_keys() == {"k9"}


def test_an_account_under_a_given_up_key_is_refused(given_up: World) -> None:
    with pytest.raises(KeyringMissing):
        given_up.begin("bob")


def test_refusing_it_costs_as_much_as_a_wrong_password(
    given_up: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    salts: list[bytes] = []

    def counted(_: bytes, salt: bytes) -> bytes:
        salts.append(salt[:7])
        return b"$2b$04$" + b"x" * 53

    monkeypatch.setattr(bcrypt, "hashpw", counted)
    for name in ("bob", "nobody"):
        with pytest.raises((KeyringMissing, SignInFailed)):
            given_up.begin(name, "wrong")
    assert salts == [b"$2b$04$"] * 2


def test_attempts_at_a_given_up_account_are_counted(given_up: World) -> None:
    for _ in range(5):
        with pytest.raises(KeyringMissing):
            given_up.begin("bob")
    with pytest.raises(Throttled):
        given_up.begin("bob")


def test_reset_password_and_reset_mfa_restore_the_account(given_up: World) -> None:
    renewed = administration.reset_password(given_up.ports, OPERATOR, "bob")
    state = given_up.begin("bob", renewed.password.reveal())
    assert isinstance(state, CodeNeeded)
    with pytest.raises(CannotCheck):
        sign_in.with_one_time_code(given_up.ports, state, "123456")
    codes = backup_codes.new_codes(given_up.random)
    with pytest.raises(CannotCheck):
        sign_in.with_backup_code(given_up.ports, state, codes[0].reveal())
    user_mfa.disable_mfa(given_up.ports, OPERATOR, "bob")
    state = given_up.begin("bob", renewed.password.reveal())
    assert isinstance(state, NewPasswordNeeded)
    assert given_up.accounts.needed_keys() == {"k9"}


def test_a_given_up_password_does_not_prove_identity(given_up: World) -> None:
    claim = tries.Claim("bob", HERE)
    with pytest.raises(CannotCheck):
        factors.check_password(
            given_up.ports, claim, given_up.account("bob"), Secret(PASSWORD), field="x"
        )
