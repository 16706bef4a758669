"""Checking typed usernames and lines, and showing text that others typed."""

import sys
import unicodedata
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import text
from cwtui.accounts.errors import InvalidInput
from tests.accounts.world import outcome

# What reorders, hides or breaks a line on a terminal. UAX 44 Default_Ignorable_Code_Point, UAX 9.
HIDING = [
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u180f",
    *"\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e",
    *"\u2060\u2061\u2064\u2066\u2067\u2068\u2069\u206a\u206f\u3164\ufe00\ufe0f\ufeff\uffa0",
    *"\ufff9\ufffb\U000e0001\U000e0041\U000e0100",
]
BREAKING = [*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029", "\ud800"]
EMBEDDINGS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

anything = st.text(st.characters(), max_size=80)
DIRECTORY_MARKS = " '&$!#%^~{}()"
name_characters = st.one_of(
    st.characters(categories=["L", "M", "Nd"]),
    st.sampled_from("._-@+" + DIRECTORY_MARKS),
    st.sampled_from(HIDING),
)
near_names = st.text(name_characters, min_size=1, max_size=70)


@given(st.one_of(anything, near_names), st.booleans())
def test_an_accepted_username_is_in_normal_form(typed: str, local: bool) -> None:
    name = outcome(lambda: text.username(typed, local=local))
    if not isinstance(name, str):
        assert isinstance(name, InvalidInput)
        assert name.field == "username"
        return
    assert text.username(name, local=local) == text.username(name) == name
    assert unicodedata.normalize("NFKC", name) == name
    assert text.normal(name.casefold()) == name
    assert 1 <= len(name) <= 64
    starts, marks = ("", "._-@+") if local else ("_$", "._-@+" + DIRECTORY_MARKS)
    assert unicodedata.category(name[0])[0] in "LN" or name[0] in starts
    assert all(unicodedata.category(c)[0] in "LM" or c.isdecimal() or c in marks for c in name)
    assert name == " ".join(name.split())
    assert not set(name) & {*HIDING, *BREAKING}
    assert text.visible(name) == name


@given(near_names)
def test_case_and_unicode_form_of_a_name_do_not_matter(typed: str) -> None:
    def name_of(form: str) -> str | None:
        found = outcome(lambda: text.username(form))
        return found if isinstance(found, str) else None

    name = name_of(typed)
    if name is not None:
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            assert name_of(unicodedata.normalize(form, typed)) in {name, None}
        assert name_of(typed.casefold()) in {name, None}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Alice", "alice"),
        ("  alice  ", "alice"),
        ("\uff21\uff2c\uff29\uff23\uff25", "alice"),
        ("Straße", "strasse"),
        ("I\u0307", "i\u0307"),
        ("ada.lovelace+lab@plant-7.example", "ada.lovelace+lab@plant-7.example"),
        ("9lives", "9lives"),
        ("Jose\u0301", "jos\u00e9"),
        ("Ω", "ω"),
        ("中文", "中文"),
        ("\u01f0", "\u01f0"),  # casefold alone would decompose it and the next one
        ("\u0390", "\u0390"),
        ("x" * 64, "x" * 64),
        ("x" + " " * 255, "x"),
    ],
)
def test_valid_names_are_accepted(typed: str, name: str) -> None:
    assert text.username(typed) == text.username(typed, local=True) == name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("O'Hara", "o'hara"),
        ("John  Doe", "john doe"),
        ("john\u00a0doe", "john doe"),
        ("R&D", "r&d"),
        ("SVC$", "svc$"),
        ("_backup", "_backup"),
        ("$admin", "$admin"),
        ("a!b#c%d^e~f{g}h(i)", "a!b#c%d^e~f{g}h(i)"),
    ],
)
def test_names_only_a_directory_gives_are_not_local(typed: str, name: str) -> None:
    """At sign-in the origin is not yet known, so they are accepted there."""
    assert text.username(typed) == name
    with pytest.raises(InvalidInput):
        text.username(typed, local=True)


@pytest.mark.parametrize("local", [False, True])
def test_a_domain_before_the_name_is_explained(local: bool) -> None:
    with pytest.raises(InvalidInput) as refused:
        text.username("WERK\\alice", local=local)
    assert str(refused.value) == ("Enter the username without a domain: alice, not DOMAIN\\alice.")


@pytest.mark.parametrize(
    "typed",
    ["?1", "(no such account)", "-rf", "~x", "a*", "a/b", "a`b", '"a"', "a;b", "a,b", "[b]"],
)
def test_names_no_directory_may_give_are_refused(typed: str) -> None:
    """They could be read as an unknown name, an option, markup or a path."""
    with pytest.raises(InvalidInput):
        text.username(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *["", "   ", "x" * 65, "x" * 1_000_000, ".alice", "-alice", "@", "+a", "_x", "\u0301a"],
        *["al ice", "al/ice", "a:b", "a,b", "a=b", "a(b)", "a*", "[red]a", "a\\b", "½", "a'b"],
        *["\x1b[31mred", "alice\n", "ali\x00ce", "alice\x9b", "\ud83d", "ß" * 64],
    ],
)
def test_invalid_local_names_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        text.username(typed, "name", local=True)
    assert refused.value.field == "name"
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (" ", "Enter a username."),
        ("x" * 65, "A username can have at most 64 characters."),
        ("x" + " " * 256, "A username can have at most 64 characters."),
        ("a b", "Use only letters, digits and . _ - @ + in the name of a local account."),
        ("-a", "A username must start with a letter or digit."),
    ],
)
def test_a_refused_local_name_says_why(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        text.username(typed, local=True)
    assert str(refused.value) == sentence


def test_a_refused_name_says_which_character() -> None:
    with pytest.raises(InvalidInput) as refused:
        text.username("a*b")
    assert str(refused.value) == ("The character * is not allowed in a username.")


def test_hidden_and_control_characters_are_refused() -> None:
    """DESIGN 4.3: control, direction and invisible characters are not accepted."""
    for character in (*HIDING, *BREAKING):
        username = partial(text.username, f"ali{character}ce")
        line = partial(text.line, f"Ali{character}ce", "display_name", "The display name")
        for typed in (username, line):
            assert isinstance(outcome(typed), InvalidInput), hex(ord(character))


def test_hidden_and_control_characters_are_made_visible() -> None:
    """DESIGN 4.3: what others typed is never an escape sequence."""
    for character in (*HIDING, *BREAKING):
        assert text.visible(f"a{character}b") == f"a<U+{ord(character):04X}>b"


def test_control_characters_are_those_of_unicode() -> None:
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        expected = category in {"Cc", "Cs", "Zl", "Zp"}
        assert text.has_control_characters(chr(code)) == expected, hex(code)


@given(anything)
def test_visible_text_is_one_harmless_line(typed: str) -> None:
    """DESIGN 4.3."""
    shown = text.visible(typed)
    assert text.visible(shown) == shown
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(c) for c in shown} & EMBEDDINGS
    assert not set(shown) & set(HIDING)
    assert len(shown.splitlines()) <= 1
    shown.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=80))
def test_ordinary_text_is_shown_unchanged(typed: str) -> None:
    assert text.visible(typed) == typed or set(typed) & set(HIDING)


@given(anything)
def test_a_line_is_trimmed_and_single_spaced(typed: str) -> None:
    line = outcome(lambda: text.line(typed, "issuer", "The issuer"))
    if not isinstance(line, str):
        assert isinstance(line, InvalidInput)
        assert line.field == "issuer"
        assert str(line).startswith(("The issuer ", "Control characters"))
        return
    assert line == " ".join(line.split())
    assert len(line) <= 100
    assert text.visible(line) == line
    assert text.line(line, "issuer", "The issuer") == line


TOO_LONG = "The display name can have at most 100 characters."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("x" * 101, TOO_LONG),
        ("x" + " " * 400, TOO_LONG),
        ("x" * 1_000_000, TOO_LONG),
        ("\ufdfa" * 20, TOO_LONG),
        ("a\u202eb", "The display name contains invisible characters. Type it without them."),
        ("a\nb", text.CANNOT_BE_SHOWN),
    ],
)
def test_invalid_lines_are_refused(typed: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        text.line(typed, "display_name", "The display name")
    assert (refused.value.field, str(refused.value)) == ("display_name", sentence)


def test_a_line_of_100_characters_is_accepted() -> None:
    assert text.line("x" * 100, "display_name", "The display name") == "x" * 100
    assert text.line("x" + " " * 399, "display_name", "The display name") == "x"
    assert text.line("", "display_name", "The display name") == ""


@pytest.mark.parametrize(
    ("names", "sentence"),
    [("", ""), ("a", "a"), ("ab", "a, b"), ("abc", "a, b and 1 more"), ("abcd", "a, b and 2 more")],
)
def test_long_lists_of_names_are_shortened(names: str, sentence: str) -> None:
    assert text.listed(names, 2) == sentence


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("  Alice   Ä. ", "Alice Ä."),
        ("a\x1b[2J\u202eb", "a<U+001B>[2J<U+202E>b"),
        ("x" * 1000, "x" * 100),
        (" ", ""),
        ("\ufdfa" * 100, ""),  # 18 characters each, once it is normalised
    ],
)
def test_foreign_text_is_shown_as_one_short_line(written: str, shown: str) -> None:
    assert text.visible_line(written) == shown


def test_a_whole_number_is_ascii_digits_alone() -> None:
    assert [text.whole_number(one, 3) for one in ("0", "007", "999")] == [0, 7, 999]
    for wrong in ("", "1000", "+5", "-5", " 5", "5\n", "1_0", "0x1", "1.0", "\u0665", "\u00b2"):
        assert text.whole_number(wrong, 3) is None, wrong
    assert text.whole_number("9" * 5000, 10) is None


@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=70))
def test_a_plain_username_needs_no_normalization(typed: str) -> None:
    """What is quick must be the same as what is slow: here the slow way gets one space more."""
    quick = outcome(lambda: text.username(typed, local=True))
    slow = outcome(lambda: text.username(f" {typed}", local=True))
    assert str(quick) == str(slow)
