"""What people do with their own account."""

import pytest

from cwtui.accounts import administration, self_service, sign_in
from cwtui.accounts.errors import (
    InvalidInput,
    Refused,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.model import Origin
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import BackupCodesUnacknowledged, SignedIn
from tests.accounts.world import OPERATOR, PASSWORD, Device, World

OLD = Secret(PASSWORD)
NEW = Secret("Another.9-Havel")
NOT_ENABLED = "Multi-factor authentication is not enabled for this account."


def equipped(world: World, **fields: object) -> tuple[Session, Device]:
    world.add(**fields)  # type: ignore[arg-type]  # fields of an account
    device = world.equip()
    session = world.session(device=device)
    world.clock.forward(30)
    return session, device


# Changing the password


def test_the_new_password_works_and_the_old_one_does_not(world: World) -> None:
    world.add()
    session = world.session()
    renewed = self_service.change_password(world.ports, session, OLD, NEW, NEW)
    self_service.overview(world.ports, renewed)
    assert isinstance(world.begin(password=NEW.reveal()), SignedIn)
    with pytest.raises(SignInFailed):
        world.begin()


def test_a_password_change_ends_other_sessions_with_a_reason(world: World) -> None:
    world.add()
    here, elsewhere = world.session(), world.session(source="10.0.0.2")
    renewed = self_service.change_password(world.ports, here, OLD, NEW, NEW)
    with pytest.raises(SessionEnded, match="changed elsewhere"):
        self_service.overview(world.ports, elsewhere)
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, here)
    self_service.overview(world.ports, renewed)


@pytest.mark.parametrize(
    ("current", "new", "confirmation", "field", "sentence"),
    [
        ("", "Havel-99", "Havel-99", "current_password", "Enter your current password."),
        (PASSWORD, "", "", "new_password", "Enter a password."),
        (PASSWORD, "1234", "1234", "new_password", "The password needs at least 5 characters."),
        (PASSWORD, "Havel-99", "havel-99", "confirm_password", "The passwords do not match."),
        (PASSWORD, PASSWORD, PASSWORD, "new_password", "This is your current password."),
        (
            PASSWORD,
            "\uff2betzin.7-Havel",
            "\uff2betzin.7-Havel",
            "new_password",
            "This is your current password.",
        ),
        (PASSWORD, "Alice", "Alice", "new_password", "The password cannot be the username."),
    ],
)
def test_a_bad_password_change_is_refused_at_its_field(
    world: World, current: str, new: str, confirmation: str, field: str, sentence: str
) -> None:
    before = world.add()
    session = world.session()
    with pytest.raises(InvalidInput) as refused:
        self_service.change_password(
            world.ports, session, Secret(current), Secret(new), Secret(confirmation)
        )
    assert refused.value.field == field
    assert str(refused.value).startswith(sentence)
    assert world.account() == before


def test_guessing_the_current_password_is_throttled(world: World) -> None:
    world.settings(password_limit=2)
    world.add()
    session = world.session()
    for _ in range(2):
        with pytest.raises(SignInFailed, match="The password is wrong") as failed:
            self_service.change_password(world.ports, session, Secret("wrong"), NEW, NEW)
        assert failed.value.field == "current_password"
    with pytest.raises(Throttled):
        self_service.change_password(world.ports, session, OLD, NEW, NEW)


def test_an_ldap_user_cannot_change_the_password_here(world: World) -> None:
    world.add()
    session = world.session()
    world.put(world.account().changed(origin=Origin.LDAP))
    refusal = self_service.overview(world.ports, session).change_password_refusal
    assert refusal == (
        "You are an LDAP user. Change your password in your organization's directory."
    )
    with pytest.raises(Refused, match=refusal):
        self_service.change_password(world.ports, session, OLD, NEW, NEW)


def test_a_reset_during_the_change_wins(world: World) -> None:
    world.add_admin()
    world.add()
    session = world.session()
    world.accounts.before_change = lambda: administration.reset_password(
        world.ports, OPERATOR, "alice"
    )
    with pytest.raises(SessionEnded):
        self_service.change_password(world.ports, session, OLD, NEW, NEW)
    assert world.account().must_change_password


# Disabling MFA, regenerating codes


def test_disabling_mfa_needs_a_code(world: World) -> None:
    session, device = equipped(world)
    code = device.code(world.clock())
    renewed = self_service.disable_mfa(world.ports, session, code)
    assert world.account().second_factor is None
    assert isinstance(world.begin(), SignedIn)
    self_service.overview(world.ports, renewed)
    with pytest.raises(Refused, match="not enabled"):
        self_service.disable_mfa(world.ports, renewed, code)


@pytest.mark.parametrize("act", [self_service.disable_mfa, self_service.regenerate_backup_codes])
def test_wrong_and_used_codes_change_nothing(world: World, act: object) -> None:
    assert callable(act)
    session, device = equipped(world)
    before = world.account()
    for typed in (device.wrong_code(world.clock()), device.code(world.clock(), -1)):
        with pytest.raises(SignInFailed):
            act(world.ports, session, typed)
    assert world.account() == before
    act(world.ports, session, device.code(world.clock()))
    assert world.account() != before


def test_only_regenerating_takes_a_backup_code(world: World) -> None:
    """The product text asks for the app for both; who lost it must be able to get new codes."""
    session, device = equipped(world)
    code = device.codes[0].reveal()
    with pytest.raises(InvalidInput, match="looks like a backup code"):
        self_service.disable_mfa(world.ports, session, code)
    renewed, codes = self_service.regenerate_backup_codes(world.ports, session, code)
    assert world.events[-1].reason == "backup code"
    with pytest.raises(SignInFailed):
        self_service.regenerate_backup_codes(world.ports, renewed, code)
    self_service.regenerate_backup_codes(world.ports, renewed, codes[0].reveal())


def test_guessing_the_code_in_a_session_is_throttled(world: World) -> None:
    session, device = equipped(world)
    for _ in range(5):
        with pytest.raises(SignInFailed):
            self_service.disable_mfa(world.ports, session, device.wrong_code(world.clock()))
    with pytest.raises(Throttled):
        self_service.regenerate_backup_codes(world.ports, session, device.code(world.clock()))


@pytest.mark.parametrize(
    ("mfa", "flag", "sentence"),
    [
        (Mfa.REQUIRED, False, "Your organization requires multi-factor authentication"),
        (Mfa.OPTIONAL, True, "An admin made multi-factor authentication mandatory"),
    ],
)
def test_required_mfa_cannot_be_disabled(world: World, mfa: Mfa, flag: bool, sentence: str) -> None:
    session, device = equipped(world, mfa_required=flag)
    world.settings(mfa=mfa)
    assert self_service.overview(world.ports, session).disable_mfa_refusal.startswith(sentence)
    records = dict(world.records.kept)
    with pytest.raises(Refused, match=sentence):
        self_service.disable_mfa(world.ports, session, device.code(world.clock()))
    assert world.account().second_factor is not None
    assert world.records.kept == records  # and the code is not used up


@pytest.mark.parametrize("by", ["account", "organization"])
def test_mfa_that_becomes_required_meanwhile_stays_on(world: World, by: str) -> None:
    session, device = equipped(world)
    world.accounts.before_change = lambda: (
        world.put(world.account().changed(mfa_required=True))
        if by == "account"
        else world.settings(mfa=Mfa.REQUIRED)
    )
    with pytest.raises(Refused):
        self_service.disable_mfa(world.ports, session, device.code(world.clock()))
    assert world.account().second_factor is not None


def test_regenerated_codes_replace_the_old_ones(world: World) -> None:
    session, device = equipped(world)
    renewed, codes = self_service.regenerate_backup_codes(
        world.ports, session, device.code(world.clock())
    )
    with pytest.raises(SignInFailed):
        sign_in.with_backup_code(world.ports, world.asked_for_code(), device.codes[0].reveal())
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, session)
    factor = world.account().second_factor
    assert factor is not None
    assert not factor.backup_codes.acknowledged
    self_service.acknowledge_backup_codes(world.ports, renewed)
    state = sign_in.with_backup_code(world.ports, world.asked_for_code(), codes[0].reveal())
    assert isinstance(state, SignedIn)
    assert state.backup_codes_left == 9


def test_regenerating_codes_keeps_the_device(world: World) -> None:
    session, device = equipped(world)
    self_service.regenerate_backup_codes(world.ports, session, device.code(world.clock()))
    world.clock.forward(30)
    code = device.code(world.clock())
    state = sign_in.with_one_time_code(world.ports, world.asked_for_code(), code)
    assert isinstance(state, BackupCodesUnacknowledged)


def test_mfa_actions_are_refused_without_mfa(world: World) -> None:
    world.add()
    session = world.session()
    for act in (
        lambda: self_service.regenerate_backup_codes(world.ports, session, "123456"),
        lambda: self_service.disable_mfa(world.ports, session, "123456"),
        lambda: self_service.acknowledge_backup_codes(world.ports, session),
        lambda: self_service.prove(world.ports, session, None, "123456"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert str(refused.value) == NOT_ENABLED


# The overview


def test_the_overview_explains_refused_actions(world: World) -> None:
    world.add()
    session = world.session()
    seen = self_service.overview(world.ports, session)
    assert (seen.change_password_refusal, seen.enable_mfa_refusal) == ("", "")
    assert seen.disable_mfa_refusal == NOT_ENABLED
    assert seen.backup_codes_left == 0
    world.settings(mfa=Mfa.OFF)
    seen = self_service.overview(world.ports, session)
    assert seen.enable_mfa_refusal == (
        "Your organization has not enabled multi-factor authentication."
    )
    assert seen.mfa is Mfa.OFF


def test_the_overview_shows_an_enabled_device(world: World) -> None:
    session, device = equipped(world)
    sign_in.with_backup_code(world.ports, world.asked_for_code(), device.codes[0].reveal())
    seen = self_service.overview(world.ports, session)
    assert seen.backup_codes_left == 9
    assert seen.enable_mfa_refusal == (
        "Multi-factor authentication is already enabled for this account."
    )
    assert seen.disable_mfa_refusal == ""
