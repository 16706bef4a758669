"""Each action writes an audit event without secrets; without the event it does not happen."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from cwtui.accounts import (
    administration,
    enrolment,
    first_admin,
    organization,
    own_devices,
    recovery,
    roles,
    self_service,
    session,
    sign_in,
    sign_in_enrolment,
    user_mfa,
)
from cwtui.accounts.audit.events import EventType, Outcome
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import TO_EVERYTHING, CannotCheck, SignInFailed, Throttled
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.upkeep import key_rotation as keys
from tests.accounts.steps import last_step
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Device, World

NEW = Secret("Another.9-Havel")
OLD = Secret(PASSWORD)


@dataclass
class Scene:
    """A world in which each action below is possible once."""

    world: World
    plain: Session
    equipped: Session
    device: Device
    offer: Enrolment
    waiting: sign_in.CodeNeeded
    unsaved: sign_in.BackupCodesUnacknowledged
    shown: sign_in.BackupCodesShown
    old_phone: str

    def code(self) -> str:
        return self.device.code(self.world.clock())

    def asked(self) -> sign_in.CodeNeeded:
        return self.world.asked_for_code("equipped")


@pytest.fixture
def scene(world: World) -> Scene:
    world.add_admin("ada", enabled=False)
    world.add("plain")
    world.add("equipped")
    world.add("unsaved")
    world.add("locked")
    world.records.kept["locked"] = SignInRecord(password_attempts={"": Attempts(5, NOW)})
    world.add("forced", mfa_required=True)
    world.add("enrolled", mfa_required=True)
    world.add("initial", must_change_password=True)
    device = world.equip("equipped")
    world.equip_too("Old", "equipped")
    old = world.account("equipped").second_factor
    assert old is not None
    plain, equipped = world.session("plain"), world.session("equipped", device)
    world.clock.forward(30)
    offer = self_service.begin_enrolment(world.ports, plain)
    waiting = world.asked_for_code("equipped")
    unsaved, shown = unsaved_in_sign_in(world), registered_in_sign_in(world, "enrolled")
    world.audit.events.clear()
    return Scene(world, plain, equipped, device, offer, waiting, unsaved, shown, old.devices[1].id)


def unsaved_in_sign_in(world: World) -> sign_in.BackupCodesUnacknowledged:
    device = world.equip("unsaved", acknowledged=False)
    code = device.code(world.clock())
    state = sign_in.with_one_time_code(world.ports, world.asked_for_code("unsaved"), code)
    assert isinstance(state, sign_in.BackupCodesUnacknowledged)
    return state


def registered_in_sign_in(world: World, username: str) -> sign_in.BackupCodesShown:
    state = world.begin(username)
    assert isinstance(state, sign_in.EnrolmentNeeded)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    return sign_in_enrolment.register_device(world.ports, state, code)


def new_password_in_sign_in(scene: Scene) -> object:
    state = scene.world.begin("initial")
    assert isinstance(state, sign_in.NewPasswordNeeded)
    return sign_in.with_new_password(scene.world.ports, state, NEW, NEW)


def full_disk() -> None:
    raise CannotCheck("no space left")


def register(scene: Scene) -> object:
    code = Device(scene.offer.totp_secret, ()).code(scene.world.clock())
    return self_service.register_device(scene.world.ports, scene.plain, scene.offer, code)


def add(scene: Scene, name: str, replaces: str | None = None) -> object:
    account = scene.world.account("equipped")
    offer = enrolment.begin_another(scene.world.ports, account, name, replaces)
    code = Device(offer.totp_secret, ()).code(scene.world.clock())
    return own_devices.register(scene.world.ports, scene.equipped, offer, code)


def retire_unused_key(world: World) -> object:
    world.keyring.made = {"k0": 0.0} | world.keyring.made
    return keys.retire(world.ports, OPERATOR)


ADMIN_ACTS: dict[EventType, Callable[[World], object]] = {
    EventType.USER_CREATE: lambda w: administration.create_user(w.ports, OPERATOR, "new"),
    EventType.USER_UPDATE: lambda w: administration.update_user(
        w.ports,
        OPERATOR,
        "plain",
        enabled=False,
        chosen_roles=[roles.ADMIN, roles.MINIMUM],
        agreed=TO_EVERYTHING,
    ),
    EventType.USER_RESET_PASSWORD: lambda w: administration.reset_password(
        w.ports, OPERATOR, "plain"
    ),
    EventType.USER_RESET_MFA: lambda w: user_mfa.disable_mfa(w.ports, OPERATOR, "equipped"),
    EventType.USER_REMOVE: lambda w: administration.remove_user(w.ports, OPERATOR, "plain"),
    EventType.USER_UNLOCK: lambda w: administration.unlock(w.ports, OPERATOR, "locked"),
    EventType.USER_RECOVER: lambda w: recovery.recover_admin(w.ports, OPERATOR, "plain"),
    EventType.SETTINGS_UPDATE: lambda w: organization.update_settings(
        w.ports, OPERATOR, {"mfa": "required"}, TO_EVERYTHING
    ),
    EventType.KEY_ROTATE: lambda w: keys.rotate(w.ports, OPERATOR, lambda *_: None),
    EventType.KEY_RETIRE: retire_unused_key,
}

OWN_ACTS: dict[EventType, tuple[str, Callable[[Scene], object]]] = {
    EventType.SIGN_IN: ("plain", lambda s: s.world.begin("plain")),
    EventType.SIGN_OUT: ("plain", lambda s: session.sign_out(s.world.ports, s.plain)),
    EventType.SESSION_END: (
        "plain",
        lambda s: session.sign_out(s.world.ports, s.plain, "idle"),
    ),
    EventType.PASSWORD_CHANGE: (
        "plain",
        lambda s: self_service.change_password(s.world.ports, s.plain, OLD, NEW, NEW),
    ),
    EventType.PROOF: (
        "equipped",
        lambda s: self_service.prove(s.world.ports, s.equipped, OLD, s.code()),
    ),
    EventType.MFA_ENABLE: ("plain", register),
    EventType.DEVICE_ADD: ("equipped", lambda s: add(s, "Tablet")),
    EventType.DEVICE_REPLACE: ("equipped", lambda s: add(s, "New", s.old_phone)),
    EventType.DEVICE_RENAME: (
        "equipped",
        lambda s: own_devices.rename(s.world.ports, s.equipped, s.old_phone, "Tablet"),
    ),
    EventType.DEVICE_REMOVE: (
        "equipped",
        lambda s: own_devices.remove(s.world.ports, s.equipped, s.old_phone, s.code()),
    ),
    EventType.MFA_DISABLE: (
        "equipped",
        lambda s: self_service.disable_mfa(s.world.ports, s.equipped, s.code()),
    ),
    EventType.BACKUP_CODES_REGENERATE: (
        "equipped",
        lambda s: self_service.regenerate_backup_codes(s.world.ports, s.equipped, s.code()),
    ),
    EventType.BACKUP_CODES_ACKNOWLEDGE: (
        "equipped",
        lambda s: self_service.acknowledge_backup_codes(s.world.ports, s.equipped),
    ),
    EventType.SIGN_IN_BACKUP_CODE: (
        "equipped",
        lambda s: sign_in.with_backup_code(s.world.ports, s.waiting, s.device.codes[0].reveal()),
    ),
}

STEPS_OF_SIGN_IN: dict[str, tuple[EventType, str, Callable[[Scene], object]]] = {
    "registration": (
        EventType.MFA_ENABLE,
        "forced",
        lambda s: registered_in_sign_in(s.world, "forced"),
    ),
    "saved backup codes": (
        EventType.BACKUP_CODES_ACKNOWLEDGE,
        "enrolled",
        lambda s: sign_in_enrolment.acknowledge_backup_codes(s.world.ports, s.shown),
    ),
    "kept backup codes": (
        EventType.BACKUP_CODES_ACKNOWLEDGE,
        "unsaved",
        lambda s: sign_in_enrolment.keep_backup_codes(s.world.ports, s.unsaved),
    ),
    "new backup codes": (
        EventType.BACKUP_CODES_REGENERATE,
        "unsaved",
        lambda s: sign_in_enrolment.make_new_backup_codes(s.world.ports, s.unsaved),
    ),
    "new password": (EventType.PASSWORD_CHANGE, "initial", new_password_in_sign_in),
}

FAILURES = {EventType.SIGN_IN_PASSWORD, EventType.SIGN_IN_CODE}
OF_THE_DIRECTORY = {EventType.USER_RENAME}  # tests/accounts/test_renaming.py
OF_THE_STORE = {EventType.STORE_BACKUP, EventType.STORE_RESTORE}  # tests/maintenance
# tests/service/test_doors.py and tests/accounts/test_host_sign_in.py
AT_A_DOOR = {
    EventType.SIGN_IN_HOST,
    EventType.HOST_RECENT_PROOF,
    EventType.HOST_OPEN,
    EventType.HOST_CLOSE,
}
OF_SSH_KEYS = {  # tests/accounts/test_ssh_key_changes.py
    EventType.SSH_KEY_ADD,
    EventType.SSH_KEY_RENAME,
    EventType.SSH_KEY_REMOVE,
}


def test_every_event_type_is_tested_here() -> None:
    elsewhere = OF_THE_DIRECTORY | OF_THE_STORE | AT_A_DOOR | OF_SSH_KEYS
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


def _in_world(act: Callable[[World], object], scene: Scene) -> object:
    return act(scene.world)


ALL_ACTS: dict[str, Callable[[Scene], object]] = {
    **{str(event): act for event, (_, act) in OWN_ACTS.items()},
    **{str(event): partial(_in_world, act) for event, act in ADMIN_ACTS.items()},
    **{f"{step} in a sign-in": act for step, (_, _, act) in STEPS_OF_SIGN_IN.items()},
}


@pytest.mark.parametrize("act", ALL_ACTS)
def test_no_event_contains_a_secret(scene: Scene, act: str) -> None:
    """DESIGN 4.2: no secret in the audit log."""
    result = ALL_ACTS[act](scene)
    made: tuple[Secret, ...] = ()
    match result:
        case administration.WithInitialPassword():
            made = (result.password,)
        case sign_in.BackupCodesShown():
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


WRONG: dict[str, Callable[[Scene, sign_in.CodeNeeded], object]] = {
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
