"""The stores that scenes start with, with accounts in every state worth a picture."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import roles, throttle
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.expiry import end_of
from cwtui.accounts.model import (
    Attempts,
    DeviceUse,
    EndAsked,
    OpenSession,
    Origin,
    SignInRecord,
    SshKey,
)
from cwtui.accounts.roles import Permission
from cwtui.accounts.settings import Mfa
from tests.accounts.ssh_lines import ED25519, RSA_3072, SK_ECDSA
from tests.accounts.world import HERE, NOW, Device, World

ADMIN: Final = "admin"


LONG_NAME: Final = "carol.longername@plant-7.example.com"


INITIAL: Final = "2V6F-0Q9K-7T3M-XH5R"


HOUR: Final = 3600.0


@dataclass
class Plant:
    """The accounts of a small plant and their owners' devices."""

    world: World
    devices: dict[str, Device]

    def code(self, username: str) -> str:
        """The next code after the last one used."""
        self.world.clock.forward(30)
        return self.devices[username].code(self.world.clock())

    def wrong_code(self, username: str) -> str:
        return self.devices[username].wrong_code(self.world.clock())


def plant(seed: int = 1) -> Plant:
    """An admin, and users in every state that the list can show."""
    world = World(seed=seed)
    world.settings(issuer="Connectware (plant-7)")
    world.add(ADMIN, roles=(roles.ADMIN,), display_name="Ada Minister")
    world.add("alice", display_name="Alice Ångström")
    world.add("bob", roles=(roles.ADMIN, roles.MINIMUM))
    world.add(LONG_NAME, mfa_required=True)
    world.add("dave", enabled=False)
    world.put(world.add("erin").changed(origin=Origin.LDAP, password=None))
    world.add("frank", password=INITIAL, must_change_password=True, mfa_required=True)
    devices = {
        "alice": world.equip("alice"),
        "bob": world.equip("bob", acknowledged=False),
    }
    for name, hours in (("alice", 3.0), ("bob", 49.0), (ADMIN, 0.2), ("dave", 9000.0)):
        world.records.kept[name] = SignInRecord(
            last_sign_in=NOW - hours * HOUR, known_sources=(HERE,)
        )
    return Plant(world, devices)


def empty() -> Plant:
    """A store without accounts."""
    return Plant(World(), {})


_EVENTS: Final = (
    # Hours ago, event, actor, subject, source, reason of a failure (after !) or of a success.
    (400.0, EventType.USER_CREATE, "operator:root", ADMIN, "command line", "first admin"),
    (76.5, EventType.SETTINGS_UPDATE, ADMIN, "", HERE, "mfa=optional"),
    (75.2, EventType.USER_CREATE, ADMIN, LONG_NAME, HERE, ""),
    (75.1, EventType.USER_UPDATE, ADMIN, LONG_NAME, HERE, "mfa_required=True"),
    (49.0, EventType.SIGN_IN, "bob", "bob", "10.0.0.17", ""),
    (48.9, EventType.BACKUP_CODES_REGENERATE, "bob", "bob", "10.0.0.17", ""),
    (27.3, EventType.SIGN_IN_PASSWORD, "dave", "dave", "198.51.100.7", "!wrong"),
    (27.2, EventType.SIGN_IN_PASSWORD, "dave", "dave", "198.51.100.7", "!throttled"),
    (26.8, EventType.USER_UPDATE, ADMIN, "dave", HERE, "enabled=False"),
    (3.1, EventType.SIGN_IN_CODE, "alice", "alice", "10.0.0.23", "!wrong"),
    (3.0, EventType.SIGN_IN, "alice", "alice", "10.0.0.23", ""),
    (2.5, EventType.SESSION_END, "alice", "alice", "10.0.0.23", "idle"),
    (0.4, EventType.USER_RESET_PASSWORD, "operator:root", "frank", "command line", ""),
)


def audited_plant() -> Plant:
    """A plant with some days of audit log and a line cut short by a power failure."""
    there = plant()
    for hours, event, actor, subject, source, reason in _EVENTS:
        there.world.audit.append(
            Event(
                at=NOW - hours * HOUR,
                event=event,
                actor=actor,
                subject=subject,
                source=source,
                outcome=Outcome.FAILURE if reason.startswith("!") else Outcome.SUCCESS,
                reason=reason.removeprefix("!"),
            )
        )
        if event is EventType.SIGN_IN_CODE:
            there.world.audit.contents.append(b'{"n":11,"previous":"5d3')
    return there


def few_codes_plant() -> Plant:
    return with_few_codes(plant())


def with_few_codes(there: Plant) -> Plant:
    account = there.world.account("alice")
    factor = account.second_factor
    assert factor is not None
    left = replace(factor.backup_codes, hashes=factor.backup_codes.hashes[:3])
    there.world.put(account.changed(second_factor=replace(factor, backup_codes=left)))
    return there


def devices_plant() -> Plant:
    """alice has as many devices as an account can have."""
    there = plant()
    world, uses = there.world, {}
    for days, name in enumerate(
        ("Work tablet", "Laptop in the control room of L3", "Spare", "Tresor (Büro)")
    ):
        world.clock.at = NOW - 60 * 24 * HOUR + days * 240 * HOUR
        there.devices[name] = world.equip_too(name)
    world.clock.at = NOW
    account = world.account("alice")
    factor = account.second_factor
    assert factor is not None
    first = replace(factor.devices[0], registered_at=NOW - 65 * 24 * HOUR)
    factor = replace(factor, devices=(first, *factor.devices[1:]))
    world.put(account.changed(second_factor=factor))
    for hours, device in zip((3.0, 50.0, 0.5, 800.0), factor.devices, strict=False):
        uses[device.id] = DeviceUse(last_used_at=NOW - hours * HOUR)
    tablet = factor.devices[1].id
    uses[tablet] = replace(uses[tablet], drift=1)
    world.records.kept["alice"] = world.records.get("alice").changed(devices=uses)
    return there


def keys_plant() -> Plant:
    """alice has several SSH keys."""
    there = plant()
    kept = tuple(
        SshKey(
            f"{number:08x}", name, b64decode(line.split()[1]), NOW - (40 - 9 * number) * 24 * HOUR
        )
        for number, (name, line) in enumerate(
            (
                ("alice@laptop", ED25519),
                ("Laptop in the control room of L3", SK_ECDSA),
                ("Tresor (Büro)", RSA_3072),
            )
        )
    )
    there.world.put(there.world.account("alice").changed(ssh_keys=kept))
    return there


def sessions_plant() -> Plant:
    """alice is signed in at several places."""
    there = plant()
    for number, (source, door, hours) in enumerate(
        (
            ("203.0.113.7", "cwtui", 30),
            ("2001:db8:17::a1b2:c3d4:e5f6:7", "kiosk", 5),
            ("console", "cwtui", 1),
        )
    ):
        there.world.sessions.begin(
            OpenSession(
                id=f"{number + 1:012x}",
                username="alice",
                source=source,
                door=door,
                host="plant-7" if number else "jump-1",
                pid=1000 + number,
                started_at=NOW - hours * HOUR,
                active_at=NOW - number * number * HOUR / 4,
            )
        )
    there.world.sessions.ask_to_end([f"{3:012x}"], EndAsked(ADMIN, HERE))
    return there


def roles_plant() -> Plant:
    """There are custom roles, and alice and bob have some of them."""
    there = plant()
    desk = (Permission.READ_USERS, Permission.MANAGE_USERS, Permission.RESET_MFA)
    there.world.settings(
        custom_roles={"help-desk": desk, "reader-of-the-audit-log": (Permission.READ_AUDIT_LOG,)}
    )
    for name in ("alice", "bob"):
        account = there.world.account(name)
        there.world.put(account.changed(roles=tuple(sorted({*account.roles, "help-desk"}))))
    return there


def devices_few_codes_plant() -> Plant:
    return with_few_codes(devices_plant())


def required_plant() -> Plant:
    there = plant()
    there.world.put(there.world.account("alice").changed(mfa_required=True))
    return there


def off_plant() -> Plant:
    there = plant()
    there.world.settings(mfa=Mfa.OFF)
    return there


def locked_plant() -> Plant:
    there = plant()
    record = there.world.records.get("alice")
    tries = {
        throttle.STRANGERS: Attempts(20, NOW - HOUR, NOW + 3 * HOUR),
        HERE: Attempts(2, NOW - 60),
    }
    there.world.records.kept["alice"] = record.changed(password_attempts=tries)
    return there


def help_desk_plant() -> Plant:
    """dora may reset MFA, and nothing else. alice is locked."""
    there = locked_plant()
    there.world.settings(custom_roles={"help-desk": (Permission.READ_USERS, Permission.RESET_MFA)})
    there.world.add("dora", roles=("help-desk",))
    return there


def expired_plant() -> Plant:
    """The last day of alice was yesterday."""
    there = plant()
    expires_at = end_of("2027-01-14")
    there.world.put(there.world.account("alice").changed(expires_at=expires_at))
    return there


def unused_plant() -> Plant:
    """Accounts are disabled after 90 days without a sign-in, and dave was not here for longer."""
    there = plant()
    there.world.settings(unused_days=90)
    long_ago = NOW - 9600 * HOUR
    there.world.put(there.world.account("dave").changed(enabled=True, created_at=long_ago))
    return there


def gone_plant() -> Plant:
    """The directory no longer has erin, but now has its own bob."""
    there = plant()
    there.world.put(there.world.account("erin").changed(gone_since=NOW - 50 * HOUR))
    there.world.put(there.world.account("bob").changed(in_directory_too=True))
    return there


def write_events(there: Plant, *subjects: str) -> None:
    """Record an event about each of these."""
    for subject in subjects:
        there.world.audit.append(
            Event(
                at=there.world.clock(),
                event=EventType.USER_UNLOCK,
                actor=ADMIN,
                subject=subject,
                source=HERE,
                outcome=Outcome.SUCCESS,
            )
        )
