"""One-time codes and backup codes are told apart as they are typed."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.credentials import backup_codes, passwords, totp, typed_codes
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from tests.accounts.world import outcome

digits = st.text("0123456789", min_size=6, max_size=6)
plain_codes = st.text(passwords.CROCKFORD, min_size=16, max_size=16)


@given(digits, st.sampled_from(["", " ", "-", "\u00a0", "\u2011"]))
def test_six_digits_in_two_groups_are_a_one_time_code(code: str, gap: str) -> None:
    for typed in (code, f" {code} ", f"{code[:3]}{gap}{code[3:]}", gap.join(code[:3] + code[3:])):
        assert typed_codes.is_one_time_code(typed)
        assert not typed_codes.is_backup_code(typed)
        assert not typed_codes.begins_backup_code(typed)


@given(plain_codes, st.sampled_from(["-", " ", "\u2011"]))
def test_a_backup_code_typed_in_groups_is_never_submitted_half_way(code: str, gap: str) -> None:
    """Not even if it begins with six digits."""
    whole = gap.join(code[start : start + 4] for start in range(0, 16, 4))
    for length in range(len(whole) + 1):
        assert not typed_codes.is_one_time_code(whole[:length])
    assert typed_codes.is_backup_code(whole)
    assert typed_codes.is_backup_code(code)


@pytest.mark.parametrize("typed", ["12345678", "1234 5678", "1234-5678", "\u0661" * 8])
def test_eight_digits_are_a_backup_code(typed: str) -> None:
    """They can be an imported emergency code of google-authenticator."""
    assert typed_codes.is_backup_code(typed)
    assert typed_codes.begins_backup_code(typed)
    assert len(backup_codes.typed_code(typed).reveal()) == 8
    for other in ("1234567", "123456789", "1234567A"):
        assert not typed_codes.is_emergency_code(other)
        assert isinstance(outcome(partial(backup_codes.typed_code, other)), InvalidInput)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", ""),
        ("123456", ""),
        ("1234 56", ""),
        ("1", ""),
        ("abcdef", "A one-time code has only digits."),
        ("12345a", "A one-time code has only digits."),
        ("abcdefg", "Backup codes do not work here."),
        ("ABCD-EFGH-JKMN-PQRS", "Backup codes do not work here."),
        ("1234567", "A one-time code has 6 digits; you typed 7."),
        ("12345678", "A one-time code has 6 digits; you typed 8."),
        ("1234-5678-1234-5678", "Backup codes do not work here."),
    ],
)
def test_a_text_that_cannot_be_a_one_time_code_is_explained(typed: str, said: str) -> None:
    assert typed_codes.not_a_one_time_code(typed) == said


def test_the_characters_of_a_wrong_code_are_counted() -> None:
    for check, typed, sentence in (
        (totp.typed_code, "", "Enter the 6 digits that your app shows now."),
        (totp.typed_code, "12", "A one-time code has 6 digits; you typed 2."),
        (totp.typed_code, "123 456 7", "A one-time code has 6 digits; you typed 7."),
        (totp.typed_code, "7" * 1000, "A one-time code has 6 digits; you typed many more."),
        (
            totp.typed_code,
            "12345a",
            "A one-time code has only digits. Enter the 6 digits that your app shows now.",
        ),
        (
            totp.typed_code,
            "2v6f-0q9k-7t3m-xh5r",
            "This looks like a backup code. Enter the 6 digits that your app shows now.",
        ),
        (backup_codes.typed_code, " ", "Enter one of your backup codes."),
        (
            backup_codes.typed_code,
            "2v6f-0q9",
            "A backup code has 16 letters and digits; you typed 7.",
        ),
        (backup_codes.typed_code, "2V6F-0Q9U", "Backup codes do not contain U."),
        (backup_codes.typed_code, "2V6F\u202e", "Backup codes do not contain <U+202E>."),
    ):
        refused = outcome(partial(check, typed))
        assert isinstance(refused, InvalidInput)
        assert str(refused) == sentence


@pytest.mark.parametrize(
    "typed",
    ["2V6F-0Q9K-7T3M-XH5R", "2v6f0q9k7t3mxh5r", " 2v6f oq9k 7t3m xh5r ", "2V6F\u20110Q9K7T3MXH5R"],
)
def test_an_initial_password_is_typed_like_a_backup_code(typed: str) -> None:
    assert passwords.initial(Secret(typed)) == Secret("2V6F-0Q9K-7T3M-XH5R")


@pytest.mark.parametrize(
    "own", ["Ketzin.7-Havel", "2V6F-0Q9K-7T3M", "2v6f0q9k7t3mxh5u", "2v6f0q9k7t3mxh5r" + " " * 300]
)
def test_an_initial_password_that_an_admin_chose_is_taken_exactly_as_typed(own: str) -> None:
    assert passwords.initial(Secret(own)) == Secret(own)
