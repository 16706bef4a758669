"""What is said about copying is true in tmux, in GNU screen and on the Linux console."""

import base64
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import one_time_code
from tests.console.terminal import Terminal
from tests.programs import require

PASSWORD: Final = "correct horse battery"
QUICK: Final = "tests.console.quick_cwtui"
F4, F6 = "\x1bOS", "\x1b[17~"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cwtui.with_admin(tmp_path_factory.mktemp("prepared"), PASSWORD)


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)


class Tmux:
    """A tmux with Debian's defaults: there is no /etc/tmux.conf, and none at home."""

    def __init__(self, home: Path) -> None:
        self.command = [require("tmux"), "-S", str(home / "tmux")]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.command, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout

    @contextmanager
    def opened(self, home: Path, *before: str) -> Iterator[Terminal]:
        """cwtui in a window of it."""
        try:
            command = [*self.command, "new-session", *before]
            with cwtui.opened(home, before=command, module=QUICK) as terminal:
                yield terminal
        finally:
            subprocess.run([*self.command, "kill-server"], check=False, capture_output=True)


def arrived(terminal: Terminal) -> list[str]:
    """What the terminal was asked to put into its clipboard."""
    sent = re.findall(rb"\x1b\]52;c?;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)", bytes(terminal.raw))
    return [base64.b64decode(one).decode() for one in sent]


def at_enrolment(terminal: Terminal) -> str:
    """Go to the page with the secret key, and return the key."""
    cwtui.sign_in(terminal, "admin", PASSWORD)
    terminal.wait_for("Enable Multi-Factor Authentication")
    terminal.wait_until_still()
    terminal.send("tab", "enter")
    terminal.wait_for("Register Device")
    terminal.wait_until_still()
    return cwtui.shown_key(terminal)


def at_codes(terminal: Terminal, key: str) -> str:
    """Go on to the backup codes, and return them as they are copied."""
    terminal.type(one_time_code(key, time.time()))
    terminal.wait_for("I have saved my backup codes")
    terminal.wait_until_still()
    codes = cwtui.shown_codes(terminal)
    assert len(set(codes)) == 10
    return "\n".join(codes)


def test_in_tmux_the_text_is_in_its_buffer_and_can_be_pasted(home: Path) -> None:
    tmux = Tmux(home)
    with tmux.opened(home) as terminal:
        key = at_enrolment(terminal)
        assert tmux.run("show-options", "-sv", "set-clipboard") == "external\n"
        terminal.type(F4)
        terminal.wait_for("Copied to tmux.")
        assert tmux.run("show-buffer") == key
        codes = at_codes(terminal, key)
        terminal.type(F4)
        terminal.wait_for("Paste with your prefix key, then ].")
        assert tmux.run("show-buffer") == codes
        # tmux has passed both on, because this terminal has a clipboard.
        terminal.wait_until(lambda: arrived(terminal) == [key, codes])
        terminal.send("ctrl+b", "c")
        terminal.wait_until(lambda: "I have saved" not in terminal.text)
        terminal.type("cat\r")
        terminal.wait_until_still()
        terminal.send("ctrl+b", "]")
        terminal.wait_until(lambda: codes in terminal.text)


def test_tmux_at_the_far_end_passes_it_on_only_if_told_to(home: Path) -> None:
    """As after ssh from a window of tmux: TERM is all that is known."""
    tmux = Tmux(home)
    with tmux.opened(home, "env", "-u", "TMUX") as terminal:
        key = at_enrolment(terminal)
        terminal.type(F4)
        terminal.wait_for("with set-clipboard on.")
        terminal.wait_until_still()
        assert arrived(terminal) == []
        tmux.run("set-option", "-s", "set-clipboard", "on")
        terminal.type(F4)
        terminal.wait_until(lambda: arrived(terminal) == [key])


def in_screen(home: Path, *before: str) -> Sequence[str]:
    return ["env", f"SCREENDIR={home / 'screens'}", require("screen"), *before]


@pytest.fixture
def screens(home: Path) -> Iterator[Path]:
    """A home with a folder for GNU screen's sockets. What was started there is ended."""
    folder = home / "screens"
    folder.mkdir(mode=0o700)
    yield home
    subprocess.run(
        [*in_screen(home), "-S", "cwtui", "-X", "quit"], check=False, capture_output=True
    )


@pytest.mark.parametrize("where", ["here", "at the far end"])
def test_screen_passes_it_on_to_the_terminal(screens: Path, where: str) -> None:
    """Its TERM with a dot is its own; screen-256color could also be that of a tmux."""
    far = ["env", "-u", "STY", "TERM=screen-256color"] if where == "at the far end" else []
    before = in_screen(screens, "-S", "cwtui", *far)
    with cwtui.opened(screens, before=before, module=QUICK) as terminal:
        key = at_enrolment(terminal)
        terminal.type(F4)
        terminal.wait_for("Sent to your terminal." if far else "Sent through GNU screen")
        terminal.wait_until(lambda: arrived(terminal) == [key])
        codes = at_codes(terminal, key)
        terminal.type(F4)
        terminal.wait_until(lambda: arrived(terminal) == [key, codes])
        # What screen ignores leaves nothing on the screen.
        assert "\n".join(cwtui.shown_codes(terminal)) == codes
        assert base64.b64encode(key.encode()).decode()[:20] not in terminal.text


@pytest.mark.parametrize("around", ["", "screen"])
def test_on_the_linux_console_nothing_is_copied_and_a_file_helps(
    screens: Path, around: str
) -> None:
    before = in_screen(screens, "-S", "cwtui") if around else []
    with cwtui.opened(
        screens, before=before, module=QUICK, term="linux", colorterm=None, forked=not around
    ) as terminal:
        key = at_enrolment(terminal)
        assert "Copy" not in terminal.text
        codes = at_codes(terminal, key)
        assert "Copy" not in terminal.text
        terminal.type(F4)
        terminal.wait_until_still()
        assert b"\x1b]52" not in terminal.raw
        terminal.type(F6)
        terminal.wait_for("Save your backup codes")
        terminal.wait_until_still()
        terminal.send("enter")
        terminal.wait_for("Saved to")
        terminal.wait_until_still()
        (file,) = screens.glob("connectware-backup-codes-admin-*.txt")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        saved = file.read_text().split()
        assert "\n".join(saved[-10:]) == codes
        assert cwtui.keep_codes(terminal)[-1] == saved[-1]
        terminal.wait_for("10 unused backup codes left")
