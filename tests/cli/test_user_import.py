"""`cwtui user import`: what it prints, its exit status, and what it leaves behind."""

import json
import os
from pathlib import Path

import bcrypt
import pytest

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
    assert (result.json["changed"], result.json["new"]) == (False, [])
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


def test_the_output_of_a_list_can_be_imported(host: Host, file: Path) -> None:
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
        (b"username\trole\nann\tx\n", 2, "separated by tabs. Save it as CSV"),
        (b"username,role\rann,x\r", 2, "Save it with the line end LF"),
    ],
)
def test_odd_input_has_a_sentence(host: Host, stdin: bytes, status: int, sentence: str) -> None:
    result = host.run("user", "import", "-", stdin=stdin)
    assert result.status == status
    assert sentence in result.err


@pytest.mark.parametrize("command", ["import", "apply"])
@pytest.mark.parametrize(
    ("people", "remedy"),
    [
        ([{"username": "ann"}, {"username": "bob"}], "jq -c '.[]' FILE"),
        ({"username": "ann"}, "jq -c . FILE"),
    ],
)
def test_indented_json_is_refused_with_one_sentence(
    host: Host, command: str, people: object, remedy: str
) -> None:
    pretty = json.dumps(people, indent=2).encode()
    result = host.run("user", command, "-", stdin=pretty)
    assert (result.status, result.out) == (2, "")
    [line] = result.err.splitlines()
    assert f"To put each on one line: {remedy}. " in line


def test_the_roles_that_an_import_creates_are_counted(host: Host) -> None:
    role = json.dumps({"name": "desk", "permissions": ["read-users"]})
    content = f'{role}\n{{"username":"ann","roles":["desk"],"password_hash":"{HASH}"}}\n'
    done = host.run("user", "import", "-", "--yes", stdin=content.encode())
    assert (done.status, "Created 1 role: desk." in done.err) == (0, True)


def test_a_terminal_is_refused_as_a_file(host: Host) -> None:
    assert host.run("user", "import", "-", terminal=True).status == 2


@pytest.mark.parametrize("file", ["missing.csv", "/dev/null", "/"])
def test_only_regular_files_are_read(host: Host, file: str) -> None:
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
    assert f"{files[1]}: bob: Its 1 emergency code becomes a backup code." in refused.err
    [of_ann] = host.run(*given, "--dry-run", "--json").json["refused"]
    assert (of_ann["line"], of_ann["place"], of_ann["exists"]) == (None, files[0], True)
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
