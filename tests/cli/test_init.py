"""`cwtui init`: store, keyring and first admin."""

import pytest
from msgspec.structs import replace

from cwtui.accounts import passwords
from cwtui.accounts.secret import Secret
from tests.cli.commands import PASSWORD, Host
from tests.store.samples import FULL


def init(host: Host, stdin: bytes, name: str = "admin") -> tuple[int, str]:
    result = host.run("init", "--admin", name, "--password-stdin", stdin=stdin)
    assert result.out == ""
    return result.status, result.err


@pytest.mark.parametrize("line_end", [b"", b"\n", b"\r\n"])
def test_init_makes_the_first_admin(new_host: Host, line_end: bytes) -> None:
    status, said = init(new_host, PASSWORD.encode() + line_end, name=" Ádmin ")
    assert (status, said) == (0, "Created the admin ádmin. Sign in with: cwtui\n")
    ports = new_host.ports()
    account = ports.accounts.get("ádmin")
    assert account is not None
    assert account.is_admin
    assert not account.must_change_password
    assert passwords.is_password(Secret(PASSWORD), account.password, ports.keyring, 10)
    assert new_host.store.stat().st_mode & 0o777 == 0o700
    assert new_host.keyring.stat().st_mode & 0o777 == 0o600
    assert new_host.audit[0]["event"] == "user.create"
    assert new_host.audit[0]["actor"].startswith("operator:")


def test_only_the_first_admin(host: Host) -> None:
    before = host.files()
    status, said = init(host, PASSWORD.encode(), name="second")
    assert status == 1
    assert "administrator already" in said
    assert host.files() == before


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (b"", "Enter a password"),
        (b"\n", "Enter a password"),
        (b"  \n", "more than spaces"),
        (b"abc\n", "at least 5 characters"),
        (b"password\n", "most common"),
        (b"admin\n", "your username"),
        (b"one line\nand another\n", "more than one line"),
        (b"\xff\xfe\n", "not UTF-8"),
        (b"nul\0inside\n", "NUL"),
        (b"\xef\xbb\xbfwith a mark\n", "byte order mark"),
        (b"bell\x07rings\n", "control characters"),
        (b"escape\x1b[31m\n", "control characters"),
        (b"return\rinside\n", "control characters"),
        (b"x" * 10_000_000, "too long"),
        (b"x" * 2_000 + b"\n", "at most 1024"),
    ],
)
def test_a_password_that_cannot_be_taken(new_host: Host, given: bytes, part: str) -> None:
    status, said = init(new_host, given)
    assert status == 1
    assert part in said
    assert said.count("\n") == 1
    assert not new_host.accounts.exists()


def test_a_wrong_name_is_told_before_anything_is_made(new_host: Host) -> None:
    status, said = init(new_host, PASSWORD.encode(), name="no spaces here")
    assert (status, said) == (1, "A username has letters, digits and . _ - @ + only.\n")
    assert set(new_host.files()) == {"config.toml"}


def test_standard_input_is_read_up_to_a_bound(new_host: Host) -> None:
    with open("/dev/zero", "rb") as endless:  # noqa: PTH123  a device
        command = ("init", "--admin", "admin", "--password-stdin")
        result = new_host.process(*command, stdin=endless.fileno())
    assert result.status == 1
    assert "too long" in result.err


def test_without_terminal_and_password_stdin(new_host: Host) -> None:
    result = new_host.run("init", "--admin", "admin")
    assert result.status == 2
    assert "--password-stdin" in result.err
    assert set(new_host.files()) == {"config.toml"}


def test_password_stdin_is_no_terminal(new_host: Host) -> None:
    result = new_host.run("init", "--admin", "admin", "--password-stdin", terminal=True)
    assert result.status == 2
    assert "a terminal would show the password" in result.err


# An admin is let in again


def disable_admins(host: Host) -> None:
    """What no command does."""
    with host.ports().accounts.change() as change:
        account = change.get("admin")
        assert account is not None
        change.put(account.changed(enabled=False))


@pytest.mark.parametrize("name", ["admin", "night"])
def test_init_lets_an_admin_in_where_none_can_sign_in(host: Host, name: str) -> None:
    disable_admins(host)
    result = host.run("init", "--admin", name)
    assert result.status == 0
    ports = host.ports()
    account = ports.accounts.get(name)
    assert account is not None
    assert (account.is_admin, account.enabled, account.must_change_password) == (True, True, True)
    assert passwords.is_password(Secret(result.out.strip()), account.password, ports.keyring, 10)
    assert result.err.startswith(f"Let in the admin {name}. Initial password, to be changed before")
    assert result.err.count("\n") == 1
    assert host.audit[-1]["event"] == "user.recover"
    again = host.run("init", "--admin", name)
    assert (again.status, again.out) == (1, "")
    assert f"There is an administrator already: {name}." in again.err


def test_init_takes_the_initial_password_given(host: Host) -> None:
    disable_admins(host)
    status, said = init(host, b"a long way home\n")
    assert status == 0
    assert "The password given must be changed before" in said


def test_init_says_that_the_second_factor_stays(host: Host) -> None:
    disable_admins(host)
    with host.ports().accounts.change() as change:
        account = change.get("admin")
        assert account is not None
        assert FULL.second_factor is not None
        sealed = host.ports().keyring.seal(b"JBSWY3DPEHPK3PXP", b"admin")
        codes = replace(FULL.second_factor.backup_codes, hashes=())
        factor = replace(FULL.second_factor, totp_secret=sealed, backup_codes=codes)
        change.put(account.changed(second_factor=factor))
    said = host.run("init", "--admin", "admin").err
    assert "cwtui user reset-mfa admin" in said


# The keyring is given up


def test_a_new_keyring_for_one_that_is_lost(host: Host) -> None:
    assert host.run("user", "add", "jane").status == 0
    host.keyring.unlink()
    result = host.run("init", "--admin", "admin", "--new-keyring", "--yes")
    assert result.status == 0
    assert "each account but admin then needs cwtui user reset-password" in result.err
    assert len(result.out.splitlines()) == 1
    assert host.audit[-1]["reason"].startswith("new initial password, keys given up: ")
    for command in (("user", "list"), ("user", "reset-password", "jane"), ("key", "status")):
        assert host.run(*command).status == 0
    assert host.run("init", "--admin", "admin", "--new-keyring", "--yes").status == 1


def test_a_keyring_is_not_given_up_unasked(host: Host) -> None:
    host.keyring.unlink()
    before = host.files()
    result = host.run("init", "--admin", "admin", "--new-keyring")
    assert (result.status, result.out) == (2, "")
    assert "give --yes" in result.err
    assert host.files() == before


@pytest.mark.parametrize(
    ("arguments", "stdin", "status"),
    [
        (("--admin", "admin"), b"", 1),
        (("--admin", "a b"), b"", 1),
        (("--admin", "admin", "--password-stdin"), b"abc", 1),
    ],
)
def test_what_cannot_be_taken_gives_up_nothing(
    host: Host, arguments: tuple[str, ...], stdin: bytes, status: int
) -> None:
    if len(arguments) > 2 or "a b" in arguments:
        host.keyring.unlink()
    before = host.files()
    result = host.run("init", *arguments, "--new-keyring", "--yes", stdin=stdin)
    assert (result.status, result.out) == (status, "")
    assert host.files() == before
