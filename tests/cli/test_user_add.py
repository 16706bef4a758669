"""`cwtui user add`, and how an account becomes an admin."""

from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from cwtui.accounts.credentials import passwords
from cwtui.accounts.secret import Secret
from tests.cli.accounts import ACCOUNT, ADD_JANE, INITIAL, is_utc, put
from tests.cli.commands import PASSWORD, Host


class TestAdd:
    def test_the_initial_password_is_the_only_line(self, host: Host) -> None:
        result = host.run(*ADD_JANE)
        assert result.status == 0
        assert INITIAL.fullmatch(result.out)
        assert result.err.startswith("Added jane. Initial password, which must be changed before ")
        ports = host.ports()
        account = ports.accounts.get("jane")
        assert account is not None
        assert passwords.is_password(
            Secret(result.out.removesuffix("\n")), account.password, ports.keyring, 10
        )
        assert account.must_change_password
        assert account.mfa_required
        assert account.display_name == "Jane Doe"
        assert account.roles == ("minimum-access",)

    def test_json_has_all_fields(self, host: Host) -> None:
        result = host.run("user", "add", "jane", "--json")
        assert list(result.json) == ["changed", *ACCOUNT, "initial_password"]
        assert INITIAL.fullmatch(result.json["initial_password"] + "\n")
        assert is_utc(result.json["initial_password_expires_at"])

    def test_a_given_password_is_not_printed(self, host: Host) -> None:
        command = ("user", "add", "jane", "--password-stdin")
        result = host.run(*command, stdin=PASSWORD.encode())
        assert (result.status, result.out) == (0, "")
        assert PASSWORD not in result.err
        assert host.run("user", "show", "jane", "--json").json["must_change_password"]

    def test_a_given_password_is_not_in_json(self, host: Host) -> None:
        command = ("user", "add", "jane", "--password-stdin", "--json")
        result = host.run(*command, stdin=PASSWORD.encode())
        assert result.json["initial_password"] is None
        assert PASSWORD not in result.out + result.err

    def test_the_code_of_an_invitation_is_the_only_line(self, host: Host) -> None:
        host.run("settings", "set", "invitation_days", "1")
        result = host.run("user", "add", "jane", "--invite")
        assert INITIAL.fullmatch(result.out)
        assert result.err.startswith("Added jane. Invitation code, to be used before ")
        shown = host.run("user", "show", "jane", "--json").json
        assert (shown["password"], shown["invited"]) == ("invited", True)
        at = datetime.fromisoformat(shown["initial_password_expires_at"])
        assert at - datetime.fromisoformat(shown["created_at"]) < timedelta(days=1, seconds=60)
        assert "invited, until " in host.run("user", "show", "jane").out
        again = host.run("user", "reset-password", "jane", "--invite", "--json")
        assert again.json["accounts"][0]["invitation_code"] not in result.out
        both = host.run("user", "add", "joe", "--invite", "--password-stdin", stdin=b"x")
        assert both.status == 2

    def test_roles_can_be_chosen(self, host: Host) -> None:
        roles = ("--role", "minimum-access", "--role", "connectware-admin", "--yes")
        result = host.run("user", "add", "jane", *roles, "--json")
        assert result.json["roles"] == ["connectware-admin", "minimum-access"]

    def test_a_role_that_is_not_there_is_not_found(self, host: Host) -> None:
        before = host.files()
        result = host.run("user", "add", "jane", "--role", "nosuch")
        assert (result.status, result.out) == (4, "")
        assert "There is no role named nosuch." in result.err
        assert host.files() == before

    @pytest.mark.parametrize(
        ("args", "part"),
        [
            (("jane", "--role", ""), "no role"),
            (("jane", "--role", "No Role"), "no role"),
            (("jane", "--display-name", "a\x1b[31m"), "Control characters"),
            (("jane", "--display-name", "a\u202eb"), "invisible"),
            (("",), "Enter a username"),
            ((" ",), "Enter a username"),
        ],
    )
    def test_invalid_input_is_refused_and_changes_nothing(
        self, host: Host, args: tuple[str, ...], part: str
    ) -> None:
        before = host.files()
        result = host.run("user", "add", *args)
        assert (result.status, result.out) == (2, "")
        assert part in result.err
        assert host.files() == before

    @pytest.mark.parametrize("name", ["admin", "ADMIN"])
    def test_a_name_that_is_taken_is_refused(self, host: Host, name: str) -> None:
        before = host.files()
        result = host.run("user", "add", name)
        assert (result.status, result.out) == (5, "")
        assert "is taken" in result.err
        assert host.files() == before

    def test_adding_with_required_mfa_mentions_that_mfa_is_off(self, host: Host) -> None:
        host.run("settings", "set", "mfa", "off", "--yes")
        assert "MFA is off" in host.run(*ADD_JANE).err


def test_the_name_of_a_powerful_unix_user_is_pointed_out(host: Host) -> None:
    said = "daemon is also a Unix user of this host, and belongs to the system."
    result = host.run("user", "add", "daemon")
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert "Use --yes." in result.err
    result = host.run("user", "add", "daemon", "--yes", "--json")
    assert result.status == 0
    assert said in result.err
    assert result.json["unix_user"] == "belongs to the system"


class TestAddLookAlike:
    """jane exists, and jаne, with a Cyrillic letter, is added."""  # noqa: RUF002  the look-alike

    ADD = ("user", "add", "jаne")  # noqa: RUF001  the look-alike
    SAID = "jаne looks like the existing username jane."  # noqa: RUF001  the look-alike

    @pytest.fixture(autouse=True)
    def jane(self, host: Host) -> None:
        put(host, "jane")

    def names(self, host: Host) -> list[str]:
        return host.ports().accounts.names()

    def test_without_a_terminal_yes_is_needed(self, host: Host) -> None:
        before = host.files()
        for more in ((), ("--json",)):
            result = host.run(*self.ADD, *more)
            assert (result.status, result.out) == (1, "")
            assert f"{self.SAID} Cannot ask without a terminal. Use --yes." in result.err
        assert host.files() == before

    def test_yes_skips_the_question(self, host: Host) -> None:
        result = host.run(*self.ADD, "--yes")
        assert result.status == 0
        assert INITIAL.fullmatch(result.out)
        assert "It looks like the existing username jane.\n" in result.err

    def test_yes_skips_the_question_in_json(self, host: Host) -> None:
        result = host.run(*self.ADD, "--yes", "--json")
        assert result.json["looks_like"] == ["jane"]
        assert INITIAL.fullmatch(result.json["initial_password"] + "\n")

    @pytest.mark.parametrize(("answer", "status"), [(b"y\n", 0), (b"n\n", 1), (b"", 1)])
    def test_a_terminal_is_asked(self, host: Host, answer: bytes, status: int) -> None:
        result = host.run(*self.ADD, stdin=answer, terminal=True)
        assert result.status == status
        assert f"{self.SAID} Create the user anyway? [y/N] " in result.err
        assert (self.ADD[-1] in self.names(host)) is (status == 0)
        assert bool(result.out) is (status == 0)


class TestMakingAnAdmin:
    """`user add` and `user set` ask before somebody becomes an admin."""

    WAYS: ClassVar[dict[str, tuple[str, ...]]] = {
        "add": ("user", "add", "new", "--role", "connectware-admin"),
        "set": ("user", "set", "jane", "--role", "connectware-admin"),
    }

    @pytest.fixture(autouse=True)
    def jane(self, host: Host) -> None:
        put(host, "jane")

    @pytest.mark.parametrize("way", WAYS)
    def test_a_look_alike_is_asked_about_on_a_terminal_and_needs_yes_without_one(
        self, host: Host, way: str
    ) -> None:
        command, name = self.WAYS[way], self.WAYS[way][2]
        before = host.files()
        for more, stdin in (({}, b"y\n"), ({"terminal": True}, b"n\n"), ({"terminal": True}, b"")):
            result = host.run(*command, stdin=stdin, **more)
            assert (result.status, result.out) == (1, "")
            assert f"As an admin, {name} can manage all users" in result.err
            asked = f"Make {name} an admin? [y/N]" if more else "Use --yes."
            assert asked in result.err
        assert host.files() == before
        assert host.run(*command, stdin=b"y\n", terminal=True).status == 0
        account = host.ports().accounts.get(name)
        assert account is not None
        assert account.is_admin
        assert "connectware-admin" in host.audit[-1]["reason"]

    def test_yes_skips_the_question_and_an_admin_stays_one_without_it(self, host: Host) -> None:
        for command in self.WAYS.values():
            assert host.run(*command, "--yes").status == 0
        more = ("--role", "minimum-access", "--role", "connectware-admin", "--display-name", "Jane")
        assert host.run("user", "set", "jane", *more).status == 0
