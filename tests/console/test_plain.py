"""The application line by line (`--plain`), in a real terminal that only prints lines."""

import re
import sys
import time
from pathlib import Path
from typing import Final

import pyotp
import pytest

from tests.console import cwtui_terminal
from tests.console.homes import command_line
from tests.console.terminal import Terminal

CWTUI: Final = (sys.executable, "-m", "cwtui")
PASSWORD: Final = "Ketzin.7-Havel"
NEW: Final = "Another.9-Havel"


class Lines:
    """What a person at a teletype sees and types."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._read = 0

    def answer(self, prompt: str, typed: str) -> str:
        """Wait for the prompt, and type a line. Returns what came before."""
        said = self.wait_for(prompt)
        self.terminal.type(f"{typed}\n")
        return said

    def wait_for(self, text: str) -> str:
        def found() -> bool:
            return text in self.terminal.raw[self._read :].decode()

        self.terminal.wait_until(found, what=repr(text))
        said = self.terminal.raw[self._read :].decode()
        self._read = len(self.terminal.raw)
        return said


def plain(home: Path, *options: str, term: str = "dumb") -> Terminal:
    config = home / "config" / "cwtui" / "config.toml"
    config.parent.mkdir(0o700, parents=True, exist_ok=True)
    config.write_text("passwords.bcrypt_cost = 10\n")
    return Terminal((*CWTUI, *options), home, term=term, columns=72, forked=True)


class SlowTerminal(Terminal):
    """At the other end of a line of 1200 baud, which carries 120 bytes a second."""

    MOST_AT_ONCE = 12
    pause = 0.1

    def _read(self, timeout: float) -> bool:
        time.sleep(self.pause)
        return super()._read(timeout)


def test_sign_in_and_enrolment_on_a_line_of_1200_baud(tmp_path: Path) -> None:
    home = cwtui_terminal.with_admin(tmp_path, PASSWORD)
    cwtui_terminal.run(home, "settings", "set", "mfa", "required")
    quick = command_line(home, "tests.console.quick_cwtui")
    command = ("sh", "-c", 'stty 1200; exec "$0" "$@"', *quick)
    with SlowTerminal((*command, "--plain", "--qr", "none"), home, term="vt100") as terminal:
        lines = Lines(terminal)
        lines.answer("Username: ", "admin")
        lines.answer("Password: ", PASSWORD)
        shown = lines.wait_for("from the app: ")
        assert "QR code" not in shown
        key = re.search(r"Key: ([A-Z2-7 ]+)", shown)
        assert key is not None
        terminal.type(f"{pyotp.TOTP(key[1].replace(' ', '')).now()}\n")
        codes = re.findall(r"(?:\w{4}-){3}\w{4}", lines.wait_for("skip): "))
        assert len(codes) == 10
        terminal.type(f"{codes[-1].lower()}\n")
        lines.wait_for("Signed in as admin.")
        assert len(terminal.raw) < 10 * 120
        terminal.pause = 0.0  # enough was seen
        terminal.type("q\n")
        assert terminal.wait_exit() == 0
        assert_plain(terminal)


def test_the_journey_from_the_first_admin_to_a_user_with_mfa(tmp_path: Path) -> None:
    with plain(tmp_path) as terminal:
        lines = Lines(terminal)
        lines.answer("Username: ", "ada")
        lines.answer("Password: ", PASSWORD)
        lines.answer("Confirm Password: ", PASSWORD)
        assert "The administrator ada was created." in lines.answer("Username: ", "dda")
        lines.answer("Password: ", PASSWORD)
        assert "Username or password is wrong." in lines.answer("(Enter: dda): ", "ada")
        lines.answer("Password: ", PASSWORD)
        lines.answer("Choose: ", "create")
        lines.answer("Username: ", "bob")
        lines.answer("Display name (optional): ", "")
        lines.answer("Require MFA? [y/N] ", "y")
        lines.answer("Invite with a code instead of an initial password? [y/N] ", "")
        initial = re.search(r"shown only now:\s+(\S+)", lines.answer("Choose: ", "users"))
        assert initial is not None
        lines.answer("everyone): ", "bob")
        assert "bob: enabled, MFA required" in lines.answer("Choose: ", "1")
        assert "MFA (Required): required" in lines.answer("Choose: ", "q")
        lines.answer("Choose: ", "q")
        lines.answer("Choose: ", "q")
        lines.wait_for("You are signed out.")
        assert terminal.wait_exit() == 0
        assert_plain(terminal)
    enrol_and_change(tmp_path, initial[1])


def enrol_and_change(home: Path, initial: str) -> None:
    """What a new user does: everything in Settings."""
    with plain(home, "--plain", term="xterm-256color") as terminal:
        lines = Lines(terminal)
        lines.answer("Username: ", "bob")
        lines.answer("Password: ", initial)
        lines.answer("New Password: ", NEW)
        lines.answer("Confirm Password: ", NEW)
        shown = lines.answer("QR code (1, 2 or 3): ", "3")
        key = re.search(r"Key: ([A-Z2-7 ]+)", shown)
        assert key is not None
        code = pyotp.TOTP(key[1].replace(" ", "")).now()
        lines.answer("again): ", code)
        codes = re.findall(r"(?:\w{4}-){3}\w{4}", lines.answer("skip): ", ""))
        assert len(codes) == 10
        assert "Signed in as bob." in lines.answer("Choose: ", "devices")
        lines.answer("Choose: ", "1")
        lines.answer("Choose: ", "rename")
        lines.answer("New name: ", "Old phone")
        assert "is now called Old phone." in lines.answer("Choose: ", "q")
        lines.answer("Choose: ", "regenerate")
        lines.answer("[y/N] ", "yes")
        lines.answer("backup code): ", codes[0])
        lines.answer("skip): ", "")
        lines.answer("Choose: ", "change")
        lines.answer("Current Password: ", "wrong")
        lines.answer("New Password: ", PASSWORD)
        lines.answer("Confirm Password: ", PASSWORD)
        assert "is wrong" in lines.answer("Current Password: ", NEW)
        lines.answer("New Password: ", PASSWORD)
        lines.answer("Confirm Password: ", PASSWORD)
        assert "Your password was changed." in lines.answer("Choose: ", "q")
        assert terminal.wait_exit() == 0
        assert_plain(terminal)


def assert_plain(terminal: Terminal) -> None:
    """No cursor movement, no colour, nothing drawn again, and no password."""
    said = terminal.raw.decode()
    assert "\x1b" not in said
    assert re.search(r"\r(?!\n)|\x08", said) is None
    assert PASSWORD not in said
    assert NEW not in said


def test_ctrl_c_cancels_a_question_and_leaves_the_second_time(tmp_path: Path) -> None:
    with plain(tmp_path) as terminal:
        lines = Lines(terminal)
        lines.answer("Username: ", "ada")
        lines.wait_for("Password: ")
        terminal.type("secret\x03")
        assert "Cancelled. To leave, press Ctrl+C again." in lines.answer("Username: ", "ada")
        lines.wait_for("Password: ")
        terminal.type("\x03")
        lines.wait_for("Username: ")
        terminal.type("\x03")
        assert terminal.wait_exit() == 1
        assert "secret" not in terminal.raw.decode()
        assert not list(tmp_path.rglob("accounts.json"))


@pytest.mark.parametrize("keys", ["\x04", "\x1c"])
def test_leaving_ends_it_with_status_1(tmp_path: Path, keys: str) -> None:
    with plain(tmp_path) as terminal:
        Lines(terminal).wait_for("Username: ")
        terminal.type(keys)
        assert terminal.wait_exit() == 1
        assert not list(tmp_path.rglob("accounts.json"))
