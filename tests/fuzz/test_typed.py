"""Typed text gives a value or one of our errors, never another exception."""

import unicodedata
from collections.abc import Callable
from datetime import datetime
from urllib.parse import unquote, urlsplit

import msgspec
import pyotp
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cwtui.accounts import self_service, settings, sign_in, text, user_list
from cwtui.accounts.audit import lines as audit_lines
from cwtui.accounts.audit import reading as audit_reading
from cwtui.accounts.audit.event_words import event_words
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.errors import AccountsError, InvalidInput
from cwtui.accounts.filter_language import FilterError, Query, parse
from cwtui.accounts.listing import Listing, View
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Session
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.sign_in_states import CodeNeeded
from tests.accounts.world import HERE, NOW, OPERATOR, PASSWORD, Device, World, outcome
from tests.fuzz.mutations import TEXT, many

PARSERS: dict[str, Callable[[str], object]] = {
    "one-time code": totp.typed_code,
    "backup code": backup_codes.typed_code,
    "username": text.username,
    "display name": lambda typed: text.line(typed, "display_name", "The display name"),
    "password": lambda typed: passwords.check_new(Secret(typed), OrganizationSettings(), "ada"),
}


@pytest.mark.parametrize("parser", PARSERS)
@many(300)
@given(typed=TEXT)
def test_any_text_in_a_field_is_accepted_or_refused(parser: str, typed: str) -> None:
    found = outcome(lambda: PARSERS[parser](typed))
    if isinstance(found, AccountsError):
        assert isinstance(found, InvalidInput)
        assert text.visible(str(found)) == str(found)


@many(300)
@given(typed=TEXT)
def test_a_code_is_accepted_complete_or_not_at_all(typed: str) -> None:
    found = outcome(lambda: totp.typed_code(typed))
    assert isinstance(found, AccountsError) or (found.isascii() and found.isdigit())
    kept = outcome(lambda: backup_codes.typed_code(typed))
    if isinstance(kept, Secret):
        assert set(kept.reveal()) <= set(passwords.CROCKFORD)
        assert len(kept.reveal()) == backup_codes.LENGTH


@many(300)
@given(typed=TEXT)
def test_an_accepted_username_is_already_normalized(typed: str) -> None:
    name = outcome(lambda: text.username(typed))
    if isinstance(name, str):
        assert text.username(name) == name == text.visible(name)
        assert unicodedata.is_normalized("NFKC", name)
        assert 1 <= len(name) <= text.USERNAME_LENGTH


@pytest.mark.parametrize("key", [*settings.KEYS, "no such key"])
@many(60)
@given(typed=TEXT)
def test_any_text_for_a_setting_is_accepted_or_refused(key: str, typed: str) -> None:
    outcome(lambda: settings.with_values(OrganizationSettings(), {key: typed}))


@many(60)
@given(typed=TEXT, other=TEXT)
def test_a_stored_password_matches_only_itself(typed: str, other: str) -> None:
    world = World()
    kept = passwords.hash_password(Secret(typed), world.keyring, 4)
    if len(typed) <= passwords.MAX_LENGTH:
        assert passwords.is_password(Secret(typed), kept, world.keyring, 4)
    if not passwords.is_same(Secret(typed), Secret(other)):
        assert not passwords.is_password(Secret(other), kept, world.keyring, 4)


@many(60)
@given(typed=TEXT)
@example(typed="\ud800")
def test_the_strength_of_any_password_is_rated(typed: str) -> None:
    assert 0 <= passwords.strength(Secret(typed), "ada").score <= 4


TIMES = st.sampled_from([datetime.min, datetime.max]) | st.datetimes()  # noqa: DTZ901  edges
AGES = st.builds("{}{}".format, st.integers(0, 10**30), st.sampled_from("mhdw"))
KEYS = st.sampled_from(
    ["since", "before", "user", "event", "outcome", "origin", "mfa", "!role", "last", "created"]
)
SINCE = st.builds("since:{}".format, AGES | TIMES.map(datetime.isoformat))
FILTERS = st.builds("{}:{}".format, KEYS, TEXT) | SINCE


@many(300)
@given(words=st.lists(TEXT | FILTERS, max_size=3), at=TIMES)
def test_any_filter_works_on_accounts_and_audit_lines(words: list[str], at: datetime) -> None:
    world, typed = World(), " ".join(words)
    found = outcome(lambda: user_list.list_users(world.ports, OPERATOR, View(typed)))
    assert isinstance(found, Listing | FilterError)
    fields = dict.fromkeys(("event", "actor", "subject", "source", "outcome"), "sign_in")
    line = msgspec.json.encode({"n": 1, "previous": "0", "at": f"{at.isoformat()}Z", **fields})
    assert audit_lines.decode(line) is not None
    world.audit.contents.append(line)
    wanted = outcome(lambda: parse(typed, event_words(), NOW))
    if isinstance(wanted, Query):
        audit_reading.newest(world.ports, OPERATOR, wanted)
    else:
        assert isinstance(wanted, FilterError)
        assert text.visible(str(wanted)) == str(wanted)


# Ways in, from outside to inside


def equipped() -> tuple[World, Device, Session]:
    world = World()
    world.add("alice")
    device = world.equip()
    session = world.session("alice", device)
    world.clock.forward(3600)
    return world, device, session


@many(50)
@given(typed=TEXT)
def test_random_input_lets_nobody_in(typed: str) -> None:
    world, device, session = equipped()
    assume(typed != PASSWORD)
    assume(not any(step in typed for step in [device.code(world.clock(), n) for n in (-1, 0, 1)]))
    state = world.asked_for_code()
    for call in (
        lambda: sign_in.with_password(world.ports, typed, Secret(PASSWORD), HERE),
        lambda: sign_in.with_password(world.ports, "alice", Secret(typed), HERE),
        lambda: sign_in.with_one_time_code(world.ports, state, typed),
        lambda: sign_in.with_backup_code(world.ports, state, typed),
        lambda: self_service.prove(world.ports, session, None, typed),
        lambda: self_service.prove(world.ports, session, Secret(typed), None),
    ):
        found = outcome(call)
        assert isinstance(found, AccountsError | CodeNeeded)
        if isinstance(found, CodeNeeded):
            assert text.username(typed) == "alice"


# What the authenticator app reads


def taken_username(typed: str) -> str:
    name = outcome(lambda: text.username(typed))
    return name if isinstance(name, str) else "alice"


def taken_issuer(typed: str) -> str:
    found = outcome(lambda: settings.with_values(OrganizationSettings(), {"issuer": typed}))
    return found.issuer if isinstance(found, OrganizationSettings) else "Connectware"


USERNAMES = st.one_of(
    TEXT.map(taken_username),
    st.from_regex(r"[a-z0-9][a-zäß0-9._@+-]{0,63}", fullmatch=True),
    st.from_regex(r"[a-z_$][a-z '&$!#%^~{}()]{0,62}[a-z$]", fullmatch=True).map(text.username),
)
ISSUERS = st.one_of(
    TEXT.map(taken_issuer), st.sampled_from(["A & B = C", "100 %+1", "Ω/?#", "plant-7 (south)"])
)


@many(80)
@given(username=USERNAMES, issuer=ISSUERS, random=st.binary(min_size=20, max_size=20))
def test_other_programs_can_read_the_otpauth_uri(username: str, issuer: str, random: bytes) -> None:
    secret = totp.new_secret(lambda _: random)
    for number, uri in enumerate(totp.uris(secret, username, issuer)):
        split = urlsplit(uri.reveal())
        assert (split.scheme, split.netloc, split.fragment) == ("otpauth", "totp", "")
        # Some apps take + for itself, and not for a space.
        fields = dict(field.split("=") for field in split.query.split("&"))
        parameter = {"issuer": issuer} if number == 0 else {}
        assert {key: unquote(value) for key, value in fields.items()} == {
            "secret": secret.reveal(),
            **parameter,
        }
        prefix, _, name = unquote(split.path[1:]).rpartition(":")
        assert prefix == issuer
        assert name == username or (name.endswith("…") and username.startswith(name[:-1]))
        read = pyotp.parse_uri(uri.reveal())
        assert isinstance(read, pyotp.TOTP)
        assert (read.secret, read.issuer, read.digits, read.interval) == (
            secret.reveal(),
            issuer,
            6,
            30,
        )
        assert read.name == name
