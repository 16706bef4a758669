"""`cwtui user`: each command, its JSON and its exit statuses."""

import re
from itertools import count

import pytest

from cwtui.accounts.administration import create_user, update_user
from cwtui.accounts.model import Account, Attempts, Origin
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.session import Operator
from cwtui.accounts.times import utc_minute
from cwtui.accounts.updates import Update
from cwtui.cli import terminal
from tests.cli.accounts import LISTED, SHOWN, enrol, enrol_too, is_utc, put
from tests.cli.commands import Host


class TestList:
    def test_list_prints_aligned_columns(self, host: Host) -> None:
        put(host, "jane", mfa_required=True, enabled=False)
        result = host.run("user", "list")
        assert result.status == 0
        assert result.out == (
            "USERNAME  ORIGIN  MFA       STATUS    ROLES\n"
            "admin     local   none      enabled   connectware-admin\n"
            "jane      local   required  disabled  minimum-access\n"
        )

    def test_long_names_fit_and_nothing_is_cut(self, host: Host) -> None:
        put(host, "x" * 64, roles=("connectware-admin", "minimum-access"), mfa_required=True)
        put(host, "x" * 18)
        lines = host.run("user", "list").out.splitlines()
        assert "x" * 64 in lines
        assert max(map(len, lines)) <= 80
        assert len({line.index("local") for line in lines if "local" in line}) == 1

    def test_wide_letters_take_two_columns(self, host: Host) -> None:
        put(host, "山田")
        put(host, "a" * 4)
        lines = host.run("user", "list").out.splitlines()
        assert "山田      local" in lines[-1]

    def test_json_has_all_fields(self, host: Host) -> None:
        put(host, "jane", display_name="Jane", mfa_required=True)
        rows = host.run("user", "list", "--json").json
        assert [list(row) for row in rows] == [LISTED, LISTED]
        assert is_utc(rows[1].pop("created_at"))
        assert rows[1] == {
            "username": "jane",
            "display_name": "Jane",
            "origin": "local",
            "roles": ["minimum-access"],
            "mfa": "required",
            "mfa_required": True,
            "mfa_required_of_account": True,
            "status": "enabled",
            "enabled": True,
            "expires": None,
            "locked_until": None,
            "gone_since": None,
            "in_directory_too": False,
            "last_sign_in": None,
            "password": "set",
        }

    @pytest.mark.parametrize(
        ("options", "names"),
        [
            (("--filter", "ANE"), ["jane"]),
            (("--filter", "doe"), ["jane"]),
            (("--role", "connectware-admin"), ["admin"]),
            (("--mfa", "required"), ["jane"]),
            (("--mfa", "enabled"), ["max"]),
            (("--mfa", "none"), ["admin", "zoe"]),
            (("--origin", "ldap"), ["zoe"]),
            (("--origin", "local", "--mfa", "none"), ["admin"]),
            (("--filter", "nobody"), []),
        ],
    )
    def test_filters_select_accounts(
        self, host: Host, options: tuple[str, ...], names: list[str]
    ) -> None:
        put(host, "jane", display_name="Jane Doe", mfa_required=True)
        put(host, "max")
        enrol(host, "max")
        put(host, "zoe", origin=Origin.LDAP)
        result = host.run("user", "list", "--json", *options)
        assert result.status == 0
        assert [row["username"] for row in result.json] == names

    def test_no_match_is_reported_on_standard_error(self, host: Host) -> None:
        result = host.run("user", "list", "--filter", "nobody")
        assert (result.status, result.out, result.err) == (0, "", "No account matches.\n")

    def test_a_damaged_sign_in_record_leaves_the_list(self, host: Host) -> None:
        tries = {"": Attempts(5, 1.0, 2.0)}
        host.ports().records.update("admin", lambda r: (r.changed(code_attempts=tries), None))
        (file,) = (host.store / "sign-in").glob("*.journal")
        file.write_bytes(file.read_bytes().replace(b'"failures":5', b'"failures":"five"'))
        result = host.run("user", "list")
        assert result.status == 3
        assert "admin     local" in result.out
        assert f"{file} is damaged at line" in result.err

    def test_an_unknown_role_is_an_error(self, host: Host) -> None:
        result = host.run("user", "list", "--role", "connectware-admim")
        assert (result.status, result.out) == (2, "")
        assert result.err.startswith("--role: cannot be 'connectware-admim'. Choose ")

    @pytest.mark.parametrize("option", ["--mfa", "--origin"])
    def test_an_unknown_choice_is_wrong_usage(self, host: Host, option: str) -> None:
        assert host.run("user", "list", option, "nosuch").status == 2


class TestShow:
    def test_json_contains_no_secret(self, host: Host) -> None:
        put(host, "jane")
        enrol(host, "jane")
        shown = host.run("user", "show", "JANE", "--json").json
        assert list(shown) == SHOWN
        assert is_utc(shown["created_at"])
        assert shown["second_factor"]["backup_codes_left"] == 10
        assert shown["second_factor"]["backup_codes_acknowledged"] is False
        assert is_utc(shown["second_factor"]["registered_at"])
        assert shown["last_sign_in"] is None
        assert shown["failed_since"] is None
        account = host.ports().accounts.get("jane")
        assert account is not None
        assert account.password is not None
        assert account.password.bcrypt not in str(shown)

    def test_failed_attempts_are_shown(self, host: Host) -> None:
        ports = host.ports()
        until = ports.now() + 300
        tries = {"": Attempts(5, ports.now(), until), "console": Attempts(2, ports.now())}
        admin = ports.accounts.get("admin")
        assert admin is not None
        ports.records.update("admin", lambda r: (r.changed(password_attempts=tries), None))
        shown = host.run("user", "show", "admin").out
        assert max(map(len, shown.splitlines())) <= 80
        wait = utc_minute(until)
        assert shown.endswith(
            f"""\
Status           locked until {wait}
Expires          never
Origin           local
Password         set
Created          {utc_minute(admin.created_at)}
Last sign-in     never
Failed sign-ins  none
Failed attempts  5 wrong passwords from unknown sources
                 (waits until {wait})
                 2 wrong passwords from console
"""
        )
        listed = host.run("user", "list")
        assert "admin     local   none  locked  connectware-admin" in listed.out
        fields = host.run("user", "show", "admin", "--json").json
        assert (fields["status"], fields["enabled"]) == ("locked", True)
        assert is_utc(fields["locked_until"])
        assert host.run("user", "list", "--json").json == [{name: fields[name] for name in LISTED}]
        stranger, known = fields["wrong_passwords"]
        assert stranger["source"] is None
        assert is_utc(stranger["banned_until"])
        assert known == {**known, "source": "console", "failures": 2, "banned_until": None}

    @pytest.mark.parametrize(
        ("mfa", "flag", "said"),
        [
            ("required", False, "required The organization requires it of everyone."),
            ("off", True, "not required yet The organization's MFA is off."),
            ("optional", True, "required"),
            ("optional", False, "not required"),
        ],
    )
    def test_show_says_why_mfa_is_required(
        self, host: Host, mfa: str, flag: bool, said: str
    ) -> None:
        put(host, "admin", mfa_required=flag)
        assert host.run("settings", "set", "mfa", mfa, "--yes").status == 0
        words = " ".join(host.run("user", "show", "admin").out.split())
        assert f" MFA (Required) {said} MFA not enabled " in words
        (listed,) = host.run("user", "list", "--json").json
        shown = host.run("user", "show", "admin", "--json").json
        assert {field: shown[field] for field in LISTED} == listed
        required = said.startswith("required")
        assert (shown["mfa_required"], shown["mfa_required_of_account"]) == (required, flag)
        assert shown["mfa"] == ("required" if required else "none")
        set_to = host.run("user", "set", "admin", "--display-name", "Ada").err
        assert f"MFA {said.partition(' The')[0]}." in set_to


class TestSet:
    def test_set_changes_only_what_is_given(self, host: Host) -> None:
        put(host, "jane", display_name="Jane", mfa_required=True)
        more = ("--disabled", "--role", "connectware-admin", "--yes")
        result = host.run("user", "set", "jane", *more)
        assert (result.status, result.out) == (0, "")
        assert result.err == (
            "Saved jane: display name Jane, disabled, roles connectware-admin, MFA required.\n"
        )
        assert host.run("user", "set", "jane", "--enabled", "--no-mfa-required").status == 0
        account = host.ports().accounts.get("jane")
        assert account is not None
        assert (account.enabled, account.mfa_required) == (True, False)
        assert (account.display_name, account.roles) == ("Jane", ("connectware-admin",))

    def test_a_change_that_changes_nothing_is_not_reported_as_saved(self, host: Host) -> None:
        result = host.run("user", "set", "admin", "--enabled")
        assert (result.status, result.out) == (0, "")
        assert result.err == (
            "Nothing was changed for admin: enabled, roles connectware-admin, MFA not required.\n"
        )

    def test_a_display_name_can_be_removed(self, host: Host) -> None:
        put(host, "jane", display_name="Jane")
        assert host.run("user", "set", "jane", "--display-name", "").status == 0
        assert host.run("user", "show", "jane", "--json").json["display_name"] == ""

    def test_nothing_to_change_is_wrong_usage(self, host: Host) -> None:
        result = host.run("user", "set", "admin")
        assert result.status == 2
        assert result.err == "Give at least one option to change. See: cwtui user set --help\n"

    @pytest.mark.parametrize("change", [("--disabled",), ("--role", "minimum-access")])
    def test_the_last_admin_cannot_be_lost(self, host: Host, change: tuple[str, ...]) -> None:
        before = host.files()
        result = host.run("user", "set", "admin", *change)
        assert result.status == 1
        assert "last enabled admin" in result.err
        assert host.files() == before


class TestRemove:
    def test_yes_skips_the_question(self, host: Host) -> None:
        put(host, "jane")
        result = host.run("user", "remove", "Jane", "--yes")
        assert (result.status, result.out, result.err) == (0, "", "Removed jane.\n")
        assert host.ports().accounts.get("jane") is None

    def test_without_a_terminal_yes_is_needed(self, host: Host) -> None:
        put(host, "jane")
        result = host.run("user", "remove", "jane")
        assert result.status == 1
        assert "--yes" in result.err
        assert host.ports().accounts.get("jane") is not None

    @pytest.mark.parametrize("answer", [b"y\n", b"YES\n"])
    def test_a_terminal_is_asked(self, host: Host, answer: bytes) -> None:
        put(host, "jane")
        result = host.run("user", "remove", "JANE", stdin=answer, terminal=True)
        assert result.err == "Remove the account jane for good? [y/N] Removed jane.\n"
        assert (result.status, result.out) == (0, "")

    @pytest.mark.parametrize("answer", [b"", b"\n", b"n\n", b"yess\n", b"\xff\n", b"x" * 9999])
    def test_any_other_answer_means_no(self, host: Host, answer: bytes) -> None:
        put(host, "jane")
        result = host.run("user", "remove", "jane", stdin=answer, terminal=True)
        assert result.status == 1
        assert host.ports().accounts.get("jane") is not None

    def test_an_unknown_account_is_reported_before_asking(self, host: Host) -> None:
        result = host.run("user", "remove", "nobody", terminal=True)
        assert result.status == 4
        assert result.err.startswith("There is no account named nobody")

    def test_the_last_admin_cannot_be_lost(self, host: Host) -> None:
        assert host.run("user", "remove", "admin", "--yes").status == 1
        assert host.ports().accounts.get("admin") is not None


@pytest.mark.parametrize(
    "command",
    [
        ("show",),
        ("set", "--disabled"),
        ("remove", "--yes"),
        ("reset-password",),
        ("reset-mfa",),
        ("unlock",),
    ],
)
def test_an_unknown_account_is_refused(host: Host, command: tuple[str, ...]) -> None:
    before = host.files()
    result = host.run("user", *command, "nobody")
    assert (result.status, result.out) == (4, "")
    assert result.err.startswith("There is no account named nobody.")
    assert host.files() == before


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("remove", "jane"), "Devices to Phone, Tablet"),
        (("reset-mfa", "jane"), "Devices to Phone, Tablet"),
        (
            ("set", "jane", "--role", "connectware-admin", "--display-name", "Jane"),
            "Display name to Jane Reed",
        ),
    ],
)
def test_what_others_did_while_the_operator_was_asked_is_asked_about(
    host: Host, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], told: str
) -> None:
    put(host, "jane")
    enrol(host, "jane")
    asked = list[str]()

    def answer(question: str) -> bool:
        asked.append(question)
        if len(asked) == 1:
            enrol_too(host, "jane", "Tablet")
            update = Update(display_name="Jane Reed")
            update_user(host.ports(), Operator("eve"), "jane", update)
        return len(asked) == 1

    monkeypatch.setattr(terminal, "ask_yes", answer)
    assert host.run("user", *command, terminal=True).status == 1
    assert len(asked) == 2
    assert told in asked[1]
    jane = host.ports().accounts.get("jane")
    assert jane is not None
    assert (jane.display_name, jane.is_admin) == ("Jane Reed", False)
    assert jane.second_factor is not None


def test_every_change_is_recorded_under_the_operators_name(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "max\x1b[31m\udcff")
    put(host, "jane")
    enrol(host, "jane")
    tries = {"": Attempts(1, host.ports().now())}
    host.ports().records.update("admin", lambda r: (r.changed(code_attempts=tries), None))
    counted = count(len(host.audit))
    for command, event in [
        (("add", "zoe"), "user.create"),
        (("set", "zoe", "--disabled"), "user.update"),
        (("reset-password", "jane"), "user.reset_password"),
        (("reset-mfa", "jane"), "user.reset_mfa"),
        (("unlock", "admin"), "user.unlock"),
        (("remove", "zoe", "--yes"), "user.remove"),
    ]:
        assert host.run("user", *command).status == 0
        line = host.audit[next(counted)]
        assert line["event"] == event
        assert line["source"] == "command line"
        assert line["actor"].startswith("operator:")
        assert line["actor"].endswith("(sudo: max<U+001B>[31m<U+DCFF>)")


def test_control_characters_never_reach_the_terminal(host: Host) -> None:
    put(host, "jane", display_name="\x1b]52;c;eA==\x07\x9b31m\u202eevil\x7f\u200b[red]")
    create_user(host.ports(), Operator("x"), NewAccount("max"))
    for command in (("list",), ("show", "jane"), ("set", "jane", "--mfa-required")):
        for options in ((), ("--json",)) if command[0] != "set" else ((),):
            result = host.run("user", *command, *options)
            assert result.status == 0
            shown = result.out + result.err
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", shown)
    assert host.run("user", "show", "jane", "--json").json["display_name"].endswith("\u200b[red]")


@pytest.mark.parametrize("name", ["o'hara", "john doe", "r&d", "svc$"])
def test_commands_accept_names_that_only_a_directory_gives(host: Host, name: str) -> None:
    with host.ports().accounts.change() as change:
        change.put(Account(username=name, created_at=0.0, origin=Origin.LDAP))
    for command in (
        ("user", "set", name.upper(), "--disabled"),
        ("user", "unlock", name),
        ("user", "show", name),
    ):
        assert host.run(*command).status == 0
    assert name in host.run("user", "show", name).out
    (row,) = host.run("user", "list", "--filter", name, "--json").json
    assert (row["username"], row["enabled"]) == (name, False)
    assert f" > {name}" in host.run("audit", "--user", name).out
    made = host.run("user", "add", name)
    assert made.status == 2
    assert made.err == "Use only letters, digits and . _ - @ + in the name of a local account.\n"
    assert host.run("user", "remove", name, "--yes").status == 0
