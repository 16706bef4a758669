"""`cwtui init`: store, keyring and first admin."""

import pytest

from cwtui.accounts import passwords
from cwtui.accounts.secret import Secret
from tests.cli.commands import PASSWORD, Host


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
