"""`cwtui settings`: the organization settings."""

import re

import msgspec
import pytest

from cwtui.accounts.settings import KEYS, OrganizationSettings
from tests.cli.accounts import put
from tests.cli.commands import Host


def test_show_lists_every_setting(host: Host) -> None:
    result = host.run("settings", "show")
    assert result.status == 0
    assert [line.split(maxsplit=1)[0] for line in result.out.splitlines()] == list(KEYS)
    assert re.search(r"^issuer +Connectware$", result.out, re.MULTILINE)
    assert re.search(r"^mfa_required_for_new_ldap_users +no$", result.out, re.MULTILINE)


def test_show_prints_json(host: Host) -> None:
    shown = host.run("settings", "show", "--json").json
    settings = msgspec.to_builtins(OrganizationSettings())
    assert shown == {key: settings[key] for key in KEYS}
    assert list(shown) == list(KEYS)


def test_set_changes_and_records_a_setting(host: Host) -> None:
    result = host.run("settings", "set", "mfa", "Required")
    assert (result.status, result.out) == (0, "")
    assert result.err == (
        "mfa is required.\n"
        "1 user who can sign in has no device yet. The user must register one at the next "
        "sign-in.\n"
    )
    changed = host.run("settings", "set", "issuer", "Connectware (plant-7)", "--json")
    assert (changed.json["mfa"], changed.json["issuer"]) == ("required", "Connectware (plant-7)")
    assert changed.err == ""
    assert [line["reason"] for line in host.audit[1:]] == [
        "mfa=required",
        'issuer="Connectware (plant-7)"',
    ]


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("nosuch", "1", "There is no setting"),
        ("", "1", "There is no setting"),
        ("--nosuch", "1", "There is no setting"),
        ("mfa", "maybe", "off, optional or required"),
        ("password_min", "-1", "from 1 to 64"),
        ("password_min", "1e3", "from 1 to 64"),
        ("password_min", "", "from 1 to 64"),
        ("password_min", "9" * 1_000_000, "from 1 to 64"),
        ("code_limit", "11", "from 1 to 10"),
        ("issuer", "a:b", "without a colon"),
        ("issuer", " ", "1 to 40 characters"),
        ("issuer", "\x1b[31m", "Control characters"),
        ("issuer", "x" * 1_000_000, "at most"),
        ("issuer", "\udcff", "Control characters"),
    ],
)
def test_an_invalid_setting_is_refused_and_changes_nothing(
    host: Host, key: str, value: str, part: str
) -> None:
    before = host.files()
    result = host.run("settings", "set", key, value)
    assert (result.status, result.out) == (2, "")
    assert part in result.err
    assert host.files() == before


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("mfa", "off", "Nobody will have to set up multi-factor authentication"),
        ("unused_days", "90", "1 user has not signed in for 90 days"),
    ],
)
def test_what_makes_sign_ins_less_safe_or_impossible_is_asked(
    host: Host, key: str, value: str, said: str
) -> None:
    put(host, "bob", created_at=1_000_000_000.0)
    before = host.files()
    for terminal, then in ((False, "Use --yes."), (True, "Nothing was changed.")):
        refused = host.run("settings", "set", key, value, stdin=b"n\n", terminal=terminal)
        assert (refused.status, refused.out) == (1, "")
        assert said in refused.err
        assert refused.err.strip().endswith(then)
    assert host.files() == before
    agreed = host.run("settings", "set", key, value, stdin=b"y\n", terminal=True)
    assert (agreed.status, agreed.err.count(said)) == (0, 1)
    assert f"{key} is {value}." in agreed.err


@pytest.mark.parametrize("args", [("set",), ("set", "mfa"), ("set", "mfa", "off", "x"), ()])
def test_wrong_usage_exits_with_status_2(host: Host, args: tuple[str, ...]) -> None:
    result = host.run("settings", *args)
    assert (result.status, result.out) == (2, "")
