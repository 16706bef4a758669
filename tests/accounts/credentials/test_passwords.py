"""Passwords: the organization's rules, hashing and the strength meter."""

import ast
import inspect
import traceback
import unicodedata

import bcrypt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn import feedback

from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import InvalidInput, KeyringMissing
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import OrganizationSettings
from tests.accounts.memory import MemoryKeyring
from tests.accounts.world import PASSWORD, World, outcome

RULES = OrganizationSettings()
STRICT = OrganizationSettings(
    password_min=12, password_lower=2, password_upper=2, password_numeric=2, password_symbol=1
)


def refusal(text: str, settings: OrganizationSettings = RULES, username: str = "alice") -> str:
    found = outcome(lambda: passwords.check_new(Secret(text), settings, username))
    if found is None:
        return ""
    assert isinstance(found, InvalidInput)
    assert found.field == "new_password"
    return str(found)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Enter a password."),
        ("    \u2003 ", "The password cannot be only spaces."),
        ("xkcd", "The password needs at least 5 characters."),
        ("tab\tbed", "Control characters are not allowed."),
        ("nul\x00bed", "Control characters are not allowed."),
        ("esc\x1b[2J", "Control characters are not allowed."),
        ("lone\ud800surrogate", "Control characters are not allowed."),
        ("x" * 1025, "A password can have at most 1024 characters."),
        ("x" * 1_000_000, "A password can have at most 1024 characters."),
        ("alice", "The password cannot be the username. Choose another one."),
        ("ALICE", "The password cannot be the username. Choose another one."),
        ("\uff41lice", "The password cannot be the username. Choose another one."),
        ("alice1", "The password is the username with digits or symbols. Choose another one."),
        ("!Alice-2026", "The password is the username with digits or symbols. Choose another one."),
        ("password", "This password is too common"),
        ("PassWord", "This password is too common"),
        ("\uff50assword", "This password is too common"),
        ("qwerty", "This password is too common"),
        ("Password-123", "This password is too common"),
        ("Passwort-123", "This password is too common"),
        ("Password1!!!", "This password is too common"),
        ("!!!password1A", "This password is too common"),
        ("1a Password §", "This password is too common"),
        ("Password Password 1", "This password is too common"),
        ("!!123456!!", "This password is too common"),
        ("P@ssw0rd-123", "This password is too common"),
        (
            "Alice-alice-1234",
            "The password is the username with digits or symbols. Choose another one.",
        ),
    ],
)
def test_a_refused_password_says_why(text: str, sentence: str) -> None:
    assert refusal(text).startswith(sentence)


@pytest.mark.parametrize(
    "text",
    [
        "x7.kQ",
        PASSWORD,
        "пять5",
        "四字五六七",
        "a b c d",
        "correct horse battery staple",
        "my password is long",
        "password of alice 1",
        "passwordx1",
        "2 passwords b c",
        "7!x4love?92k#8Zq",
        "1234-5678-0001",
        "🔑🔑🔑🔑🔑",
        "q\u0308" * 5,
        "x" * 256,
        "y" * 1024,
    ],
)
def test_valid_passwords_are_accepted(text: str) -> None:
    assert refusal(text) == ""


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("aaBB11.aaaaa", ""),
        ("ааББ١٢€абвгд", ""),  # Arabic digits, a currency sign
        ("aaBB11.aaaa", "12 characters"),
        ("aBBBBBBBB11.", "2 lower-case letters"),
        ("aaaaaaaaB11.", "2 upper-case letters"),
        ("aaaaaaaaBB1.", "2 digits"),
        ("aaaaaaaaBB1²", "1 symbol"),
        ("aaaaaaaaBB11", "1 symbol"),
        ("aaaaaaa BB11", "1 symbol"),
        (
            "中",
            ("12 characters, 2 lower-case letters, 2 upper-case letters, 2 digits and 1 symbol"),
        ),
    ],
)
def test_each_broken_rule_is_named_using_unicode_classes(text: str, missing: str) -> None:
    assert refusal(text, STRICT) == (f"The password needs at least {missing}." if missing else "")


def test_characters_are_counted_after_nfkc() -> None:
    ligatures = "\ufb03" * 2  # ffi, ffi
    assert refusal(ligatures, OrganizationSettings(password_min=6)) == ""
    decomposed = "e\u0301" * 3
    assert "6 characters" in refusal(decomposed, OrganizationSettings(password_min=6))


@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30),
    st.builds(
        OrganizationSettings,
        password_min=st.integers(1, 20),
        password_lower=st.integers(0, 5),
        password_upper=st.integers(0, 5),
        password_numeric=st.integers(0, 5),
        password_symbol=st.integers(0, 5),
    ),
)
def test_an_accepted_password_follows_every_rule(text: str, settings: OrganizationSettings) -> None:
    if refusal(text, settings):
        return
    kinds = [unicodedata.category(c) for c in unicodedata.normalize("NFKC", text)]
    assert len(kinds) >= settings.password_min
    assert kinds.count("Ll") >= settings.password_lower
    assert kinds.count("Lu") >= settings.password_upper
    assert kinds.count("Nd") >= settings.password_numeric
    assert sum(kind[0] in "PS" for kind in kinds) >= settings.password_symbol


def test_zero_disables_a_rule_and_one_is_singular() -> None:
    one = OrganizationSettings(password_min=1, password_upper=1)
    assert refusal("ü", one) == "The password needs at least 1 upper-case letter."
    assert refusal("Ü", one) == ""


def test_the_confirmation_is_compared_after_normalization() -> None:
    passwords.check_confirmation(Secret("Ketzin\u00e9"), Secret("Ketzine\u0301"))
    with pytest.raises(InvalidInput) as refused:
        passwords.check_confirmation(Secret("Ketzin"), Secret("ketzin"))
    assert refused.value.field == "confirm_password"


@pytest.mark.parametrize(
    "text", [f"{PASSWORD}\t", "qwertyuiop", "alice", "x" * 2000, "四"], ids=lambda text: text[:9]
)
def test_no_traceback_frame_of_a_refusal_holds_the_password(text: str) -> None:
    """DESIGN 4.2: a traceback that prints local variables shows no password."""
    secret = Secret(text)
    try:
        passwords.check_new(secret, RULES, "alice")
    except InvalidInput as error:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        ours = [frame for frame in frames if frame.filename == passwords.__file__]
    else:
        ours = []
    assert ours
    for frame in ours:
        assert frame.locals is not None
        assert {name for name, value in frame.locals.items() if text in value} <= {"username"}


@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40))
def test_a_hash_matches_only_its_own_password(one: str, other: str) -> None:
    keyring = MemoryKeyring("k1")
    kept = passwords.hash_password(Secret(one), keyring, 4)
    assert passwords.is_password(Secret(one), kept, keyring, 4)
    same = unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other)
    assert passwords.is_password(Secret(other), kept, keyring, 4) is same


@pytest.mark.parametrize("length", [72, 73, 256, 1023])
def test_long_passwords_are_not_truncated(world: World, length: int) -> None:
    """bcrypt reads only 72 bytes; differences after them must count."""
    kept = passwords.hash_password(Secret("x" * length + "1"), world.keyring, 4)
    assert passwords.is_password(Secret("x" * length + "1"), kept, world.keyring, 4)
    assert not passwords.is_password(Secret("x" * length + "2"), kept, world.keyring, 4)
    assert not passwords.is_password(Secret("x" * length), kept, world.keyring, 4)


def test_bcrypt_gets_64_bytes_without_nul(world: World) -> None:
    for text in ("", "x", "\x00", "ü" * 1024):
        digest = passwords.pepper_digest(world.keyring.pepper("k1"), Secret(text))
        assert len(digest) == 64
        assert b"\x00" not in digest


def test_a_megabyte_is_not_the_password(world: World) -> None:
    kept = world.add().password
    assert not passwords.is_password(Secret("x" * 1_000_000), kept, world.keyring, 4)


def test_a_hash_needs_the_key_that_peppered_it(world: World) -> None:
    """DESIGN 4.1: each hash names its key, and cannot be checked without it."""
    kept = passwords.hash_password(Secret(PASSWORD), world.keyring, 4)
    assert kept.key == "k1"
    assert PASSWORD not in str(kept)
    with pytest.raises(KeyringMissing):
        passwords.is_password(Secret(PASSWORD), kept, MemoryKeyring("k2"), 4)
    unpeppered = bcrypt.checkpw(PASSWORD.encode(), kept.bcrypt.encode())
    assert not unpeppered


def test_two_hashes_of_one_password_differ(world: World) -> None:
    assert world.add("alice").password != world.add("bob").password


def test_a_changed_key_or_cost_calls_for_a_new_hash(world: World) -> None:
    """DESIGN 4.1: after a rotation, the next sign-in hashes the password again."""
    kept = passwords.hash_password(Secret(PASSWORD), world.keyring, 4)
    assert not passwords.needs_rehash(kept, world.keyring, 4)
    assert passwords.needs_rehash(kept, world.keyring, 5)
    assert passwords.needs_rehash(kept, MemoryKeyring("k1", "k2"), 4)


@pytest.mark.parametrize(
    ("text", "score"),
    [("", 0), ("password", 0), ("alice", 0), ("correct horse battery staple Havel", 4)],
)
def test_strength_is_given_as_a_word(text: str, score: int) -> None:
    found = passwords.strength(Secret(text), "alice")
    assert found.score == score
    assert found.word == ["very weak", "weak", "fair", "good", "strong"][score]


def test_ones_own_username_counts_as_easy_to_guess() -> None:
    name = "zbigniew-kowalczyk"
    assert passwords.strength(Secret(name), "alice").score > 2
    assert passwords.strength(Secret(name), name).score == 0


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", ""),
        ("password", "This is a top-10 common password."),
        ("correct horse battery staple Havel", ""),
    ],
)
def test_advice_is_a_sentence_or_empty(text: str, advice: str) -> None:
    assert passwords.strength(Secret(text), "alice").advice == advice


def test_advice_without_a_translation_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "ADVICE", ())
    assert passwords.strength(Secret("password"), "alice").advice == ""


def test_all_advice_is_known_to_translators() -> None:
    """Whatever zxcvbn calls a warning, in the code that chooses it."""
    tree = ast.parse(inspect.getsource(feedback))
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name("warning")], value=ast.Call(args=[text])):
                found.add(ast.literal_eval(text))
            case ast.Dict(keys=[ast.Constant("warning"), *_], values=[ast.Call(args=[text]), *_]):
                found.add(ast.literal_eval(text))
    assert found == {*passwords.ADVICE}


@given(st.text(st.characters(), max_size=100))
def test_strength_accepts_any_text_and_repeats_none_of_it(typed: str) -> None:
    found = passwords.strength(Secret(typed), "alice")
    assert 0 <= found.score <= 4
    # Shorter ones, such as "pass", are words of the advice itself.
    assert len(typed) < 12 or typed not in found.advice


def test_very_long_passwords_get_a_strength() -> None:
    assert passwords.strength(Secret("Havel-7 Ketzin.Potsdam" * 40), "alice").score == 4


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "at least 5 characters"),
        ({"password_min": 1}, "at least 1 character"),
        ({"password_numeric": 1}, "at least 5 characters and 1 digit"),
        (
            {"password_min": 12, "password_upper": 1, "password_symbol": 2},
            "at least 12 characters, 1 upper-case letter and 2 symbols",
        ),
    ],
)
def test_the_rules_are_told_in_one_phrase(fields: dict[str, int], sentence: str) -> None:
    assert passwords.rules(msgspec.structs.replace(OrganizationSettings(), **fields)) == sentence
