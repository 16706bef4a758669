"""Bad input in every field gives a message and loses nothing."""

import unicodedata
from collections.abc import Mapping, Sequence

import pytest

from tests.accounts.world import PASSWORD
from tests.ui.harness import Person
from tests.ui.plants import Plant
from tests.ui.scenes import SCENES

# Each scene with its fields and its button.
FORMS = {
    "first_run": (("username", "new_password", "confirm_password"), "Create Administrator"),
    "sign_in": (("username", "password"), "Sign In"),
    "one_time_code": (("code",), "Sign In"),
    "backup_code": (("backup_code",), "Sign In"),
    "new_password": (("new_password", "confirm_password"), "Save New Password"),
    "register_device": (("code",), "Enable Multi-Factor Authentication"),
    "change_password": (
        ("current_password", "new_password", "confirm_password"),
        "Save New Password",
    ),
    "disable_mfa": (("code",), "Disable Multi-Factor Authentication"),
    "regenerate_backup_codes": (("code",), "Regenerate Backup Codes"),
    "create_user": (("username", "display_name"), "Create User"),
    "account": (("display_name",), "Update"),
    "organization": (("issuer", "password_min", "code_ban_minutes"), "Save Settings"),
}
MEGABYTE = "x" * 1_000_000
REFUSED_PASTES = {
    "a megabyte": MEGABYTE,
    "a megabyte of lines": "line\n" * 200_000,
    "control characters": "a\x00b\x07c\x7f",
    "an escape sequence": "\x1b]52;c;aGVsbG8=\x07",
    "a C1 control": "a\x9b31mb",
    "two lines": "one\ntwo",
    "a bidi override": "abc\u202ecba",
    "line breaks alone": "\n\r\n\n",
}
WORST_PASTES = {what: REFUSED_PASTES[what] for what in ("a megabyte", "an escape sequence")}
CHECKED = {"sign_in", "one_time_code", "backup_code", "create_user", "organization"}
LETTERS = {"right to left", "combining"}
"""Texts that are valid in usernames."""
SECRET_FIELDS = {"password", "current_password", "new_password", "confirm_password"}
ODD_TEXTS = {
    "blank": "   ",
    "markup": "[/]",
    "an action": "[@click=app.quit]x[/]",
    "right to left": "\u05e9\u05dc\u05d5\u05dd",
    "combining": "e\u0301" * 20,
    "surrogate": "\ud800",
}


def kept(there: Plant) -> object:
    """Everything stored except the counts of attempts."""
    accounts = there.world.accounts
    return accounts._committed[0], accounts.settings()


@pytest.mark.parametrize("scene", FORMS)
async def test_each_form_refuses_bad_input_with_a_message(scene: str) -> None:
    fields, button = FORMS[scene]
    async with SCENES[scene].played() as (person, there):
        before = kept(there)
        for name in fields:
            # All fields are of one kind, so only the first one gets every paste.
            pastes = REFUSED_PASTES if name == fields[0] else WORST_PASTES
            await refuses_what_cannot_be_shown(person, name, pastes)
            await takes_the_one_line_of_a_paste(person, name)
        needed = [name for name in fields if name != "display_name"]
        if needed:
            for name in needed:
                person.field(name).entry.value = ""
            await complains(person, button, needed)
        for what, text in ODD_TEXTS.items():
            if scene not in CHECKED or (scene == "create_user" and what in LETTERS):
                continue
            for name in needed:
                person.field(name).entry.value = text
            await complains(person, button, needed)
            if person.focus not in (*SECRET_FIELDS, "code", "backup_code"):
                assert person.typed(person.focus) == text
        assert kept(there) == before


async def refuses_what_cannot_be_shown(
    person: Person, name: str, pastes: Mapping[str, str]
) -> None:
    person.field(name).entry.focus()
    person.field(name).entry.value = "12"
    await person.settle()
    for what, text in pastes.items():
        if name in SECRET_FIELDS and what == "a bidi override":
            continue  # harmless where nothing is shown
        person.field(name).show_hint()
        await person.paste(text)
        assert person.typed(name) == "12", what
        assert person.error(name).endswith("."), what
        assert person.focus == name, what


async def takes_the_one_line_of_a_paste(person: Person, name: str) -> None:
    person.field(name).entry.value = ""
    await person.paste("\n  \r\n12\n")
    assert person.typed(name) == "12"
    assert person.error(name) == ""


async def complains(person: Person, button: str, fields: Sequence[str]) -> None:
    """Press the button and expect an error at one of the fields, which gets the focus."""
    await person.settle()
    await person.click_button(button)
    assert person.running
    assert person.focus in fields, person.text
    assert person.error(person.focus).endswith("."), person.text


async def test_an_odd_display_name_is_accepted_and_shown_as_it_is() -> None:
    async with SCENES["account"].played() as (person, there):
        for what in ("markup", "an action", "right to left", "combining"):
            person.field("display_name").entry.value = ODD_TEXTS[what]
            await person.click_button("Update")
            person.app.clear_notifications()
            await person.settle()
            shown = there.world.account("alice").display_name
            assert shown == unicodedata.normalize("NFKC", ODD_TEXTS[what])
            assert person.typed("display_name") == shown
            await person.click(shown[:5])
            assert person.running


async def test_any_text_is_accepted_as_a_password() -> None:
    async with SCENES["settings"].played() as (person, there):
        current = PASSWORD
        for what in ("right to left", "combining", "markup", "an action"):
            new = ODD_TEXTS[what] + " and more"
            await person.click_button("Change Password")
            for name, text in (
                ("current_password", current),
                ("new_password", new),
                ("confirm_password", new),
            ):
                person.field(name).entry.focus()
                await person.paste(text)
            await person.press("enter")
            there.world.begin("admin", new)
            current = new


SPACES = "\u00a0\u2009\u202f\u3000"
"""No-break, thin, narrow no-break and wide. AltGr and the space bar give the first one."""


async def test_spaces_of_all_kinds_are_typed_as_they_are_pasted() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        there.world.add("gary", password="one two three four five")
        for enter in (person.write, person.paste):
            await person.fill("username", "")
            await enter(f"{SPACES[3]}gary{SPACES[0]}")
            person.field("password").entry.focus()
            await enter("one{}two{}three{}four{}five".format(*SPACES))
            assert person.typed("password").count("e") == 4
            await person.press("enter")
            assert person.app.context.session is not None
            person.app.router.sign_out()
            await person.settle()


async def test_invisible_characters_are_treated_alike_typed_or_pasted() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        for field, kept in (("username", ""), ("password", "\u200d")):
            for enter in (person.write, person.paste):
                await person.fill(field, "")
                await enter("\u200d")
                assert person.typed(field) == kept
        await person.fill("username", "")
        await person.write("\u200d")
        assert person.error("username") == "Invisible characters are not allowed here."


async def test_a_password_of_256_characters_is_used_in_full() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        password = "0123456789abcdef" * 16
        there.world.add("gary", password=password)
        await person.fill("username", "gary")
        await person.press("tab")
        await person.paste(password[:-1])
        await person.press("enter")
        assert person.error("password") == "Username or password is wrong."
        await person.paste(password)
        await person.press("enter")
        assert person.app.context.session is not None


async def test_a_too_long_password_is_refused_with_a_message() -> None:
    async with SCENES["first_run"].played() as (person, there):
        for name in ("new_password", "confirm_password"):
            person.field(name).entry.focus()
            await person.paste("long" * 500)
        await person.press("enter")
        assert person.error("new_password") == "A password can have at most 1024 characters."
        assert there.world.accounts.is_empty()


async def test_typing_beyond_the_maximum_length_is_refused() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.paste("a" * 256)
        await person.write("b")
        assert person.typed("username") == "a" * 256
        assert (
            person.error("username")
            == "This field can have at most 256 characters. Nothing more was added."
        )


async def test_the_user_filter_accepts_any_text() -> None:
    async with SCENES["users"].played() as (person, _):
        await person.press("/")
        for text in (*REFUSED_PASTES.values(), *ODD_TEXTS.values()):
            await person.paste(text)
            assert person.running
        person.sees("of 7 users")
