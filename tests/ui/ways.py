"""How to reach the screens of the sign-in and of one's own account."""

from functools import cache
from typing import Final

from msgspec.structs import replace

from cwtui import language
from cwtui.accounts import open_sessions, roles
from cwtui.accounts.model import (
    Ending,
    FailedSignIns,
    KnewPassword,
)
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.secret import Secret
from cwtui.ui.clipboard import CopyWay
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.widgets.countdown import CodeCountdown
from tests.accounts.ssh_lines import DSA
from tests.accounts.world import HERE, NOW, PASSWORD
from tests.ui.harness import Person, code_at
from tests.ui.plants import ADMIN, HOUR, INITIAL, LONG_NAME, Plant
from tests.ui.way import Way, after


@Way
async def arrive(_: Person, __: Plant) -> None:
    """The first screen."""


@after(arrive)
async def first_run_wrong(person: Person, _: Plant) -> None:
    await person.fill("new_password", "password")
    await person.fill("confirm_password", "password")
    await person.press("enter")


def enter_session(person: Person, there: Plant) -> None:
    """Start the admin's session without the sign-in screens."""
    person.app.context.session = there.world.session(ADMIN)


@Way
async def signed_in(person: Person, there: Plant) -> None:
    enter_session(person, there)
    person.app.router.open_section("settings")
    await person.settle()


@Way
async def as_alice(person: Person, there: Plant) -> None:
    there.world.clock.forward(30)
    person.app.context.session = there.world.session("alice", there.devices["alice"])
    person.app.router.open_section("settings")
    await person.settle()


def told_of(failed: FailedSignIns) -> Way:
    """alice signs in after these failed sign-ins."""

    @Way
    async def way(person: Person, there: Plant) -> None:
        before = there.world.records.get("alice").changed(last_source=HERE, failed=failed)
        there.world.clock.forward(30)
        session = there.world.session("alice", there.devices["alice"])
        person.app.router.begin_session(session, before)
        person.app.router.open_section("settings")
        await person.settle()

    return way


GUESSED: Final = FailedSignIns(3, NOW - HOUR, "203.0.113.7")


KNEW: Final = replace(GUESSED, knew_password=KnewPassword(NOW - 600, "203.0.113.7", Ending.STOPPED))


@after(arrive)
async def wrong_password(person: Person, _: Plant) -> None:
    await person.sign_in(ADMIN, "wrong")


@after(arrive)
async def too_many_passwords(person: Person, _: Plant) -> None:
    for _try in range(6):
        await person.sign_in("alice", "wrong")


@after(signed_in)
async def signed_out(person: Person, _: Plant) -> None:
    await person.press("escape", "end", "enter")


@after(signed_in)
async def locked(person: Person, _: Plant) -> None:
    person.app.absence.lock()
    await person.settle()


@after(signed_in)
async def session_ended(person: Person, there: Plant) -> None:
    world = there.world
    world.put(world.account(ADMIN).changed_ending_sessions(roles=(roles.MINIMUM,)))
    await person.press("escape", "down", "enter")


@after(arrive)
async def one_time_code(person: Person, _: Plant) -> None:
    await person.sign_in("alice")


@after(one_time_code)
async def wrong_code(person: Person, there: Plant) -> None:
    await person.write(there.wrong_code("alice"))


@after(one_time_code)
async def wrong_clock(person: Person, there: Plant) -> None:
    """Two codes of a phone that is 20 minutes behind."""
    for _ in range(2):
        there.world.clock.forward(30)
        await person.write(there.devices["alice"].code(there.world.clock(), -40))


@after(wrong_code)
async def too_many_codes(person: Person, there: Plant) -> None:
    for _ in range(5):
        await person.write(there.wrong_code("alice"))
    there.world.clock.forward(17)
    await person.write(there.wrong_code("alice"))
    # Its timer does this within a second.
    person.app.screen.query_one(CodeCountdown)._tick()
    await person.settle()


@after(one_time_code)
async def backup_code(person: Person, _: Plant) -> None:
    await person.press("f4")


@after(backup_code)
async def wrong_backup_code(person: Person, _: Plant) -> None:
    await person.write("ABCD-EFGH-JKMN-PQRS")
    await person.press("enter")


@after(arrive)
async def new_password(person: Person, _: Plant) -> None:
    await person.sign_in("frank", INITIAL)


@after(arrive)
async def forced_enrolment(person: Person, _: Plant) -> None:
    await person.sign_in(LONG_NAME)


@after(arrive)
async def unacknowledged(person: Person, there: Plant) -> None:
    await person.sign_in("bob")
    await person.write(there.code("bob"))


@after(signed_in)
async def register_device(person: Person, _: Plant) -> None:
    await person.press("tab", "enter")


@after(register_device)
async def register_device_wrong(person: Person, there: Plant) -> None:
    late = code_at(offered(person), there.world.clock() + 240)
    await person.write(late)


@after(register_device)
async def register_device_redrawn(person: Person, _: Plant) -> None:
    await person.press("f5", "f5")


@after(register_device, back=("space",))
async def register_device_hidden(person: Person, _: Plant) -> None:
    person.app.absence.blank()
    await person.settle()


def offered(person: Person) -> Secret:
    """The secret key that the phone's app would scan."""
    return person.screen(RegisterDeviceScreen)._enrolment.totp_secret


@after(register_device)
async def backup_codes(person: Person, there: Plant) -> None:
    await person.write(code_at(offered(person), there.world.clock()))


@after(backup_codes)
async def backup_codes_copied(person: Person, _: Plant) -> None:
    await person.press("f4")


@Way
async def backup_codes_on_a_console(person: Person, there: Plant) -> None:
    person.app.context.copy_way = CopyWay.NONE
    await backup_codes(person, there)


@after(backup_codes, back=("escape",))
async def save_codes(person: Person, _: Plant) -> None:
    await person.press("f6")


@after(backup_codes, back=("escape",))
async def print_view(person: Person, _: Plant) -> None:
    await person.press("f7")


@after(backup_codes)
async def check_saved(person: Person, _: Plant) -> None:
    await person.click_button("I have saved my backup codes")


@after(check_saved)
async def check_saved_wrong(person: Person, _: Plant) -> None:
    await person.write("ABCD-EFGH-JKMN-PQRS")
    await person.press("enter")


async def keep_codes(person: Person) -> None:
    """Say that the shown codes are saved, and type one of them."""
    code = person.screen(BackupCodesScreen)._codes[3].reveal()
    await person.click_button("I have saved my backup codes")
    await person.write(code.lower().replace("-", " "))
    await person.press("enter")


@after(backup_codes, back=("escape",))
async def quitting_before_saving(person: Person, _: Plant) -> None:
    await person.press("ctrl+q")


@after(backup_codes, back=("space",))
async def backup_codes_hidden(person: Person, _: Plant) -> None:
    person.app.absence.blank()
    await person.settle()


@after(signed_in)
async def change_password(person: Person, _: Plant) -> None:
    await person.press("enter")


@after(change_password)
async def change_password_wrong(person: Person, _: Plant) -> None:
    await person.write(PASSWORD)
    await person.fill("new_password", "abc")
    await person.fill("confirm_password", "abc")
    await person.press("enter")


@after(change_password)
async def change_password_typing(person: Person, _: Plant) -> None:
    await person.write(PASSWORD)
    await person.fill("new_password", "correct horse battery")
    await person.until(lambda: language._("strong") in person.text)


@after(as_alice)
async def disable_mfa(person: Person, _: Plant) -> None:
    await person.click_button("Disable Multi-Factor Authentication")


@after(disable_mfa)
async def disable_mfa_wrong(person: Person, there: Plant) -> None:
    await person.write(there.wrong_code("alice"))


@after(as_alice, back=("escape",))
async def regenerate(person: Person, _: Plant) -> None:
    await person.click_button("Regenerate Backup Codes")


@cache
def device_of(name: str) -> Way:
    """alice opens the page of this device."""

    @after(as_alice, back=("escape",))
    async def way(person: Person, _: Plant) -> None:
        await person.click_button(name)

    return way


@after(as_alice)
async def add_device(person: Person, _: Plant) -> None:
    await person.click_button("Add Device")


@after(add_device)
async def add_device_wrong(person: Person, there: Plant) -> None:
    await person.write("Tablet")
    await person.press("enter")
    await person.write(there.wrong_code("alice"))


@after(add_device)
async def register_further(person: Person, there: Plant) -> None:
    await person.write("Tablet")
    await person.press("enter")
    await person.write(there.code("alice"))


@after(device_of("Phone"), back=("escape",))
async def replace_device(person: Person, _: Plant) -> None:
    await person.click_button("Replace Device")


@after(device_of("Spare"), back=("escape",))
async def remove_device(person: Person, _: Plant) -> None:
    await person.click_button("Remove Device")


@after(backup_code)
async def after_backup_code(person: Person, there: Plant) -> None:
    """alice signs in with her last backup code."""
    left = there.world.account("alice").second_factor
    assert left is not None
    code = there.devices["alice"].codes[len(left.backup_codes.hashes) - 1]
    await person.write(code.reveal())
    await person.press("enter")


@after(after_backup_code)
async def replace_lost(person: Person, _: Plant) -> None:
    await person.click_button(language._("Replace {name}", name="Phone"))


@after(signed_in)
async def display(person: Person, _: Plant) -> None:
    await person.click_button("Change Display")


@after(display)
async def display_wrong(person: Person, _: Plant) -> None:
    await person.fill("time_zone", "Istanbul")
    await person.press("enter")


@after(signed_in)
async def navigation(person: Person, _: Plant) -> None:
    await person.press("escape", "down")


@after(as_alice)
async def own_ssh_keys(person: Person, _: Plant) -> None:
    await person.click_button("Change SSH Keys")


@after(as_alice)
async def own_sessions(person: Person, there: Plant) -> None:
    assert person.app.context.session is not None
    open_sessions.begin(
        there.world.ports, person.app.context.session, Process("cwtui", "plant-7", 4711)
    )
    await person.click_button("Open Sessions")


@after(own_sessions)
async def end_own_session(person: Person, _: Plant) -> None:
    await person.press("enter")


@after(own_ssh_keys, back=("escape",))
async def ssh_key(person: Person, _: Plant) -> None:
    await person.click_button("alice@laptop")


@after(own_ssh_keys)
async def add_ssh_key(person: Person, _: Plant) -> None:
    await person.press("enter")


@after(add_ssh_key)
async def add_ssh_key_wrong(person: Person, _: Plant) -> None:
    await person.paste(f"{DSA} alice@laptop")
    await person.press("enter", "enter")
