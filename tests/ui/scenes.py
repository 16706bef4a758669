"""Every screen in every state worth a picture: how one gets there, by the keys a person presses.

The goldens and the pictures in screenshots/ are made of these, and each of them is checked for what
holds everywhere.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import roles, throttle
from cwtui.accounts.audit import Event, EventType, Outcome
from cwtui.accounts.model import (
    Attempts,
    Ending,
    FailedSignIns,
    KnewPassword,
    Origin,
    SignInRecord,
)
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.accounts.settings import Mfa
from cwtui.ui import flow, theme
from cwtui.ui.screens.create_user import CreateUserPage
from cwtui.ui.screens.register_device import RegisterDeviceScreen
from cwtui.ui.widgets.countdown import CodeCountdown
from tests.accounts.world import HERE, NOW, PASSWORD, Device, World
from tests.ui.harness import SMALL, Person, at_work, code_at

ADMIN: Final = "admin"
LONG_NAME: Final = "carol.longername@plant-7.example.com"
INITIAL: Final = "2V6F-0Q9K-7T3M-XH5R"
HOUR: Final = 3600.0


@dataclass
class Plant:
    """The accounts of a small plant, and the devices that their owners hold."""

    world: World
    devices: dict[str, Device]

    def code(self, username: str) -> str:
        """The code that the app shows after the one used last."""
        self.world.clock.forward(30)
        return self.devices[username].code(self.world.clock())

    def wrong_code(self, username: str) -> str:
        return self.devices[username].wrong_code(self.world.clock())


def plant() -> Plant:
    """An admin, and users in every state that the list can show."""
    world = World()
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
    """Nobody is here yet."""
    return Plant(World(), {})


_EVENTS: Final = (
    # Hours ago, event, actor, subject, source, reason of a failure (after !) or of a success.
    (400.0, EventType.USER_CREATE, "operator:root", ADMIN, "command line", "first administrator"),
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
    """Some days of its audit log, and a line that a power failure cut short."""
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


Way = Callable[[Person, Plant], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """A way to a screen, and on what it begins."""

    way: Way
    start: Callable[[], Plant] = plant
    size: tuple[int, int] = SMALL

    @asynccontextmanager
    async def played(
        self, size: tuple[int, int] | None = None, theme_name: str = theme.DARK.name
    ) -> AsyncIterator[tuple[Person, Plant]]:
        there = self.start()
        world = there.world
        shown = size or self.size
        async with at_work(world.ports, world.clock, size=shown, theme_name=theme_name) as person:
            await self.way(person, there)
            yield person, there


async def arrive(_: Person, __: Plant) -> None:
    """What one sees first."""


async def first_run_wrong(person: Person, _: Plant) -> None:
    await person.fill("new_password", "password")
    await person.fill("confirm_password", "password")
    await person.press("enter")


def enter_session(person: Person, there: Plant) -> None:
    """The session of the admin, without the screens on the way to it."""
    person.app.session = there.world.session(ADMIN)


async def signed_in(person: Person, there: Plant) -> None:
    enter_session(person, there)
    flow.open_settings(person.app)
    await person.settle()


async def as_alice(person: Person, there: Plant) -> None:
    there.world.clock.forward(30)
    person.app.session = there.world.session("alice", there.devices["alice"])
    flow.open_settings(person.app)
    await person.settle()


def told_of(failed: FailedSignIns) -> Way:
    """What somebody tried while alice was away."""

    async def way(person: Person, there: Plant) -> None:
        before = there.world.records.get("alice").changed(last_source=HERE, failed=failed)
        there.world.clock.forward(30)
        session = there.world.session("alice", there.devices["alice"])
        person.app.begin_session(session, before)
        flow.open_settings(person.app)
        await person.settle()

    return way


GUESSED: Final = FailedSignIns(3, NOW - HOUR, "203.0.113.7")
KNEW: Final = replace(GUESSED, knew_password=KnewPassword(NOW - 600, "203.0.113.7", Ending.STOPPED))


async def wrong_password(person: Person, _: Plant) -> None:
    await person.sign_in(ADMIN, "wrong")


async def too_many_passwords(person: Person, _: Plant) -> None:
    for _try in range(6):
        await person.sign_in("alice", "wrong")


async def signed_out(person: Person, there: Plant) -> None:
    await signed_in(person, there)
    await person.press("escape", "end", "enter")


async def locked(person: Person, there: Plant) -> None:
    await signed_in(person, there)
    person.app._lock()
    await person.settle()


async def session_ended(person: Person, there: Plant) -> None:
    await signed_in(person, there)
    world = there.world
    world.put(world.account(ADMIN).changed_ending_sessions(roles=(roles.MINIMUM,)))
    await person.press("escape", "down", "enter")


async def one_time_code(person: Person, _: Plant) -> None:
    await person.sign_in("alice")


async def wrong_code(person: Person, there: Plant) -> None:
    await one_time_code(person, there)
    await person.write(there.wrong_code("alice"))


async def too_many_codes(person: Person, there: Plant) -> None:
    await one_time_code(person, there)
    for _ in range(6):
        await person.write(there.wrong_code("alice"))
    there.world.clock.forward(17)
    await person.write(there.wrong_code("alice"))
    # What its timer does within a second.
    person.app.screen.query_one(CodeCountdown)._tick()
    await person.settle()


async def backup_code(person: Person, there: Plant) -> None:
    await one_time_code(person, there)
    await person.press("f4")


async def wrong_backup_code(person: Person, there: Plant) -> None:
    await backup_code(person, there)
    await person.write("ABCD-EFGH-JKMN-PQRS")
    await person.press("enter")


async def new_password(person: Person, _: Plant) -> None:
    await person.sign_in("frank", INITIAL)


async def forced_enrolment(person: Person, _: Plant) -> None:
    await person.sign_in(LONG_NAME)


async def unacknowledged(person: Person, there: Plant) -> None:
    await person.sign_in("bob")
    await person.write(there.code("bob"))


async def register_device(person: Person, there: Plant) -> None:
    await signed_in(person, there)
    await person.press("tab", "enter")


async def register_device_wrong(person: Person, there: Plant) -> None:
    await register_device(person, there)
    late = code_at(offered(person), there.world.clock() + 240)
    await person.write(late)


async def register_device_redrawn(person: Person, there: Plant) -> None:
    await register_device(person, there)
    await person.press("f5")


async def register_device_hidden(person: Person, there: Plant) -> None:
    await register_device(person, there)
    person.app._blank()
    await person.settle()


def offered(person: Person) -> Secret:
    """The secret key that the app on the phone would scan."""
    return person.screen(RegisterDeviceScreen)._enrolment.totp_secret


async def backup_codes(person: Person, there: Plant) -> None:
    await register_device(person, there)
    await person.write(code_at(offered(person), there.world.clock()))


async def backup_codes_copied(person: Person, there: Plant) -> None:
    await backup_codes(person, there)
    await person.press("f4")


async def backup_codes_hidden(person: Person, there: Plant) -> None:
    await backup_codes(person, there)
    person.app._blank()
    await person.settle()


def few_codes_plant() -> Plant:
    there = plant()
    account = there.world.account("alice")
    factor = account.second_factor
    assert factor is not None
    left = replace(factor.backup_codes, hashes=factor.backup_codes.hashes[:3])
    there.world.put(account.changed(second_factor=replace(factor, backup_codes=left)))
    return there


def required_plant() -> Plant:
    there = plant()
    there.world.put(there.world.account("alice").changed(mfa_required=True))
    return there


def off_plant() -> Plant:
    there = plant()
    there.world.settings(mfa=Mfa.OFF)
    return there


async def change_password(person: Person, there: Plant) -> None:
    await signed_in(person, there)
    await person.press("enter")


async def change_password_wrong(person: Person, there: Plant) -> None:
    await change_password(person, there)
    await person.write(PASSWORD)
    await person.fill("new_password", "abc")
    await person.fill("confirm_password", "abc")
    await person.press("enter")


async def change_password_typing(person: Person, there: Plant) -> None:
    await change_password(person, there)
    await person.write(PASSWORD)
    await person.fill("new_password", "correct horse battery")
    await person.until(lambda: "strong" in person.text)


async def disable_mfa(person: Person, there: Plant) -> None:
    await as_alice(person, there)
    await person.click_button("Disable Multi-Factor Authentication")


async def disable_mfa_wrong(person: Person, there: Plant) -> None:
    await disable_mfa(person, there)
    await person.write(there.wrong_code("alice"))
    await person.press("enter")


async def regenerate(person: Person, there: Plant) -> None:
    await as_alice(person, there)
    await person.press("tab", "enter")


async def navigation(person: Person, there: Plant) -> None:
    await signed_in(person, there)
    await person.press("escape", "down")


async def users(person: Person, there: Plant) -> None:
    enter_session(person, there)
    flow.open_users(person.app)
    await person.settle()


async def users_filtered(person: Person, there: Plant) -> None:
    await users(person, there)
    await person.press("/")
    await person.write("al")


async def users_none(person: Person, there: Plant) -> None:
    await users(person, there)
    await person.press("/")
    await person.write("nobody")


def locked_plant() -> Plant:
    there = plant()
    record = there.world.records.get("alice")
    tries = {
        throttle.STRANGERS: Attempts(throttle.STRANGERS_MOST, NOW - HOUR),
        HERE: Attempts(2, NOW - 60),
    }
    there.world.records.kept["alice"] = record.changed(password_attempts=tries)
    return there


def gone_plant() -> Plant:
    """The directory no longer has erin, and has a bob of its own."""
    there = plant()
    there.world.put(there.world.account("erin").changed(gone_since=NOW - 50 * HOUR))
    there.world.put(there.world.account("bob").changed(in_directory_too=True))
    return there


def account_of(username: str) -> Way:
    async def way(person: Person, there: Plant) -> None:
        enter_session(person, there)
        flow.open_account(person.app, username)
        await person.settle()

    return way


async def account_pending(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.press("enter")


async def proof(person: Person, there: Plant) -> None:
    """A change at a terminal where nobody proved anything for a while."""
    await account_pending(person, there)
    there.world.clock.forward(PROOF_LIFETIME + 1)
    await person.click_button("Update")


async def proof_wrong(person: Person, there: Plant) -> None:
    await proof(person, there)
    await person.write("wrong")
    await person.press("enter")


async def proof_with_code(person: Person, there: Plant) -> None:
    there.devices[ADMIN] = there.world.equip(ADMIN)
    person.app.session = there.world.session(ADMIN, there.devices[ADMIN])
    flow.open_account(person.app, "alice")
    await person.settle()
    await person.press("enter")
    there.world.clock.forward(PROOF_LIFETIME + 1)
    await person.click_button("Update")


async def account_updated(person: Person, there: Plant) -> None:
    await account_pending(person, there)
    await person.click_button("Update")


async def confirm(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.click_button("Disable MFA")


async def initial_password(person: Person, there: Plant) -> None:
    await create_user(person, there)
    await person.write("grace")
    await person.press("enter", "enter")


async def create_user(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.show(CreateUserPage())
    await person.settle()


async def create_user_wrong(person: Person, there: Plant) -> None:
    await create_user(person, there)
    await person.write("alice")
    await person.press("enter", "enter")


async def organization(person: Person, there: Plant) -> None:
    enter_session(person, there)
    flow.open_organization(person.app)
    await person.settle()


async def organization_wrong(person: Person, there: Plant) -> None:
    await organization(person, there)
    await person.fill("password_min", "many")
    await person.press("enter")


async def audit_log(person: Person, there: Plant) -> None:
    enter_session(person, there)
    flow.open_audit_log(person.app)
    await person.settle()


async def audit_log_filtered(person: Person, there: Plant) -> None:
    await audit_log(person, there)
    await person.press("/")
    await person.write("failure since:2d")


async def audit_log_wrong(person: Person, there: Plant) -> None:
    await audit_log(person, there)
    await person.press("/")
    await person.write("since:yesterday")


async def audit_event(person: Person, there: Plant) -> None:
    await audit_log(person, there)
    await person.press("down", "enter")


async def help_on_sign_in(person: Person, _: Plant) -> None:
    await person.press("f1")


async def help_on_account(person: Person, there: Plant) -> None:
    await account_of("alice")(person, there)
    await person.press("f1")


async def palette(person: Person, there: Plant) -> None:
    await signed_in(person, there)
    await person.press("ctrl+p")


SCENES: Final[dict[str, Scene]] = {
    "first_run": Scene(arrive, empty),
    "first_run_wrong": Scene(first_run_wrong, empty),
    "sign_in": Scene(arrive),
    "sign_in_wrong": Scene(wrong_password),
    "sign_in_throttled": Scene(too_many_passwords),
    "sign_in_after_sign_out": Scene(signed_out),
    "sign_in_after_lock": Scene(locked),
    "sign_in_after_demotion": Scene(session_ended),
    "one_time_code": Scene(one_time_code),
    "one_time_code_wrong": Scene(wrong_code),
    "one_time_code_throttled": Scene(too_many_codes),
    "backup_code": Scene(backup_code),
    "backup_code_wrong": Scene(wrong_backup_code),
    "new_password": Scene(new_password),
    "forced_enrolment": Scene(forced_enrolment),
    "unacknowledged_codes": Scene(unacknowledged),
    "register_device": Scene(register_device),
    "register_device_wrong": Scene(register_device_wrong),
    "register_device_redrawn": Scene(register_device_redrawn),
    "register_device_hidden": Scene(register_device_hidden),
    "backup_codes": Scene(backup_codes),
    "backup_codes_copied": Scene(backup_codes_copied),
    "backup_codes_hidden": Scene(backup_codes_hidden),
    "settings": Scene(signed_in),
    "settings_enabled": Scene(as_alice),
    "settings_after_failures": Scene(told_of(GUESSED)),
    "settings_after_stop": Scene(told_of(KNEW)),
    "settings_few_codes": Scene(as_alice, few_codes_plant),
    "settings_required": Scene(as_alice, required_plant),
    "settings_off": Scene(signed_in, off_plant),
    "change_password": Scene(change_password),
    "change_password_typing": Scene(change_password_typing),
    "change_password_wrong": Scene(change_password_wrong),
    "disable_mfa": Scene(disable_mfa),
    "disable_mfa_wrong": Scene(disable_mfa_wrong),
    "regenerate_backup_codes": Scene(regenerate),
    "navigation": Scene(navigation),
    "users": Scene(users),
    "users_gone": Scene(users, gone_plant),
    "users_filtered": Scene(users_filtered),
    "users_none_match": Scene(users_none),
    "account": Scene(account_of("alice")),
    "account_pending": Scene(account_pending),
    "account_updated": Scene(account_updated),
    "account_disabled": Scene(account_of("dave")),
    "account_locked": Scene(account_of("alice"), locked_plant),
    "account_ldap": Scene(account_of("erin")),
    "account_gone": Scene(account_of("erin"), gone_plant),
    "account_hiding": Scene(account_of("bob"), gone_plant),
    "proof": Scene(proof),
    "proof_wrong": Scene(proof_wrong),
    "proof_with_code": Scene(proof_with_code),
    "confirm_disable_mfa": Scene(confirm),
    "create_user": Scene(create_user),
    "create_user_wrong": Scene(create_user_wrong),
    "initial_password": Scene(initial_password),
    "organization": Scene(organization),
    "organization_wrong": Scene(organization_wrong),
    "audit_log": Scene(audit_log, audited_plant),
    "audit_log_filtered": Scene(audit_log_filtered, audited_plant),
    "audit_log_wrong": Scene(audit_log_wrong, audited_plant),
    "audit_event": Scene(audit_event, audited_plant),
    "help": Scene(help_on_sign_in),
    "help_account": Scene(help_on_account),
    "command_palette": Scene(palette),
    "too_small": Scene(arrive, size=(59, 19)),
}
