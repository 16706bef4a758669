"""One's own devices: the pages that list, add, replace, rename and remove them."""

from collections.abc import Iterator

import pytest

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.names import LENGTH
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.accounts.settings import Mfa
from cwtui.ui.after_code import SECONDS
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen
from cwtui.ui.screens.dialogs.proof import ProofScreen
from cwtui.ui.screens.entry.register_device import RegisterDeviceScreen
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.confirm_code import RegenerateBackupCodesPage, RemoveDevicePage
from cwtui.ui.screens.pages.device import DevicePage, LostDevicePage
from cwtui.ui.screens.pages.new_device import AddDevicePage, NewDevicePage, ReplaceDevicePage
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.accounts.world import PASSWORD
from tests.ui.harness import Person, code_at
from tests.ui.plants import Plant, devices_plant, off_plant, required_plant
from tests.ui.scenes import SCENES, Scene
from tests.ui.ways import after_backup_code, as_alice, offered, replace_device

LONGEST = "Laptop in the control room of L3"


def names(there: Plant) -> list[str]:
    factor = there.world.account("alice").second_factor
    return [device.name for device in factor.devices] if factor is not None else []


def first_code(person: Person, there: Plant) -> str:
    """The code that the new device shows now."""
    return code_at(offered(person), there.world.clock())


async def test_a_second_device_is_added_and_the_first_removed() -> None:
    """Without waiting between the keys."""
    async with SCENES["add_device"].played() as (person, there):
        assert person.tab_order[1:] == ["device_name", "code", "Continue"]
        assert person.typed("device_name") == "Phone 2"
        person.send(*"phone", "enter", *there.code("alice"))
        await person.settle()
        assert person.error("device_name").startswith("You already have a device named phone.")
        assert len(person.typed("code")) == 6, "It was not used up."
        person.send("ctrl+u", *"Tablet", "enter")
        await person.settle()
        person.screen(RegisterDeviceScreen)
        person.sees("Account: alice", "Register Device: Tablet", "Register Device")
        person.sees("An app that already has this account may replace its entry.")
        await person.press("f1")
        person.sees("An app that keeps both shows them under the same name.")
        await person.press("escape")
        assert names(there) == ["Phone"]
        tablet = offered(person)
        person.send(*first_code(person, there), "enter")
        await person.settle()
        person.screen(SettingsPage)
        assert person.toasts == ["The device Tablet was added."]
        assert person.focus == "Add Device"
        person.sees("registered 2027-01-15, used 2027-01-15")

        await person.click_button("Phone")
        await person.click_button("Remove Device")
        person.screen(RemoveDevicePage)
        there.world.clock.forward(30)
        await person.write(code_at(tablet, there.world.clock()))
        person.screen(SettingsPage)
        assert person.toasts == ["The device Phone was removed."]
        assert names(there) == ["Tablet"]

        await person.click_button("Tablet")
        person.sees("You cannot remove it. This is your only device. Replace it, or disable")
        assert person.buttons == ["Rename", "Replace Device"]
        await person.press("escape")
        assert person.focus == "Tablet"


async def test_a_device_is_replaced_and_an_interrupted_replacement_changes_nothing() -> None:
    async with Scene(replace_device, required_plant).played() as (person, there):
        person.screen(ReplaceDevicePage)
        await person.press("escape")
        person.screen(DevicePage)
        person.sees("You cannot remove it. This is your only device, and you must have one.")
        await person.click_button("Replace Device")
        assert person.focus == "code"
        person.send("shift+tab", *"New", "enter", *there.code("alice"), "enter")
        await person.settle()
        key = offered(person)
        await person.press("escape")
        await person.click_button("Leave")
        person.screen(SettingsPage)
        assert names(there) == ["Phone"]

        # Another key is offered for a further device, and the first one is kept beside it.
        await person.click_button("Add Device")
        assert person.typed("device_name") == "Phone 2"
        person.send("enter", *there.code("alice"))
        await person.settle()
        assert offered(person) != key
        await person.press("escape")
        await person.click_button("Leave")
        assert len(person.app.context.offered) == 2

        await person.click_button("Phone")
        await person.click_button("Replace Device")
        assert person.typed("device_name") == "New"
        person.send(*there.code("alice"))
        await person.settle()
        person.sees("○ The same key as before.")
        assert offered(person) == key
        await person.write(there.wrong_code("alice"))
        assert person.error("code")
        assert names(there) == ["Phone"]
        await person.write(first_code(person, there))
        assert person.toasts == ["New replaced Phone."]
        assert names(there) == ["New"]
        assert not person.app.context.offered


async def test_a_lost_phone_is_replaced_after_a_sign_in_with_a_backup_code() -> None:
    async with SCENES["lost_phone"].played() as (person, there):
        assert person.focus == "I still have it"
        assert person.tab_order[1:] == ["I still have it", "Replace Phone"]
        person.sees("9 unused backup codes left.")
        await person.press("enter")
        person.screen(LostDevicePage)  # Enter after a code presses nothing unseen
        person.stopwatch.forward(SECONDS)
        await person.press("enter")
        person.screen(SettingsPage)
        assert person.focus == "Change Password"
        await person.click("Sign Out")

        await after_backup_code(person, there)
        await person.click_button("Replace Phone")
        assert person.tab_order[1:] == ["device_name", "Continue"]
        # Ten minutes later, the proof of the sign-in is over, and a code is asked here as well.
        there.world.clock.forward(PROOF_LIFETIME + 1)
        person.send(*"New", "enter")
        await person.settle()
        person.screen(ProofScreen)
        person.send(*PASSWORD, "enter")
        await person.settle()
        assert person.error("code").startswith("Enter")
        assert person.focus == "code"
        assert person.typed("device_name") == "New"
        await person.write(there.devices["alice"].codes[1].reveal())
        await person.press("enter")
        person.sees("Register Device: New")
        await person.write(first_code(person, there))
        assert names(there) == ["New"]
        await person.click("Sign Out")

        await after_backup_code(person, there)
        person.sees("Is your device lost?", "6 unused backup codes left.")
        person.send("down", "enter")
        await person.settle()
        person.send(*"New", "enter")
        await person.settle()
        await person.write(first_code(person, there))
        assert person.toasts[-1] == "The device New was replaced."
        used = there.world.event_types().count(EventType.SIGN_IN_BACKUP_CODE)
        assert used == 4, "Replacing the lost device took no further one."


async def test_few_backup_codes_are_regenerated_from_the_question_and_from_settings() -> None:
    async with SCENES["lost_device"].played() as (person, _):
        person.sees("Is a device lost?", "Few backup codes are left.")
        replace = [f"Replace {name}" for name in ("Phone", "Work tablet")]
        assert person.tab_order[1:4] == ["I have all of them", *replace]
        assert person.tab_order[-1] == "Regenerate Backup Codes"
        await person.click_button("Regenerate Backup Codes")
        person.screen(RegenerateBackupCodesPage)
        await person.press("escape")
        person.screen(SettingsPage)
        assert person.button("Regenerate Backup Codes").has_class("-primary")
    for start in (off_plant, required_plant):
        async with Scene(after_backup_code, start).played() as (person, there):
            person.screen(LostDevicePage)
            assert there.world.settings().mfa is not Mfa.REQUIRED


async def test_a_device_is_renamed_and_an_unsaved_name_is_not_lost() -> None:
    async with SCENES["device"].played() as (person, there):
        person.sees("Registered 2026-11-16, used 2027-01-13. At its last code: clock about 30 s")
        await person.fill("device_name", "[b]Pad")
        person.sees("◐ Not saved yet: Name")
        for leave in ("Replace Device", "Remove Device"):
            await person.click_button(leave)
            person.screen(ConfirmScreen)
            person.sees("Discard the new name of Work tablet?")
            await person.press("escape")
        await person.press("escape")
        person.screen(ConfirmScreen)
        await person.press("escape")
        await person.fill("device_name", "spare")
        await person.press("enter")
        assert person.error("device_name").startswith("You already have a device named spare.")
        await person.fill("device_name", "[b]Pad")
        await person.press("enter")
        person.screen(SettingsPage)
        assert person.toasts == ["Work tablet is now called [b]Pad."]
        assert names(there)[1] == "[b]Pad"
        assert person.focus == "[b]Pad", "as typed, and where the person was"
        await person.press("enter", "enter")
        assert person.toasts == ["Nothing was changed."]


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_five_devices_are_all_reached_and_a_sixth_is_refused(size: tuple[int, int]) -> None:
    async with Scene(as_alice, devices_plant).played(size) as (person, _):
        buttons = [label for label in person.tab_order if label != "Navigation"]
        assert buttons[1:] == [
            *("Phone", "Work tablet", LONGEST, "Spare", "Tresor (Büro)"),
            *("Regenerate Backup Codes", "Disable Multi-Factor Authentication"),
            *("Change SSH Keys", "Open Sessions", "Change Display"),
        ]
        person.sees("You have 5 devices, which is the limit. Remove or replace one.")
        one_line = "Phone           registered 2026-11-11, used 2027-01-15"
        assert any(one_line in row for row in person.rows), person.text
        page = person.app.screen.query_one("#page").region
        for label in buttons:
            person.button(label).focus()
            await person.settle()
            assert page.contains_region(person.button(label).region), f"hidden:\n{person.text}"
        for columns, shown in ((99, "Laptop in the…"), (100, LONGEST)):
            await person.resize(columns, 40)
            assert any(f"{shown}  registered" in row for row in person.rows), person.text


async def test_at_60x20_the_qr_page_names_the_longest_device_and_is_complete() -> None:
    async with SCENES["add_device"].played((60, 20)) as (person, there):
        assert len(LONGEST) == LENGTH
        person.send(*LONGEST, "enter", *there.code("alice"))
        await person.settle()
        person.sees(f"Register Device: {LONGEST}")
        keys = person.app.screen.query_one("#keys").region
        for late in (0, 13 * 3600):
            if late:
                await person.write(code_at(offered(person), there.world.clock() + late))
                assert "Your phone is about 13 hours ahead" in person.error("code")
            button = person.button("Register Device").region
            assert 0 < button.bottom <= keys.y, f"The button is covered:\n{person.text}"


STATES = (
    *("device", "add_device", "replace_device", "remove_device", "register_further_device"),
    *("lost_phone", "replace_lost_device"),
)


def acts(person: Person, there: Plant) -> Iterator[str]:
    """The keys that go on from each page."""
    match person.app.screen:
        case LostDevicePage():
            yield from ("down", "enter")
        case DevicePage():
            yield from (*"Other", "enter")
        case NewDevicePage():
            yield from (*"Other", "enter", *there.code("alice"), "enter")
        case RegisterDeviceScreen():
            yield from first_code(person, there)
        case RemoveDevicePage():
            yield from there.code("alice")


@pytest.mark.parametrize("name", STATES)
async def test_another_session_ends_each_page_and_nothing_is_changed(name: str) -> None:
    async with SCENES[name].played() as (person, there):
        world, before = there.world, names(there)
        keys = list(acts(person, there))
        world.put(world.account("alice").changed_ending_sessions())
        person.send(*keys)
        await person.settle()
        person.screen(SignInScreen)
        assert "changed elsewhere" in person.notice
        assert names(there) == before
        assert not person.app.context.offered


async def test_time_runs_out_on_each_page_and_nothing_is_changed() -> None:
    async with SCENES["add_device"].played() as (person, there):
        there.world.clock.forward(PROOF_LIFETIME + 1)
        person.send("enter", *there.code("alice"))
        await person.settle()
        person.screen(ProofScreen)
        person.send(*PASSWORD, "enter")
        await person.settle()
        person.screen(AddDevicePage)
        person.sees("Enter the code that your app shows now.")
        await person.write(there.code("alice"))
        person.screen(RegisterDeviceScreen)
        there.world.clock.forward(PROOF_LIFETIME + 1)
        await person.write(first_code(person, there))
        person.sees("This secret key expired", "after 10 minutes. Start again.")
        await person.press("escape")
        person.screen(SettingsPage)
        assert names(there) == ["Phone"]
        await person.click_button("Add Device")
        person.send(*PASSWORD, "enter")
        await person.settle()
        person.screen(AddDevicePage)
        person.send("enter", *there.code("alice"))
        await person.settle()
        await person.press("escape")
        await person.click_button("Leave")
        assert person.app.context.offered
        await person.click_button("Phone")
        await person.fill("device_name", "Other")
        person.app.absence.lock()
        await person.settle()
        person.screen(SignInScreen)
        assert not person.app.context.offered
        assert names(there) == ["Phone"]
