"""Keeping backup codes: copying, saving to a file, and typing one of them."""

import stat

import pytest
from textual.widgets import Static

from cwtui.host import tmux
from cwtui.ui import clipboard
from cwtui.ui.clipboard import CopyWay
from cwtui.ui.screens.dialogs.dialog import InitialPasswordScreen
from cwtui.ui.screens.entry.backup_codes import BackupCodesScreen
from cwtui.ui.screens.entry.check_saved import CheckSavedScreen
from cwtui.ui.screens.entry.print_codes import HIDDEN
from cwtui.ui.screens.pages.settings import SettingsPage
from tests.ui.alone import BLANK, left_alone
from tests.ui.harness import Person
from tests.ui.plants import ADMIN, Plant
from tests.ui.scenes import SCENES, Scene
from tests.ui.way import Way
from tests.ui.ways import keep_codes

SHOWS_SECRETS = {
    "register_device": "F4 Copy",
    "backup_codes": "Copy",
    "initial_password": "Copy",
}


def shown_codes(person: Person) -> list[str]:
    """The rows that consist of a code."""
    return [
        word for row in person.rows if (word := row.strip()).count("-") == 3 and " " not in word
    ]


def with_copy_way(name: str, way: CopyWay) -> Scene:
    lead = SCENES[name].way

    async def lead_there(person: Person, there: Plant) -> None:
        person.app.context.copy_way = way
        await lead(person, there)

    return Scene(Way(lead_there), SCENES[name].start)


# Copying


@pytest.mark.parametrize("name", SHOWS_SECRETS)
async def test_copying_is_not_offered_where_it_cannot_work(name: str) -> None:
    async with with_copy_way(name, CopyWay.NONE).played() as (person, _):
        before = person.text
        assert "Copy" not in person.text.replace("Copy and paste", "")
        assert "Copy" not in person.tab_order
        assert not [key for key, _ in person.footer if key == "F4"]
        await person.press("f4")
        assert person.text == before
        assert person.clipboard == []
        await person.press("f1")
        person.sees_nothing_of("F4")
        person.sees("cannot be copied here: this terminal has no clipboard.")


@pytest.mark.parametrize("name", SHOWS_SECRETS)
@pytest.mark.parametrize("takes_it", [True, False])
async def test_tmux_gets_the_text_and_if_it_fails_the_terminal(
    name: str, takes_it: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def load_buffer(text: object, _: object) -> bool:
        given.append(text.reveal())  # type: ignore[attr-defined]  # a Secret
        return takes_it

    monkeypatch.setattr(tmux, "load_buffer", load_buffer)
    async with with_copy_way(name, CopyWay.TMUX).played() as (person, _):
        if isinstance(person.app.screen, InitialPasswordScreen):
            await person.click_button("Copy")
        else:
            await person.press("f4")
        assert len(given) == 1
        assert person.clipboard == ([] if takes_it else given)
        said = clipboard.COPIED_TO_TMUX if takes_it else clipboard.said(CopyWay.TMUX)
        assert person.toasts == [said] or person.status_line == said


# The list of codes


@pytest.mark.parametrize("size", [(80, 24), (80, 23), (60, 21), (60, 20)])
async def test_there_is_one_code_a_line_and_room_for_all_that_is_said(
    size: tuple[int, int],
) -> None:
    async with SCENES["backup_codes"].played(size=size) as (person, _):
        screen = person.screen(BackupCodesScreen)
        for way in CopyWay:
            person.app.context.copy_way = way
            screen.refresh_bindings()  # outside of tests, the way never changes
            await person.press("f4")
            assert shown_codes(person) == [code.reveal() for code in screen._codes]
            assert screen.query_one("#entry").max_scroll_y == 0
            person.sees("They will not be shown again.", "I have saved my backup codes")
        assert [key for key, _ in person.footer][:4] == ["F4", "F6", "F7", "F1"]
        await person.press("escape")
        person.sees("The codes are shown only once. Save them, then press I have saved my backup")
        assert person.focus == "I have saved my backup codes"
        assert screen.query_one("#entry").max_scroll_y == 0
        await person.press("f7")
        page = [row.strip() for row in person.rows if row.strip()]
        assert page[0] == "Connectware backup codes"
        assert page[-1] == "Esc: back"
        assert page[-11:-1] == [code.reveal() for code in screen._codes]
        await person.press("f7" if size[0] == 80 else "escape")
        assert shown_codes(person) == [code.reveal() for code in screen._codes]


async def test_the_print_view_blanks_itself() -> None:
    async with SCENES["print_view"].played() as (person, _):
        await left_alone(person, BLANK, 120)
        assert shown_codes(person) == []
        person.sees(HIDDEN)
        await person.press("x")
        assert len(shown_codes(person)) == 10


# Typing one of them


async def test_a_code_is_typed_before_going_on_and_is_not_used_up() -> None:
    async with SCENES["check_saved_wrong"].played() as (person, there):
        person.sees("Type one of your codes from where you saved it.")
        assert person.error("backup_code") == (
            "This is not one of your codes. Compare it with what you saved."
        )
        assert person.typed("backup_code") == "ABCD-EFGH-JKMN-PQRS"
        await person.fill("backup_code", "ABCD")
        await person.press("enter")
        assert person.error("backup_code").startswith("A backup code has 16 letters")
        kept = there.world.account(ADMIN).second_factor
        assert kept is not None
        assert not kept.backup_codes.acknowledged
        await person.press("escape")
        await keep_codes(person)
        person.screen(SettingsPage)
        kept = there.world.account(ADMIN).second_factor
        assert kept is not None
        assert kept.backup_codes.acknowledged
        person.sees("10 unused backup codes left")


async def test_the_codes_are_hidden_and_can_be_shown_again() -> None:
    async with SCENES["check_saved"].played() as (person, _):
        assert person.tab_order == [
            "backup_code",
            "Check and Continue",
            "Show the codes again",
            "Continue without checking",
        ]
        assert shown_codes(person) == []
        codes = [code.reveal() for code in person.screen(CheckSavedScreen)._codes]
        held = [
            str(static.content) for one in person.app.screen_stack for static in one.query(Static)
        ]
        assert not [code for code in codes if code in "".join(held)]
        for again in ("escape", "button"):
            if again == "escape":
                await person.press("escape")
            else:
                await person.click_button("Show the codes again")
            person.screen(BackupCodesScreen)
            assert len(shown_codes(person)) == 10
            await person.click_button("I have saved my backup codes")


async def test_the_check_can_be_skipped() -> None:
    async with SCENES["check_saved"].played() as (person, there):
        await person.click_button("Continue without checking")
        person.screen(SettingsPage)
        factor = there.world.account(ADMIN).second_factor
        assert factor is not None
        assert factor.backup_codes.acknowledged


async def test_after_a_search_for_the_codes_the_first_key_counts() -> None:
    """The codes behind the question are hidden anyway, so no key is needed to show them again."""
    async with SCENES["check_saved"].played() as (person, _):
        await person.write("ABCD")
        await left_alone(person, BLANK, 120)
        assert person.typed("backup_code") == ""
        await person.paste("WXYZ")
        assert person.typed("backup_code") == "WXYZ"
        await person.press("escape")
        assert len(shown_codes(person)) == 10


async def test_quitting_while_checking_asks() -> None:
    async with SCENES["check_saved"].played() as (person, _):
        await person.press("ctrl+q")
        person.sees("Quit without saving your backup codes?")
        await person.press("escape")
        person.screen(CheckSavedScreen)


# Saving to a file


async def test_codes_are_saved_to_a_new_private_file() -> None:
    async with SCENES["save_codes"].played() as (person, _):
        home = person.app.context.home
        name = "connectware-backup-codes-admin-2027-01-15.txt"
        assert person.typed("path") == f"~/{name}"
        await person.press("enter")
        screen = person.screen(BackupCodesScreen)
        person.sees(f"✓ Saved to ~/{name}.")
        codes = [code.reveal() for code in screen._codes]
        assert shown_codes(person) == codes
        (path,) = home.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "Account: admin\nHost:    plant-7\n" in path.read_text()
        assert path.read_text().split()[-10:] == codes
        await person.click_button("Save to File")
        assert person.typed("path") == f"~/{name.replace('.txt', '-2.txt')}"
        await person.fill("path", name)
        await person.press("enter")
        assert person.error("path") == "This file already exists. Choose another name."
        await person.fill("path", f"{home}/{'x' * 200}")
        await person.press("enter")
        assert person.app.screen is screen
        assert person.status_line.startswith("✓ Saved to ~/xxx")
        assert screen.query_one("#entry").max_scroll_y == 0
        await person.press("f6", "escape")
        assert person.app.screen is screen
        await person.press("ctrl+q")
        person.sees("Sign out and quit?")


async def test_a_kiosk_saves_nothing() -> None:
    lead = SCENES["backup_codes"].way

    @Way
    async def in_a_kiosk(person: Person, there: Plant) -> None:
        person.app.context.kiosk = True
        await lead(person, there)

    async with Scene(in_a_kiosk).played() as (person, _):
        assert person.tab_order == ["Copy", "Print View", "I have saved my backup codes"]
        assert not [key for key, _ in person.footer if key == "F6"]
        await person.press("f6")
        person.screen(BackupCodesScreen)
        await person.press("f1")
        person.sees_nothing_of("F6")
