"""Every public action of an account or an admin, by name, and a world in which each is possible."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from cwtui.accounts import (
    administration,
    custom_roles,
    enrolment,
    exporting,
    open_sessions,
    organization,
    own_devices,
    own_ssh_keys,
    self_service,
    synchronising,
    unlocking,
    user_list,
    user_mfa,
    user_ssh_keys,
)
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.event_words import EVERYTHING
from cwtui.accounts.audit.lines import START
from cwtui.accounts.bulk import batches
from cwtui.accounts.bulk.acts import Act as BulkAct
from cwtui.accounts.bulk.acts import (
    AddRole,
    Change,
    DisableMfa,
    Remove,
    RemoveRole,
    ResetPassword,
    Unlock,
)
from cwtui.accounts.bulk.batches import Outcome
from cwtui.accounts.bulk.plans import plan
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import TO_EVERYTHING, NotPermitted
from cwtui.accounts.importing import adding, creating, planning
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.places import Place
from cwtui.accounts.listing import EVERYONE
from cwtui.accounts.model import Attempts, OpenSession
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.roles import ALL, MINIMUM, Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.updates import Update
from cwtui.accounts.user_list import UserSearch
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.ssh_lines import ED25519, ED25519_2, SK_ED25519
from tests.accounts.world import OPERATOR, PASSWORD, Device, World

BOBS_SESSION: Final = "0b0b0b0b0b0b"
ALICES_SESSION: Final = "0a0a0a0a0a0a"
BOB = Selection(frozenset({"bob"}))
ALICE = Selection(frozenset({"alice"}))
REQUIRE = Change(Update(mfa_required=True))
NEW = Secret("Another.9-Havel")
OLD = Secret(PASSWORD)


@dataclass
class Scene:
    """An admin with a device and a user without one, both signed in."""

    world: World
    admin: Session
    user: Session
    device: Device
    offer: Enrolment
    second: Enrolment
    old_phone: str
    laptop: str

    def code(self) -> str:
        return self.device.code(self.world.clock())


def scene_of(world: World) -> Scene:
    world.add_admin("ada")
    world.add_admin("root")
    world.add("bob")
    world.equip("bob")
    world.equip_too("Tablet", "bob")
    user_ssh_keys.add(world.ports, OPERATOR, "bob", SK_ED25519, "laptop")
    wrong = {"": Attempts(9, world.clock(), world.clock() + 300)}
    world.records.update("bob", lambda record: (record.changed(code_attempts=wrong), None))
    world.add("alice")
    for name, id_ in (("bob", BOBS_SESSION), ("alice", ALICES_SESSION)):
        world.sessions.begin(
            OpenSession(
                id=id_,
                username=name,
                source="console",
                door="cwtui",
                host="plant-7",
                pid=1,
                started_at=world.clock(),
                active_at=world.clock(),
            )
        )
    laptop = user_ssh_keys.add(world.ports, OPERATOR, "alice", ED25519_2, "laptop")
    device = world.equip("ada")
    world.equip_too("Old", "ada")
    old = world.account("ada").second_factor
    assert old is not None
    admin, user = world.session("ada", device), world.session("alice")
    world.settings(custom_roles={"auditor": (Permission.READ_AUDIT_LOG,), "team": ()})
    world.put(world.account("bob").changed(roles=(MINIMUM, "team")))
    offer = self_service.begin_enrolment(world.ports, user)
    second = enrolment.begin_another(world.ports, world.account("ada"), "Second")
    world.clock.forward(30)
    return Scene(world, admin, user, device, offer, second, old.devices[1].id, laptop.id)


def batch(scene: Scene, by: Session, act: BulkAct, whom: Selection) -> None:
    """Carry out a plan that somebody else has made, and raise what was refused."""
    report = batches.begin(scene.world.ports, by, plan(scene.world.ports, OPERATOR, act, whom))
    batches.carry_out(scene.world.ports, by, report, lambda *_: None)
    for result in report:
        if result.outcome is Outcome.REFUSED:
            raise NotPermitted(result.why)


def import_new(scene: Scene, by: Session) -> None:
    """Carry out a plan that somebody else has made."""
    entry = Entry(Place(1), "new", "new")
    made = planning.plan(scene.world.ports, OPERATOR, [entry])
    creating.create(scene.world.ports, by, made, lambda _: None, lambda *_: None, 1, TO_EVERYTHING)


def restore_role(scene: Scene, by: Session) -> None:
    with scene.world.ports.accounts.change() as change:
        custom_roles.restore(scene.world.ports, change, by, {"new": (Permission.READ_USERS,)})


def add_device(scene: Scene, by: Session) -> None:
    entry = Entry(Place(1), "bob", "bob", keys=(Secret("JBSWY3DPEHPK3PXP"),))
    codes = adding.codes_to_store(scene.world.ports, entry)
    with scene.world.ports.accounts.change() as change:
        adding.add(scene.world.ports, change, by, entry, codes)


def bobs() -> MemoryDirectory:
    """A directory that has someone named bob."""
    directory = MemoryDirectory()
    directory.add("bob", PASSWORD)
    return directory


Act = Callable[[Scene, Session], object]
READS: dict[str, Act] = {
    "first_page": lambda s, by: user_list.first_page(s.world.ports, by, EVERYONE, 10),
    "count_users": lambda s, by: user_list.count_users(s.world.ports, by),
    "list_users": lambda s, by: user_list.list_users(s.world.ports, by),
    "show_user": lambda s, by: administration.show_user(s.world.ports, by, "bob"),
    "find_users": lambda s, by: user_list.find_users(s.world.ports, by, "bo", 9, UserSearch()),
    "user_named": lambda s, by: user_list.user_named(s.world.ports, by, "bob"),
    "last_sign_ins": lambda s, by: user_list.last_sign_ins(s.world.ports, by, ["bob"]),
    "check_is_still_there": lambda s, by: administration.check_is_still_there(
        s.world.ports, by, s.world.account("bob")
    ),
    "check_new_username": lambda s, by: administration.check_new_username(s.world.ports, by, "new"),
    "show_settings": lambda s, by: organization.show_settings(s.world.ports, by),
    "grantable": lambda s, by: custom_roles.grantable(s.world.ports, by),
    "list_roles": lambda s, by: custom_roles.list_roles(s.world.ports, by),
    "show_role": lambda s, by: custom_roles.show_role(s.world.ports, by, "auditor"),
    "name_to_remove": lambda s, by: administration.name_to_remove(s.world.ports, by, "bob"),
    "export": lambda s, by: exporting.export(s.world.ports, by),
    "roles of an export": lambda s, by: exporting.custom_roles(s.world.ports, by),
}
AUDIT_READS: dict[str, Act] = {
    "oldest_first": lambda s, by: audit_reading.oldest_first(s.world.ports, by),
    "newest": lambda s, by: audit_reading.newest(s.world.ports, by, EVERYTHING),
    "newer": lambda s, by: audit_reading.newer(s.world.ports, by, EVERYTHING, START),
    "verify": lambda s, by: audit_reading.verify(s.world.ports, by),
}
CHANGES: dict[str, Act] = {
    "create_user": lambda s, by: administration.create_user(s.world.ports, by, NewAccount("new")),
    "update_user": lambda s, by: administration.update_user(
        s.world.ports, by, "bob", Update(mfa_required=True)
    ),
    "reset_password": lambda s, by: administration.reset_password(s.world.ports, by, "bob"),
    "disable_mfa": lambda s, by: user_mfa.disable_mfa(s.world.ports, by, "bob"),
    "remove_device": lambda s, by: user_mfa.remove_device(s.world.ports, by, "bob", "Tablet"),
    "remove_user": lambda s, by: administration.remove_user(s.world.ports, by, "alice"),
    "unlock": lambda s, by: unlocking.unlock(s.world.ports, by, "bob"),
    "create_role": lambda s, by: custom_roles.create_role(s.world.ports, by, "new", ALL),
    "update_role": lambda s, by: custom_roles.update_role(s.world.ports, by, "auditor", ALL),
    "remove_role": lambda s, by: custom_roles.remove_role(s.world.ports, by, "auditor"),
    "update_settings": lambda s, by: organization.update_settings(
        s.world.ports, by, {"mfa": "required"}, TO_EVERYTHING
    ),
}
OWN: dict[str, Act] = {
    "overview": lambda s, by: self_service.overview(s.world.ports, by),
    "password_rules": lambda s, by: self_service.password_rules(s.world.ports, by),
    "change_password": lambda s, by: self_service.change_password(s.world.ports, by, OLD, NEW, NEW),
    "prove": lambda s, by: self_service.prove(s.world.ports, by, OLD, None),
    "wait": lambda s, by: self_service.wait(s.world.ports, by, {"code_attempts": "code"}),
    "update_preferences": lambda s, by: self_service.update_preferences(
        s.world.ports, by, mouse=False
    ),
    "register_device": lambda s, by: self_service.register_device(
        s.world.ports, by, s.offer, Device(s.offer.totp_secret, ()).code(s.world.clock())
    ),
}
OWN_CHANGES: dict[str, Act] = {
    "begin_enrolment": lambda s, by: self_service.begin_enrolment(s.world.ports, by),
    "check_proof_before_code": lambda s, by: self_service.check_proof_before_code(
        s.world.ports, by
    ),
}
OWN_CHANGES_WITH_A_CODE: dict[str, Act] = {
    "disable_mfa": lambda s, by: self_service.disable_mfa(s.world.ports, by, s.code()),
    "regenerate_backup_codes": lambda s, by: self_service.regenerate_backup_codes(
        s.world.ports, by, s.code()
    ),
}
OWN_SESSIONS: dict[str, Act] = {
    "own sessions": lambda s, by: open_sessions.own(s.world.ports, by),
    "end_own": lambda s, by: open_sessions.end_own(s.world.ports, by, ALICES_SESSION),
    "sign_out_everywhere": lambda s, by: open_sessions.sign_out_everywhere(s.world.ports, by),
}
OWN_SSH_KEYS: dict[str, Act] = {
    "list own keys": lambda s, by: own_ssh_keys.listed(s.world.ports, by),
    "show own key": lambda s, by: own_ssh_keys.shown(s.world.ports, by, s.laptop),
    "check_can_add": lambda s, by: own_ssh_keys.check_can_add(s.world.ports, by),
    "add own key": lambda s, by: own_ssh_keys.add(s.world.ports, by, ED25519, "desk"),
    "rename own key": lambda s, by: own_ssh_keys.rename(s.world.ports, by, s.laptop, "old"),
    "remove own key": lambda s, by: own_ssh_keys.remove(s.world.ports, by, s.laptop),
}
OWN_DEVICE: dict[str, Act] = {
    "device": lambda s, by: self_service.device(s.world.ports, by, s.old_phone),
}
OWN_DEVICES: dict[str, Act] = {
    "begin": lambda s, by: own_devices.begin(s.world.ports, by, "Tablet", s.code()),
    "plan": lambda s, by: own_devices.plan(s.world.ports, by),
    "register": lambda s, by: own_devices.register(
        s.world.ports, by, s.second, Device(s.second.totp_secret, ()).code(s.world.clock())
    ),
    "remove": lambda s, by: own_devices.remove(s.world.ports, by, s.old_phone, s.code()),
    "rename": lambda s, by: own_devices.rename(s.world.ports, by, s.old_phone, "Old Phone"),
}
ACKNOWLEDGE: dict[str, Act] = {
    "acknowledge_backup_codes": lambda s, by: self_service.acknowledge_backup_codes(
        s.world.ports, by
    ),
}
SYNC: dict[str, Act] = {
    "sync": lambda s, by: synchronising.sync(s.world.ports, bobs(), by, lambda *_: None)
}
SSH_KEYS: dict[str, Act] = {
    "add": lambda s, by: user_ssh_keys.add(s.world.ports, by, "bob", ED25519),
    "remove": lambda s, by: user_ssh_keys.remove(s.world.ports, by, "bob", "laptop"),
}
SESSION_READS: dict[str, Act] = {
    "of_user": lambda s, by: open_sessions.of_user(s.world.ports, by, "bob"),
}
IMPORT_PLAN: dict[str, Act] = {
    "plan an import": lambda s, by: planning.plan(s.world.ports, by, []),
}
IMPORT: dict[str, Act] = {"import": import_new}
PARTS_OF_AN_IMPORT: dict[str, Act] = {
    "check before adding devices": lambda s, by: adding.check(s.world.ports, by, ["bob"]),
    "add a device": add_device,
    "restore a role": restore_role,
}
SESSIONS: dict[str, Act] = {
    "end_of_user": lambda s, by: open_sessions.end_of_user(s.world.ports, by, "bob", BOBS_SESSION),
    "sign_out_user": lambda s, by: open_sessions.sign_out_user(s.world.ports, by, "bob"),
}
BULK_PLANS: dict[str, Act] = {
    "plan to require MFA": lambda s, by: plan(s.world.ports, by, REQUIRE, BOB),
    "plan to disable MFA": lambda s, by: plan(s.world.ports, by, DisableMfa(), BOB),
    "plan to unlock": lambda s, by: plan(s.world.ports, by, Unlock(), BOB),
}
MANY: Final[dict[str, tuple[BulkAct, Selection]]] = {
    "require MFA": (REQUIRE, BOB),
    "disable MFA": (DisableMfa(), BOB),
    "add a role": (AddRole("team"), ALICE),
    "take a role": (RemoveRole("team"), BOB),
    "reset many passwords": (ResetPassword(), BOB),
    "remove many": (Remove(), ALICE),
    "unlock many": (Unlock(), BOB),
}
BULK: dict[str, Act] = {
    name: partial(batch, act=act, whom=whom) for name, (act, whom) in MANY.items()
}
CHANGES_OF_ADMINS = CHANGES | SYNC | SSH_KEYS | SESSIONS | IMPORT | BULK
OF_ADMINS = (
    READS
    | AUDIT_READS
    | SESSION_READS
    | IMPORT_PLAN
    | PARTS_OF_AN_IMPORT
    | BULK_PLANS
    | CHANGES_OF_ADMINS
)
OF_ADA = OF_ADMINS | {
    f"own {name}": act for name, act in (OWN_CHANGES_WITH_A_CODE | OWN_DEVICES).items()
}
OF_ALICE = OWN | OWN_CHANGES | OWN_SESSIONS | OWN_SSH_KEYS


class Allowed(NamedTuple):
    """What people read that they may do, the actions that do it, and who may: any of these."""

    what: str
    acts: tuple[str, ...]
    by: tuple[Permission, ...]


ALLOWED: Final = (
    Allowed(
        "list all accounts",
        (
            *("first_page", "count_users", "list_users", "find_users", "user_named"),
            *("last_sign_ins", "export", "roles of an export"),
        ),
        (Permission.READ_USERS,),
    ),
    Allowed("open their pages", ("show_user", "check_is_still_there"), (Permission.READ_USERS,)),
    Allowed("see their sessions", ("of_user",), (Permission.READ_USERS,)),
    Allowed(
        "create and import accounts",
        ("check_new_username", "grantable", "create_user", "plan an import", "import"),
        (Permission.MANAGE_USERS,),
    ),
    Allowed(
        "change, disable and enable them",
        ("update_user", "plan to require MFA", "require MFA", "add a role", "take a role", "sync"),
        (Permission.MANAGE_USERS,),
    ),
    Allowed(
        "reset passwords", ("reset_password", "reset many passwords"), (Permission.MANAGE_USERS,)
    ),
    Allowed("remove SSH keys", tuple(SSH_KEYS), (Permission.MANAGE_USERS,)),
    Allowed("end sessions", tuple(SESSIONS), (Permission.MANAGE_USERS,)),
    Allowed(
        "remove accounts",
        ("name_to_remove", "remove_user", "remove many"),
        (Permission.MANAGE_USERS,),
    ),
    Allowed(
        "disable the MFA of others",
        ("disable_mfa", "plan to disable MFA", "disable MFA"),
        (Permission.RESET_MFA,),
    ),
    Allowed("remove their devices", ("remove_device",), (Permission.RESET_MFA,)),
    Allowed(
        "import devices for them",
        ("check before adding devices", "add a device"),
        (Permission.RESET_MFA,),
    ),
    # The same action, on other attempts: see test_a_help_desk_cannot_clear_guessed_passwords.
    Allowed("unlock passwords", (), (Permission.MANAGE_USERS,)),
    Allowed(
        "unlock codes",
        ("unlock", "plan to unlock", "unlock many"),
        (Permission.MANAGE_USERS, Permission.RESET_MFA),
    ),
    Allowed("see all roles", ("list_roles", "show_role"), (Permission.MANAGE_ROLES,)),
    Allowed(
        "create, change and remove roles",
        ("create_role", "update_role", "remove_role", "restore a role"),
        (Permission.MANAGE_ROLES,),
    ),
    Allowed(
        "see and change the organization settings",
        ("show_settings", "update_settings"),
        (Permission.MANAGE_ORGANIZATION,),
    ),
    Allowed("read and verify the audit log", tuple(AUDIT_READS), (Permission.READ_AUDIT_LOG,)),
)
"""The matrix: who may do which action of admins. The table in `cwtui help admin` is made of it."""
NEEDED = {act: allowed.by for allowed in ALLOWED for act in allowed.acts}
"""The permissions of which each action of admins needs one."""


def state(world: World) -> object:
    """Return the accounts, to be compared."""
    return world.accounts._committed
