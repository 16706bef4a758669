"""One command for many accounts: which ones, what is asked, what is reported, and how it exits."""

import csv
import json
import stat
from pathlib import Path

import pytest

from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Attempts, Origin
from cwtui.accounts.secret import Secret
from cwtui.store.accounts import TinyAccountStore
from tests.cli.accounts import enrol, put
from tests.cli.commands import Host, Result, initial_passwords


@pytest.fixture
def people(host: Host) -> Host:
    """A host with the admin and three others, of whom one is of the directory."""
    for name in ("ann", "bob"):
        put(host, name)
    put(host, "zoe", origin=Origin.LDAP, password=None)
    return host


def outcomes(result: Result) -> dict[str, tuple[str, str | None]]:
    return {one["username"]: (one["outcome"], one["reason"]) for one in result.json["accounts"]}


def enabled(host: Host) -> list[str]:
    return [row.username for row in host.ports().accounts.rows() if row.enabled]


def test_several_names_are_one_batch(people: Host) -> None:
    done = people.run("user", "disable", "Bob", "ann", "--json")
    assert done.status == 0
    assert (done.json["changed"], done.json["dry_run"]) == (True, False)
    assert outcomes(done) == {"ann": ("done", None), "bob": ("done", None)}
    assert enabled(people) == ["admin", "zoe"]
    batch = done.json["batch"]
    assert [event["reason"] for event in people.audit[-2:]] == [f"enabled=False batch={batch}"] * 2
    again = people.run("user", "disable", "ann", "bob", "--json")
    assert (again.status, again.json["changed"], again.json["batch"]) == (0, False, None)
    assert outcomes(again) == {"ann": ("already so", None), "bob": ("already so", None)}


def test_the_report_for_people_has_a_line_for_each(people: Host) -> None:
    done = people.run("user", "set", "bob", "ann", "admin", "--mfa-required")
    assert done.status == 0
    assert done.out.splitlines() == [
        "USERNAME  OUTCOME  REASON",
        "admin     done     -",
        "ann       done     -",
        "bob       done     -",
    ]
    assert done.err.startswith("3 done. In the audit log: batch ")


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (("ann", "nobody"), 4),
        (("nobody", "none"), 4),
        (("ann", "admin"), 1),
        (("admin", "nobody"), 1),
    ],
)
def test_the_worst_result_decides_the_status_and_the_others_are_done(
    people: Host, names: tuple[str, ...], status: int
) -> None:
    done = people.run("user", "disable", *names, "--json")
    assert done.status == status
    found = outcomes(done)
    assert found.get("nobody", ("refused", "not there")) == ("refused", "not there")
    assert found.get("admin", ("refused", "")) != ("done", None)
    missing = {one["username"] for one in done.json["accounts"] if one["not_found"]}
    assert missing == {*names} & {"nobody", "none"}
    assert ("ann" in enabled(people)) is ("ann" not in names)
    assert done.json["changed"] is ("ann" in names)


def test_an_unreadable_store_ends_the_command_with_status_3(
    people: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = TinyAccountStore.get

    def breaks(store: TinyAccountStore, username: str) -> object:
        if username == "bob" and not people.ports().accounts.rows()[1].enabled:
            raise CannotCheck("The disk is gone.")
        return get(store, username)

    monkeypatch.setattr(TinyAccountStore, "get", breaks)
    done = people.run("user", "disable", "ann", "bob", "zoe", "--json")
    assert done.status == 3
    assert outcomes(done) == {
        "ann": ("done", None),
        "bob": ("not reached", None),
        "zoe": ("not reached", None),
    }
    assert "The disk is gone." in done.err
    assert "repeat it to go on" in done.err


@pytest.mark.parametrize("command", ["disable", "remove", "reset-mfa", "reset-password"])
def test_a_dry_run_changes_nothing(people: Host, command: str) -> None:
    enrol(people, "ann")
    before = people.files()
    done = people.run("user", command, "ann", "--dry-run", "--json")
    assert done.status == 0
    assert (done.json["changed"], done.json["dry_run"]) == (False, True)
    assert outcomes(done) == {"ann": ("would be done", None)}
    shown = people.run("user", command, "ann", "--dry-run")
    assert shown.out.splitlines()[1] == "ann       would be done  -"
    assert shown.err == "1 account would be changed. Nothing was changed.\n"
    assert people.files() == before


def test_a_filter_chooses_the_users(people: Host) -> None:
    done = people.run("user", "set", "--filter", "origin:local !role:admin", "--mfa-required")
    assert done.status == 0
    rows = {row.username: row.mfa_required for row in people.ports().accounts.rows()}
    assert rows == {"admin": False, "ann": True, "bob": True, "zoe": False}
    nobody = people.run("user", "unlock", "--filter", "nosuch", "--json")
    assert (nobody.status, nobody.json["accounts"]) == (0, [])


@pytest.mark.parametrize(
    "content",
    [
        "ann\n\n Bob \n",
        "\ufeffann\r\nbob\r\n",
        "username\nann\nbob\n",
        '{"username": "ann"}\n{"username": "bob"}\n',
    ],
)
@pytest.mark.parametrize("way", ["-", "file"])
def test_a_file_chooses_the_users(people: Host, tmp_path: Path, content: str, way: str) -> None:
    file = tmp_path / "names.txt"
    file.write_text(content)
    given = ("-", content.encode()) if way == "-" else (str(file), b"")
    done = people.run("user", "disable", "--from", given[0], stdin=given[1])
    assert done.status == 0, done.err
    assert enabled(people) == ["admin", "zoe"]


def test_lists_of_the_command_line_are_such_files(people: Host) -> None:
    for output in (("--format", "csv"), ("--json",), ("--format", "jsonl")):
        listed = people.run("user", "list", "ann", *output)
        done = people.run("user", "unlock", "--from", "-", "--json", stdin=listed.out.encode())
        assert outcomes(done) == {"ann": ("already so", None)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ann\nbob\x07\n", "Line 2: "),
        (b"ann\n\xff\n", "Line 2: The line is not in UTF-8."),
        (b"ann\n" + b"a" * 20_000, "Line 2: The line is longer than"),
        (b'{"username": "ann"}\n{"username"}\n', "Line 2: "),
    ],
)
def test_a_file_with_a_wrong_line_changes_nothing(people: Host, content: bytes, said: str) -> None:
    before = people.files()
    done = people.run("user", "disable", "--from", "-", stdin=content)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert people.files() == before


def test_one_way_to_choose_is_needed(people: Host) -> None:
    assert people.run("user", "disable").status == 2
    assert people.run("user", "disable", "ann", "--filter", "bob").status == 2
    assert people.run("user", "disable", "--filter", " ").status == 2
    assert people.run("user", "set", "ann", "bob", "--display-name", "X").status == 2
    assert people.run("user", "reset-mfa", "ann", "bob", "--device", "Phone").status == 2
    assert people.run("user", "reset-password", "ann", "bob").status == 2


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("remove",), "Remove 2 accounts?"),
        (("reset-mfa",), "Disable the MFA of 2 accounts?"),
        (("set", "--role", "connectware-admin"), "manage all users, roles and organization"),
    ],
)
def test_changes_that_cannot_be_undone_are_asked_about(
    people: Host, arguments: tuple[str, ...], asked: str
) -> None:
    enrol(people, "ann")
    enrol(people, "bob")
    command = ("user", *arguments, "ann", "bob")
    before = people.files()
    without = people.run(*command)
    assert (without.status, without.out) == (1, "")
    assert asked in without.err
    assert people.run(*command, terminal=True, stdin=b"n\n").status == 1
    assert people.files() == before
    assert people.run(*command, terminal=True, stdin=b"y\n").status == 0
    assert people.files() != before


def test_codes_of_invitations_go_to_a_new_private_file(people: Host, tmp_path: Path) -> None:
    kept = tmp_path / "codes.csv"
    command = ("user", "reset-password", "ann", "bob", "--invite", "--passwords-to", str(kept))
    assert people.run(*command, "--yes").status == 0
    rows = list(csv.DictReader(kept.read_text().splitlines()))
    assert [[*row] for row in rows] == [["username", "invitation_code"]] * 2
    ports = people.ports()
    for row in rows:
        account = ports.accounts.get(row["username"])
        assert account is not None
        assert account.invited
        typed = Secret(row["invitation_code"])
        assert passwords.is_password(typed, account.password, ports.keyring, 4)
    listed = people.run("user", "list", "password:invited", "--json").json
    assert [(one["username"], one["password"]) for one in listed] == [
        ("ann", "invited"),
        ("bob", "invited"),
    ]
    # Repeated, nobody gets another code.
    again = people.run(*command[:-1], str(tmp_path / "other.csv"), "--yes", "--json")
    assert (again.status, again.json["changed"]) == (0, False)


def test_initial_passwords_go_to_a_new_private_file(people: Host, tmp_path: Path) -> None:
    kept = tmp_path / "initial.csv"
    command = ("user", "reset-password", "ann", "bob", "zoe", "--passwords-to", str(kept))
    assert people.run(*command).status == 1
    assert not kept.exists()
    kept.write_text("precious")
    assert people.run(*command, "--yes").status == 5
    assert kept.read_text() == "precious"
    kept.unlink()
    done = people.run(*command, "--yes", "--json")
    assert done.status == 1
    assert outcomes(done)["zoe"] == ("refused", "from the directory")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    given_out = initial_passwords(people, kept)
    assert [*given_out] == ["ann", "bob"]
    assert not any(password in done.out + done.err for password in given_out.values())
    # Repeated, nobody gets another password, and no empty file is left.
    other = tmp_path / "other.csv"
    again = people.run(*command[:-1], str(other), "--yes", "--json")
    assert (again.status, again.json["changed"]) == (1, False)
    assert not other.exists()


def test_a_full_disk_keeps_passwords_as_they_were(
    people: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cwtui.host.passwords_file.write_all", full)
    kept = tmp_path / "initial.csv"
    command = ("user", "reset-password", "ann", "bob", "--passwords-to", str(kept), "--yes")
    before = people.files()
    done = people.run(*command)
    assert done.status == 3
    assert "no space left" in done.err.lower()
    assert not kept.exists()
    assert people.files() == before


def test_locked_accounts_are_unlocked(people: Host) -> None:
    ports = people.ports()
    tries = {"": Attempts(50, ports.now(), ports.now() + 300)}
    ports.records.update("ann", lambda r: (r.changed(code_attempts=tries), None))
    done = people.run("user", "unlock", "--filter", "status:locked", "--json")
    assert (done.status, outcomes(done)) == (0, {"ann": ("done", None)})
    assert json.loads(people.run("user", "show", "ann", "--json").out)["status"] == "enabled"


def test_a_role_is_given_and_taken_without_losing_others(people: Host) -> None:
    people.run("role", "add", "desk", "--permission", "read-users")

    def held(name: str) -> tuple[str, ...]:
        account = people.ports().accounts.get(name)
        assert account is not None
        return account.roles

    many, one = ("user", "set", "ann", "bob"), ("user", "set", "ann")
    assert people.run(*many, "--add-role", "desk").status == 1
    assert people.run(*many, "--add-role", "desk", "--yes").status == 0
    assert held("ann") == ("desk", "minimum-access")
    again = people.run(*one, "--add-role", "desk", "--json")
    assert (again.status, again.json["changed"]) == (0, False)
    taken = people.run(*one, "--remove-role", "minimum-access", "--json")
    assert (taken.status, taken.json["changed"], held("ann")) == (0, True, ("desk",))
    for names in (one, ("user", "set", "ann", "admin")):
        only = people.run(*names, "--remove-role", "desk", "--json")
        assert (only.status, held("ann")) == (1, ("desk",))
    back = people.run(*many, "--remove-role", "desk", "--json")
    assert back.status == 1
    assert (held("ann"), held("bob")) == (("desk",), ("minimum-access",))
    assert people.run(*many, "--remove-role", "nosuch").status == 4
    assert people.run(*many, "--add-role", "desk", "--enabled").status == 2


def test_one_role_gives_back_none_that_others_take(
    people: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.run("role", "add", "desk", "--permission", "read-users")
    put(people, "ann", roles=("connectware-admin", "minimum-access"))
    change = TinyAccountStore.change

    def after_others(store: TinyAccountStore) -> object:
        monkeypatch.undo()
        put(people, "ann", roles=("minimum-access",))
        return change(store)

    monkeypatch.setattr(TinyAccountStore, "change", after_others)
    assert people.run("user", "set", "ann", "--add-role", "desk", "--yes").status == 0
    ann = people.ports().accounts.get("ann")
    assert ann is not None
    assert ann.roles == ("desk", "minimum-access")


def test_a_display_name_can_be_tried_first(people: Host) -> None:
    tried = people.run("user", "set", "ann", "--display-name", "Ann", "--dry-run", "--json")
    assert (tried.status, outcomes(tried)) == (0, {"ann": ("would be done", None)})
    assert people.run("user", "set", "ann", "bob", "--display-name", "Ann").status == 2


def test_a_last_day_that_is_over_is_refused_before_anything_is_done(people: Host) -> None:
    before = people.files()
    for args in (("ann",), ("ann", "--dry-run"), ("ann", "bob"), ("ann", "bob", "--dry-run")):
        done = people.run("user", "set", *args, "--expires", "2020-01-01")
        assert (done.status, done.out) == (2, "")
        assert "2020-01-01 is over." in done.err
    assert people.files() == before


def test_a_dry_run_foresees_the_last_admin(people: Host) -> None:
    for args in (("--role", "minimum-access"), ("--disabled",), ("--expires", "2999-01-01")):
        done = people.run("user", "set", "admin", *args, "--dry-run", "--json")
        assert (done.status, outcomes(done)["admin"]) == (1, ("refused", "the last enabled admin"))


def test_a_dry_run_ends_with_a_sum(people: Host) -> None:
    done = people.run("user", "reset-password", "ann", "bob", "zoe", "--dry-run")
    assert done.err.startswith(
        "2 accounts would be changed. Nothing was changed. Left as it is: 1 from the directory."
    )


def test_taking_the_role_of_an_admin_is_asked_about(people: Host) -> None:
    put(people, "eve", roles=("connectware-admin",))
    given = ("user", "set", "ann", "eve", "--role", "minimum-access")
    said = "It will lose the role connectware-admin."
    refused = people.run(*given)
    assert (refused.status, said in refused.err) == (1, True)
    dry = people.run(*given, "--dry-run")
    assert (dry.status, said in dry.err) == (0, True)
    assert people.run(*given, "--yes").status == 0
    put(people, "eve", roles=("connectware-admin",))
    of_one = ("user", "set", "eve", "--role", "minimum-access")
    for answer, status in ((b"n\n", 1), (b"y\n", 0)):
        asked = people.run(*of_one, stdin=answer, terminal=True)
        assert asked.status == status
        assert "eve will lose the role connectware-admin. Continue?" in asked.err + asked.out
    put(people, "eve", roles=("connectware-admin",))
    assert people.run(*of_one).status == 0
