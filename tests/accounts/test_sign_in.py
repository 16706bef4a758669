"""The sign-in, state by state."""

from functools import partial

import pytest

from cwtui.accounts import (
    administration,
    roles,
    self_service,
    sign_in,
    sign_in_enrolment,
    sign_in_progress,
    user_mfa,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    TO_EVERYTHING,
    CannotCheck,
    InvalidInput,
    Refused,
    SignInEnded,
    SignInFailed,
)
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in import (
    BackupCodesUnacknowledged,
    CodeNeeded,
    EnrolmentNeeded,
    NewPasswordNeeded,
    SignedIn,
)
from tests.accounts.memory import MemoryKeyring
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World, outcome

NEW = Secret("Another.9-Havel")


def enrolling(world: World) -> EnrolmentNeeded:
    state = world.begin()
    assert isinstance(state, EnrolmentNeeded)
    return state


def device_of(state: EnrolmentNeeded) -> Device:
    return Device(state.enrolment.totp_secret, ())


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


# Required enrolment


@pytest.mark.parametrize(("mfa", "required"), [(Mfa.REQUIRED, False), (Mfa.OPTIONAL, True)])
def test_required_mfa_leads_into_enrolment(world: World, mfa: Mfa, required: bool) -> None:
    world.settings(mfa=mfa)
    world.add(mfa_required=required)
    state = enrolling(world)
    shown = sign_in_enrolment.register_device(
        world.ports, state, device_of(state).code(world.clock())
    )
    assert len(shown.codes) == 10
    signed_in = sign_in_enrolment.acknowledge_backup_codes(world.ports, shown)
    assert isinstance(signed_in, SignedIn)
    factor = world.account().second_factor
    assert factor is not None
    assert factor.backup_codes.acknowledged
    assert signed_in.session.epoch == world.account().session_epoch


def test_required_mfa_is_ignored_while_mfa_is_off(world: World) -> None:
    world.settings(mfa=Mfa.OFF)
    world.add(mfa_required=True)
    assert isinstance(world.begin(), SignedIn)


def test_the_registration_code_cannot_be_used_to_sign_in(world: World) -> None:
    world.add(mfa_required=True)
    state = enrolling(world)
    code = device_of(state).code(world.clock())
    sign_in_enrolment.register_device(world.ports, state, code)
    with pytest.raises(SignInFailed, match="already used"):
        sign_in.with_one_time_code(world.ports, world.asked_for_code(), code)


def test_a_wrong_registration_code_registers_nothing(world: World) -> None:
    world.add(mfa_required=True)
    state = enrolling(world)
    with pytest.raises(InvalidInput):
        sign_in_enrolment.register_device(
            world.ports, state, device_of(state).wrong_code(world.clock())
        )
    assert world.account().second_factor is None


def test_two_enrolments_at_once_leave_one_device(world: World) -> None:
    world.add(mfa_required=True)
    one, other = enrolling(world), enrolling(world)
    sign_in_enrolment.register_device(world.ports, one, device_of(one).code(world.clock()))
    with pytest.raises(SignInEnded):
        sign_in_enrolment.register_device(
            world.ports, other, device_of(other).code(world.clock(), 1)
        )


def test_mfa_turned_off_meanwhile_stops_the_enrolment(world: World) -> None:
    world.add(mfa_required=True)
    state = enrolling(world)
    world.settings(mfa=Mfa.OFF)
    with pytest.raises(Refused, match="has not enabled"):
        sign_in_enrolment.register_device(world.ports, state, device_of(state).code(world.clock()))
    assert world.account().second_factor is None


def test_unsaved_codes_can_be_replaced_at_the_next_sign_in(world: World) -> None:
    world.add()
    device = world.equip(acknowledged=False)
    code = device.code(world.clock())
    state = sign_in.with_one_time_code(world.ports, world.asked_for_code(), code)
    assert isinstance(state, BackupCodesUnacknowledged)
    shown = sign_in_enrolment.make_new_backup_codes(world.ports, state)
    assert isinstance(sign_in_enrolment.acknowledge_backup_codes(world.ports, shown), SignedIn)
    for old in device.codes[:2]:
        with pytest.raises(SignInFailed):
            sign_in.with_backup_code(world.ports, world.asked_for_code(), old.reveal())
    new = shown.codes[0].reveal()
    used = sign_in.with_backup_code(world.ports, world.asked_for_code(), new)
    assert isinstance(used, SignedIn)


def test_keeping_the_newest_codes_is_a_final_answer(world: World) -> None:
    """Without an answer, the next sign-in asks again; "I have them" is recorded and settles it."""
    world.add()
    device = world.equip(acknowledged=False)

    def with_new_code() -> sign_in.State:
        world.clock.forward(30)
        code = device.code(world.clock())
        return sign_in.with_one_time_code(world.ports, world.asked_for_code(), code)

    state = with_new_code()
    assert isinstance(state, BackupCodesUnacknowledged)
    assert isinstance(sign_in_enrolment.ask_about_backup_codes_later(world.ports, state), SignedIn)
    assert EventType.BACKUP_CODES_ACKNOWLEDGE not in world.event_types()
    state = with_new_code()
    assert isinstance(state, BackupCodesUnacknowledged)
    assert isinstance(sign_in_enrolment.keep_backup_codes(world.ports, state), SignedIn)
    event = world.events[-2]
    assert (event.event, event.reason, event.actor) == (
        EventType.BACKUP_CODES_ACKNOWLEDGE,
        "confirmed at a later sign-in",
        "alice",
    )
    assert isinstance(with_new_code(), SignedIn)
    old = device.codes[0].reveal()
    assert isinstance(sign_in.with_backup_code(world.ports, world.asked_for_code(), old), SignedIn)


def test_signing_in_by_backup_code_offers_no_new_codes(world: World) -> None:
    """The seed: backup codes can be regenerated only with the authentication app."""
    world.add()
    device = world.equip(acknowledged=False)
    code = device.codes[0].reveal()
    state = sign_in.with_backup_code(world.ports, world.asked_for_code(), code)
    assert isinstance(state, SignedIn)
    assert state.backup_codes_left == 9
    # The code proves that the set was saved, so that later sign-ins do not ask either.
    end = sign_in.with_one_time_code(
        world.ports, world.asked_for_code(), device.code(world.clock())
    )
    assert isinstance(end, SignedIn)


def test_the_question_about_backup_codes_says_when_they_were_created(world: World) -> None:
    """Of an enrolment and of a regeneration that were cut off."""
    world.add()
    created = world.clock()
    device = world.equip(acknowledged=False)
    for _ in range(2):
        world.clock.forward(120)
        code = device.code(world.clock())
        state = sign_in.with_one_time_code(world.ports, world.asked_for_code(), code)
        assert isinstance(state, BackupCodesUnacknowledged)
        assert state.created_at == created
        end = sign_in_enrolment.ask_about_backup_codes_later(world.ports, state)
        assert isinstance(end, SignedIn)
        world.clock.forward(30)
        created = world.clock()
        code = device.code(created)
        self_service.regenerate_backup_codes(world.ports, end.session, code)


# Initial passwords


def test_an_initial_password_must_be_replaced(world: World) -> None:
    world.add_admin()
    made = administration.create_user(world.ports, OPERATOR, "bob")
    typed = made.password.reveal().lower().replace("-", " ")
    state = world.begin("bob", typed)
    assert isinstance(state, NewPasswordNeeded)
    with pytest.raises(InvalidInput, match="This is the initial password"):
        sign_in.with_new_password(world.ports, state, Secret(typed), Secret(typed))
    signed_in = sign_in.with_new_password(world.ports, state, NEW, NEW)
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
    administration.create_user(world.ports, OPERATOR, "bob", password=given)
    assert isinstance(world.begin("bob", given.reveal()), NewPasswordNeeded)


def test_the_initial_password_cannot_be_kept(world: World) -> None:
    world.add(must_change_password=True)
    state = world.begin()
    assert isinstance(state, NewPasswordNeeded)
    with pytest.raises(InvalidInput) as refused:
        sign_in.with_new_password(world.ports, state, Secret(PASSWORD), Secret(PASSWORD))
    assert refused.value.field == "new_password"
    assert str(refused.value) == "This is the initial password. Choose your own."
    with pytest.raises(InvalidInput, match="do not match"):
        sign_in.with_new_password(world.ports, state, NEW, Secret("x"))
    with pytest.raises(InvalidInput, match="at least 5"):
        sign_in.with_new_password(world.ports, state, Secret("x"), Secret("x"))
    assert world.account().must_change_password


def test_an_initial_password_expires_after_a_week(world: World) -> None:
    made = administration.create_user(world.ports, OPERATOR, "bob")
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
    assert isinstance(sign_in.with_new_password(world.ports, state, NEW, NEW), SignedIn)


def test_a_new_password_is_followed_by_required_enrolment(world: World) -> None:
    world.add(must_change_password=True, mfa_required=True)
    state = world.begin()
    assert isinstance(state, NewPasswordNeeded)
    state = sign_in.with_new_password(world.ports, state, NEW, NEW)
    assert isinstance(state, EnrolmentNeeded)


# Abandoned, or changed meanwhile


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


def test_codes_saved_too_late_are_not_acknowledged(world: World) -> None:
    world.add(mfa_required=True)
    state = enrolling(world)
    shown = sign_in_enrolment.register_device(
        world.ports, state, device_of(state).code(world.clock())
    )
    world.clock.forward(sign_in_progress.ENROLMENT_LIFETIME + 1)
    with pytest.raises(SignInEnded):
        sign_in_enrolment.acknowledge_backup_codes(world.ports, shown)
    factor = world.account().second_factor
    assert factor is not None
    assert not factor.backup_codes.acknowledged


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
            administration.update_user(world.ports, OPERATOR, "alice", enabled=False)
        case "remove":
            administration.remove_user(world.ports, OPERATOR, "alice")
        case "reset_password":
            administration.reset_password(world.ports, OPERATOR, "alice")
        case "disable_mfa":
            user_mfa.disable_mfa(world.ports, OPERATOR, "alice")
        case _:
            administration.update_user(
                world.ports,
                OPERATOR,
                "alice",
                chosen_roles=[roles.ADMIN],
                agreed=TO_EVERYTHING,
            )
    with pytest.raises(SignInEnded) as ended:
        sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert str(ended.value) == sentence


def test_mfa_required_meanwhile_is_enforced(world: World) -> None:
    world.add(must_change_password=True)
    state = world.begin()
    assert isinstance(state, NewPasswordNeeded)
    administration.update_user(world.ports, OPERATOR, "alice", mfa_required=True)
    assert isinstance(sign_in.with_new_password(world.ports, state, NEW, NEW), EnrolmentNeeded)


def test_a_recreated_account_does_not_continue_a_sign_in(world: World) -> None:
    world.add_admin()
    administration.create_user(world.ports, OPERATOR, "bob", password=NEW)
    state = world.begin("bob", NEW.reveal())
    assert isinstance(state, NewPasswordNeeded)
    administration.remove_user(world.ports, OPERATOR, "bob")
    administration.create_user(world.ports, OPERATOR, "bob")
    with pytest.raises(SignInEnded):
        sign_in.with_new_password(world.ports, state, Secret(PASSWORD), Secret(PASSWORD))


# Keys and hash cost


@pytest.mark.parametrize("what", ["key", "cost"])
def test_signing_in_rehashes_an_outdated_password(world: World, what: str) -> None:
    """DESIGN 4.1: after a rotation, the next sign-in hashes again and nobody is locked out."""
    world.add()
    before = world.account().password
    if what == "key":
        world.keyring.made["k2"] = 0.0
    else:
        world.bcrypt_cost = 5
    with pytest.raises(SignInFailed):
        world.begin(password="wrong")
    assert world.account().password == before
    assert isinstance(world.begin(), SignedIn)
    after = world.account().password
    assert after is not None
    assert after != before
    assert after.key == world.keyring.active
    assert after.bcrypt.split("$")[2] == f"{world.bcrypt_cost:02d}"
    assert isinstance(world.begin(), SignedIn)
    assert world.account().password == after
    assert world.account().session_epoch == 0


def test_a_second_factor_under_the_old_key_still_works(world: World) -> None:
    """DESIGN 4.1: each secret names its key."""
    world.add()
    device = world.equip()
    world.keyring.made["k2"] = 0.0
    world.session(device=device)
    state = sign_in.with_backup_code(world.ports, world.asked_for_code(), device.codes[0].reveal())
    assert isinstance(state, SignedIn)


def test_nobody_signs_in_without_the_needed_key(world: World) -> None:
    """DESIGN 4.10: what cannot be checked is refused."""
    world.add()
    world.keyring = MemoryKeyring("other")
    with pytest.raises(CannotCheck):
        world.begin()


def test_a_password_changed_during_rehashing_stays_changed(world: World) -> None:
    world.add()
    changed = world.add("bob", NEW.reveal()).password
    world.keyring.made["k2"] = 0.0
    world.accounts.before_change = lambda: world.put(
        world.account().changed_ending_sessions(password=changed)
    )
    with pytest.raises(SignInEnded):
        world.begin()
    assert world.account().password == changed


def test_no_sign_in_state_shows_a_secret(world: World) -> None:
    """DESIGN 4.2."""
    world.add(mfa_required=True)
    state = enrolling(world)
    shown = sign_in_enrolment.register_device(
        world.ports, state, device_of(state).code(world.clock())
    )
    for secret in (state.enrolment.totp_secret, *shown.codes, Secret(PASSWORD)):
        assert secret.reveal() not in repr(state)
        assert secret.reveal() not in repr(shown)


def test_enrolment_allows_extra_time_for_each_step(world: World) -> None:
    world.add(mfa_required=True)
    state = enrolling(world)
    world.clock.forward(sign_in_progress.ENROLMENT_LIFETIME)
    shown = sign_in_enrolment.register_device(
        world.ports, state, device_of(state).code(world.clock())
    )
    world.clock.forward(sign_in_progress.ENROLMENT_LIFETIME)
    assert isinstance(sign_in_enrolment.acknowledge_backup_codes(world.ports, shown), SignedIn)
