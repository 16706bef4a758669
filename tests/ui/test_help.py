"""F1: the keys of a screen, its help, and the manual."""

import pytest
from rich.table import Table
from rich.text import Text
from textual.binding import Binding
from textual.widgets import OptionList, Static

from cwtui import help as manual
from cwtui.help.rendering import rendered
from cwtui.ui.screens.dialogs.help import HelpScreen
from cwtui.ui.screens.dialogs.key_table import Key, Part
from cwtui.ui.screens.dialogs.manual import ManualScreen, TopicScreen
from cwtui.ui.screens.pages.users import UsersPage
from cwtui.ui.spelling.cells import cells_of
from cwtui.ui.widgets.fields import SecretInput
from cwtui.ui.widgets.qr_code import QrCode
from tests.ui.scenes import SCENES


def words(screen: HelpScreen | TopicScreen) -> str:
    parts = (_plain(part.content) for part in screen.query(Static))
    return " ".join(" ".join(parts).split())


def _plain(content: object) -> str:
    """A text, or the rows of a table."""
    if not isinstance(content, Table):
        return str(content)
    columns = (map(str, column.cells) for column in content.columns)
    return " ".join(" ".join(row) for row in zip(*columns, strict=True))


async def test_the_key_table_lists_what_is_bound() -> None:
    async with SCENES["users"].played() as (person, _):
        bindings = [each for each in UsersPage.BINDINGS if isinstance(each, Binding)]
        await person.press("question_mark")
        table = words(person.screen(HelpScreen))
        assert len(bindings) > 1
        for binding in bindings:
            assert f"{person.app.get_key_display(binding)} {binding.description}" in table
        assert "Up, K, Down, J Up or down" in table
        assert "Ctrl+P Find a command or user" in table
        assert "F1, ? Help" in table


async def test_in_a_field_a_question_mark_is_typed() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        await person.press("tab", "question_mark")
        assert person.app.screen.query_one(SecretInput).value == "?"
        await person.press("f1")
        table = words(person.screen(HelpScreen))
        assert "F2 Show / hide" in table
        assert "Ctrl+P" not in table


async def test_the_qr_code_stays_beside_its_help() -> None:
    """To draw it again takes seconds on a slow line."""
    async with SCENES["register_device"].played() as (person, _):
        right, shown = person.app.screen.query_one(QrCode).region.right, person.text
        before = [cells_of(strip.crop(0, right)) for strip in person.strips]
        await person.press("f1")
        assert [cells_of(strip.crop(0, right)) for strip in person.strips] == before
        person.sees("F5: Redraw", "Close", "Manual")
        await person.press("pagedown", "end")
        person.sees(person.screen(HelpScreen)._text[-20:])
        await person.press("escape")
        assert person.text == shown


async def test_without_a_qr_code_help_takes_the_whole_window() -> None:
    async with SCENES["register_device"].played(size=(60, 20)) as (person, _):
        await person.press("f1")
        assert person.app.screen.query_one("#dialog").region.width == 60
        person.sees("F5                  Redraw")


@pytest.mark.parametrize("name", ["confirm_disable_mfa", "initial_password", "audit_event"])
async def test_dialogs_have_a_help_too(name: str) -> None:
    async with SCENES[name].played() as (person, _):
        below = person.app.screen
        await person.press("f1")
        person.sees(person.screen(HelpScreen)._text)
        await person.press("escape")
        assert person.app.screen is below


async def test_help_leads_to_the_topics_of_the_manual() -> None:
    async with SCENES["account"].played() as (person, _):
        page = person.app.screen
        await person.press("f1", "m")
        topics = person.screen(ManualScreen).query_one(OptionList)
        assert [option.id for option in topics.options] == [each.name for each in manual.TOPICS]
        await person.press("enter")
        topic = person.screen(TopicScreen)
        width = topic.query_one("#topic").size.width
        plain = Text.from_ansi(rendered(manual.text("admin"), width, styled=True)).plain
        assert words(topic) == " ".join(plain.split())
        await person.press("escape", "escape", "escape")
        assert person.app.screen is page


async def test_every_topic_fits_60_columns_and_scrolls() -> None:
    async with SCENES["sign_in"].played((60, 20)) as (person, _):
        for topic in manual.TOPICS:
            person.app.push_screen(TopicScreen(topic.name))
            await person.settle()
            beginning = person.text
            await person.press("space")
            assert person.text != beginning, topic.name
            await person.press("home")
            assert person.text == beginning
            await person.press("escape")


async def test_the_description_of_a_key_is_wrapped_beside_it() -> None:
    does = "Move to the field or button above it, or to the one below"
    async with SCENES["sign_in"].played((60, 20)) as (person, _):
        part = Part("On this screen", (Key(("up",), does),))
        await person.app.push_screen(HelpScreen("", [part]))
        await person.settle()
        first, second = [row for row in person.rows if row.strip()][1:3]
        assert second.strip() == "it, or to the one below"
        assert second.index("it,") == first.index("Move")
