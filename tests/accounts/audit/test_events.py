"""Each action writes an audit event without secrets; without the event it does not happen."""

from collections.abc import Callable

import pytest

from cwtui.accounts import first_admin, sign_in
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.errors import CannotCheck, SignInFailed, Throttled
from cwtui.accounts.new_account import WithInitialPassword
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import BackupCodesShown, CodeNeeded
from tests.accounts.audit.acts import (
    ADMIN_ACTS,
    ALL_ACTS,
    NEW,
    OLD,
    OWN_ACTS,
    STEPS_OF_SIGN_IN,
    Scene,
    scene_of,
)
from tests.accounts.steps import last_step
from tests.accounts.world import HERE, NOW, OPERATOR, World

pytestmark = pytest.mark.usefixtures("remembered_hashes")


@pytest.fixture
def scene(world: World) -> Scene:
    return scene_of(world)


def full_disk() -> None:
    raise CannotCheck("no space left")


FAILURES = {EventType.SIGN_IN_PASSWORD, EventType.SIGN_IN_CODE}
OF_THE_DIRECTORY = {EventType.USER_RENAME}  # tests/accounts/renaming
# In tests/accounts/importing
OF_FILES = {EventType.USER_IMPORT, EventType.USER_EXPORT, EventType.KEY_IMPORT}
# In tests/maintenance
OF_THE_STORE = {
    EventType.STORE_BACKUP,
    EventType.STORE_RESTORE,
    EventType.STORE_COPY,
    EventType.KEY_MOVE,
}
# tests/service/test_doors.py and tests/accounts/test_host_sign_in.py
AT_A_DOOR = {
    EventType.SIGN_IN_HOST,
    EventType.HOST_RECENT_PROOF,
    EventType.HOST_OPEN,
    EventType.HOST_CLOSE,
}
OF_A_CUT = {EventType.CUT_OFF_END, EventType.CUT_OFF_USED_TWICE}  # tests/service/test_cut_off.py
OF_SSH_KEYS = {  # tests/accounts/test_ssh_key_changes.py
    EventType.SSH_KEY_ADD,
    EventType.SSH_KEY_RENAME,
    EventType.SSH_KEY_REMOVE,
}


def test_every_event_type_is_tested_here() -> None:
    at_hosts = AT_A_DOOR | OF_SSH_KEYS | OF_A_CUT
    elsewhere = OF_FILES | OF_THE_DIRECTORY | OF_THE_STORE | at_hosts
    assert {*ADMIN_ACTS, *OWN_ACTS, *FAILURES, *elsewhere} == set(EventType)


@pytest.mark.parametrize("event", ADMIN_ACTS)
def test_each_admin_action_is_recorded(scene: Scene, event: EventType) -> None:
    ADMIN_ACTS[event](scene.world)
    [written] = scene.world.events
    assert (written.event, written.outcome) == (event, Outcome.SUCCESS)
    assert (written.at, written.actor) == (NOW + 30, "operator:root")
    assert written.source == "command line"
    subjects = {EventType.USER_CREATE: "new", EventType.USER_RESET_MFA: "equipped"}
    subjects[EventType.USER_UNLOCK] = "locked"
    subjects[EventType.ROLE_CREATE] = "help-desk"
    subjects |= dict.fromkeys((EventType.ROLE_UPDATE, EventType.ROLE_REMOVE), "auditor")
    without = dict.fromkeys(
        (EventType.SETTINGS_UPDATE, EventType.KEY_ROTATE, EventType.KEY_RETIRE), ""
    )
    assert written.subject == (subjects | without).get(event, "plain")


@pytest.mark.parametrize("event", OWN_ACTS)
def test_each_action_on_ones_own_account_is_recorded(scene: Scene, event: EventType) -> None:
    who, act = OWN_ACTS[event]
    act(scene)
    written = next(one for one in scene.world.events if one.event is event)
    assert (written.actor, written.subject, written.source) == (who, who, HERE)
    assert (written.at, written.outcome) == (NOW + 30, Outcome.SUCCESS)


def test_events_say_what_changed(scene: Scene) -> None:
    ADMIN_ACTS[EventType.USER_UPDATE](scene.world)
    ADMIN_ACTS[EventType.SETTINGS_UPDATE](scene.world)
    ADMIN_ACTS[EventType.USER_REMOVE](scene.world)
    assert [event.reason for event in scene.world.events] == [
        "roles=connectware-admin,minimum-access enabled=False",
        "mfa=required",
        "",
    ]


@pytest.mark.parametrize("step", STEPS_OF_SIGN_IN)
def test_each_step_of_a_sign_in_is_recorded(scene: Scene, step: str) -> None:
    event, who, act = STEPS_OF_SIGN_IN[step]
    act(scene)
    written = next(one for one in scene.world.events if one.event is event)
    assert written.outcome is Outcome.SUCCESS
    assert (written.actor, written.subject, written.source) == (who, who, HERE)


@pytest.mark.parametrize("step", STEPS_OF_SIGN_IN)
def test_a_sign_in_step_that_cannot_be_saved_is_not_recorded(scene: Scene, step: str) -> None:
    """DESIGN 4.7: a full disk is noticed before the event is in the log."""
    event, _, act = STEPS_OF_SIGN_IN[step]
    scene.world.accounts.before_prepare = full_disk
    with pytest.raises(CannotCheck):
        act(scene)
    assert event not in scene.world.event_types()


def test_each_failure_is_recorded_with_its_kind_and_reason(scene: Scene) -> None:
    ports, now = scene.world.ports, scene.world.clock()
    with pytest.raises(SignInFailed):
        scene.world.begin("plain", "wrong")
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(ports, scene.asked(), scene.device.wrong_code(now))
    with pytest.raises(SignInFailed):
        sign_in.with_one_time_code(ports, scene.asked(), scene.device.code(now, -1))
    with pytest.raises(SignInFailed):
        sign_in.with_backup_code(ports, scene.asked(), "0" * 16)
    scene.world.settings(code_limit=1)
    with pytest.raises(SignInFailed):
        sign_in.with_backup_code(ports, scene.asked(), "0" * 16)
    with pytest.raises(Throttled):
        sign_in.with_backup_code(ports, scene.asked(), "0" * 16)
    failures = [event for event in scene.world.events if event.outcome is Outcome.FAILURE]
    assert [(event.event, event.reason) for event in failures] == [
        (EventType.SIGN_IN_PASSWORD, "wrong"),
        (EventType.SIGN_IN_CODE, "wrong"),
        (EventType.SIGN_IN_CODE, "already used, device=Phone"),
        (EventType.SIGN_IN_BACKUP_CODE, "wrong or already used"),
        (EventType.SIGN_IN_BACKUP_CODE, "wrong or already used"),
        (EventType.SIGN_IN_BACKUP_CODE, "throttled"),
    ]
    # The rest are correct passwords, one each time a code was asked for.
    others = [event for event in scene.world.events if event not in failures]
    assert {event.event for event in others} == {EventType.SIGN_IN_PASSWORD}


@pytest.mark.parametrize("act", ALL_ACTS)
def test_no_event_contains_a_secret(scene: Scene, act: str) -> None:
    """DESIGN 4.2: no secret in the audit log."""
    result = ALL_ACTS[act](scene)
    made: tuple[Secret, ...] = ()
    match result:
        case WithInitialPassword():
            made = (result.password,)
        case BackupCodesShown():
            made = result.codes
        case (_, tuple(codes)):
            made = codes
    secrets = [OLD, NEW, scene.device.totp_secret, scene.offer.totp_secret, *scene.device.codes]
    written = repr(scene.world.events)
    assert written != "[]"
    for secret in (*secrets, *made, Secret(scene.code())):
        assert secret.reveal() not in written
        assert secret.reveal().replace("-", "") not in written


@pytest.mark.parametrize("act", ALL_ACTS)
def test_an_action_that_cannot_be_recorded_does_not_happen(scene: Scene, act: str) -> None:
    """DESIGN 4.10: an action whose event cannot be written is refused and changes nothing."""
    world = scene.world
    before = world.accounts._committed
    records = {
        name: record.changed(password_attempts={}) for name, record in world.records.kept.items()
    }
    scene.asked()
    world.audit.events.clear()
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        ALL_ACTS[act](scene)
    assert world.accounts._committed == before
    for name, kept in records.items():
        after = world.records.get(name)
        assert after.last_sign_in == kept.last_sign_in
        assert after.known_sources == kept.known_sources
        assert last_step(after) >= last_step(kept)  # a code may have been used up
    assert world.events == []


LEAVE_THE_ACCOUNTS = {
    EventType.SIGN_IN,
    EventType.SIGN_OUT,
    EventType.SESSION_END,
    EventType.PROOF,
    EventType.USER_UNLOCK,
    EventType.SESSION_END_ASKED,
    EventType.KEY_ROTATE,  # the keyring is written first
}
WRITING_ACTS = [act for act in (*ADMIN_ACTS, *OWN_ACTS) if act not in LEAVE_THE_ACCOUNTS]


@pytest.mark.parametrize("act", WRITING_ACTS)
def test_a_change_that_cannot_be_saved_is_not_recorded(scene: Scene, act: EventType) -> None:
    """DESIGN 4.7: a full disk is noticed before the event is in the log."""
    scene.world.accounts.before_prepare = full_disk
    with pytest.raises(CannotCheck):
        ALL_ACTS[act](scene)
    assert act not in {event.event for event in scene.world.events}


WRONG: dict[str, Callable[[Scene, CodeNeeded], object]] = {
    "password": lambda s, _: s.world.begin("plain", "wrong"),
    "one-time code": lambda s, asked: sign_in.with_one_time_code(
        s.world.ports, asked, s.device.wrong_code(s.world.clock())
    ),
    "backup code": lambda s, asked: sign_in.with_backup_code(s.world.ports, asked, "0" * 16),
}


@pytest.mark.parametrize("factor", WRONG)
def test_a_failure_that_cannot_be_recorded_lets_nobody_in(scene: Scene, factor: str) -> None:
    """DESIGN 4.10."""
    asked = scene.asked()
    scene.world.audit.fails = True
    with pytest.raises(CannotCheck):
        WRONG[factor](scene, asked)


def test_creating_the_first_admin_is_recorded(world: World) -> None:
    first_admin.create(world.ports, "ada", NEW, NEW, OPERATOR)
    [event] = world.events
    assert (event.event, event.subject) == (EventType.USER_CREATE, "ada")
    assert event.reason == "first admin: roles=connectware-admin"


def test_the_first_admin_is_not_created_without_an_event(world: World) -> None:
    """DESIGN 4.10."""
    world.audit.fails = True
    with pytest.raises(CannotCheck):
        first_admin.create(world.ports, "ada", NEW, NEW, OPERATOR)
    assert world.accounts.is_empty()


def test_the_first_admin_is_not_recorded_when_the_disk_is_full(world: World) -> None:
    """DESIGN 4.7."""
    world.accounts.before_prepare = full_disk
    with pytest.raises(CannotCheck):
        first_admin.create(world.ports, "ada", NEW, NEW, OPERATOR)
    assert world.events == []


def test_unknown_usernames_are_left_out_of_events(world: World) -> None:
    """People type passwords into the wrong field."""
    with pytest.raises(SignInFailed):
        sign_in.with_password(world.ports, "hunter2", Secret("whatever"), HERE)
    [event] = world.events
    assert (event.actor, event.subject) == ("(no such account)", "(no such account)")
    assert event.source == HERE
    assert "hunter2" not in repr(event)
