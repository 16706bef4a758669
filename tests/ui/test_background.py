"""Light or dark: what the terminal answers, and what the environment says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.ui import background, theme
from cwtui.ui.terminal.input import Kind, Piece, TerminalInput
from tests.fuzz.mutations import many

WHITE = b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\"
LATER = Piece(Kind.TEXT, "abc")


def heard(*parts: bytes, at: float = 0.5) -> list[Piece]:
    """What these bytes make where the background is asked for until 1.0."""
    terminal = TerminalInput(background_until=1.0)
    return [piece for part in parts for piece in terminal.feed(part, at)]


@pytest.mark.parametrize(
    ("answer", "light"),
    [
        (b"11;rgb:ffff/ffff/ffff", True),
        (b"11;rgb:fd/f6/e3", True),
        (b"11;rgba:ffff/ffff/ffff/8000", True),
        (b"11;#fdf6e3", True),
        (b"11;rgb:1e1e/1e1e/1e1e", False),
        (b"11;rgb:0/0/0", False),
        (b"11;rgb:0000/0000/ffff", False),
        (b"10;rgb:ffff/ffff/ffff", None),
        (b"11;?", None),
        (b"11;rgb:fffff/0/0", None),
        (b"11;rgb:gg/00/00", None),
        (b"11;rgb:ff/ff", None),
        (b"11;white", None),
        (b"", None),
    ],
)
def test_an_answer_says_light_dark_or_nothing(answer: bytes, light: bool | None) -> None:
    assert background.is_light(answer) is light


@pytest.mark.parametrize("ends", [b"\x1b\\", b"\x07", b"\x9c"])
def test_the_answer_is_taken_wherever_it_is_split(ends: bytes) -> None:
    whole = b"\x1b]11;rgb:ffff/ffff/ffff" + ends
    for at in range(len(whole)):
        found = heard(whole[:at], whole[at:], b"abc")
        assert found == [Piece(Kind.BACKGROUND, "11;rgb:ffff/ffff/ffff"), LATER], at


def test_an_answer_in_8_bits_is_taken_and_not_complained_about() -> None:
    assert heard(b"\x9d11;rgb:ff/ff/ff\x9c", b"abc") == [
        Piece(Kind.BACKGROUND, "11;rgb:ff/ff/ff"),
        LATER,
    ]


@pytest.mark.parametrize(
    "sent",
    [
        b"\x1b]11;rgb:ffff/ffff/ffff\x18",
        b"\x1b]11;rgb:ffff/ffff/ffff\x1b[A",
        b"\x1b]11;rgb:ff\x1b\x1bff/ffff/ffff\x07",
        b"\x1bP11;rgb:ffff/ffff/ffff\x1b\\",
        b"\x1b]11;rgb:ffff/ffff/ffff" + b"f" * 10_000 + b"\x07",
        b"\x1b]" + b"1" * 10_000 + b"11;rgb:ffff/ffff/ffff\x07",
    ],
    ids=["cancelled", "interrupted", "escape", "DCS", "long", "long before"],
)
def test_other_input_than_an_answer_is_dropped(sent: bytes) -> None:
    assert Kind.BACKGROUND not in {piece.kind for piece in heard(sent, b"abc")}


def test_only_one_answer_is_taken_and_only_in_time() -> None:
    kinds = [piece.kind for piece in heard(WHITE * 3, b"abc")]
    assert kinds == [Kind.BACKGROUND, Kind.TEXT]
    assert heard(WHITE, b"abc", at=1.0) == [LATER]
    assert TerminalInput().feed(WHITE + b"abc", 0.0) == [LATER]


@many(300)
@given(parts=st.lists(st.binary(max_size=60), max_size=6))
def test_hostile_answers_are_bounded(parts: list[bytes]) -> None:
    terminal = TerminalInput(background_until=1.0)
    for part in parts:
        terminal.feed(b"\x1b]11;" + part, 0.5)
        assert len(terminal._answer) <= background.LONGEST + 1


@pytest.mark.parametrize("term", ["linux", "vt220", "vt100", "dumb", "ansi", "cons25", ""])
def test_terminals_that_may_print_the_question_are_not_asked(term: str) -> None:
    assert not background.is_asked({"TERM": term})


def test_terminals_that_answer_are_asked_where_there_are_colours() -> None:
    for term in ("xterm", "xterm-256color", "tmux-256color", "rxvt-unicode", "alacritty"):
        assert background.is_asked({"TERM": term})
        assert not background.is_asked({"TERM": term, "NO_COLOR": ""})


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("0;15", theme.LIGHT.name),
        ("0;default;7", theme.LIGHT.name),
        ("15;0", theme.DARK.name),
        ("15;default;8", theme.DARK.name),
        ("15;default", theme.DARK.name),
        ("0;1e9", theme.DARK.name),
        ("0;²", theme.DARK.name),
        ("0;" + "9" * 9999, theme.DARK.name),
        ("", theme.DARK.name),
    ],
)
def test_colorfgbg_chooses_the_first_theme(variable: str, name: str) -> None:
    assert theme.first_theme({"TERM": "xterm-256color", "COLORFGBG": variable}) == name


def test_a_light_background_keeps_the_number_of_colours() -> None:
    assert theme.first_theme({"TERM": "xterm", "COLORFGBG": "0;15"}) == theme.SIXTEEN_LIGHT.name
    assert theme.on_background(theme.SIXTEEN_DARK.name, light=True) == theme.SIXTEEN_LIGHT.name
    assert theme.on_background(theme.LIGHT.name, light=False) == theme.DARK.name
