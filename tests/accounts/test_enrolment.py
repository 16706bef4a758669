"""Enrolment: from the QR code to the acknowledged backup codes."""

import pytest
from msgspec.structs import replace

from cwtui.accounts import devices, self_service, sign_in, sign_in_new_password
from cwtui.accounts.credentials import totp
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import InvalidInput, Refused, SessionEnded, SignInFailed
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME, Session
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import EnrolmentNeeded, NewPasswordNeeded
from tests.accounts.steps import only
from tests.accounts.world import HERE, NOW, PASSWORD, Device, World


def offered(world: World) -> tuple[Session, Enrolment, Device]:
    world.add()
    session = world.session()
    offer = self_service.begin_enrolment(world.ports, session)
    return session, offer, Device(offer.totp_secret, ())


def test_an_offer_has_a_new_secret_and_saves_nothing(world: World) -> None:
    world.settings(issuer="Connectware (plant-7)")
    session, offer, _ = offered(world)
    other = self_service.begin_enrolment(world.ports, session)
    assert offer.totp_secret != other.totp_secret
    assert (offer.username, offer.issuer) == ("alice", "Connectware (plant-7)")
    assert next(offer.uris()).reveal().startswith("otpauth://totp/Connectware")
    assert offer.totp_secret.reveal() not in repr(offer)
    assert world.account().second_factor is None


def test_an_earlier_offer_is_continued_for_ten_minutes(world: World) -> None:
    """Its key may already be in the app of the person, who pressed Esc."""
    session, offer, _ = offered(world)
    world.clock.forward(PROOF_LIFETIME)
    assert offer.seconds_left(world.clock()) == 0
    assert offer.seconds_left(world.clock() - 1) == 1
    assert self_service.begin_enrolment(world.ports, session, offer) != offer
    world.clock.forward(-1)
    assert self_service.begin_enrolment(world.ports, session, offer) is offer
    world.settings(issuer="Another")
    assert self_service.begin_enrolment(world.ports, session, offer) != offer


@pytest.mark.parametrize("change", ["another user", "a new password", "registered and disabled"])
def test_an_earlier_offer_is_only_for_the_same_user_and_state(world: World, change: str) -> None:
    session, offer, device = offered(world)
    match change:
        case "another user":
            world.add("bob")
            session = world.session("bob")
        case "a new password":
            new = Secret("Another.9-Havel")
            session = self_service.change_password(world.ports, session, Secret(PASSWORD), new, new)
        case _:
            code = device.code(world.clock())
            session, _ = self_service.register_device(world.ports, session, offer, code)
            next_code = device.code(world.clock(), 1)
            session = self_service.disable_mfa(world.ports, session, next_code)
    assert self_service.begin_enrolment(world.ports, session, offer).totp_secret != (
        offer.totp_secret
    )


def test_an_earlier_offer_is_continued_at_the_next_sign_in(world: World) -> None:
    world.add(mfa_required=True, must_change_password=True)
    world.add("bob", mfa_required=True)
    new = Secret("Another.9-Havel")
    state = world.begin()
    assert isinstance(state, NewPasswordNeeded)
    first = sign_in_new_password.choose(world.ports, state, new, new)
    assert isinstance(first, EnrolmentNeeded)
    for username, password, is_same in (("bob", Secret(PASSWORD), False), ("alice", new, True)):
        again = sign_in.with_password(world.ports, username, password, HERE, first.enrolment)
        assert isinstance(again, EnrolmentNeeded)
        assert (again.enrolment == first.enrolment) is is_same


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_within_the_window_registers_the_device(world: World, steps: int) -> None:
    session, offer, device = offered(world)
    code = device.code(world.clock(), steps)
    renewed, codes = self_service.register_device(world.ports, session, offer, code)
    factor = world.account().second_factor
    assert factor is not None
    assert only(factor).registered_at == world.clock()
    assert len(codes) == len(factor.backup_codes.hashes) == 10
    assert not factor.backup_codes.acknowledged
    assert self_service.overview(world.ports, renewed).backup_codes_left == 10
    self_service.acknowledge_backup_codes(world.ports, renewed)
    factor = world.account().second_factor
    assert factor is not None
    assert factor.backup_codes.acknowledged


def test_the_stored_secret_is_encrypted_for_this_account(world: World) -> None:
    """DESIGN 4.1: AES-256-GCM under a key with an id, bound to username and device."""
    session, offer, device = offered(world)
    code = device.code(world.clock())
    _, codes = self_service.register_device(world.ports, session, offer, code)
    account = world.account()
    factor = account.second_factor
    assert factor is not None
    kept = repr(account)
    for secret in (offer.totp_secret, *codes):
        assert secret.reveal() not in kept
    assert only(factor).totp_secret.key == "k1"
    kept_device = only(factor)
    assert devices.unsealed(world.keyring, "alice", kept_device) == offer.totp_secret
    for name, other in (("mallory", kept_device), ("alice", replace(kept_device, id="00000000"))):
        with pytest.raises(Exception, match="changed"):
            devices.unsealed(world.keyring, name, other)


def test_the_registration_code_cannot_be_used_to_sign_in(world: World) -> None:
    session, offer, device = offered(world)
    now = world.clock()
    self_service.register_device(world.ports, session, offer, device.code(now))
    for steps in (0, -1):
        with pytest.raises(SignInFailed, match="already used"):
            sign_in.with_one_time_code(world.ports, world.asked_for_code(), device.code(now, steps))


def test_the_registration_code_cannot_disable_mfa(world: World) -> None:
    session, offer, device = offered(world)
    code = device.code(world.clock())
    renewed, _ = self_service.register_device(world.ports, session, offer, code)
    with pytest.raises(SignInFailed, match="already used"):
        self_service.disable_mfa(world.ports, renewed, code)


HOST_TIME = "The time of this host is 2027-01-15 08:00:00 UTC."


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (60, "Your phone is about 1 minute ahead of this host."),
        (240, "Your phone is about 4 minutes ahead of this host."),
        (3600, "Your phone is about 60 minutes ahead of this host."),
        (120, "Your phone is about 2 minutes ahead of this host."),
        (89 * 60, "Your phone is about 89 minutes ahead of this host."),
        (90 * 60, "Your phone is about 2 hours ahead of this host."),
        (14 * 3600, "Your phone is about 14 hours ahead of this host."),
        (-9 * 3600, "Your phone is about 9 hours behind this host."),
        (-60, "Your phone is about 1 minute behind this host."),
        (-240, "Your phone is about 4 minutes behind this host."),
        (-3600, "Your phone is about 60 minutes behind this host."),
    ],
)
def test_a_wrong_clock_is_diagnosed_in_both_directions(
    world: World, seconds: int, sentence: str
) -> None:
    session, offer, device = offered(world)
    with pytest.raises(InvalidInput) as refused:
        self_service.register_device(
            world.ports, session, offer, device.code(world.clock() + seconds)
        )
    assert refused.value.field == "code"
    assert str(refused.value) == (
        f"{sentence} Set both clocks to the right time, then enter the new code. {HOST_TIME}"
    )
    assert world.account().second_factor is None


def test_a_code_from_a_distant_time_is_simply_wrong(world: World) -> None:
    session, offer, device = offered(world)
    with pytest.raises(InvalidInput) as refused:
        self_service.register_device(
            world.ports, session, offer, device.code(world.clock() + 86400)
        )
    assert str(refused.value) == (
        f"This is not the current code. Enter the code that your app shows now. {HOST_TIME} "
        "Your phone's clock must agree, but in another time zone it shows another hour."
    )


def test_the_clock_diagnosis_never_shows_the_right_code(world: World) -> None:
    """google-authenticator prints it, which gives it away."""
    session, offer, device = offered(world)
    with pytest.raises(InvalidInput) as refused:
        self_service.register_device(world.ports, session, offer, device.code(world.clock() + 240))
    assert device.code(world.clock()) not in str(refused.value)


def test_an_offer_from_an_ended_session_is_refused(world: World) -> None:
    session, offer, device = offered(world)
    world.put(world.account().changed_ending_sessions())
    with pytest.raises(SessionEnded):
        self_service.register_device(world.ports, session, offer, device.code(world.clock()))


def test_a_second_device_does_not_replace_the_first(world: World) -> None:
    session, offer, device = offered(world)
    second = self_service.begin_enrolment(world.ports, session)
    renewed, _ = self_service.register_device(
        world.ports, session, offer, device.code(world.clock())
    )
    later = Device(second.totp_secret, ()).code(world.clock(), 1)
    with pytest.raises(Refused, match="already enabled"):
        self_service.register_device(world.ports, renewed, second, later)
    with pytest.raises(Refused, match="already enabled"):
        self_service.begin_enrolment(world.ports, renewed)


def test_an_offer_for_another_account_is_refused(world: World) -> None:
    session, _, _ = offered(world)
    foreign = Enrolment("mallory", "Connectware", totp.new_secret(world.random), NOW)
    code = Device(foreign.totp_secret, ()).code(world.clock())
    with pytest.raises(Refused) as refused:
        self_service.register_device(world.ports, session, foreign, code)
    assert str(refused.value) == "This secret key was made for another account. Start again."
    assert world.account().second_factor is None


@pytest.mark.parametrize(("seconds", "taken"), [(600, True), (601, False), (-1, False)])
def test_an_offer_is_valid_as_long_as_the_proof(world: World, seconds: float, taken: bool) -> None:
    """OWASP ASVS 5.0, 7.5.1: someone who finds it on an unattended screen is too late."""
    session, offer, device = offered(world)
    world.clock.forward(seconds)
    code = device.code(world.clock())
    if taken:
        self_service.register_device(world.ports, session, offer, code)
        return
    with pytest.raises(Refused, match=r"expired after 10 minutes\. Start again\."):
        self_service.register_device(world.ports, session, offer, code)
    assert world.account().second_factor is None


def test_nothing_is_offered_while_mfa_is_off_for_everyone(world: World) -> None:
    session, offer, device = offered(world)
    world.settings(mfa=Mfa.OFF)
    with pytest.raises(Refused, match="has not enabled"):
        self_service.begin_enrolment(world.ports, session)
    with pytest.raises(Refused, match="has not enabled"):
        self_service.register_device(world.ports, session, offer, device.code(world.clock()))


def test_wrong_codes_at_enrolment_are_not_counted(world: World) -> None:
    """Whoever sees the QR code already has the secret; there is nothing to guess."""
    session, offer, device = offered(world)
    for _ in range(20):
        with pytest.raises(InvalidInput):
            self_service.register_device(
                world.ports, session, offer, device.wrong_code(world.clock())
            )
    assert world.records.get("alice").code_attempts == {}
    self_service.register_device(world.ports, session, offer, device.code(world.clock()))
