"""`cwtui role`: custom roles on the command line."""

import json
import re

from cwtui.accounts import roles
from tests.cli.accounts import put
from tests.cli.commands import Host

DESK = ("--permission", "reset-mfa")


def test_a_role_is_created_given_and_removed(host: Host) -> None:
    put(host, "bob")
    made = host.run("role", "add", "help-desk", *DESK)
    assert made.err == "The role help-desk was created. It permits read-users, reset-mfa.\n"
    assert host.run("user", "set", "bob", "--role", "help-desk", "--yes").status == 0
    assert host.run("user", "show", "bob", "--json").json["roles"] == ["help-desk"]
    listed = host.run("role", "list").out
    assert listed.splitlines()[-1] == "help-desk          1 account   read-users, reset-mfa"
    refused = host.run("role", "remove", "help-desk")
    assert (refused.status, refused.err.partition(",")[0]) == (
        1,
        "1 account has the role help-desk",
    )
    assert host.run("user", "set", "bob", "--role", "minimum-access").status == 0
    assert host.run("role", "remove", "help-desk").err == "The role help-desk was removed.\n"
    assert host.run("role", "remove", "help-desk").status == 4


def test_json_says_whether_something_was_changed(host: Host) -> None:
    put(host, "bob")
    assert json.loads(host.run("role", "add", "desk", *DESK, "--json").out) == {
        "name": "desk",
        "permissions": ["read-users", "reset-mfa"],
        "built_in": False,
        "accounts": 0,
        "changed": True,
    }
    same = host.run("role", "set", "desk", *DESK, "--json")
    assert json.loads(same.out)["changed"] is False
    other = host.run("role", "set", "desk", "--permission", "read-audit-log", "--json")
    assert json.loads(other.out)["permissions"] == ["read-audit-log"]
    names = [role["name"] for role in json.loads(host.run("role", "list", "--json").out)]
    assert names == ["connectware-admin", "minimum-access", "desk"]


def test_permissions_are_copied(host: Host) -> None:
    put(host, "bob")
    host.run("role", "add", "desk", *DESK)
    copied = host.run("role", "add", "night", "--like", "desk", "--permission", "read-audit-log")
    assert copied.err.endswith("It permits read-users, reset-mfa, read-audit-log.\n")


def test_invalid_names_and_permissions_are_wrong_usage(host: Host) -> None:
    put(host, "bob")
    for words in (("add", "Help Desk", *DESK), ("add", "desk"), ("set", "admin", *DESK)):
        assert host.run("role", *words).status == 2
    assert host.run("role", "add", "desk", "--permission", "fly").status == 2
    assert host.run("role", "set", "connectware-admin", *DESK).status == 1


def test_the_help_says_what_each_permission_allows(host: Host) -> None:
    for command in ("add", "set"):
        shown = host.run("role", command, "--help").out
        for permission, meaning in roles.MEANING.items():
            assert re.search(f"^  {permission} +{meaning}$", shown, re.MULTILINE)


def test_a_role_that_the_directory_gives_is_removed_with_a_remark(host: Host) -> None:
    host.run("role", "add", "desk", *DESK)
    host.config.write_text(
        f'{host.config.read_text()}\n[directory]\nservers = ["ldaps://ldap.example.com"]\n'
        'base = "dc=x"\nroles = { desk = ["cn=desk,dc=x"], minimum-access = ["cn=all,dc=x"] }\n'
    )
    done = host.run("role", "remove", "desk", "--json")
    assert (done.status, done.json["changed"]) == (0, True)
    assert done.err.startswith("[directory.roles] in the configuration still names it.")
