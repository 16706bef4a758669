"""Keys and pastes that were meant for something else than what would get them."""

from textual import events

from cwtui.ui import keystrokes
from tests.ui.scenes import SCENES


def test_a_capital_letter_means_the_small_one_only_if_that_alone_does_something() -> None:
    assert keystrokes.meant("N", {"n"}) == "n"
    assert keystrokes.meant("S", {"s", "S"}) == "S"
    assert keystrokes.meant("X", {"n"}) == "X"
    assert [keystrokes.is_capital(key) for key in ("N", "n", "F1", "É", "?")] == [
        *(True, False, False, True, False)
    ]


async def test_asking_whether_text_is_stray_moves_nothing() -> None:
    async with SCENES["sign_in"].played() as (person, _):
        screen = person.app.screen
        letter, paste = events.Key("q", "q"), events.Paste("alice")
        assert not keystrokes.is_stray(letter, screen), "a field has the focus"
        screen.query_one("#primary").focus()
        await person.settle()
        assert keystrokes.is_stray(letter, screen)
        assert keystrokes.is_stray(paste, screen)
        assert not keystrokes.is_stray(events.Key("question_mark", "?"), screen)
        assert not keystrokes.is_stray(events.Key("f1", None), screen)
        assert person.focus == "Sign In"
        await person.write("q")
        assert (person.typed("username"), person.focus) == ("q", "username")
