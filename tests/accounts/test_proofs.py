"""How long a session and a proof last, for every public action."""

from dataclasses import replace

import pytest

from cwtui.accounts import administration, self_service
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import InvalidInput, ProofNeeded, SessionEnded, SignInFailed, Throttled
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.accounts.updates import Update
from tests.accounts.public_actions import (
    AUDIT_READS,
    CHANGES,
    CHANGES_OF_ADMINS,
    NEW,
    OF_ADA,
    OF_ADMINS,
    OF_ALICE,
    OLD,
    OWN_CHANGES_WITH_A_CODE,
    READS,
    Scene,
    scene_of,
    state,
)
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World

pytestmark = pytest.mark.usefixtures("remembered_hashes")


@pytest.fixture
def scene(world: World) -> Scene:
    return scene_of(world)


# The absolute limit: OWASP ASVS 5.0, 7.3.2


@pytest.mark.parametrize("act", OF_ADA | OF_ALICE)
def test_a_session_ends_at_its_limit_despite_fresh_proof(scene: Scene, act: str) -> None:
    by = scene.admin if act in OF_ADA else scene.user
    scene.world.clock.at = by.ends_at
    fresh = replace(by, password_at=by.ends_at, code_at=by.ends_at)
    with pytest.raises(SessionEnded) as over:
        (OF_ADA | OF_ALICE)[act](scene, fresh)
    assert str(over.value) == "A session lasts at most 12 hours. Sign in again."
    assert over.value.reason == "time limit"


def test_a_session_lasts_until_its_limit(scene: Scene) -> None:
    assert scene.user.ends_at == scene.user.started_at + scene.world.ports.session_limit
    scene.world.clock.at = scene.user.ends_at - 0.001
    self_service.overview(scene.world.ports, scene.user)


def test_the_session_limit_is_configurable(scene: Scene) -> None:
    ports = replace(scene.world.ports, session_limit=3600.0)
    ended = replace(scene.user, ends_at=scene.user.started_at + ports.session_limit)
    scene.world.clock.at = ended.ends_at
    with pytest.raises(SessionEnded, match=r"at most 1 hour\. Sign in again"):
        self_service.overview(ports, ended)


# Fresh proof: OWASP ASVS 5.0, 7.5.1


@pytest.mark.parametrize("act", CHANGES_OF_ADMINS)
def test_admin_changes_need_a_fresh_proof(scene: Scene, act: str) -> None:
    scene.world.clock.at = scene.admin.code_at + PROOF_LIFETIME + 1
    before = state(scene.world)
    with pytest.raises(ProofNeeded) as needed:
        CHANGES_OF_ADMINS[act](scene, scene.admin)
    assert (needed.value.password, needed.value.code) == (True, True)
    assert str(needed.value) == "Confirm your identity to make this change."
    assert state(scene.world) == before
    proved = self_service.prove(scene.world.ports, scene.admin, OLD, scene.code())
    CHANGES_OF_ADMINS[act](scene, proved)
    assert state(scene.world) != before or act in {"unlock", "unlock many", "end_of_user"}


@pytest.mark.parametrize("act", CHANGES_OF_ADMINS)
def test_no_proof_is_asked_for_within_ten_minutes(scene: Scene, act: str) -> None:
    scene.world.clock.at = scene.admin.code_at + PROOF_LIFETIME
    CHANGES_OF_ADMINS[act](scene, scene.admin)


@pytest.mark.parametrize("act", READS | AUDIT_READS)
def test_reading_needs_no_proof(scene: Scene, act: str) -> None:
    scene.world.clock.forward(5 * 3600)
    OF_ADMINS[act](scene, scene.admin)


def test_the_operator_is_never_asked_for_proof(scene: Scene) -> None:
    scene.world.clock.forward(5 * 3600)
    administration.update_user(scene.world.ports, OPERATOR, "bob", Update(enabled=False))


def test_enabling_mfa_needs_the_password_again(scene: Scene) -> None:
    scene.world.clock.forward(PROOF_LIFETIME)
    with pytest.raises(ProofNeeded) as needed:
        self_service.begin_enrolment(scene.world.ports, scene.user)
    assert (needed.value.password, needed.value.code) == (True, False)
    proved = self_service.prove(scene.world.ports, scene.user, OLD, None)
    self_service.begin_enrolment(scene.world.ports, proved)


@pytest.mark.parametrize("act", OWN_CHANGES_WITH_A_CODE)
def test_actions_that_ask_for_a_code_need_only_the_password(scene: Scene, act: str) -> None:
    """Two codes cannot be had within 30 seconds."""
    scene.world.clock.forward(PROOF_LIFETIME)
    with pytest.raises(ProofNeeded) as needed:
        OWN_CHANGES_WITH_A_CODE[act](scene, scene.admin)
    assert (needed.value.password, needed.value.code) == (True, False)
    proved = self_service.prove(scene.world.ports, scene.admin, OLD, None)
    OWN_CHANGES_WITH_A_CODE[act](scene, proved)


def test_the_password_alone_is_not_enough_with_a_device(scene: Scene) -> None:
    scene.world.clock.forward(PROOF_LIFETIME)
    half = self_service.prove(scene.world.ports, scene.admin, OLD, None)
    with pytest.raises(ProofNeeded) as needed:
        CHANGES["unlock"](scene, half)
    assert (needed.value.password, needed.value.code) == (False, True)


def test_registering_a_device_counts_as_proof_of_it(scene: Scene) -> None:
    code = Device(scene.offer.totp_secret, ()).code(scene.world.clock())
    session, _ = self_service.register_device(scene.world.ports, scene.user, scene.offer, code)
    assert session.code_at == scene.world.clock()


def test_an_action_that_checks_a_factor_renews_its_proof(scene: Scene) -> None:
    """That factor is not asked for again afterwards."""
    ports, now = scene.world.ports, scene.world.clock
    scene.world.clock.forward(PROOF_LIFETIME)
    changed = self_service.change_password(ports, scene.user, OLD, NEW, NEW)
    assert changed.password_at == now() > scene.user.password_at
    proved = self_service.prove(ports, scene.admin, OLD, None)
    renewed, _ = self_service.regenerate_backup_codes(ports, proved, scene.code())
    assert renewed.code_at == now() > scene.admin.code_at


def test_a_clock_set_back_does_not_extend_a_proof(scene: Scene) -> None:
    scene.world.clock.at = scene.admin.password_at - 1
    with pytest.raises(ProofNeeded):
        CHANGES["unlock"](scene, scene.admin)


def test_a_backup_code_is_a_proof_and_is_used_up(scene: Scene) -> None:
    scene.world.clock.forward(PROOF_LIFETIME)
    typed = scene.device.codes[0].reveal().lower()
    proved = self_service.prove(scene.world.ports, scene.admin, OLD, typed)
    assert scene.world.events[-1].reason == "password, backup code"
    CHANGES["unlock"](scene, proved)
    with pytest.raises(SignInFailed):
        self_service.prove(scene.world.ports, scene.admin, OLD, typed)


def test_successful_and_failed_proofs_are_recorded(scene: Scene) -> None:
    scene.world.events.clear()
    with pytest.raises(SignInFailed, match="password is wrong"):
        self_service.prove(scene.world.ports, scene.admin, Secret("wrong"), scene.code())
    wrong = scene.device.wrong_code(scene.world.clock())
    with pytest.raises(SignInFailed):
        self_service.prove(scene.world.ports, scene.admin, OLD, wrong)
    self_service.prove(scene.world.ports, scene.admin, OLD, scene.code())
    assert {event.event for event in scene.world.events} == {EventType.PROOF}
    assert [(event.outcome, event.reason) for event in scene.world.events] == [
        (Outcome.FAILURE, "password wrong"),
        (Outcome.FAILURE, "one-time code wrong"),
        (Outcome.SUCCESS, "password, one-time code, device=Phone"),
    ]
    # This happened in a session, not at sign-in.
    assert scene.world.records.get("ada").failed is None


def test_proofs_are_throttled_like_sign_ins(scene: Scene) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            self_service.prove(scene.world.ports, scene.admin, Secret("wrong"), None)
    with pytest.raises(Throttled):
        self_service.prove(scene.world.ports, scene.admin, OLD, None)
    assert {*scene.world.records.get("ada").password_attempts} == {HERE}


@pytest.mark.parametrize(("password", "code"), [("", None), (PASSWORD, ""), (PASSWORD, "12")])
def test_empty_input_does_not_prove_identity(scene: Scene, password: str, code: str | None) -> None:
    with pytest.raises(InvalidInput):
        self_service.prove(scene.world.ports, scene.admin, Secret(password), code)
