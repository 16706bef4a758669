"""`cwtui user list`: filters, orders, fields and formats."""

import json
from typing import Any

import pytest

from cwtui.accounts.model import Attempts, Origin
from tests.cli.accounts import LISTED, put
from tests.cli.commands import Host, Result

DAY = 86400.0


@pytest.fixture
def host(host: Host) -> Host:
    """Four accounts, one of each kind."""
    now = host.ports().now()
    put(host, "jane", display_name="Jane, née Doe", mfa_required=True, created_at=now - 9 * DAY)
    put(host, "max", display_name="=1+1", created_at=now - 5 * DAY, must_change_password=True)
    put(host, "zoe", origin=Origin.LDAP, enabled=False, password=None, created_at=now - 7 * DAY)
    records = host.ports().records
    records.update("max", lambda r: (r.changed(last_sign_in=now - 3 * DAY), None))
    waits = {"": Attempts(5, now, now + 300)}
    records.update("jane", lambda r: (r.changed(password_attempts=waits, last_sign_in=1.0), None))
    return host


def listed(host: Host, *args: str) -> list[str]:
    result = host.run("user", "list", "--fields", "username", "--format", "csv", *args)
    assert (result.status, result.err) == (0, "")
    return result.out.split()[1:]


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (("ane", "doe"), "jane"),
        (("!locked", "origin:local"), "admin max"),
        (("locked",), "jane"),
        (("last:never",), "admin zoe"),
        (("last:>1d", "last:<1w"), "max"),
        (("created:>6d", "!status:disabled"), "jane"),
        (("--filter", "status:d"), "zoe"),
        (("--filter", "a", "role:min", "--mfa", "required"), "jane"),
        (("--sort", "created_at"), "jane zoe max admin"),
        (("--sort", "last_sign_in", "--reverse", "--limit", "2"), "max jane"),
        (("--sort", "status"), "admin max jane zoe"),
        (("--reverse",), "zoe max jane admin"),
    ],
)
def test_filters_and_orders_choose_what_is_listed(
    host: Host, args: tuple[str, ...], names: str
) -> None:
    assert listed(host, *args) == names.split()


def test_custom_roles_can_be_filtered_by(host: Host) -> None:
    host.run("role", "add", "help-desk", "--permission", "read-users")
    put(host, "max", roles=("help-desk",))
    assert listed(host, "role:help-desk") == ["max"]
    assert listed(host, "--role", "help-desk") == ["max"]
    for wrong in (("role:help-dsk",), ("--role", "help-dsk")):
        result = host.run("user", "list", *wrong)
        assert (result.status, result.out) == (2, "")
        assert "cannot be 'help-dsk'. Choose connectware-admin, minimum-access or help-desk." in (
            result.err
        )


def test_each_format_has_the_same_values(host: Host) -> None:
    def run(*args: str) -> Result:
        return host.run("user", "list", "origin:local", "!admin", *args)

    rows: list[dict[str, Any]] = run("--format", "json").json
    assert [list(row) for row in rows] == [LISTED, LISTED]
    assert run("--json").out == run("--format", "json").out
    assert [json.loads(line) for line in run("--format", "jsonl").out.splitlines()] == rows
    assert (rows[0]["status"], rows[0]["password"]) == ("locked", "set")
    assert rows[0]["last_sign_in"] == "1970-01-01T00:00:01+00:00"
    assert rows[1]["password"] == "must-change"
    fields = ("--fields", "username,display_name,roles,mfa_required,last_sign_in,locked_until")
    chosen = run("--format", "csv", *fields)
    until, seen = rows[0]["locked_until"], rows[1]["last_sign_in"]
    assert chosen.out == (
        "username,display_name,roles,mfa_required,last_sign_in,locked_until\n"
        f'jane,"Jane, née Doe",minimum-access,yes,1970-01-01T00:00:01+00:00,{until}\n'
        f"max,=1+1,minimum-access,no,{seen},\n"
    )
    assert chosen.err.startswith("Some cells begin with =, +, - or @.")
    assert list(run("--format", "json", *fields).json[0]) == fields[1].split(",")
    table = run("--fields", "username,locked_until").out.splitlines()
    assert table == ["USERNAME  LOCKED UNTIL", f"jane      {until}", "max       -"]


def test_an_empty_list_is_empty_in_each_format(host: Host) -> None:
    def run(*args: str) -> tuple[str, str]:
        result = host.run("user", "list", "nobody", *args)
        assert result.status == 0
        return result.out, result.err

    assert run() == run("--fields", "username") == ("", "No account matches.\n")
    assert run("--format", "json") == ("[]\n", "")
    assert run("--format", "jsonl") == ("", "")
    assert run("--format", "csv") == (",".join(LISTED) + "\n", "")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("who:alice",), "There is no filter 'who:'. Use mfa:, origin:, role:, status:, last:,"),
        (
            ("status:",),
            "status: needs a value. Choose enabled, locked, unused, expired or disabled.",
        ),
        (("--filter", "mfa:off"), "mfa: cannot be 'off'. Choose enabled, required or none."),
        (("--fields", "username,name"), "There is no field named 'name'. Choose from: username, "),
        (("--fields", ""), "There is no field named ''."),
        (("--sort", "name"), "--sort: cannot be 'name'. Choose username, "),
        (("--json", "--format", "csv"), "--json and --format csv contradict each other."),
        (("--limit", "0"), "--limit: cannot be '0'. Enter a number from 1 to 999,999,999."),
    ],
)
def test_an_invalid_filter_or_option_is_wrong_usage(
    host: Host, args: tuple[str, ...], sentence: str
) -> None:
    result = host.run("user", "list", *args)
    assert (result.status, result.out) == (2, "")
    assert sentence in result.err
