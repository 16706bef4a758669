"""`cwtui init`: store, keyring and first admin."""

import os
import pwd
import shutil
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import KeyringMissing
from cwtui.accounts.secret import Secret
from tests.accounts.steps import one_device
from tests.cli.commands import PASSWORD, Host, Result, run
from tests.store.samples import FULL


def init(host: Host, stdin: bytes, name: str = "admin") -> tuple[int, str]:
    result = host.run("init", "--admin", name, "--password-stdin", stdin=stdin)
    assert result.out == ""
    return result.status, result.err


def test_init_says_if_the_admin_has_the_name_of_a_unix_user(new_host: Host) -> None:
    status, said = init(new_host, PASSWORD.encode(), name="daemon")
    assert status == 0
    assert said.splitlines()[1].startswith(
        "daemon is also a Unix user of this host, and belongs to the system."
    )


@pytest.mark.parametrize("line_end", [b"", b"\n", b"\r\n"])
def test_init_creates_the_first_admin(new_host: Host, line_end: bytes) -> None:
    status, said = init(new_host, PASSWORD.encode() + line_end, name=" Ádmin ")
    cwtui = f"cwtui --config {new_host.config}"
    assert (status, said) == (0, f"Created the admin ádmin. Sign in with: {cwtui}\n")
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


def test_init_says_how_to_sign_in_after_sudo(
    new_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs it as the owner of the store is somebody else afterwards."""
    monkeypatch.setenv("SUDO_UID", str(os.geteuid() + 1))
    _, said = init(new_host, PASSWORD.encode())
    owner = pwd.getpwuid(os.geteuid()).pw_name
    assert f"Sign in with: sudo -H -u {owner} cwtui --config {new_host.config}" in said


def test_init_refuses_a_second_admin(host: Host) -> None:
    before = host.files()
    status, said = init(host, PASSWORD.encode(), name="second")
    assert status == 5
    assert "can still sign in" in said
    assert host.files() == before


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (b"", "Enter a password"),
        (b"\n", "Enter a password"),
        (b"  \n", "only spaces"),
        (b"abc\n", "at least 5 characters"),
        (b"password\n", "too common"),
        (b"admin\n", "be the username"),
        (b"one line\nand another\n", "more than one line"),
        (b"\xff\xfe\n", "not UTF-8"),
        (b"nul\0inside\n", "NUL"),
        (b"\xef\xbb\xbfwith a mark\n", "byte order mark"),
        (b"bell\x07rings\n", "Control characters"),
        (b"escape\x1b[31m\n", "Control characters"),
        (b"return\rinside\n", "Control characters"),
        (b"x" * 10_000_000, "too long"),
        (b"x" * 2_000 + b"\n", "at most 1024"),
    ],
)
def test_an_invalid_password_is_refused(new_host: Host, given: bytes, part: str) -> None:
    status, said = init(new_host, given)
    assert status == 1
    assert part in said
    assert said.count("\n") == 1
    assert not new_host.accounts.exists()


def test_an_invalid_name_is_refused_before_anything_is_created(new_host: Host) -> None:
    status, said = init(new_host, PASSWORD.encode(), name="no spaces here")
    assert (status, said) == (
        2,
        "Use only letters, digits and . _ - @ + in the name of a local account.\n",
    )
    assert set(new_host.files()) == {"config.toml"}


def test_standard_input_is_read_up_to_a_limit(new_host: Host) -> None:
    with open("/dev/zero", "rb") as endless:  # noqa: PTH123  a device
        command = ("init", "--admin", "admin", "--password-stdin")
        result = new_host.process(*command, stdin=endless.fileno())
    assert result.status == 1
    assert "too long" in result.err


def test_without_a_terminal_init_needs_password_stdin(new_host: Host) -> None:
    result = new_host.run("init", "--admin", "admin")
    assert result.status == 1
    assert "--password-stdin" in result.err
    assert set(new_host.files()) == {"config.toml"}


def test_password_stdin_is_refused_on_a_terminal(new_host: Host) -> None:
    result = new_host.run("init", "--admin", "admin", "--password-stdin", terminal=True)
    assert result.status == 2
    assert "a terminal would show the password" in result.err


# Recovering an admin


def disable_admins(host: Host) -> None:
    """No command allows this."""
    with host.ports().accounts.change() as change:
        account = change.get("admin")
        assert account is not None
        change.put(account.changed(enabled=False))


@pytest.mark.parametrize("name", ["admin", "night"])
def test_init_recovers_an_admin_when_none_can_sign_in(host: Host, name: str) -> None:
    disable_admins(host)
    result = host.run("init", "--admin", name)
    assert result.status == 0
    ports = host.ports()
    account = ports.accounts.get(name)
    assert account is not None
    assert (account.is_admin, account.enabled, account.must_change_password) == (True, True, True)
    assert passwords.is_password(Secret(result.out.strip()), account.password, ports.keyring, 10)
    assert result.err.startswith(
        f"Restored access for the admin {name}. Initial password, which must be changed before"
    )
    assert result.err.count("\n") == 1
    assert host.audit[-1]["event"] == "user.recover"
    again = host.run("init", "--admin", name)
    assert (again.status, again.out) == (5, "")
    assert f"An admin can still sign in: {name}." in again.err


def test_init_accepts_a_given_initial_password(host: Host) -> None:
    disable_admins(host)
    status, said = init(host, b"a long way home\n")
    assert status == 0
    assert "The initial password must be changed before" in said


def test_init_says_that_the_second_factor_stays(host: Host) -> None:
    disable_admins(host)
    with host.ports().accounts.change() as change:
        account = change.get("admin")
        assert account is not None
        assert FULL.second_factor is not None
        sealed = host.ports().keyring.seal(b"JBSWY3DPEHPK3PXP", b"admin")
        factor = one_device(sealed, 1.0, replace(FULL.second_factor.backup_codes, hashes=()))
        change.put(account.changed(second_factor=factor))
    said = host.run("init", "--admin", "admin").err
    assert f"cwtui --config {host.config} user reset-mfa admin" in said


# Giving up the keyring


def test_new_keyring_replaces_a_lost_one(host: Host) -> None:
    assert host.run("user", "add", "jane").status == 0
    host.keyring.unlink()
    result = host.run("init", "--admin", "admin", "--new-keyring", "--yes")
    assert result.status == 0
    assert "Each account except admin will need cwtui user reset-password" in result.err
    assert len(result.out.splitlines()) == 1
    assert host.audit[-1]["reason"].startswith("new initial password, keys given up: ")
    for command in (("user", "list"), ("user", "reset-password", "jane"), ("key", "status")):
        assert host.run(*command).status == 0
    assert host.run("init", "--admin", "admin", "--new-keyring", "--yes").status == 1


def test_new_keyring_needs_confirmation(host: Host) -> None:
    host.keyring.unlink()
    before = host.files()
    result = host.run("init", "--admin", "admin", "--new-keyring")
    assert (result.status, result.out) == (1, "")
    assert "Use --yes" in result.err
    assert host.files() == before


@pytest.mark.parametrize(
    ("arguments", "stdin", "status"),
    [
        (("--admin", "admin"), b"", 1),
        (("--admin", "a b"), b"", 2),
        (("--admin", "admin", "--password-stdin"), b"abc", 1),
    ],
)
def test_invalid_input_does_not_give_up_the_keyring(
    host: Host, arguments: tuple[str, ...], stdin: bytes, status: int
) -> None:
    if len(arguments) > 2 or "a b" in arguments:
        host.keyring.unlink()
    before = host.files()
    result = host.run("init", *arguments, "--new-keyring", "--yes", stdin=stdin)
    assert (result.status, result.out) == (status, "")
    assert host.files() == before


# What a later command would refuse is refused before anything is created


def init_at_home() -> Result:
    """Run init without a configuration, in the default places."""
    return run("init", "--admin", "admin", "--password-stdin", stdin=PASSWORD.encode())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder above the default places."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("below", [".", "config", "config/cwtui"])
def test_a_parent_folder_writable_by_others_is_refused(home: Path, below: str) -> None:
    folder = home / below
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o775)
    before = names_in(home)
    result = init_at_home()
    assert result.status == 3
    assert f"Other users can write {folder}. Check its content, then run: chmod go-w" in result.err
    assert names_in(home) == before
    folder.chmod(0o700)
    assert init_at_home().status == 0
    (home / "config" / "cwtui" / "config.toml").write_text("session.idle_minutes = 5\n")
    assert run("user", "list").status == 0


def test_folders_made_by_init_are_private(home: Path) -> None:
    before = os.umask(0o002)
    try:
        assert init_at_home().status == 0
    finally:
        os.umask(before)
    for folder in filter(Path.is_dir, home.rglob("*")):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


DIRECTORY = """
[directory]
servers = ["ldaps://ldap.example.com"]
base = "dc=example,dc=com"
mode = "attribute"
roles_attribute = "employeeType"
"""


@pytest.mark.parametrize(
    ("key", "mode"),
    [("ca_file", 0o664), ("bind_password_file", 0o664), ("bind_password_file", 0o644)],
)
def test_directory_files_with_unsafe_modes_are_refused(new_host: Host, key: str, mode: int) -> None:
    file = new_host.folder / "file"
    file.write_text("secret")
    file.chmod(mode)
    with new_host.config.open("a") as config:
        bind_dn = 'bind_dn = "cn=reader"\n' if key != "ca_file" else ""
        config.write(f'{DIRECTORY}{bind_dn}{key} = "{file}"\n')
    status, said = init(new_host, PASSWORD.encode())
    assert status == 3
    assert "Other users can " in said
    assert str(file) in said
    assert not new_host.store.exists()
    assert not new_host.keyring.exists()
    file.chmod(0o600)
    assert init(new_host, PASSWORD.encode())[0] == 0


@pytest.mark.parametrize("which", ["store", "keyring"])
def test_a_folder_reachable_by_others_is_refused(new_host: Host, which: str) -> None:
    folder = new_host.store if which == "store" else new_host.keyring.parent
    folder.mkdir(mode=0o755)
    status, said = init(new_host, PASSWORD.encode())
    assert (status, new_host.keyring.exists()) == (3, False)
    assert f"Other users can access {folder}" in said
    assert {path.name for path in new_host.folder.iterdir()} == {"config.toml", folder.name}


# A missing store is not a new one


def test_init_creates_a_store_in_a_new_place(new_host: Host) -> None:
    result = new_host.run("user", "list")
    assert result.status == 3
    assert (
        f"To set up a new store here: cwtui --config {new_host.config} init --admin NAME"
        in result.err
    )
    assert init(new_host, PASSWORD.encode())[0] == 0


@pytest.mark.parametrize("left", ["keyring", "audit log"])
def test_init_refuses_if_parts_of_a_store_are_left(host: Host, left: str) -> None:
    host.accounts.unlink()
    if left == "keyring":
        shutil.rmtree(host.store)
    before = host.files()
    for command in (("init", "--admin", "admin", "--password-stdin"), ("user", "list")):
        result = host.run(*command, stdin=PASSWORD.encode())
        assert (result.status, result.out) == (3, "")
        assert f"cwtui --config {host.config} store restore FILE" in result.err
    assert host.files() == before
    if left == "keyring":
        host.keyring.rename(host.folder / "old.json")
        assert init(host, PASSWORD.encode())[0] == 0


# A single missing key


def test_an_account_under_a_missing_key_can_be_recovered(host: Host) -> None:
    """The keys of the other accounts exist, so only this account is given up."""
    assert host.run("user", "add", "jane", "--password-stdin", stdin=b"a long way home").status == 0
    kept = host.keyring.read_bytes()
    assert host.run("key", "rotate").status == 0
    assert host.run("user", "reset-password", "admin").status == 0  # under the new key
    host.keyring.write_bytes(kept)
    with pytest.raises(KeyringMissing):
        host.ports()  # as the application does
    for command in (("key", "status"), ("user", "show", "admin"), ("store", "check")):
        assert host.run(*command).out or command[0] == "store"
    assert "admin cannot sign in without" in host.run("store", "check").err
    assert host.run("init", "--admin", "admin").status == 0
    assert host.run("store", "check").status == 0
    assert host.ports().accounts.get("jane") is not None
