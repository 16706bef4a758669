"""Translating pieces of terminal input into events, and window sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events, messages
from textual.message import Message

from cwtui.config.quit_key import POSSIBLE
from cwtui.ui.terminal.input import TerminalInput
from cwtui.ui.terminal.size import MOST_COLUMNS, MOST_ROWS, clamped, size_in
from cwtui.ui.terminal.translator import Translator
from tests.fuzz.mutations import many
from tests.ui.terminal_answers import ANSWERS
from tests.ui.test_terminal_input import HOSTILE

PARAMETERS = st.text("0123456789;:<=>?-", max_size=30)
SEQUENCES = st.builds(
    "\x1b[{}{}".format, PARAMETERS, st.sampled_from([*"u~ABCDEFHPQRSMmtyc", "$y"])
)
HUGE = "9" * 20


def translated(*parts: bytes) -> list[Message]:
    """The events from these bytes, followed by silence."""
    terminal, translator = TerminalInput(), Translator()
    pieces = [piece for part in parts for piece in terminal.feed(part, 0.0)]
    pieces += terminal.expire(60)
    return [event for piece in pieces for event in translator.translate(piece)]


def keys(*parts: bytes) -> list[str]:
    return [event.key for event in translated(*parts) if isinstance(event, events.Key)]


def typed(*parts: bytes) -> str:
    """The text that an input field would show."""
    found = [event for event in translated(*parts) if isinstance(event, events.Key)]
    return "".join(event.character or "" for event in found if event.is_printable)


# Arbitrary input


@many(400)
@given(data=HOSTILE | SEQUENCES.map(str.encode))
def test_hostile_input_gives_only_usable_events(data: bytes) -> None:
    for event in translated(data):
        if isinstance(event, events.Key):
            assert event.name_aliases
            (event.character or "").encode()
        if isinstance(event, events.Resize):
            assert 0 < event.size.width <= MOST_COLUMNS
            assert 0 < event.size.height <= MOST_ROWS


@pytest.mark.parametrize("name", ANSWERS)
def test_a_terminal_answer_presses_no_key(name: str) -> None:
    assert keys(ANSWERS[name]) == []
    assert typed(b"a", ANSWERS[name], b"b") == "ab"


@pytest.mark.parametrize(
    "sequence",
    [
        f"\x1b[{number}{end}"
        for number in (
            "1114112", "55296", "97;;55296", HUGE, f"97;;{HUGE}", "1:2:3;4:5",
            "97;1:3",
        )
        for end in "u~"
    ]
    + [f"\x1b[<{HUGE};1;1M", f"\x1b[<0;{HUGE};1M", "\x1b[<0;-5;-5M", "\x1b[<0;;M", "\x1b[<;1;1M"],
)  # fmt: skip
def test_impossible_keys_and_positions_are_dropped(sequence: str) -> None:
    assert translated(sequence.encode()) == []


@pytest.mark.parametrize("sequence", ["\x1b[0u", "\x1b[;;;u", "\x1b[;u", "\x1b[27u", "\x1b[57358u"])
def test_keys_without_text_type_nothing(sequence: str) -> None:
    assert typed(sequence.encode()) == ""


# Keys, text, pastes and the mouse


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (b"a", "a"), (b"A", "A"), ("ü".encode(), "ü"), (b"\r", "enter"), (b"\t", "tab"),
        (b"\x7f", "backspace"), (b"\x11", "ctrl+q"), (b"/", "slash"), (b"\x1b[A", "up"),
        (b"\x1bOA", "up"), (b"\x1b[Z", "shift+tab"), (b"\x1b[5~", "pageup"), (b"\x1bOP", "f1"),
        (b"\x1b[[A", "f1"), (b"\x1b[3$", "shift+delete"), (b"\x1b[1;5C", "ctrl+right"),
        (b"\x1b[27u", "escape"), (b"\x1b[113;5u", "ctrl+q"), (b"\x1b[97;;97u", "a"),
        (b"\x1b", "escape"), (b"\x1bx", "alt+x"), (b"\x1bf", "ctrl+right"), (b"\x1bOj", "asterisk"),
    ],
)  # fmt: skip
def test_each_sequence_is_the_right_key(sent: bytes, key: str) -> None:
    assert keys(sent) == [key]


def test_text_is_typed_unchanged() -> None:
    assert typed("Grüße, 端末 é👍".encode()) == "Grüße, 端末 é👍"


def test_a_paste_becomes_one_event() -> None:
    (paste,) = translated(b"\x1b[200~two\rlines\x1b[201~")
    assert isinstance(paste, events.Paste)
    assert paste.text == "two\rlines"


def test_mouse_events_have_the_right_position() -> None:
    down, up = translated(b"\x1b[<0;11;21M", b"\x1b[<0;11;21m")
    assert isinstance(down, events.MouseDown)
    assert isinstance(up, events.MouseUp)
    assert (down.x, down.y) == (10, 20)


def test_mode_reports_reach_textual() -> None:
    (found,) = translated(b"\x1b[?2026;2$y")
    assert isinstance(found, messages.TerminalSupportsSynchronizedOutput)
    assert translated(b"\x1b[?2026;0$y", b"\x1b[?2048;0$y") == []


# Sizes


def test_window_sizes_are_limited() -> None:
    assert clamped(20000, 20000) == (MOST_COLUMNS, MOST_ROWS)
    assert clamped(200, 60) == (200, 60)
    assert clamped(0, -1) == (1, 1)


@pytest.mark.parametrize(
    ("columns", "rows", "size"),
    [
        ("100", "30", (100, 30)),
        ("99999", "99999", (MOST_COLUMNS, MOST_ROWS)),
        ("", "", (80, 24)),
        ("9" * 5000, "-5", (80, 24)),
        ("²", "٣", (80, 24)),
        ("0", "x", (80, 24)),
    ],
)
def test_the_size_is_read_from_variables(columns: str, rows: str, size: tuple[int, int]) -> None:
    assert size_in({"COLUMNS": columns, "LINES": rows}) == size


# The key that quits


@pytest.mark.parametrize("name", POSSIBLE)
def test_all_spellings_of_a_quit_key_are_that_key(name: str) -> None:
    spellings = Translator().spellings(name)
    assert spellings
    for spelling in spellings:
        assert keys(spelling.encode()) == [name]


def test_ctrl_q_has_two_spellings() -> None:
    assert Translator().spellings("ctrl+q") == {"\x11", "\x1b[113;5u"}
