"""The real application in a real terminal, with its own data folder."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cwtui import services
from cwtui.accounts import self_service
from cwtui.accounts.session import open_session
from cwtui.config.loading import load
from tests.cli import commands
from tests.console.decoders import one_time_code, zbar, zxing
from tests.console.homes import command_line, configure, variables
from tests.console.picture import DARK, paint
from tests.console.terminal import Terminal
from tests.new_store import quick_ports

PASSWORD = "correct horse battery"


def opened(
    home: Path, *, before: Sequence[str] = (), module: str = "cwtui", **options: Any
) -> Terminal:
    """`cwtui` with the data folder of `home` and the lowest bcrypt cost, for speed."""
    configure(home)
    return Terminal([*before, *command_line(home, module)], home, **options)


def forked(home: Path, **options: Any) -> Terminal:
    """The same in a process that has loaded cwtui, for tests of what comes after the start."""
    return opened(home, forked=True, **options)


@contextmanager
def login(home: Path, **options: Any) -> Iterator[Terminal]:
    with opened(home, **options) as terminal:
        terminal.wait_for("Sign in to Your Account")
        terminal.wait_until_still()
        yield terminal


def still_works(terminal: Terminal) -> None:
    """Typed text arrives, and nothing else."""
    terminal.send_bytes(b"\x1b[201~\x15adm")
    terminal.wait_until(lambda: typed_username(terminal) == "adm", what="adm")


def shows(terminal: Terminal, sentence: str) -> bool:
    """Whether the toast is visible, even wrapped and beside other text."""
    return all(word in terminal.text for word in re.findall(r"\w+", sentence))


@contextmanager
def living_in(home: Path) -> Iterator[str]:
    """Let this process have the folder as its home, and hash quickly; its configuration file."""
    configure(home)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(home).items():
            patch.setenv(name, value)
        patch.setattr(services, "Ports", quick_ports)
        yield f"{home}/cwtui.toml"


def run(home: Path, *arguments: str, typed: str = "") -> None:
    """Run a command of cwtui, in this process."""
    with living_in(home) as config:
        done = commands.run("--config", config, *arguments, stdin=typed.encode())
    assert done.status == 0, done.err


def with_admin(home: Path, password: str, name: str = "admin") -> Path:
    """The home after `cwtui init`, so that cwtui opens with the login screen."""
    run(home, "init", "--admin", name, "--password-stdin", typed=password)
    return home


def with_device(home: Path) -> tuple[str, list[str]]:
    """Give the admin a device, an hour ago; its secret key, and the backup codes."""
    with living_in(home) as config:
        ports = replace(services.connect(load(config)), now=lambda: time.time() - 3600)
        account = ports.accounts.get("admin")
        assert account is not None
        session = open_session(ports, account, "console", ports.now())
        offered = self_service.begin_enrolment(ports, session)
        key = offered.totp_secret.reveal()
        code = one_time_code(key, ports.now())
        after, codes = self_service.register_device(ports, session, offered, code)
        self_service.acknowledge_backup_codes(ports, after)
    return key, [code.reveal() for code in codes]


def without_time(terminal: Terminal) -> str:
    """The text on the screen; the minute may change at any moment."""
    return re.sub(r"\d\d:\d\d UTC", "00:00 UTC", terminal.text)


def typed_username(terminal: Terminal) -> str:
    """The content of the Username field on the login screen."""
    lines = terminal.lines
    labels = [number for number, line in enumerate(lines) if line.strip() == "Username"]
    # While the screen is being drawn, there may be none yet.
    return lines[labels[0] + 1].strip().strip("▌").strip() if labels else ""


def scanned(terminal: Terminal) -> str:
    """The otpauth URI that both decoders read from the screen."""
    terminal.wait_for("Register Device")
    terminal.wait_until_still()
    terminal.wait_until(lambda: zxing(paint(terminal.screen, DARK)) is not None, what="a QR code")
    image = paint(terminal.screen, DARK)
    first, second = zxing(image), zbar(image)
    assert first is not None
    assert first == second
    return first


def secret_of(uri: str) -> str:
    """The base32 secret in an otpauth URI."""
    return parse_qs(urlsplit(uri).query)["secret"][0]


def shown_key(terminal: Terminal) -> str:
    """The secret key in groups of four, as shown on the screen."""
    return "".join(re.findall(r"\b[A-Z2-7]{4}\b", terminal.text))


def shown_codes(terminal: Terminal) -> list[str]:
    """The backup codes, or the initial password, on the screen."""
    group = "[0-9A-HJKMNP-TV-Z]{4}"
    return re.findall(rf"\b{group}-{group}-{group}-{group}\b", terminal.text)


def keep_codes(terminal: Terminal) -> list[str]:
    """Read the backup codes, say that they are saved, type the last one, and return them all."""
    terminal.wait_for("I have saved my backup codes")
    terminal.wait_until_still()
    codes = shown_codes(terminal)
    assert len(set(codes)) == 10
    terminal.send("shift+tab", "enter")
    terminal.wait_for("Type one of your codes")
    terminal.wait_until_still()
    assert not set(codes) & set(shown_codes(terminal))
    terminal.type(f"{codes[-1].lower()}\r")
    return codes


def sign_in(terminal: Terminal, username: str, password: str) -> None:
    """Type username and password in one go on the login screen."""
    terminal.wait_for("Sign in to Your Account")
    terminal.wait_until_still()
    terminal.type(f"{username}\t{password}\r")


def signed_in(terminal: Terminal) -> None:
    """As the admin `admin`, without a device, on the first page."""
    sign_in(terminal, "admin", PASSWORD)
    terminal.wait_for("Enable Multi-Factor Authentication")
    terminal.wait_until_still()


def last_event(home: Path) -> dict[str, str]:
    """Of the audit log."""
    (log,) = home.rglob("audit.jsonl")
    event: dict[str, str] = json.loads(log.read_text().splitlines()[-1])
    return event


def sign_out(terminal: Terminal) -> None:
    """Sign out through the navigation panel, from any first-level page."""
    terminal.send("escape")
    terminal.wait_until_still()
    terminal.send("end", "enter")
    terminal.wait_for("You are signed out.")
