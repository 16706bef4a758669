"""`cwtui user disable`, `enable` and `--expires`."""

import csv
import io

import pytest

from cwtui.accounts.errors import SignInEnded
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in import with_password
from tests.cli.accounts import put
from tests.cli.commands import PASSWORD, Host

END_OF_2999 = 32503680000.0


@pytest.fixture
def host(host: Host) -> Host:
    put(host, "bob")
    return host


def test_a_reason_is_kept_and_shown(host: Host) -> None:
    done = host.run("user", "disable", "bob", "--reason", "On leave. Ask Eve.")
    assert (done.status, done.out) == (0, "")
    assert done.err == (
        'Saved bob: disabled: "On leave. Ask Eve.", roles minimum-access, MFA not required.\n'
    )
    shown = host.run("user", "show", "bob", "--json").json
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "On leave. Ask Eve.")
    assert 'disabled: "On leave. Ask Eve."' in host.run("user", "show", "bob").out
    assert "On leave" in host.run("audit", "--event", "user.update").out
    again = host.run("user", "disable", "bob")
    assert again.err.startswith("Nothing was changed for bob")
    enabled = host.run("user", "enable", "bob")
    assert enabled.err == "Saved bob: enabled, roles minimum-access, MFA not required.\n"
    assert host.run("user", "enable", "bob").err.startswith("Nothing was changed for bob")


@pytest.mark.parametrize("reason", ["x" * 101, "two\nlines", "hidden\u202e"])
def test_a_wrong_reason_is_refused(host: Host, reason: str) -> None:
    done = host.run("user", "disable", "bob", "--reason", reason)
    assert (done.status, done.out) == (2, "")
    assert "reason" in done.err or "Control characters" in done.err
    assert host.run("user", "show", "bob", "--json").json["enabled"]


def test_a_last_day_is_set_shown_listed_and_taken_away(host: Host) -> None:
    done = host.run("user", "set", "bob", "--expires", "2999-12-31")
    assert done.err.startswith("Saved bob: enabled, ")
    assert done.err.endswith(", expires 2999-12-31.\n")
    account = host.ports().accounts.get("bob")
    assert account is not None
    assert account.expires_at == END_OF_2999
    assert "at the end of 2999-12-31 (UTC)" in host.run("user", "show", "bob").out
    assert host.run("user", "show", "bob", "--json").json["expires"] == "2999-12-31"
    rows = host.run("user", "list", "expires:>2026-01-01", "--json").json
    assert [(row["username"], row["expires"]) for row in rows] == [("bob", "2999-12-31")]
    assert "expires" not in host.run("user", "set", "bob", "--expires", "never").err
    assert host.run("user", "list", "!expires:never", "--json").json == []
    assert host.run("user", "add", "eve", "--expires", "2999-12-31").status == 0
    assert host.run("user", "show", "eve", "--json").json["expires"] == "2999-12-31"


def test_an_expired_account_is_listed_and_refused(host: Host) -> None:
    put(host, "bob", expires_at=1_000_000_000.0)
    assert host.run("user", "list", "expired", "--json").json[0]["status"] == "expired"
    with pytest.raises(SignInEnded, match="expired at the end of 2001-09-09"):
        with_password(host.ports(), "bob", Secret(PASSWORD), "here")


def test_a_wrong_day_and_the_last_admin_are_refused(host: Host) -> None:
    for day, said in (("soon", "YYYY-MM-DD"), ("2001-09-09", "is over")):
        done = host.run("user", "set", "bob", "--expires", day)
        assert (done.status, done.out) == (2, "")
        assert said in done.err
    done = host.run("user", "set", "admin", "--expires", "2999-12-31")
    assert done.status == 1
    assert "admin is the last enabled admin." in done.err


def test_the_list_can_be_imported_elsewhere(host: Host) -> None:
    """An account that has expired stays so, and one that does not expire is the same."""
    host.run("user", "disable", "bob", "--reason", "left")
    put(host, "eve", expires_at=1_000_000_000.0)
    put(host, "fay", expires_at=END_OF_2999)
    listed = host.run("user", "list", "--format", "csv", "!role:admin").out
    rows = list(csv.DictReader(io.StringIO(listed)))
    assert [row["expires"] for row in rows] == ["", "2001-09-09", "2999-12-31"]
    file = host.folder / "people.csv"
    file.write_text(
        "username,enabled,disabled_reason,expires\ngus,no,left,2001-09-09\nhal,yes,,never\n"
    )
    passwords = str(host.folder / "initial")
    assert host.run("user", "import", str(file), "--passwords-to", passwords).status == 0
    assert host.run("user", "import", str(file)).status == 0  # the same
    gus, hal = (host.run("user", "show", name, "--json").json for name in ("gus", "hal"))
    assert (gus["status"], gus["disabled_reason"], gus["expires"]) == (
        *("disabled", "left", "2001-09-09"),
    )
    assert (hal["status"], hal["expires"]) == ("enabled", None)
    file.write_text("username,expires\ngus,never\n")
    done = host.run("user", "import", str(file))
    assert (done.status, "expires_at is 2001-09-09, not never" in done.err) == (5, True)
    file.write_text("username,disabled_reason\nida,left\n")
    assert "Only an account that is not enabled" in host.run("user", "import", str(file)).err


def test_unused_accounts_are_a_setting(host: Host) -> None:
    put(host, "bob", created_at=1_000_000_000.0)
    done = host.run("settings", "set", "unused_days", "90", "--yes")
    assert done.status == 0
    assert "1 user has not signed in for 90 days" in done.err
    rows = host.run("user", "list", "unused", "--json").json
    assert [(row["username"], row["status"], row["enabled"]) for row in rows] == [
        ("bob", "unused", True)
    ]
    assert "unused: no sign-in for 90 days" in host.run("user", "show", "bob").out
    assert "enabled" in host.run("user", "enable", "bob").err
    assert host.run("user", "list", "unused", "--json").json == []
