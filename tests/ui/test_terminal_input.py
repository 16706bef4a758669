"""Terminal bytes become text, keys and pastes, however they are split."""

import sys
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.ui.terminal.input import (
    ALT_SECONDS,
    ESCAPE_SECONDS,
    MOST_OF_PASTE,
    SILENCE_SECONDS,
    Kind,
    Piece,
    TerminalInput,
)
from tests.fuzz.mutations import many
from tests.ui.terminal_answers import ANSWERS

SLOW = 0.4
"""Seconds between the parts on a slow line."""
MOST_KEPT = MOST_OF_PASTE + 300
FRAGMENTS = [
    *ANSWERS.values(),
    *(answer[: len(answer) // 2] for answer in ANSWERS.values()),
    b"\x1b", b"\x1b[", b"\x1bO", b"\x1b]", b"\x1bP", b"\x1b[M", b"\x1b[[", b"\x1b[200~",
    b"\x1b[201~", b"\x1b\\", b"\x07", b"\x18", b"\x9c", b"\0", b"\r", b"abc", b"12;3",
    "ü€😀".encode(), b"\xe4", b"\xf0\x9f", b"\xc2\x9b", b"\xed\xa0\x80", b"1" * 50, b"!" * 12,
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=8), max_size=8).map(b"".join)


def pieces(*parts: bytes, gap: float = 0.0, after: float = 10.0) -> list[Piece]:
    """The pieces from these parts, `gap` seconds apart, followed by silence."""
    terminal = TerminalInput()
    now = 1.0
    found = []
    for part in parts:
        found += terminal.feed(part, now)
        now += gap
    return joined([*found, *terminal.expire(now + after)])


def joined(found: Sequence[Piece]) -> list[Piece]:
    """Join neighbouring texts, because their split does not matter."""
    whole: list[Piece] = []
    for piece in found:
        if whole and piece.kind is whole[-1].kind is Kind.TEXT:
            whole[-1] = Piece(Kind.TEXT, whole[-1].text + piece.text)
        else:
            whole.append(piece)
    return whole


def text(typed: str) -> Piece:
    return Piece(Kind.TEXT, typed)


NOT_UTF8 = Piece(Kind.NOT_UTF8)
ESCAPE = Piece(Kind.ESCAPE)


# Arbitrary input


@many(400)
@given(data=HOSTILE, at=st.lists(st.integers(0, 200), max_size=5))
def test_splitting_the_input_does_not_change_the_result(data: bytes, at: list[int]) -> None:
    ends = sorted({0, len(data), *(min(each, len(data)) for each in at)})
    parts = [data[begin:end] for begin, end in pairwise(ends)]
    assert pieces(*parts) == pieces(data)


@many(400)
@given(data=st.lists(HOSTILE, max_size=4), gaps=st.lists(st.floats(0, 3), min_size=4, max_size=4))
def test_no_input_raises_or_fills_memory(data: list[bytes], gaps: list[float]) -> None:
    terminal = TerminalInput()
    now = 0.0
    for part, gap in zip(data, gaps, strict=False):
        for piece in terminal.feed(part, now):
            piece.text.encode()
        assert terminal.kept <= MOST_KEPT
        now += gap
        terminal.expire(now)
    terminal.expire(now + 60)
    assert terminal.kept == 0
    assert terminal.deadline is None
    assert terminal.feed(b"z", now + 61) == [text("z")]


@many(200)
@given(typed=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_text_is_unchanged(typed: str) -> None:
    assert "".join(piece.text for piece in pieces(typed.encode())) == typed
    assert pieces(f"\x1b[200~{typed}\x1b[201~".encode()) == [Piece(Kind.PASTE, typed)]


@pytest.mark.parametrize(
    "unit",
    [b"\x1b[", b"\x1b]", b"\x1bP", b"\x1b[1", b"\x1b[200~a", b"\x1b[M", b"\x1bO", b"\x9d1;",
     b"\x9b1", b"\xe2\x82", b"\xfc", b"\x1b]\x1b", b"\x1b[" + b"1" * 99],
)  # fmt: skip
def test_a_flood_is_not_kept_in_memory(unit: bytes) -> None:
    terminal = TerminalInput()
    for _ in range(100):
        terminal.feed(unit * 30 + b"a" * 1000, 0.0)
        assert terminal.kept <= MOST_KEPT


@pytest.mark.parametrize("unit", [b"\x1b[", b"\x1bO", b"\x1b[1;", b"a\0", b"\x1b[<"])
def test_a_flood_of_sequence_starts_costs_little_work(unit: bytes) -> None:
    """Splitting holds the interpreter lock, so the application waits meanwhile."""
    terminal = TerminalInput()
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        terminal.feed(unit * 1000, 0.0)
    finally:
        sys.setprofile(None)
    assert calls < 50


def test_alt_and_slash_does_not_swallow_the_next_key() -> None:
    assert pieces(b"\x1b/", b"x") == [Piece(Kind.SEQUENCE, "\x1b/"), text("x")]
    assert pieces(b"\x1b", b"/Z", gap=SLOW) == [ESCAPE, text("/Z")]


# Answers


@pytest.mark.parametrize("name", ANSWERS)
def test_a_terminal_answer_is_not_text(name: str) -> None:
    answer = ANSWERS[name]
    found = pieces(b"a", answer, b"b")
    assert {piece.kind for piece in found} <= {Kind.TEXT, Kind.SEQUENCE, Kind.NOT_UTF8}
    assert "".join(piece.text for piece in found if piece.kind is Kind.TEXT) == "ab"


@pytest.mark.parametrize("name", [name for name in ANSWERS if ANSWERS[name].startswith(b"\x1b")])
def test_an_answer_in_two_halves_is_still_one_answer(name: str) -> None:
    answer = ANSWERS[name][:80] if len(ANSWERS[name]) < 100 else ANSWERS["OSC 52, clipboard"]
    # Esc and a later slash are two keys.
    first = 2 if answer.startswith(b"\x1b/") else 1
    for at in range(first, len(answer)):
        assert pieces(answer[:at], answer[at:], b"b", gap=SLOW) == pieces(answer, b"b", gap=SLOW)


def test_text_after_an_unfinished_answer_is_kept() -> None:
    assert pieces(b"\x1b]11;rgb:", b"abc", gap=SILENCE_SECONDS) == [text("abc")]
    assert pieces(b"\x1b[?1;2", b"abc", gap=SILENCE_SECONDS) == [text("abc")]
    assert pieces(b"\x1b]11;rgb:", b"abc", gap=SILENCE_SECONDS - 0.1) == []


def test_an_oversized_sequence_is_dropped_to_its_end() -> None:
    assert pieces(b"\x1b[" + b"1;" * 500 + b"mabc") == [text("abc")]
    assert pieces(b"\x1b[" + b"1" * 5000 + b"\rabc") == [text("\rabc")]


# Keys


@pytest.mark.parametrize(
    "key",
    [b"\x1b[A", b"\x1bOP", b"\x1b[3~", b"\x1b[1;5C", b"\x1b[Z", b"\x1b[97;5u", b"\x1b[[A",
     b"\x1b[3$", b"\x1b[<0;10;20M", b"\x1b[<35;200;60m", b"\x1b[I", b"\x1b\x7f"],
)  # fmt: skip
def test_a_key_split_by_a_slow_line_stays_one_key(key: bytes) -> None:
    for at in range(1, len(key)):
        gap = SLOW if key[1:2] in b"[O" else 0.0
        assert pieces(key[:at], key[at:], gap=gap) == [Piece(Kind.SEQUENCE, key.decode())]


def test_esc_is_a_key_if_nothing_follows() -> None:
    terminal = TerminalInput()
    assert terminal.feed(b"\x1b", 1.0) == []
    assert terminal.deadline == 1.0 + ESCAPE_SECONDS
    assert terminal.expire(1.0 + ESCAPE_SECONDS - 0.01) == []
    assert terminal.expire(1.0 + ESCAPE_SECONDS) == [ESCAPE]


def test_esc_and_a_later_letter_are_two_keys() -> None:
    assert pieces(b"\x1b", b"x", gap=ALT_SECONDS) == [ESCAPE, text("x")]
    assert pieces(b"\x1b", b"x", gap=ALT_SECONDS / 2) == [Piece(Kind.SEQUENCE, "\x1bx")]
    assert pieces(b"\x1b\x1b\x1b[A") == [ESCAPE, ESCAPE, Piece(Kind.SEQUENCE, "\x1b[A")]


# Invalid text


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        (b"a\xfcb", "ab"),
        (b"\xe4\xf6\xfc", ""),
        (b"a\xe4", "a"),
        (b"a" + bytes(range(0x80, 0x100)) + b"b", "ab"),
        (b"a\x9bAb", "aAb"),
        (b"a\x9b123456\r", "a123456\r"),
        (b"a\x90\x9d\x9fb", "ab"),
        (b"\x9d1;secret", "1;secret"),
        (b"a\xed\xa0\x80b", "ab"),
        (b"a\xc0\xafb", "ab"),
    ],
)
def test_invalid_utf8_is_dropped_and_noted(sent: bytes, left: str) -> None:
    found = pieces(sent)
    assert "".join(piece.text for piece in found) == left
    assert found.count(NOT_UTF8) == 1


def test_invalid_utf8_is_noted_only_once() -> None:
    assert pieces(b"\xfc", b"\xfc", b"\xfc", gap=100) == [NOT_UTF8]


def test_nul_and_c1_control_characters_are_dropped() -> None:
    assert pieces("a\x80\x9b\x9f\0b".encode()) == [text("ab")]


# Pastes


def test_a_paste_with_split_marks_stays_one_paste() -> None:
    whole = b"\x1b[200~ab\rc\x1b[201~d"
    for at in range(1, len(whole)):
        found = pieces(whole[:at], whole[at:], gap=SLOW)
        assert found == [Piece(Kind.PASTE, "ab\rc"), text("d")]


def test_an_unfinished_paste_is_given_up() -> None:
    lost = Piece(Kind.LOST_PASTE)
    assert pieces(b"\x1b[200~abc", b"def", gap=SILENCE_SECONDS) == [lost, text("def")]
    assert pieces(b"\x1b[200~abc", b"def\x1b[201~", gap=1.9) == [Piece(Kind.PASTE, "abcdef")]


def test_a_paste_start_inside_a_paste_is_content() -> None:
    found = pieces(b"\x1b[200~a\x1b[200~b\x1b[201~c\x1b[201~d")
    assert found == [Piece(Kind.PASTE, "a\x1b[200~b"), text("cd")]


def test_invalid_utf8_in_a_paste_is_dropped() -> None:
    assert pieces(b"\x1b[200~a\xfc\0b\x1b[201~") == [NOT_UTF8, Piece(Kind.PASTE, "ab")]


def test_a_paste_is_kept_up_to_a_limit() -> None:
    (paste,) = pieces(b"\x1b[200~" + b"a" * 10 * MOST_OF_PASTE + b"\x1b[201~")
    assert paste == Piece(Kind.PASTE, "a" * MOST_OF_PASTE)
