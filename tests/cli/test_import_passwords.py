"""`cwtui user import`: the file with initial passwords and invitation codes."""

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.importing import creating
from tests.cli.commands import Host, initial_passwords
from tests.cli.test_user_import import HASH, PEOPLE, names


def test_initial_passwords_are_in_a_new_private_file(host: Host, tmp_path: Path) -> None:
    kept = tmp_path / "initial.csv"
    given = b"username\nann\nbob\n"
    refused = host.run("user", "import", "-", stdin=given)
    assert refused.status == 2
    assert "--passwords-to NEWFILE" in refused.err
    assert names(host) == ["admin"]
    result = host.run("user", "import", "-", "--passwords-to", str(kept), stdin=given)
    assert (result.status, result.out) == (0, "")
    assert f"2 initial passwords in {kept}" in result.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    given_out = initial_passwords(host, kept)
    assert [*given_out] == ["ann", "bob"]
    assert not any(password in result.err for password in given_out.values())


def test_new_accounts_can_be_invited(host: Host, tmp_path: Path) -> None:
    kept = tmp_path / "codes.csv"
    given = ("user", "import", "-", "--invite")
    people = f"username,password_hash\nann,\nbob,{HASH}\n".encode()
    assert (
        "ann  roles=minimum-access  password=invited"
        in host.run(*given, "--dry-run", stdin=people).out
    )
    refused = host.run(*given, stdin=people)
    assert (refused.status, names(host)) == (2, ["admin"])
    assert "Name a new file for the invitation codes" in refused.err
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


def test_no_file_is_left_without_initial_passwords(host: Host, tmp_path: Path) -> None:
    kept = tmp_path / "initial.csv"
    given = ("user", "import", "-", "--passwords-to", str(kept))
    assert host.run(*given, stdin=PEOPLE.encode()).status == 0
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


@pytest.mark.parametrize("command", ["import", "apply"])
def test_a_file_of_passwords_is_removed_if_their_accounts_could_not_be_written(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """So that the same command can be repeated once the disk has space again."""
    kept = tmp_path / "initial.csv"
    given = ("user", command, "-", "--passwords-to", str(kept))

    def fail(*_: object) -> None:
        assert "ann" in kept.read_text()
        raise CannotCheck("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(creating, "put_new", fail)
        result = host.run(*given, stdin=b"username\nann\n")
    assert (result.status, "The disk is full." in result.err) == (3, True)
    assert ("is kept" in result.err, kept.exists()) == (False, False)
    assert host.run(*given, stdin=b"username\nann\n").status == 0


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


def test_a_user_with_a_password_is_not_invited(host: Host) -> None:
    given = json.dumps({"username": "ann", "invite": True, "password_hash": HASH}).encode()
    done = host.run("user", "import", "-", stdin=given)
    assert (done.status, "Leave out invite." in done.err) == (2, True)


def test_passwords_are_never_written_to_a_file_named_like_standard_output(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("user", "import", "-"), ("user", "apply", "-"), ("user", "reset-password")):
        refused = host.run(*command, "--passwords-to", "-", stdin=b"username\nann\n")
        assert (refused.status, "It cannot be - for standard output" in refused.err) == (2, True)
    assert not (tmp_path / "-").exists()
