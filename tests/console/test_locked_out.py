"""Every command in the help topic `locked-out`, and the sign-in after it."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cwtui.accounts import roles
from cwtui.accounts import sign_in as rules
from cwtui.accounts.credentials import backup_codes, totp
from cwtui.accounts.errors import SignInFailed
from cwtui.accounts.secret import Secret
from cwtui.help import text
from tests.accounts.steps import one_device
from tests.cli.commands import PASSWORD, PYTHON, Host
from tests.console.cwtui_terminal import sign_in
from tests.console.terminal import Terminal

NEW = "a longer way to Winterfell"
NAME = "ada"


def commands() -> list[str]:
    """The commands in the order of the topic's table."""
    rows = [line.split("|") for line in text("locked-out").splitlines() if line.startswith("| ")]
    return [row[2].strip().strip("`") for row in rows if row[2].strip().startswith("`cwtui ")]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host with the admin NAME and another user, eve."""
    made = Host(tmp_path_factory.mktemp("prepared"))
    for name, command in ((NAME, ("init", "--admin", NAME)), ("eve", ("user", "add", "eve"))):
        done = made.run(*command, "--password-stdin", stdin=PASSWORD.encode())
        assert done.status == 0, (name, done.err)
    return made.folder


@pytest.fixture(autouse=True, scope="module")
def _no_sudo() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SUDO_UID", "SUDO_USER"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def host(prepared: Path, tmp_path: Path) -> Host:
    return Host(shutil.copytree(prepared, tmp_path / "host"))


def change(host: Host, **fields: object) -> None:
    with host.ports().accounts.change() as accounts:
        account = accounts.get(NAME)
        assert account is not None
        accounts.put(account.changed(**fields))


def lose_device(host: Host) -> None:
    ports = host.ports()
    secret = totp.new_secret(ports.random).reveal().encode()
    hashed = backup_codes.hash_codes(backup_codes.new_codes(ports.random), ports.keyring, 10)
    change(host, second_factor=one_device(ports.keyring.seal(secret, NAME.encode()), 1.0, hashed))


def be_locked(host: Host) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            rules.with_password(host.ports(), NAME, Secret("wrong"), "10.0.0.1")


NIGHTS: dict[str, tuple[Callable[[Host], object], str]] = {
    "cwtui user reset-password NAME": (lambda host: change(host, password=None), "printed"),
    "cwtui user reset-mfa NAME": (lose_device, PASSWORD),
    "cwtui user unlock NAME": (be_locked, PASSWORD),
    "cwtui user enable NAME": (lambda host: change(host, enabled=False), PASSWORD),
    "cwtui user set NAME --expires never": (lambda host: change(host, expires_at=1.0), PASSWORD),
    "cwtui user set NAME --role connectware-admin": (
        lambda host: change(host, roles=(roles.MINIMUM,)),
        PASSWORD,
    ),
    "cwtui init --admin NAME": (lambda host: change(host, enabled=False), "printed"),
    "cwtui init --admin NAME --new-keyring": (lambda host: host.keyring.unlink(), "printed"),
}


def test_every_command_of_the_topic_is_tested() -> None:
    assert commands() == list(NIGHTS)


@pytest.mark.parametrize("command", NIGHTS)
def test_each_command_lets_the_locked_out_admin_sign_in(host: Host, command: str) -> None:
    happens, password = NIGHTS[command]
    happens(host)
    program, *arguments = command.replace("NAME", NAME).split()
    assert program == "cwtui"
    prefix = (PYTHON, "-m", "cwtui", "--config", host.config)
    with Terminal([*map(str, prefix), *arguments], host.folder, forked=True) as terminal:
        if "--new-keyring" in command:
            terminal.wait_for("Give up the old keyring for good? [y/N]")
            terminal.type("y\r")
        if "reset-mfa" in command:
            terminal.wait_for(f"Remove all devices and backup codes of {NAME}? [y/N]")
            terminal.type("y\r")
        if "--role" in command:
            terminal.wait_for(f"Make {NAME} an admin? [y/N]")
            terminal.type("y\r")
        assert terminal.wait_exit() == 0
        printed = re.findall(r"^(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$", terminal.text, re.MULTILINE)
    with Terminal([*map(str, prefix)], host.folder, forked=True) as terminal:
        if password == "printed":
            sign_in(terminal, NAME, printed[0])
            terminal.wait_for("Choose a new password")
            terminal.wait_until_still()
            terminal.type(f"{NEW}\t{NEW}\r")
        else:
            sign_in(terminal, NAME, password)
        terminal.wait_for("User Management")
