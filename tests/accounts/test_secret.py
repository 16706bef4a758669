"""A secret does not show itself by accident."""

import copy
import importlib
import inspect
import json
import pickle
import pkgutil
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, is_dataclass

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct

import cwtui
from cwtui.accounts.secret import Secret

PLAIN = "Zr-7-unmistakable"


@dataclass(frozen=True)
class Holder:
    secret: Secret


def test_no_formatting_shows_a_secret() -> None:
    """DESIGN 4.2: a secret is wrapped in a type whose repr is redacted."""
    secret = Secret(PLAIN)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret!a}",
        "%s %r" % (secret, secret),  # noqa: UP031  the other way to format
        "{}".format(secret),  # noqa: UP032  one of the ways to format
        repr([secret]),
        repr({"password": secret}),
        repr(Holder(secret)),
        str(ValueError("wrong", secret)),
        json.dumps({"password": secret}, default=str),
    ]
    for text in shown:
        assert PLAIN not in text
        assert "Secret(...)" in text


def test_a_traceback_with_local_variables_hides_it() -> None:
    """DESIGN 4.2: no secret in a traceback, even where local variables are printed."""

    def fails(password: Secret) -> None:
        held = Holder(password)
        raise RuntimeError(repr(held))

    try:
        fails(Secret(PLAIN))
    except RuntimeError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        shown = "".join(lines)
    else:
        shown = ""
    assert "password = Secret(...)" in shown
    assert PLAIN not in shown.replace(repr(PLAIN), "")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(PLAIN), protocol)


def test_a_secret_cannot_be_copied_or_encoded() -> None:
    secret = Secret(PLAIN)
    with pytest.raises(TypeError):
        copy.copy(secret)
    with pytest.raises(TypeError):
        copy.deepcopy([secret])
    with pytest.raises(TypeError):
        asdict(Holder(secret))
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_a_secret_has_no_dict_and_no_hash() -> None:
    secret = Secret(PLAIN)
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        hash(secret)


@given(st.text(st.characters()), st.text(st.characters()))
@example("\ud800", "\udfff")  # half a character, as a broken terminal sends it
def test_secrets_are_equal_if_their_text_is(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) == Secret(one)
    assert (Secret(one) != Secret(other)) is (one != other)
    assert Secret(one) != one
    assert bool(Secret(one)) is bool(one)
    assert Secret(one).reveal() == one


HIDDEN = {"password", "secret", "codes", "totp_secret", "backup_codes"}
SAFE = ("Secret", "PasswordHash", "Sealed", "BackupCodes", "UnderKey", "Present", "bool")


def records() -> Iterator[type]:
    """Every dataclass and Struct outside the screens."""
    for module in pkgutil.walk_packages(cwtui.__path__, "cwtui."):
        # The second LDAP library is optional, and its module holds no record.
        left_out = ("cwtui.ui", "cwtui.__main__", "cwtui.directory.libldap_channel")
        if not module.name.startswith(left_out):
            for kind in vars(importlib.import_module(module.name)).values():
                if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, Struct)):
                    yield kind


def test_records_hold_secrets_wrapped_sealed_or_hashed() -> None:
    """A record's repr can end up in logs and in asyncio's warnings."""
    held = [
        (f"{kind.__name__}.{name}", str(annotation))
        for kind in records()
        for name, annotation in inspect.get_annotations(kind).items()
        if name in HIDDEN
    ]
    assert len(held) > 5
    assert [one for one in held if not any(safe in one[1] for safe in SAFE)] == []
