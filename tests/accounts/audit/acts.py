"""Every action that is recorded, and a world in which each is possible."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from cwtui.accounts import (
    administration,
    custom_roles,
    enrolment,
    open_sessions,
    organization,
    own_devices,
    recovery,
    roles,
    self_service,
    session,
    sign_in,
    sign_in_enrolment,
    sign_in_new_password,
    unlocking,
    user_mfa,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import TO_EVERYTHING
from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.sign_in_states import (
    BackupCodesShown,
    BackupCodesUnacknowledged,
    CodeNeeded,
    EnrolmentNeeded,
    NewPasswordNeeded,
)
from cwtui.accounts.updates import Update
from cwtui.accounts.upkeep import key_rotation as keys
from tests.accounts.world import NOW, OPERATOR, PASSWORD, Device, World

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
    waiting: CodeNeeded
    unsaved: BackupCodesUnacknowledged
    shown: BackupCodesShown
    old_phone: str

    def code(self) -> str:
        return self.device.code(self.world.clock())

    def asked(self) -> CodeNeeded:
        return self.world.asked_for_code("equipped")


def scene_of(world: World) -> Scene:
    world.add_admin("ada", enabled=False)
    world.add("plain")
    world.add("equipped")
    world.add("unsaved")
    world.add("locked")
    world.settings(custom_roles={"auditor": (Permission.READ_AUDIT_LOG,)})
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


def unsaved_in_sign_in(world: World) -> BackupCodesUnacknowledged:
    device = world.equip("unsaved", acknowledged=False)
    code = device.code(world.clock())
    state = sign_in.with_one_time_code(world.ports, world.asked_for_code("unsaved"), code)
    assert isinstance(state, BackupCodesUnacknowledged)
    return state


def registered_in_sign_in(world: World, username: str) -> BackupCodesShown:
    state = world.begin(username)
    assert isinstance(state, EnrolmentNeeded)
    code = Device(state.enrolment.totp_secret, ()).code(world.clock())
    return sign_in_enrolment.register_device(world.ports, state, code)


def new_password_in_sign_in(scene: Scene) -> object:
    state = scene.world.begin("initial")
    assert isinstance(state, NewPasswordNeeded)
    return sign_in_new_password.choose(scene.world.ports, state, NEW, NEW)


def register(scene: Scene) -> object:
    code = Device(scene.offer.totp_secret, ()).code(scene.world.clock())
    return self_service.register_device(scene.world.ports, scene.plain, scene.offer, code)


def add(scene: Scene, name: str, replaces: str | None = None) -> object:
    account = scene.world.account("equipped")
    offer = enrolment.begin_another(scene.world.ports, account, name, replaces)
    code = Device(offer.totp_secret, ()).code(scene.world.clock())
    return own_devices.register(scene.world.ports, scene.equipped, offer, code)


def end_other(scene: Scene) -> object:
    other = replace(scene.plain, id="0123456789ab")
    open_sessions.begin(scene.world.ports, other, Process("cwtui", "host", 1))
    return open_sessions.end_own(scene.world.ports, scene.plain, other.id)


def retire_unused_key(world: World) -> object:
    world.keyring.made = {"k0": 0.0} | world.keyring.made
    return keys.retire(world.ports, OPERATOR)


ADMIN_ACTS: dict[EventType, Callable[[World], object]] = {
    EventType.USER_CREATE: lambda w: administration.create_user(
        w.ports, OPERATOR, NewAccount("new")
    ),
    EventType.USER_UPDATE: lambda w: administration.update_user(
        w.ports,
        OPERATOR,
        "plain",
        Update(enabled=False, roles=(roles.ADMIN, roles.MINIMUM)),
        agreed=TO_EVERYTHING,
    ),
    EventType.USER_RESET_PASSWORD: lambda w: administration.reset_password(
        w.ports, OPERATOR, "plain"
    ),
    EventType.USER_RESET_MFA: lambda w: user_mfa.disable_mfa(w.ports, OPERATOR, "equipped"),
    EventType.USER_REMOVE: lambda w: administration.remove_user(w.ports, OPERATOR, "plain"),
    EventType.USER_UNLOCK: lambda w: unlocking.unlock(w.ports, OPERATOR, "locked"),
    EventType.USER_RECOVER: lambda w: recovery.recover_admin(w.ports, OPERATOR, "plain"),
    EventType.ROLE_CREATE: lambda w: custom_roles.create_role(
        w.ports, OPERATOR, "help-desk", ["reset-mfa"]
    ),
    EventType.ROLE_UPDATE: lambda w: custom_roles.update_role(
        w.ports, OPERATOR, "auditor", ["read-users"]
    ),
    EventType.ROLE_REMOVE: lambda w: custom_roles.remove_role(w.ports, OPERATOR, "auditor"),
    EventType.SETTINGS_UPDATE: lambda w: organization.update_settings(
        w.ports, OPERATOR, {"mfa": "required"}, TO_EVERYTHING
    ),
    EventType.SESSION_END_EVERYWHERE: lambda w: open_sessions.sign_out_user(
        w.ports, OPERATOR, "plain"
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
    EventType.SESSION_END_ASKED: ("plain", end_other),
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


def _in_world(act: Callable[[World], object], scene: Scene) -> object:
    return act(scene.world)


ALL_ACTS: dict[str, Callable[[Scene], object]] = {
    **{str(event): act for event, (_, act) in OWN_ACTS.items()},
    **{str(event): partial(_in_world, act) for event, act in ADMIN_ACTS.items()},
    **{f"{step} in a sign-in": act for step, (_, _, act) in STEPS_OF_SIGN_IN.items()},
}
