"""A refused attempt says at which field, how many attempts are left, or how long to wait."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cwtui.accounts import administration, self_service, sign_in, user_mfa
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.directory_port import (
    DirectoryAccountDisabled,
    DirectoryAccountLocked,
    DirectoryPasswordExpired,
    DirectoryPasswordMustChange,
    DirectoryRefused,
)
from cwtui.accounts.errors import ClockWasAhead, InvalidInput, SignInFailed, Throttled
from cwtui.accounts.model import Attempts, Ending, FailedSignIns, KnewPassword
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.sign_in_states import CodeNeeded
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Device, World

NEW = Secret("Another.9-Havel")
RIGHT, WRONG = Secret(PASSWORD), Secret("wrong")
NO_CODE = "0000-0000-0000-0000"


@dataclass
class Scene:
    """A local and an LDAP user with sessions, and the local one at the code step."""

    world: World
    session: Session
    ldap_session: Session
    device: Device
    asked: CodeNeeded

    def wrong_code(self) -> str:
        return self.device.wrong_code(self.world.clock())


@pytest.fixture
def scene(world: World) -> Scene:
    world.settings(password_limit=4, password_ban_minutes=7, code_limit=3, code_ban_minutes=11)
    world.directory = directory = MemoryDirectory()
    directory.add("erin", PASSWORD)
    world.add_admin("ada")
    world.add()
    device = world.equip()
    session, ldap_session = world.session(device=device), world.session("erin")
    world.events.clear()
    return Scene(world, session, ldap_session, device, world.asked_for_code())


@dataclass
class Way:
    """One way to try a factor: the field, the message and the event of its refusal."""

    field: str
    sentence: str
    event: EventType
    reason: str
    attempt: Callable[[Scene], object]


SIGN_IN_WRONG = "Username or password is wrong."
WRONG_CODE = "This code is wrong."
CLOCK = (
    " The time of this host is 2027-01-15 08:00:00 UTC. Your phone's clock must agree, but in "
    "another time zone it shows another hour."
)
WRONG_BACKUP_CODE = "This is not one of your unused backup codes."

PASSWORDS: dict[str, Way] = {
    "at the sign-in": Way(
        "password",
        SIGN_IN_WRONG,
        EventType.SIGN_IN_PASSWORD,
        "throttled",
        lambda s: s.world.begin(password="wrong"),
    ),
    "at the sign-in, of the directory": Way(
        "password",
        SIGN_IN_WRONG,
        EventType.SIGN_IN_PASSWORD,
        "throttled",
        lambda s: s.world.begin("erin", password="wrong"),
    ),
    "in a session": Way(
        "password",
        "The password is wrong.",
        EventType.PROOF,
        "password throttled",
        lambda s: self_service.prove(s.world.ports, s.session, WRONG, None),
    ),
    "in a session, of the directory": Way(
        "password",
        "The password is wrong.",
        EventType.PROOF,
        "password throttled",
        lambda s: self_service.prove(s.world.ports, s.ldap_session, WRONG, None),
    ),
    "at its change": Way(
        "current_password",
        "The password is wrong.",
        EventType.PROOF,
        "password throttled",
        lambda s: self_service.change_password(s.world.ports, s.session, WRONG, NEW, NEW),
    ),
}
CODES: dict[str, Way] = {
    "at the sign-in": Way(
        "code",
        WRONG_CODE,
        EventType.SIGN_IN_CODE,
        "throttled",
        lambda s: sign_in.with_one_time_code(s.world.ports, s.asked, s.wrong_code()),
    ),
    "in a session": Way(
        "code",
        WRONG_CODE,
        EventType.PROOF,
        "one-time code throttled",
        lambda s: self_service.prove(s.world.ports, s.session, None, s.wrong_code()),
    ),
    "a backup code at the sign-in": Way(
        "backup_code",
        WRONG_BACKUP_CODE,
        EventType.SIGN_IN_BACKUP_CODE,
        "throttled",
        lambda s: sign_in.with_backup_code(s.world.ports, s.asked, NO_CODE),
    ),
    "a backup code in a session": Way(
        "code",
        WRONG_BACKUP_CODE,
        EventType.PROOF,
        "backup code throttled",
        lambda s: self_service.prove(s.world.ports, s.session, None, NO_CODE),
    ),
}


def refused(scene: Scene, attempt: Callable[[Scene], object]) -> SignInFailed:
    with pytest.raises(SignInFailed) as failed:
        attempt(scene)
    return failed.value


def tell(failed: SignInFailed) -> tuple[str, str, int | None, float | None]:
    return failed.field, str(failed), failed.left, failed.until


def throttled_after(scene: Scene, way: Way, wait: float) -> None:
    failed = refused(scene, way.attempt)
    assert isinstance(failed, Throttled)
    assert tell(failed) == (way.field, "Too many failed attempts.", 0, NOW + wait)
    event = scene.world.events[-1]
    assert (event.event, event.reason) == (way.event, way.reason)


@pytest.mark.parametrize("way", PASSWORDS.values(), ids=PASSWORDS)
def test_wrong_passwords_count_down_and_then_wait(scene: Scene, way: Way) -> None:
    """Only strangers are not told how many attempts they have from the start."""
    first = "" if way.event is EventType.SIGN_IN_PASSWORD else " 3 attempts left."
    assert [tell(refused(scene, way.attempt)) for _ in range(4)] == [
        (way.field, f"{way.sentence}{first}", 3, None),
        (way.field, f"{way.sentence} 2 attempts left.", 2, None),
        (way.field, f"{way.sentence} 1 attempt left.", 1, None),
        (way.field, f"{way.sentence} No attempts left for now.", 0, NOW + 7 * 60),
    ]
    throttled_after(scene, way, 7 * 60)


@pytest.mark.parametrize("way", CODES.values(), ids=CODES)
def test_wrong_codes_count_down_and_then_wait(scene: Scene, way: Way) -> None:
    # See test_clocks.py.
    hint = CLOCK if way.sentence == WRONG_CODE else ""
    assert [tell(refused(scene, way.attempt)) for _ in range(3)] == [
        (way.field, f"{way.sentence} 2 attempts left.", 2, None),
        (way.field, f"{way.sentence} 1 attempt left.{hint}", 1, None),
        (way.field, f"{way.sentence} No attempts left for now.{hint}", 0, NOW + 11 * 60),
    ]
    throttled_after(scene, way, 11 * 60)


def test_a_directory_lockout_counts_as_an_attempt(scene: Scene) -> None:
    """The directory answers so whatever the password is."""
    assert isinstance(scene.world.directory, MemoryDirectory)
    scene.world.directory.refusal = DirectoryAccountLocked("The directory says why.")
    failed = refused(scene, lambda s: s.world.begin("erin"))
    assert tell(failed) == ("password", "The directory says why.", 3, None)


RIGHT_BUT = {
    "expired": DirectoryPasswordExpired("The directory says why."),
    "must change": DirectoryPasswordMustChange("The directory says why."),
    "disabled": DirectoryAccountDisabled("The directory says why.", password_was_right=True),
}


@pytest.mark.parametrize("refusal", RIGHT_BUT.values(), ids=RIGHT_BUT)
def test_a_right_but_refused_ldap_password_is_not_counted(
    scene: Scene, refusal: DirectoryRefused
) -> None:
    """It is recorded as right but refused, and reported to the owner."""
    world = scene.world
    assert isinstance(world.directory, MemoryDirectory)
    world.directory.refusal = refusal
    for _ in range(20):
        failed = refused(scene, lambda s: s.world.begin("erin"))
        assert tell(failed) == ("password", "The directory says why.", None, None)
    record = world.records.get("erin")
    assert record.password_attempts == {}
    event = world.events[-1]
    assert (event.event, event.outcome) == (EventType.SIGN_IN_PASSWORD, Outcome.FAILURE)
    assert event.reason == f"correct, refused: {type(refusal).__name__}"
    assert record.failed is not None
    assert record.failed.last_at is None
    assert record.failed.knew_password == KnewPassword(NOW, HERE, Ending.REFUSED)


def prove(scene: Scene, typed: str) -> object:
    return self_service.prove(scene.world.ports, scene.session, None, typed)


def one_time_code(scene: Scene, typed: str) -> object:
    return sign_in.with_one_time_code(scene.world.ports, scene.asked, typed)


def backup_code(scene: Scene, typed: str) -> object:
    return sign_in.with_backup_code(scene.world.ports, scene.asked, typed)


def empty_password(scene: Scene, typed: str) -> object:
    return self_service.prove(scene.world.ports, scene.session, Secret(typed), None)


@pytest.mark.parametrize(
    ("attempt", "typed", "field", "sentence"),
    [
        (empty_password, "", "password", "Enter your password."),
        (prove, "12345", "code", "A one-time code has 6 digits; you typed 5"),
        (prove, "1234567", "code", "A one-time code has 6 digits; you typed 7"),
        (one_time_code, "12345", "code", "A one-time code has 6 digits; you typed 5"),
        (backup_code, "1234567", "backup_code", "A backup code has 16 letters and digits"),
    ],
)
def test_malformed_input_is_not_counted(
    scene: Scene, attempt: Callable[[Scene, str], object], typed: str, field: str, sentence: str
) -> None:
    before = dict(scene.world.records.kept)
    with pytest.raises(InvalidInput) as refusal:
        attempt(scene, typed)
    assert refusal.value.field == field
    assert str(refusal.value).startswith(sentence)
    assert scene.world.records.kept == before


def test_a_used_code_and_a_clock_ahead_are_told_apart(scene: Scene) -> None:
    """Also for the next step's code, from a phone that is slightly ahead."""
    code = scene.device.code(NOW, 1)
    one_time_code(scene, code)
    failed = refused(scene, lambda s: prove(s, code))
    used = "This code was already used. Wait for the next one in your app."
    assert tell(failed) == ("code", f"{used} 2 attempts left.", 2, None)
    scene.world.clock.forward(-30)
    failed = refused(scene, lambda s: prove(s, scene.device.code(NOW)))
    assert isinstance(failed, ClockWasAhead)
    assert failed.field == "code"
    assert str(failed).startswith("The clock of this host was ahead")


def test_a_clock_that_was_ahead_is_not_counted(scene: Scene) -> None:
    """At sign-in and in a session."""
    world = scene.world
    one_time_code(scene, scene.device.code(NOW, 1))
    world.clock.forward(-3600)
    asked = world.asked_for_code()
    before = world.records.get("alice")
    for _ in range(5):
        code = scene.device.code(world.clock())
        with pytest.raises(ClockWasAhead):
            sign_in.with_one_time_code(world.ports, asked, code)
        with pytest.raises(ClockWasAhead):
            self_service.prove(world.ports, scene.session, None, code)
    assert world.records.get("alice") == before
    assert before.failed == FailedSignIns(
        1, knew_password=KnewPassword(world.clock(), HERE, Ending.STOPPED), right_passwords=1
    )
    assert [(event.event, event.reason) for event in world.events[-2:]] == [
        (EventType.SIGN_IN_CODE, "clock was ahead"),
        (EventType.PROOF, "one-time code clock was ahead"),
    ]


@pytest.mark.parametrize("what", ["one-time code", "backup code"])
def test_a_right_code_clears_only_attempts_from_its_place(scene: Scene, what: str) -> None:
    record = scene.world.records.get("alice")
    tries = {HERE: Attempts(20, NOW), "": Attempts(2, NOW), "10.0.0.9": Attempts(1, NOW)}
    changed = record.changed(code_attempts=tries, known_sources=(*record.known_sources, "10.0.0.9"))
    scene.world.records.kept["alice"] = changed
    if what == "backup code":
        backup_code(scene, scene.device.codes[0].reveal())
    else:
        one_time_code(scene, scene.device.code(NOW, 1))
    left = {"": Attempts(2, NOW), "10.0.0.9": Attempts(1, NOW)}
    assert scene.world.records.get("alice").code_attempts == left


GONE: dict[str, Callable[[World, Device], object]] = {
    "used": lambda w, device: sign_in.with_backup_code(
        w.ports, w.asked_for_code(), device.codes[0].reveal()
    ),
    "MFA disabled": lambda w, _: user_mfa.disable_mfa(w.ports, OPERATOR, "alice"),
    "account removed": lambda w, _: administration.remove_user(w.ports, OPERATOR, "alice"),
}


@pytest.mark.parametrize("how", GONE)
def test_a_backup_code_gone_at_that_moment_is_refused(scene: Scene, how: str) -> None:
    world, code = scene.world, scene.device.codes[0].reveal()
    world.accounts.before_change = lambda: GONE[how](world, scene.device)
    failed = refused(scene, lambda s: backup_code(s, code))
    assert tell(failed) == (
        "backup_code",
        "This backup code was already used. Use another one. 2 attempts left.",
        2,
        None,
    )
    event = world.events[-1]
    assert (event.event, event.outcome) == (EventType.SIGN_IN_BACKUP_CODE, Outcome.FAILURE)
    assert event.reason == "already used"
