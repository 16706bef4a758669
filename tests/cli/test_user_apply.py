"""`cwtui user apply`: the store becomes as a file says, and no more than that."""

import csv
import json
import os
import pwd
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from cwtui.accounts import administration
from cwtui.accounts.administration import Updated
from cwtui.accounts.errors import Agreed, CannotCheck
from cwtui.accounts.model import Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Actor
from cwtui.accounts.updates import Update
from tests.cli.accounts import put
from tests.cli.commands import PASSWORD, Host, Result

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
HELP_DESK = {"name": "help-desk", "permissions": ["read-users", "reset-mfa"]}
ANN = {"username": "ann", "display_name": "Ann Reed", "roles": ["help-desk"]}
NEW = {"username": "new", "password_hash": HASH, "mfa_required": True}


@pytest.fixture
def people(host: Host) -> Host:
    """A host with the admin, ann, bob, and zoe of the directory."""
    for name in ("ann", "bob"):
        put(host, name)
    put(host, "zoe", origin=Origin.LDAP, password=None)
    return host


def applied(host: Host, *declared: dict[str, Any], args: tuple[str, ...] = ()) -> Result:
    content = "".join(f"{json.dumps(one)}\n" for one in declared).encode()
    return host.run("user", "apply", "-", *args, stdin=content)


def rows(host: Host) -> dict[str, tuple[str, tuple[str, ...], bool, bool]]:
    return {
        row.username: (row.display_name, row.roles, row.mfa_required, row.enabled)
        for row in host.ports().accounts.rows()
    }


def test_declared_fields_are_changed_and_all_others_stay(people: Host) -> None:
    before = rows(people)
    done = applied(people, HELP_DESK, ANN, NEW, args=("--yes", "--json"))
    assert done.status == 0, done.err
    assert done.json["changed"] is True
    assert [(one["name"], one["kind"]) for one in done.json["roles"]] == [("help-desk", "create")]
    assert [(one["username"], one["kind"], one["outcome"]) for one in done.json["accounts"]] == [
        ("ann", "change", "done"),
        ("new", "create", "done"),
    ]
    assert done.json["accounts"][0]["difference"]["roles"] == {
        "before": ["minimum-access"],
        "after": ["help-desk"],
    }
    after = rows(people)
    assert after["ann"] == ("Ann Reed", ("help-desk",), False, True)
    assert after["new"] == ("", ("minimum-access",), True, True)
    assert {name: after[name] for name in ("admin", "bob", "zoe")} == {
        name: before[name] for name in ("admin", "bob", "zoe")
    }
    batch = done.json["batch"]
    events = [event for event in people.audit if f"batch={batch}" in event.get("reason", "")]
    assert [event["event"] for event in events] == [
        "role.create",
        "user.create",
        "user.import",
        "user.update",
    ]


def test_a_password_hash_that_is_not_taken_over_is_reported(people: Host, tmp_path: Path) -> None:
    kept = tmp_path / "initial.csv"
    costly = {"username": "cho", "password_hash": HASH.replace("$04$", "$12$")}
    done = applied(people, NEW, costly, args=("--yes", "--json", "--passwords-to", str(kept)))
    assert done.status == 0, done.err
    assert "Line 2: cho: Its password hash has cost 12, above passwords.bcrypt_cost" in done.err
    [note] = done.json["notes"]
    assert (note["place"], note["username"]) == ("line 2", "cho")
    assert [row["username"] for row in csv.DictReader(kept.read_text().splitlines())] == ["cho"]


def test_applying_a_file_again_changes_nothing(people: Host) -> None:
    assert applied(people, HELP_DESK, ANN, NEW, args=("--yes",)).status == 0
    before = people.files()
    again = applied(people, HELP_DESK, ANN, NEW, args=("--json",))
    assert (again.status, again.json["changed"], again.json["different"]) == (0, False, False)
    assert again.json["unchanged"] == 3
    assert applied(people, HELP_DESK, ANN, NEW, args=("--check",)).status == 0
    assert people.files() == before


def test_a_check_prints_the_difference_and_changes_nothing(people: Host) -> None:
    before = people.files()
    done = applied(people, HELP_DESK, ANN, NEW, args=("--check",))
    assert done.status == 1
    assert done.out.splitlines() == [
        "+ role help-desk  permissions=read-users,reset-mfa",
        '~ ann  display_name=""->"Ann Reed"  roles=minimum-access->help-desk',
        "+ new  roles=minimum-access  mfa_required=yes",
    ]
    assert "3 differences. Nothing was changed." in done.err
    as_json = applied(people, HELP_DESK, ANN, args=("--check", "--json"))
    assert (as_json.status, as_json.json["changed"], as_json.json["different"]) == (1, False, True)
    assert as_json.json["accounts"][0]["outcome"] == "would be done"
    assert people.files() == before


def test_exports_can_be_applied(people: Host, tmp_path: Path) -> None:
    applied(people, HELP_DESK, ANN, args=("--yes",))
    declared = people.run("role", "list", "--json").out + people.run("user", "export", "-").out
    file = tmp_path / "declared.jsonl"
    file.write_text(declared)
    assert people.run("user", "apply", str(file), "--check").status == 0
    people.run("user", "set", "ann", "--disabled")
    people.run("user", "set", "ann", "--role", "minimum-access")
    people.run("role", "set", "help-desk", "--permission", "read-audit-log")
    assert people.run("user", "apply", str(file), "--yes").status == 0
    assert people.run("user", "export", "-").out == declared[declared.index('{"username') :]
    assert people.run("user", "apply", str(file), "--check").status == 0


def test_csv_can_be_applied(people: Host) -> None:
    content = b"username,enabled\nann,no\nbob,\n"
    done = people.run("user", "apply", "-", stdin=content)
    assert (done.status, done.out) == (0, "~ ann  enabled=yes->no\n")
    assert [name for name, row in rows(people).items() if not row[3]] == ["ann"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"username": "ann", "nosuch": 1}, "There is no field nosuch."),
        ({"username": "bob", "roles": ["nosuch"]}, "There is no role named nosuch."),
        ({"username": "new", "roles": ["nosuch"]}, "There is no role named nosuch."),
        ({"username": "zoe", "origin": "ldap", "display_name": "Z"}, "come from the directory"),
        ({"username": "zoe"}, "origin of this account is ldap"),
        ({"username": "Ann"}, "This username appears twice."),
        ({"name": "x", "permissions": ["nosuch"]}, "There is no permission named nosuch."),
        ({"name": "x", "permissions": "read-users"}, "must be a list"),
        ({"name": "connectware-admin", "permissions": []}, "is built in"),
        ({"name": "X Y", "permissions": ["read-users"]}, "A role's name has"),
        ({"permissions": ["read-users"]}, "A role has a name"),
        (HELP_DESK, "The role help-desk appears twice."),
    ],
)
def test_a_wrong_line_changes_nothing(people: Host, line: dict[str, Any], said: str) -> None:
    before = people.files()
    fine = {"username": "ann", "enabled": False}
    done = applied(people, HELP_DESK, fine, line, args=("--yes", "--json"))
    assert done.status == 2
    assert said in done.err
    assert "Line 3: " in done.err
    assert (done.json["changed"], len(done.json["refused"])) == (False, 1)
    told = applied(people, HELP_DESK, fine, line, args=("--yes",))
    assert (told.out, told.err.splitlines()[-1]) == (
        "",
        "1 line cannot be applied. Nothing was changed.",
    )
    assert people.files() == before


def test_what_a_file_says_to_be_empty_is_not_ignored(people: Host) -> None:
    people.run("user", "disable", "ann", "--reason", "Later")
    nothing = {"username": "ann", "enabled": False, "disabled_reason": ""}
    assert applied(people, nothing).status == 0
    account = people.ports().accounts.get("ann")
    assert account is not None
    assert (account.enabled, account.disabled_reason) == (False, "")
    wrong = applied(people, {"username": "bob", "roles": []})
    assert (wrong.status, "needs at least one role" in wrong.err) == (2, True)


def test_others_are_removed_on_demand(people: Host) -> None:
    applied(
        people, HELP_DESK, {"name": "unused", "permissions": ["read-users"]}, ANN, args=("--yes",)
    )
    user = pwd.getpwuid(os.getuid()).pw_name
    put(people, user)
    check = applied(people, ANN, args=("--check", "--remove-others"))
    assert (check.status, check.out) == (1, "- role unused\n- admin\n- bob\n")
    asked = applied(people, ANN, args=("--remove-others",))
    assert (asked.status, asked.out) == (1, "")
    assert "2 accounts will be removed for good: admin, bob. " in asked.err
    done = applied(people, ANN, args=("--remove-others", "--yes", "--json"))
    assert done.status == 1
    assert "admin: admin is the last enabled admin." in done.err
    assert sorted(rows(people)) == ["admin", "ann", user, "zoe"]
    assert people.run("role", "list", "--json").json[-1]["name"] == "help-desk"
    empty = applied(people, HELP_DESK, args=("--remove-others", "--yes"))
    assert (empty.status, "would be removed" in empty.err) == (2, True)


def test_permissions_are_asked_about(people: Host) -> None:
    before = people.files()
    done = applied(people, HELP_DESK, ANN)
    assert (done.status, done.out) == (1, "")
    assert "1 account will get new permissions: ann." in done.err
    assert people.files() == before


def test_new_accounts_can_be_invited(people: Host, tmp_path: Path) -> None:
    given = ("--invite", "--yes")
    refused = applied(people, {"username": "eve"}, args=given)
    assert (refused.status, "Name a new file for the invitation codes" in refused.err) == (2, True)
    kept = tmp_path / "codes.csv"
    to = ("--passwords-to", str(kept))
    assert applied(people, {"username": "eve"}, args=(*given, *to)).status == 0
    assert kept.read_text().startswith("username,invitation_code\neve,")
    account = people.ports().accounts.get("eve")
    assert account is not None
    assert account.invited


def test_initial_passwords_need_a_file(people: Host, tmp_path: Path) -> None:
    new = {"username": "new"}
    refused = applied(people, new)
    assert (refused.status, "--passwords-to NEWFILE" in refused.err) == (2, True)
    kept = tmp_path / "initial.csv"
    checked = applied(people, new, HELP_DESK, ANN, args=("--check", "--json"))
    assert (checked.status, checked.json["needs"]) == (1, ["--passwords-to", "--yes"])
    assert "1 account will get new permissions: ann." in checked.err
    assert checked.err.splitlines()[1].endswith("give: --passwords-to --yes")
    made = applied(people, new, args=("--passwords-to", str(kept), "--json"))
    assert (made.status, made.json["needs"]) == (0, ["--passwords-to"])
    assert f"1 initial password in {kept}, valid for seven days." in made.err
    assert [row["username"] for row in csv.DictReader(kept.read_text().splitlines())] == ["new"]


def test_changes_made_before_an_error_are_reported(
    people: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = administration.update_user

    def breaks(ports: Ports, actor: Actor, username: str, to: Update, *, agreed: Agreed) -> Updated:
        if username == "bob":
            raise CannotCheck("The disk is gone.")
        return update(ports, actor, username, to, agreed=agreed)

    monkeypatch.setattr(administration, "update_user", breaks)
    off = ({"username": name, "enabled": False} for name in ("ann", "bob"))
    done = applied(people, *off, args=("--json",))
    assert (done.status, done.json["changed"]) == (3, True)
    outcomes = [(one["username"], one["outcome"]) for one in done.json["accounts"]]
    assert outcomes == [("ann", "done"), ("bob", "not reached")]
    assert "The disk is gone." in done.err
    assert not rows(people)["ann"][3]


def test_an_interrupted_run_says_how_far_it_came(
    people: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = administration.update_user

    def interrupted(
        ports: Ports, actor: Actor, username: str, to: Update, *, agreed: Agreed
    ) -> Updated:
        if username == "bob":
            raise KeyboardInterrupt
        return update(ports, actor, username, to, agreed=agreed)

    monkeypatch.setattr(administration, "update_user", interrupted)
    off = ({"username": name, "enabled": False} for name in ("ann", "bob"))
    done = applied(people, *off)
    assert done.status == 130
    assert "Interrupted. 1 difference applied. In the audit log: batch " in done.err
    assert not rows(people)["ann"][3]


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"username": "admin", "roles": ["minimum-access"]}, "the last enabled admin"),
        ({"username": "admin", "enabled": False}, "the last enabled admin"),
        ({"username": "ann", "expires": "2020-01-01"}, "2020-01-01 is over."),
    ],
)
def test_a_check_foresees_what_is_refused(people: Host, declared: dict[str, Any], why: str) -> None:
    """What would be refused is, as the same file is then applied."""
    name = declared["username"]
    for args in (("--check", "--json"), ("--json",)):
        done = applied(people, {"username": "bob", "mfa_required": True}, declared, args=args)
        assert done.status == 1
        found = {one["username"]: one for one in done.json["accounts"]}
        assert (found[name]["outcome"], why in found[name]["reason"]) == ("refused", True)
        assert found["bob"]["outcome"] == ("would be done" if "--check" in args else "done")
        assert f"{name}: {found[name]['reason']}" in done.err
    again = applied(people, declared)
    assert (again.status, "batch" in again.err) == (1, False)


@pytest.mark.parametrize("has_password", [True, False])
def test_a_check_knows_the_admins_that_a_file_creates(people: Host, has_password: bool) -> None:
    """An initial password that nobody has changed is not enough, as in the change itself."""
    new = {"username": "boss", "roles": ["connectware-admin"]}
    new |= {"password_hash": HASH} if has_password else {}
    done = applied(people, new, {"username": "admin", "enabled": False}, args=("--check",))
    assert (done.status, "admin: admin is the last" in done.err) == (1, not has_password)


def test_passwords_and_devices_of_existing_accounts_are_said_to_be_ignored(people: Host) -> None:
    before = people.files()
    given = {"username": "bob", "password_hash": HASH}
    done = applied(people, given, {"username": "ann"}, args=("--json",))
    assert (done.status, done.json["credentials_ignored"]) == (0, ["bob"])
    assert "1 account exists, so the password_hash and otpauth_uris in the file are" in done.err
    assert people.files() == before
    created = applied(people, NEW, args=("--json", "--yes"))
    assert (created.json["credentials_ignored"], "ignored" in created.err) == ([], False)


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_declares_nothing(people: Host, content: bytes) -> None:
    """What should have written it may have failed, so it does not count as done."""
    for args in ((), ("--check",)):
        done = people.run("user", "apply", "-", *args, stdin=content)
        assert (done.status, done.out, "The file is empty" in done.err) == (2, "", True)
    header = people.run("user", "apply", "-", "--check", stdin=b"username\n")
    assert header.status == 0


def test_a_check_names_the_unix_users_whose_names_are_taken(people: Host) -> None:
    done = applied(
        people, {"username": "daemon", "password_hash": HASH}, args=("--check", "--json")
    )
    assert done.json["unix_users"] == {"daemon": "belongs to the system"}
    assert done.json["needs"] == ["--yes"]
