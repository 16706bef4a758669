"""Several devices in a real terminal, by keyboard at 80x24: a second one, a lost one, a new one.

tests/ui/test_own_devices_pages.py has the other ways to change devices.
"""

import re
import time
from pathlib import Path

from cwtui.ui import after_code
from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import one_time_code
from tests.console.terminal import Terminal

_PERIOD = 30
_USED: dict[str, int] = {}
"""The last used time step of each device, by its secret key."""


def test_a_lost_phone_is_replaced_and_never_works_again(tmp_path: Path) -> None:
    home = cwtui.with_admin(tmp_path, cwtui.PASSWORD)
    phone, codes = cwtui.with_device(home)
    with cwtui.forked(home) as terminal:
        come_in(terminal, next_code(phone))
        tablet = add_a_device(terminal, phone)
        press(terminal, "Tablet")
        begin_to_replace(terminal, "Tablet", "Nothing", codes[0])
        terminal.hang_up()
    with cwtui.forked(home) as terminal:
        come_in_with_a_backup_code(terminal, codes[1])
        new = replace_the_lost(terminal)
        cwtui.sign_out(terminal)
        come_in(terminal, one_time_code(phone, time.time()), "This code is wrong.")
        terminal.type(next_code(new))
        terminal.wait_for("8 unused backup codes left")
        cwtui.sign_out(terminal)
        come_in(terminal, next_code(tablet))
        terminal.send("ctrl+q", "y")
        assert terminal.wait_exit() == 0
    (log,) = home.rglob("audit.jsonl")
    written = log.read_text()
    for secret in (phone, tablet, new, *codes):
        assert secret not in written
    changes = re.findall(r'"event":"(device\.\w+)"', written)
    assert changes == ["device.add", "device.replace"]


def add_a_device(terminal: Terminal, phone: str) -> str:
    press(terminal, "Add Device")
    terminal.wait_for("One-time code or backup code")
    terminal.wait_until_still()
    terminal.type("Tablet\t" + next_code(phone))
    terminal.wait_for("Register Device: Tablet")
    return register(terminal, "Tablet")


def register(terminal: Terminal, name: str) -> str:
    uri = cwtui.scanned(terminal)
    secret = cwtui.secret_of(uri)
    assert uri.startswith(f"otpauth://totp/Connectware:admin?secret={secret}")
    terminal.type(next_code(secret))
    listed = re.compile(rf"\b{name} +registered")
    terminal.wait_until(lambda: listed.search(terminal.text) is not None, what=f"{name}, listed")
    terminal.wait_until_still()
    return secret


def come_in(terminal: Terminal, code: str, answer: str = "Add Device") -> None:
    enter_password(terminal)
    terminal.type(code)
    terminal.wait_for(answer)
    terminal.wait_until_still()


def enter_password(terminal: Terminal) -> None:
    terminal.wait_for("Sign in to Your Account")
    terminal.wait_until_still()
    name = "" if cwtui.typed_username(terminal) else "admin\t"
    terminal.type(f"{name}{cwtui.PASSWORD}\r")
    terminal.wait_for("Use backup code")
    terminal.wait_until_still()


def come_in_with_a_backup_code(terminal: Terminal, backup_code: str) -> None:
    enter_password(terminal)
    terminal.type(f"{backup_code}\r")
    terminal.wait_for("Is a device lost?")
    terminal.wait_until_still()


def begin_to_replace(terminal: Terminal, old: str, new: str, code: str) -> None:
    """From the device's page."""
    press(terminal, "Replace Device")
    terminal.wait_for(f"Replace {old}")
    terminal.wait_until_still()
    terminal.send("shift+tab")  # from the code to the name
    terminal.type(f"{new}\t{code}")
    if len(code) > len("123456"):
        terminal.send("enter")
    terminal.wait_for(f"Register Device: {new}")


def replace_the_lost(terminal: Terminal) -> str:
    press(terminal, "Replace Phone")
    terminal.wait_for("Continue")
    terminal.wait_until_still()
    assert "One-time code" not in terminal.text, "The backup code of the sign-in is enough."
    terminal.type("New phone\r")
    terminal.wait_for("Register Device: New phone")
    return register(terminal, "New phone")


def next_code(secret: str) -> str:
    """A code that the device has not used yet. Waits if it has used those of this moment."""
    step = max(int(time.time()) // _PERIOD, _USED.get(secret, 0) + 1)
    while step > int(time.time()) // _PERIOD + 1:
        time.sleep(0.2)
    _USED[secret] = step
    return one_time_code(secret, step * _PERIOD)


def press(terminal: Terminal, label: str) -> None:
    """Move the focus to this button, and press Enter."""
    terminal.wait_for(label)
    for _ in range(20):
        terminal.wait_until_still()
        if re.search(rf"▌ +{re.escape(label)} +▐", terminal.text):
            time.sleep(after_code.SECONDS)  # Enter is ignored so long
            terminal.send("enter")
            return
        terminal.send("tab")
    raise AssertionError(label)
