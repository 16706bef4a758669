"""The last steps of a sign-in: required enrolment, and backup codes."""

import pytest

from cwtui.accounts import (
    self_service,
    sign_in,
    sign_in_enrolment,
    sign_in_progress,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import InvalidInput, Refused, SignInEnded, SignInFailed
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import (
    BackupCodesUnacknowledged,
    EnrolmentNeeded,
    SignedIn,
    State,
)
from tests.accounts.world import PASSWORD, Device, World


def enrolling(world: World) -> EnrolmentNeeded:
    state = world.begin()
    assert isinstance(state, EnrolmentNeeded)
    return state


def device_of(state: EnrolmentNeeded) -> Device:
    return Device(state.enrolment.totp_secret, ())


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


def test_enrolment_allows_extra_time_for_each_step(world: World) -> None:
    world.add(mfa_required=True)
    state = enrolling(world)
    world.clock.forward(sign_in_progress.ENROLMENT_LIFETIME)
    shown = sign_in_enrolment.register_device(
        world.ports, state, device_of(state).code(world.clock())
    )
    world.clock.forward(sign_in_progress.ENROLMENT_LIFETIME)
    assert isinstance(sign_in_enrolment.acknowledge_backup_codes(world.ports, shown), SignedIn)


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


# Backup codes that were not acknowledged


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

    def with_new_code() -> State:
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
