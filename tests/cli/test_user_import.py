"""`cwtui user import`: what it prints, its exit status, and what it leaves behind."""

import csv
import json
import os
import stat
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.importing import creating
from cwtui.accounts.secret import Secret
from tests.cli.commands import PASSWORD, Host

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PEOPLE = f"""username,display_name,role,mfa_required,password_hash,otpauth_uris
ann,"Reed, Ann",minimum-access,yes,{HASH},otpauth://totp/X:ann?secret={KEY}
bob,,,,{HASH},
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    return path


def names(host: Host) -> list[str]:
    return host.ports().accounts.names()


def test_accounts_are_imported_once(host: Host, file: Path) -> None:
    result = host.run("user", "import", str(file))
    assert (result.status, result.out) == (0, "")
    assert result.err.startswith("Imported 2 accounts, in the audit log as batch ")
    assert names(host) == ["admin", "ann", "bob"]
    before = host.files()
    again = host.run("user", "import", str(file), "--json")
    assert again.status == 0
    assert again.json["changed"] is False
    assert again.json["unchanged"] == ["ann", "bob"]
    assert "2 accounts exist already, and are as in the file." in again.err
    assert host.files() == before


def test_a_dry_run_prints_the_difference_and_changes_nothing(host: Host, file: Path) -> None:
    before = host.files()
    result = host.run("user", "import", str(file), "--dry-run")
    assert result.status == 0
    assert result.out == (
        "+ ann  roles=minimum-access  mfa_required=yes  password=taken over  devices=1  "
        'display_name="Reed, Ann"\n'
        "+ bob  roles=minimum-access  password=taken over\n"
    )
    assert "2 accounts would be imported. Nothing was changed." in result.err
    assert host.files() == before
    as_json = host.run("user", "import", str(file), "--dry-run", "--json").json
    assert (as_json["changed"], as_json["dry_run"], as_json["new"]) == (False, True, ["ann", "bob"])


def test_one_wrong_line_refuses_all(host: Host, file: Path) -> None:
    file.write_text(PEOPLE + "cho,,nosuch,,,\n")
    result = host.run("user", "import", str(file), "--json")
    assert result.status == 2
    assert names(host) == ["admin"]
    [refused] = result.json["refused"]
    assert (refused["line"], refused["username"], refused["exists"]) == (4, "cho", False)
    assert "Line 4: cho: There is no role named nosuch." in result.err
    assert "1 line or entry cannot be imported. Nothing was imported." in result.err


def test_other_lines_are_imported_on_demand(host: Host, file: Path) -> None:
    file.write_text(PEOPLE + "cho,,nosuch,,,\n")
    result = host.run("user", "import", str(file), "--keep-going", "--json")
    assert result.status == 2
    assert result.json["changed"] is True
    assert names(host) == ["admin", "ann", "bob"]
    assert "Nothing was imported" not in result.err


def test_accounts_that_differ_have_an_exit_status_of_their_own(host: Host, file: Path) -> None:
    host.run("user", "import", str(file))
    file.write_text(PEOPLE.replace(",yes,", ",no,"))
    result = host.run("user", "import", str(file))
    assert result.status == 5
    assert "Line 2: ann: The account exists, and differs: mfa_required is yes, not no." in (
        result.err
    )
    file.write_text(PEOPLE.replace(",yes,", ",no,") + "cho,,nosuch,,,\n")
    assert host.run("user", "import", str(file)).status == 2


def test_initial_passwords_are_in_a_new_private_file(host: Host, tmp_path: Path) -> None:
    kept = tmp_path / "initial.csv"
    given = b"username\nann\nbob\n"
    refused = host.run("user", "import", "-", stdin=given)
    assert refused.status == 1
    assert "--passwords-to NEWFILE" in refused.err
    assert names(host) == ["admin"]
    result = host.run("user", "import", "-", "--passwords-to", str(kept), stdin=given)
    assert (result.status, result.out) == (0, "")
    assert f"2 initial passwords in {kept}" in result.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    rows = list(csv.DictReader(kept.read_text().splitlines()))
    assert [row["username"] for row in rows] == ["ann", "bob"]
    ports = host.ports()
    for row in rows:
        account = ports.accounts.get(row["username"])
        assert account is not None
        assert account.must_change_password
        typed = Secret(row["initial_password"])
        assert passwords.is_password(typed, account.password, ports.keyring, 4)
        assert row["initial_password"] not in result.err


def test_new_accounts_can_be_invited(host: Host, tmp_path: Path) -> None:
    kept = tmp_path / "codes.csv"
    given = ("user", "import", "-", "--invite")
    people = f"username,password_hash\nann,\nbob,{HASH}\n".encode()
    assert (
        "ann  roles=minimum-access  password=invited"
        in host.run(*given, "--dry-run", stdin=people).out
    )
    refused = host.run(*given, stdin=people)
    assert (refused.status, names(host)) == (1, ["admin"])
    assert "Name a new file for the codes" in refused.err
    result = host.run(*given, "--passwords-to", str(kept), stdin=people)
    assert f"1 invitation in {kept}" in result.err
    (row,) = csv.DictReader(kept.read_text().splitlines())
    assert [*row] == ["username", "invitation_code"]
    ports = host.ports()
    accounts = [ports.accounts.get(name) for name in ("ann", "bob")]
    assert [one is not None and one.invited for one in accounts] == [True, False]
    events = [one for one in host.audit if "invited_until" in one.get("reason", "")]
    assert [(one["event"], one["subject"]) for one in events] == [("user.create", "ann")]


def test_the_empty_file_of_a_killed_import_does_not_block_the_repeat(
    host: Host, tmp_path: Path
) -> None:
    kept = tmp_path / "initial.csv"
    kept.touch(0o600)
    result = host.run("user", "import", "-", "--passwords-to", str(kept), stdin=b"username\nann\n")
    assert result.status == 0, result.err
    assert len(kept.read_text().splitlines()) == 2


def test_a_file_that_exists_is_never_replaced(host: Host, tmp_path: Path) -> None:
    kept = tmp_path / "initial.csv"
    kept.write_text("precious")
    result = host.run("user", "import", "-", "--passwords-to", str(kept), stdin=b"username\nann\n")
    assert result.status == 5
    assert f"{kept} exists" in result.err
    assert kept.read_text() == "precious"
    assert names(host) == ["admin"]


def test_no_file_is_left_without_initial_passwords(host: Host, file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "initial.csv"
    assert host.run("user", "import", str(file), "--passwords-to", str(kept)).status == 0
    assert not kept.exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CannotCheck("Full.")])
def test_a_file_of_passwords_that_nobody_has_is_removed(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    kept = tmp_path / "initial.csv"

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(creating, "create", fail)
    result = host.run("user", "import", "-", "--passwords-to", str(kept), stdin=b"username\nann\n")
    assert result.status == (130 if isinstance(error, KeyboardInterrupt) else 3)
    assert ("all of this was imported or nothing" in result.err) == (result.status == 130)
    assert not kept.exists()


def test_a_file_of_passwords_that_somebody_may_have_is_kept(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "initial.csv"
    create = creating.create

    def fail(*args: Any) -> None:
        create(*args)
        raise CannotCheck("Perhaps not on disk.")

    monkeypatch.setattr(creating, "create", fail)
    given = ("user", "import", "-", "--passwords-to", str(kept))
    result = host.run(*given, stdin=b"username\nann\n")
    assert result.status == 3
    assert f"{kept} is kept" in result.err
    assert "ann" in kept.read_text()


def test_new_admins_are_asked_about(host: Host) -> None:
    given = f"username,role,password_hash\nann,connectware-admin,{HASH}\n".encode()
    refused = host.run("user", "import", "-", stdin=given)
    assert refused.status == 1
    assert (
        "1 new account will have permissions: ann. Cannot ask without a terminal. Use --yes."
        in (refused.err)
    )
    assert names(host) == ["admin"]
    assert host.run("user", "import", "-", "--yes", stdin=given).status == 0
    assert names(host) == ["admin", "ann"]


def test_what_a_list_prints_can_be_imported(host: Host, file: Path) -> None:
    host.run("user", "import", str(file))
    host.run("user", "set", "bob", "--disabled", "--display-name", "=Bob")
    for form in ("json", "jsonl", "csv"):
        listed = host.run("user", "list", "--format", form).out.encode()
        result = host.run("user", "import", "-", stdin=listed)
        assert result.status == 0, result
        assert "3 accounts exist already" in result.err


def test_a_list_of_another_host_makes_the_same_accounts(
    host: Host, tmp_path: Path, file: Path
) -> None:
    host.run("user", "import", str(file))
    host.run("user", "set", "bob", "--disabled", "--mfa-required", "--display-name", "=Bob")
    (tmp_path / "other").mkdir()
    other = Host(tmp_path / "other")
    listed = host.run("user", "list", "!admin", "--json")
    given = ("user", "import", "-", "--passwords-to", str(tmp_path / "initial"))
    assert other.run("init", "--admin", "admin", "--password-stdin", stdin=b"x7yPq!").status == 0
    assert other.run(*given, stdin=listed.out.encode()).status == 0
    fields = ("username", "display_name", "roles", "mfa_required_of_account", "enabled")
    here, there = (one.run("user", "list", "!admin", "--json").json for one in (host, other))
    assert [[row[f] for f in fields] for row in here] == [[row[f] for f in fields] for row in there]


@pytest.mark.parametrize(
    ("stdin", "status", "sentence"),
    [
        (b"", 0, "There was nothing to import."),
        (b"name\nann\n", 2, "no column username"),
        (b"\xff\xfeu\0", 2, "UTF-16"),
        (b"\0", 2, "NUL"),
    ],
)
def test_odd_input_has_a_sentence(host: Host, stdin: bytes, status: int, sentence: str) -> None:
    result = host.run("user", "import", "-", stdin=stdin)
    assert result.status == status
    assert sentence in result.err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"ann": "code", "bob": "", "cho": ""}),
        (("--invite",), {"ann": "code", "bob": "", "cho": "code"}),
    ],
)
def test_a_line_says_who_is_invited(
    host: Host, tmp_path: Path, options: tuple[str, ...], expected: dict[str, str]
) -> None:
    content = b"username,invite\nann,yes\nbob,no\ncho,\n"
    kept = tmp_path / "kept.csv"
    shown = host.run("user", "import", "-", *options, "--dry-run", stdin=content)
    done = host.run("user", "import", "-", *options, "--passwords-to", str(kept), stdin=content)
    assert done.status == 0, done.err
    with kept.open() as file:
        reader = csv.DictReader(file)
        rows = {row["username"]: row for row in reader}
    assert reader.fieldnames == ["username", "initial_password", "invitation_code"]
    assert {name: row["invitation_code"] and "code" for name, row in rows.items()} == expected
    for row in rows.values():
        assert bool(row["initial_password"]) is not bool(row["invitation_code"])
    states = {row["username"]: row["password"] for row in host.run("user", "list", "--json").json}
    invited = {name for name, state in states.items() if state == "invited"}
    assert invited == {name for name, code in expected.items() if code}
    assert shown.out.count("password=invited") == len(invited)


def test_whoever_has_a_password_is_not_invited(host: Host) -> None:
    given = json.dumps({"username": "ann", "invite": True, "password_hash": HASH}).encode()
    done = host.run("user", "import", "-", stdin=given)
    assert (done.status, "Leave out invite." in done.err) == (2, True)


def test_a_terminal_is_no_file(host: Host) -> None:
    assert host.run("user", "import", "-", terminal=True).status == 2


@pytest.mark.parametrize("file", ["missing.csv", "/dev/null", "/"])
def test_what_is_no_regular_file_cannot_be_read(host: Host, file: str) -> None:
    assert host.run("user", "import", file).status == 3


def test_ten_thousand_accounts_are_one_change(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits for the disk a few times together, and not ten thousand times."""
    file = tmp_path / "many.csv"
    lines = (f"new{number},Person {number},yes,{HASH}" for number in range(10_000))
    file.write_text("username,display_name,mfa_required,password_hash\n" + "\n".join(lines))
    synced: list[int] = []
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, synced.append)
    result = host.run("user", "import", str(file), "--json")
    assert result.status == 0, result.err
    assert len(result.json["new"]) == 10_000
    assert len(synced) < 30
    listed = host.run("user", "list", "--format", "csv").out.encode()
    assert host.run("user", "import", "-", "--json", stdin=listed).json["changed"] is False
    assert "Checked 10,001 accounts" in host.run("store", "check").err
    assert "Events 1 to 10002: complete" in host.run("audit", "verify").out


def in_home(folder: Path, username: str, key: str) -> str:
    path = folder / "home" / username / ".google_authenticator"
    path.parent.mkdir(parents=True)
    path.write_text(f'{key}\n" TOTP_AUTH\n12345678\n')
    return str(path)


def test_the_files_of_authelia_are_imported_together(host: Host, tmp_path: Path) -> None:
    users, devices = tmp_path / "users.json", tmp_path / "totp.csv"
    users.write_text(json.dumps({"users": {"ann": {"password": HASH}}}))
    devices.write_text(
        f"issuer,username,algorithm,digits,period,secret\nAuthelia,ann,SHA1,6,30,{KEY}\n"
    )
    command = ("user", "import", "--format", "authelia", str(users))
    assert host.run(*command, "--dry-run").err.startswith("The devices are not in these files.")
    done = host.run(*command, str(devices))
    assert (done.status, done.err.count("\n")) == (0, 1)
    account = host.ports().accounts.get("ann")
    assert account is not None
    assert account.second_factor is not None
    assert host.run(*command, str(devices), "--json").json["changed"] is False


def test_files_of_home_folders_are_devices_of_their_owners(host: Host, tmp_path: Path) -> None:
    files = [in_home(tmp_path, "ann", KEY), in_home(tmp_path, "bob", "K" * 32)]
    given = ("user", "import", "--format", "google-authenticator", *files)
    host.run("user", "add", "ann")
    refused = host.run(*given, "--passwords-to", str(tmp_path / "initial"))
    assert refused.status == 5
    assert (
        f"{files[0]}: ann: The account exists, and lacks a device. To add it, use --add-devices."
    ) in refused.err
    assert f"{files[1]}: bob: Its 1 emergency code is left out" in refused.err
    dry = host.run(*given, "--add-devices", "--dry-run")
    assert dry.out == (
        "+ bob  roles=minimum-access  password=initial  devices=1\n~ ann  devices=added\n"
    )
    assert "1 account and devices for 1 account would be imported." in dry.err
    kept = tmp_path / "initial"
    done = host.run(*given, "--add-devices", "--passwords-to", str(kept), "--json")
    assert (done.json["new"], done.json["devices_added"]) == (["bob"], ["ann"])
    assert done.json["notes"][0]["place"] == files[0]
    assert "Imported 1 account and devices for 1 account, in the audit log as batch" in done.err
    ports = host.ports()
    for name in ("ann", "bob"):
        account = ports.accounts.get(name)
        assert account is not None
        assert account.second_factor is not None
    before = host.files()
    again = host.run(*given, "--json")
    assert (again.status, again.json["changed"]) == (0, False)
    assert host.files() == before


def test_a_file_that_cannot_be_read_is_named_among_several(host: Host, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text("[]")
    (tmp_path / "two.json").write_text("{")
    files = [str(tmp_path / name) for name in ("one.json", "two.json")]
    result = host.run("user", "import", "--format", "andotp", *files)
    assert result.status == 2
    assert f"{files[1]}: The file is not a plain backup of andOTP." in result.err


def test_lines_of_several_files_have_their_file(host: Host, tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(f"username,password_hash\nann,{HASH}\n")
    files = [str(tmp_path / name) for name in ("one.csv", "two.csv")]
    result = host.run("user", "import", *files)
    assert result.status == 2
    assert f"{files[1]}, line 2: ann: {files[0]}, line 2 already has this username." in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--username", "ann", "x"),
        ("--format", "users.oath", "--username", "ann", "x"),
        ("--format", "google-authenticator", "--issuer", "Acme", "x"),
        ("--format", "aegis", "--username", "ann", "x", "y"),
        ("--format", "nosuch", "x"),
    ],
)
def test_options_that_do_not_fit_the_format_are_wrong_usage(
    host: Host, arguments: tuple[str, ...]
) -> None:
    assert host.run("user", "import", *arguments).status == 2
