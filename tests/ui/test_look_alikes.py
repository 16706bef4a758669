"""Create User warns about a username that looks like an existing one and asks."""

from cwtui.accounts.audit.events import EventType
from cwtui.ui.screens.dialogs.dialog import ConfirmScreen, InitialPasswordScreen
from cwtui.ui.screens.pages.create_user import CreateUserPage
from tests.ui.harness import Person
from tests.ui.scenes import SCENES


async def ask_for(person: Person, name: str) -> None:
    person.screen(CreateUserPage)
    await person.write(name)
    await person.press("enter", "enter")


async def test_cancel_keeps_the_typed_text_and_creates_nobody() -> None:
    async with SCENES["create_user"].played() as (person, there):
        await ask_for(person, "a1ice")
        person.screen(ConfirmScreen)
        assert there.world.accounts.get("a1ice") is None
        assert "a1ice looks like the existing username alice." in " ".join(person.text.split())
        await person.press("escape")
        person.screen(CreateUserPage)
        assert "a1ice" in person.text
        assert there.world.accounts.get("a1ice") is None
        assert EventType.USER_CREATE not in there.world.event_types()


async def test_confirming_creates_the_look_alike() -> None:
    async with SCENES["create_user"].played() as (person, there):
        await ask_for(person, "a1ice")
        await person.press("tab", "enter")
        person.screen(InitialPasswordScreen)
        assert there.world.account("a1ice").must_change_password
        assert there.world.events[-1].reason == "roles=minimum-access looks_like=alice"


async def test_an_ordinary_name_causes_no_question() -> None:
    async with SCENES["create_user"].played() as (person, there):
        await ask_for(person, "grace")
        assert there.world.account("grace").enabled
        person.screen(InitialPasswordScreen)
