"""Organization settings, typed as text."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts import settings
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.settings import KEYS, Mfa, OrganizationSettings
from tests.accounts.world import outcome

BOUNDS = {
    "password_min": (1, 64),
    "password_lower": (0, 64),
    "password_upper": (0, 64),
    "password_numeric": (0, 64),
    "password_symbol": (0, 64),
    "password_limit": (1, 10),
    "password_ban_minutes": (1, 1440),
    "code_limit": (1, 10),
    "code_ban_minutes": (1, 1440),
    "unused_days": (0, 3650),
    "invitation_days": (1, 90),
}
DEFAULTS = OrganizationSettings()


def test_the_defaults_match_connectware() -> None:
    assert DEFAULTS.mfa is Mfa.OPTIONAL
    assert DEFAULTS.issuer == "Connectware"
    assert DEFAULTS.password_min == 5
    assert (DEFAULTS.password_lower, DEFAULTS.password_upper) == (0, 0)
    assert (DEFAULTS.password_numeric, DEFAULTS.password_symbol) == (0, 0)
    assert (DEFAULTS.code_limit, DEFAULTS.code_ban_minutes) == (5, 5)
    assert (DEFAULTS.password_limit, DEFAULTS.password_ban_minutes) == (5, 5)


def test_every_key_is_tested_here() -> None:
    assert {*BOUNDS, "mfa", "mfa_required_for_new_ldap_users", "issuer"} == set(KEYS)


@pytest.mark.parametrize(
    ("typed", "required"), [("yes", True), (" ON ", True), ("true", True), ("No", False)]
)
def test_yes_and_no_set_mfa_for_new_ldap_users(typed: str, required: bool) -> None:
    changed = settings.with_values(DEFAULTS, {"mfa_required_for_new_ldap_users": typed})
    assert changed.mfa_required_for_new_ldap_users is required


@pytest.mark.parametrize("typed", ["", "1", "maybe", "yes no", "None"])
def test_other_words_than_yes_and_no_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="Choose yes or no") as refused:
        settings.with_values(DEFAULTS, {"mfa_required_for_new_ldap_users": typed})
    assert refused.value.field == "mfa_required_for_new_ldap_users"


@pytest.mark.parametrize("key", BOUNDS)
def test_each_number_has_bounds(key: str) -> None:
    low, high = BOUNDS[key]
    for number in (low, high):
        assert getattr(settings.with_values(DEFAULTS, {key: f" {number} "}), key) == number
    for number in (low - 1, high + 1):
        with pytest.raises(InvalidInput) as refused:
            settings.with_values(DEFAULTS, {key: str(number)})
        assert refused.value.field == key
        assert str(high) in str(refused.value)
        assert str(low) in str(refused.value)


def test_password_rules_never_ask_for_more_than_64_characters() -> None:
    values = {"password_numeric": "40", "password_symbol": "24"}
    most = settings.with_values(DEFAULTS, values)
    assert (most.password_numeric, most.password_symbol) == (40, 24)
    for before, more in (
        (DEFAULTS, values | {"password_symbol": "25"}),
        (most, {"password_symbol": "25"}),
        (most, {"password_symbol": "20", "password_upper": "5"}),
    ):
        with pytest.raises(InvalidInput, match="would be 65") as refused:
            settings.with_values(before, more)
        assert refused.value.field == list(more)[-1]


def test_rules_that_ask_for_more_can_be_read_and_lowered_in_steps() -> None:
    """They were saved before there was this limit."""
    stored = b'{"password_min":200,"password_lower":64,"password_numeric":64,"password_symbol":64}'
    before = msgspec.json.decode(stored, type=OrganizationSettings)
    after = settings.with_values(before, {"mfa": "off", "password_min": "199"})
    assert (after.mfa, after.password_min) == (Mfa.OFF, 199)
    assert settings.with_values(before, {"password_symbol": "63"}).password_symbol == 63
    for more in ({"password_min": "201"}, {"password_upper": "1"}):
        with pytest.raises(InvalidInput, match="64") as refused:
            settings.with_values(before, more)
        assert refused.value.field in more


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "five",
        "5.0",
        "5e0",
        "+5",
        "-0",
        "1_0",
        "0x5",
        "\u0665",
        "\u2075",
        "5 5",
        "true",
        "None",
        "9" * 1_000_000,
    ],
    ids=lambda typed: typed[:9],
)
def test_anything_but_a_number_is_refused_at_its_key(typed: str) -> None:
    for key in BOUNDS:
        with pytest.raises(InvalidInput) as refused:
            settings.with_values(DEFAULTS, {key: typed})
        assert refused.value.field == key
        assert len(str(refused.value)) < 120


@pytest.mark.parametrize("typed", ["off", " OFF ", "Optional", "required"])
def test_mfa_accepts_off_optional_and_required(typed: str) -> None:
    assert settings.with_values(DEFAULTS, {"mfa": typed}).mfa.value == typed.strip().lower()


@pytest.mark.parametrize("typed", ["", "on", "true", "0", "off,optional", "off\n", "x" * 1_000_000])
def test_other_words_for_mfa_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="Choose off, optional or required") as refused:
        settings.with_values(DEFAULTS, {"mfa": typed})
    assert refused.value.field == "mfa"


@pytest.mark.parametrize(
    ("typed", "issuer"),
    [
        ("Connectware (plant-7)", "Connectware (plant-7)"),
        ("  two  words ", "two words"),
        ("Ä" * 40, "Ä" * 40),
    ],
)
def test_valid_issuers_are_accepted(typed: str, issuer: str) -> None:
    assert settings.with_values(DEFAULTS, {"issuer": typed}).issuer == issuer


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "x" * 41, "x" * 1_000_000, "a:b", "a\uff1ab", "a\x1b[2Jb", "a\u202eb", "a\nb"],
)
def test_invalid_issuers_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        settings.with_values(DEFAULTS, {"issuer": typed})
    assert refused.value.field == "issuer"


def test_an_unknown_key_is_escaped_and_valid_keys_listed() -> None:
    with pytest.raises(InvalidInput) as refused:
        settings.with_values(DEFAULTS, {"mfa\x1b[2J": "off"})
    assert "\x1b" not in str(refused.value)
    assert "code_ban_minutes" in str(refused.value)


def test_settings_change_all_or_none() -> None:
    with pytest.raises(InvalidInput):
        settings.with_values(DEFAULTS, {"mfa": "off", "code_limit": "11"})
    both = settings.with_values(DEFAULTS, {"mfa": "off", "code_limit": "10"})
    assert (both.mfa, both.code_limit) == (Mfa.OFF, 10)
    assert settings.with_values(both, {}) == both


@given(st.dictionaries(st.sampled_from(KEYS), st.one_of(st.text(), st.integers().map(str))))
def test_any_typed_text_gives_settings_or_an_error_message(values: dict[str, str]) -> None:
    found = outcome(lambda: settings.with_values(DEFAULTS, values))
    if isinstance(found, OrganizationSettings):
        again = msgspec.json.decode(msgspec.json.encode(found), type=OrganizationSettings)
        assert again == found
        unchanged = set(KEYS) - set(values)
        assert all(getattr(found, key) == getattr(DEFAULTS, key) for key in unchanged)
    else:
        assert isinstance(found, InvalidInput)
        assert found.field in values
