"""The screen on which the first admin is created."""

from cwtui.ui.screens.entry.first_run import FirstRunScreen
from tests.ui.scenes import SCENES

NEW = "a much longer one"


async def test_first_run_tabs_in_reading_order() -> None:
    async with SCENES["first_run"].played() as (person, _):
        assert person.tab_order == [
            "username",
            "new_password",
            "confirm_password",
            "Create Administrator",
        ]
        assert person.focus == "new_password"
        assert person.typed("username") == "admin"
        assert person.footer == [("F2", "Show / hide"), ("F1", "Help"), ("Ctrl+Q", "Quit")]


async def test_first_run_keeps_typed_text_and_passwords_that_are_not_wrong() -> None:
    async with SCENES["first_run"].played() as (person, there):
        await person.fill("username", "ada")
        await person.fill("new_password", NEW)
        await person.fill("confirm_password", NEW + "!")
        await person.click_button("Create Administrator")
        assert person.error("confirm_password").startswith("The passwords do not match.")
        assert person.focus == "new_password"  # both are now empty
        assert person.typed("username") == "ada"
        assert person.secret_inputs == []
        await person.fill("new_password", "1234")
        await person.fill("confirm_password", "1234")
        await person.press("enter")
        assert person.error("new_password") == "The password needs at least 5 characters."
        assert person.error("confirm_password") == ""
        assert person.focus == "new_password"
        assert there.world.accounts.is_empty()
        await person.fill("username", "not a name")
        await person.press("tab")
        assert person.error("username") == (
            "Use only letters, digits and . _ - @ + in the name of a local account."
        )
        await person.fill("new_password", NEW)
        await person.fill("confirm_password", NEW)
        await person.press("enter")
        assert person.error("username").startswith("Use only letters")
        assert person.focus == "username"
        assert there.world.accounts.is_empty()
        # The error is not about them, and nobody types a long one twice again.
        assert person.secret_inputs == [NEW, NEW]
        person.app.absence.blank()
        await person.settle()
        assert person.secret_inputs == []


async def test_first_run_shows_the_password_strength() -> None:
    async with SCENES["first_run"].played() as (person, _):
        await person.write("admin")
        await person.until(lambda: "very weak" in person.text)
        person.sees("━╌╌╌╌ very weak")
        await person.write(" correct horse battery")
        await person.until(lambda: "━━━━━ strong" in person.text)


async def test_first_run_cannot_create_a_second_administrator() -> None:
    async with SCENES["first_run"].played() as (person, there):
        there.world.add_admin("eve")
        await person.fill("new_password", NEW)
        await person.fill("confirm_password", NEW)
        await person.press("enter")
        person.screen(FirstRunScreen)
        assert person.status_line == (
            "✗ An admin already exists. Sign in, or ask them for an account."
        )
