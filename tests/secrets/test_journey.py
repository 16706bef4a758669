"""A long session of the real application in a real terminal, with all possible logging.

Then each secret that existed is searched for: in every file, in the output except for the screens
that must show it, and in the arguments and the environment of the process.
"""

import base64
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.console import cwtui_terminal as cwtui
from tests.console.decoders import one_time_code
from tests.console.homes import configure
from tests.console.terminal import Terminal
from tests.secrets.registry import Secrets
from tests.secrets.test_commands import assert_nowhere

FIRST: Final = "Zürich <9> & Öl/ß %41"
SECOND: Final = "Ketzin an der Havel 7"
WRONG: Final = "Kein Schlüssel zu nichts"
TYPED_AS_NAME: Final = "mein-kennwort+als.name_4711"
F1, F4 = "\x1bOP", "\x1bOS"
AGAIN_AFTER: Final = 601
"""Seconds after which a change asks to confirm the identity again."""


class Journey:
    """The terminal, the clock, and which parts of the output may show which secrets."""

    def __init__(self, terminal: Terminal, home: Path, notes: Path) -> None:
        self.terminal = terminal
        self._home = home
        self._notes = notes
        self._ahead = 0.0
        self._showing: list[tuple[int, int, list[str]]] = []
        self.process = ""
        """Arguments and environment."""

    def forward(self, seconds: float) -> None:
        self._ahead += seconds
        (self._notes / "ahead").write_text(str(self._ahead))

    def code(self, secret: str) -> str:
        """The one-time code after the last used one."""
        self.forward(30)
        return one_time_code(secret, time.time() + self._ahead)

    @contextmanager
    def showing(self, *values: str) -> Iterator[list[str]]:
        """Output inside the block may show these values, and those added to the list."""
        start, shown = len(self.terminal.raw), list(values)
        yield shown
        self._showing.append((start, len(self.terminal.raw), shown))

    def parts(self) -> Iterator[tuple[bytes, Sequence[str]]]:
        """Each part of the output, with the secrets that it may show."""
        outside, last = b"", 0
        for start, end, shown in self._showing:
            outside += bytes(self.terminal.raw[last:start]) + b"\n"
            last = end
            yield bytes(self.terminal.raw[start:end]), shown
        yield outside + bytes(self.terminal.raw[last:]), ()

    def click(self, label: str) -> None:
        self.terminal.wait_for(label)
        self.terminal.wait_until_still()
        rows = self.terminal.screen.display
        y = max(number for number, row in enumerate(rows, 1) if label in row)
        x = rows[y - 1].index(label) + 2
        self.terminal.type(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")

    def type_when(self, seen: str, *texts: str) -> None:
        """Type each text and Enter once this is on the screen and nothing changes."""
        self.terminal.wait_for(seen)
        self.terminal.wait_until_still()
        self.terminal.type("".join(f"{text}\r" for text in texts))

    def refused(self) -> int:
        """How many sign-ins the audit log has that failed."""
        (log,) = self._home.rglob("audit.jsonl")
        events = map(json.loads, log.read_text().splitlines())
        return sum(one["event"] == "sign_in.password" for one in events)

    def look_at_process(self) -> None:
        folder = Path(f"/proc/{self.terminal.pid}")
        for name in ("cmdline", "environ", "comm"):
            self.process += (folder / name).read_bytes().decode("utf-8", "replace")


def test_a_long_session_leaves_no_secrets_anywhere(tmp_path: Path) -> None:
    """DESIGN 4.2, 4.4 and 4.5."""
    home, notes = tmp_path / "home", tmp_path / "notes"
    home.mkdir()
    notes.mkdir()
    configure(home)
    config = home / "cwtui.toml"
    command = [sys.executable, "-m", "tests.secrets.logged_cwtui", str(notes)]
    talkative = {
        "PYTHONDEVMODE": "1",
        "PYTHONMALLOC": "pymalloc",  # the rest of the development mode is what is looked at
        "PYTHONFAULTHANDLER": "1",
        "PYTHONWARNINGS": "default",
        "TEXTUAL": "debug,devtools",
        "TEXTUAL_LOG": str(home / "textual.log"),
        "TEXTUAL_DEBUG": "1",
        "TEXTUAL_SHOW_RETURN": "1",
    }
    with Terminal([*command, "--config", str(config)], home, env=talkative) as terminal:
        journey = Journey(terminal, home, notes)
        first_run(journey)
        wrong_ways_in(journey)
        secret, codes = enrol(journey)
        change_password(journey)
        codes = regenerate(journey, secret)
        initial_passwords = hand_over_passwords(journey, codes[0])
        sign_in_again(journey, secret, codes[1])
        crash(journey)
    secrets = noted(notes)
    for value in (FIRST, SECOND, WRONG, TYPED_AS_NAME, secret, *codes, *initial_passwords):
        secrets.add(value, "of the journey")
    for kind in ("pepper", "what bcrypt hashes", "key of the keyring", "typed code"):
        assert secrets.count(kind), f"no {kind} was seen: nothing was looked for"
    for output, shown in journey.parts():
        assert secrets.found_in(output, but=shown, codes=False) == set()
    assert secrets.found_in(journey.process.encode()) == set()
    # Colours, pointer shape and clipboard only: no title, no link.
    commands = set(re.findall(rb"\x1b\](\d+)", bytes(terminal.raw)))
    assert commands <= {b"10", b"11", b"22", b"52"}
    log = (notes / "log").read_bytes()
    assert b"Executing <" in log
    assert secrets.found_in(b"\n".join(set(log.splitlines()))) == set()
    (keyring,) = home.rglob("keyring.json")
    assert_nowhere(secrets, home, keyring)
    assert not (home / "textual.log").exists()


def noted(notes: Path) -> Secrets:
    """The secrets that the process recorded."""
    secrets = Secrets()
    for line in (notes / "noted").read_text().splitlines():
        kind, value, what = line.split("\t")
        raw = bytes.fromhex(value)
        secrets.add(raw if kind == "bytes" else raw.decode("utf-8", "surrogatepass"), what)
    return secrets


def first_run(journey: Journey) -> None:
    journey.type_when("Create the first administrator", FIRST, WRONG)
    journey.type_when("The passwords do not match.", FIRST, FIRST)
    journey.terminal.wait_for("The administrator admin was created.")
    journey.look_at_process()


def wrong_ways_in(journey: Journey) -> None:
    terminal = journey.terminal
    journey.type_when("Sign in to Your Account", WRONG)
    terminal.wait_for("Username or password is wrong.")
    terminal.wait_until_still()
    with journey.showing(TYPED_AS_NAME):
        terminal.send("shift+tab", "ctrl+u")
        terminal.type(f"{TYPED_AS_NAME}\t{FIRST}\r")
        terminal.wait_until(lambda: journey.refused() == 2, what="the second refusal")
        terminal.wait_until_still()
        terminal.send("shift+tab", "ctrl+u")
        terminal.type(f"admin\t{FIRST}\r")
        terminal.wait_for("Enable Multi-Factor Authentication")
        terminal.wait_until_still()


def enrol(journey: Journey) -> tuple[str, list[str]]:
    terminal = journey.terminal
    with journey.showing() as shown:
        terminal.send("tab", "enter")
        secret = cwtui.secret_of(cwtui.scanned(terminal))
        shown.append(secret)
        assert sent_to_clipboard(terminal) == []
        terminal.type(F4)
        terminal.wait_for("Sent to your")
        assert sent_to_clipboard(terminal) == [secret]
        terminal.type(journey.code(secret))
        codes = read_backup_codes(journey)
        shown += [*codes, "\n".join(codes)]
    return secret, codes


def read_backup_codes(journey: Journey) -> list[str]:
    terminal = journey.terminal
    terminal.wait_for("I have saved my backup codes")
    terminal.wait_until_still()
    codes = cwtui.shown_codes(terminal)
    assert len(codes) == 10
    before = len(sent_to_clipboard(terminal))
    terminal.type(F4)
    terminal.wait_for("Sent to your terminal.")
    (sent,) = sent_to_clipboard(terminal)[before:]
    assert set(sent.split("\n")) == set(codes)
    cwtui.keep_codes(terminal)
    terminal.wait_for("10 unused backup codes left")
    terminal.wait_until_still()
    return codes


def sent_to_clipboard(terminal: Terminal) -> list[str]:
    """What was sent by OSC 52 so far."""
    sent = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", bytes(terminal.raw))
    return [base64.b64decode(one).decode() for one in sent]


def change_password(journey: Journey) -> None:
    # From Regenerate Backup Codes, which has taken the place of Enable
    journey.terminal.send("up", "enter")
    journey.type_when("Current Password", WRONG, SECOND, SECOND)
    journey.terminal.wait_for("is wrong.")
    # The new password is kept.
    journey.type_when("The password is wrong.", FIRST)
    journey.terminal.wait_for("You have changed")  # since the failed attempt; the toast is brief
    journey.terminal.wait_until_still()


def regenerate(journey: Journey, secret: str) -> list[str]:
    journey.click("Regenerate Backup Codes")
    with journey.showing() as shown:
        journey.type_when("One-time code or backup code", journey.code(secret))
        codes = read_backup_codes(journey)
        shown += [*codes, "\n".join(codes)]
    return codes


def hand_over_passwords(journey: Journey, backup_code: str) -> list[str]:
    """The password of a new user, and a second one after a reset when proof has expired."""
    terminal = journey.terminal
    terminal.send("escape")
    terminal.wait_until_still()
    terminal.send("down", "enter")
    terminal.wait_for("1 user")
    terminal.wait_until_still()
    terminal.send("n")
    with journey.showing() as shown:
        journey.type_when("Display name", "grace", "")
        first = read_initial_password(journey)
        shown.append(first)
    journey.forward(AGAIN_AFTER)
    journey.click("Reset Password")
    terminal.wait_for("Reset the password of grace?")
    terminal.wait_until_still()
    terminal.send("tab", "enter")
    with journey.showing(backup_code) as shown:
        journey.type_when("Confirm your identity", SECOND, backup_code)
        second = read_initial_password(journey)
        shown.append(second)
    return [first, second]


def read_initial_password(journey: Journey) -> str:
    terminal = journey.terminal
    terminal.wait_for("Initial password of grace")
    terminal.wait_until_still()
    (password,) = cwtui.shown_codes(terminal)
    assert password not in sent_to_clipboard(terminal)
    terminal.send("tab", "tab", "enter")
    terminal.wait_for("Sent to your terminal.")
    assert sent_to_clipboard(terminal)[-1] == password
    terminal.send("shift+tab", "enter")
    terminal.wait_for("Users and Roles > grace")
    terminal.wait_until_still()
    return password


def sign_in_again(journey: Journey, secret: str, backup_code: str) -> None:
    terminal = journey.terminal
    terminal.send("escape")
    terminal.wait_for("2 users")
    terminal.wait_until_still()
    cwtui.sign_out(terminal)
    cwtui.sign_in(terminal, "admin", SECOND)
    terminal.wait_for("Use backup code")
    terminal.wait_until_still()
    with journey.showing(backup_code):
        terminal.type(F4)
        journey.type_when("You can use each backup code only once.", backup_code.lower())
        terminal.wait_for("8 unused backup codes left")
        terminal.wait_for("I still have it")
        terminal.wait_until_still()
    terminal.send("escape")
    terminal.wait_for("Regenerate Backup Codes")
    terminal.wait_until_still()
    cwtui.sign_out(terminal)
    cwtui.sign_in(terminal, "admin", SECOND)
    terminal.wait_for("Use backup code")
    terminal.wait_until_still()
    terminal.type(journey.code(secret))
    terminal.wait_for("8 unused backup codes left")
    journey.look_at_process()


def crash(journey: Journey) -> None:
    """Open help and palette, then let Save Settings fail while secrets are in memory."""
    terminal = journey.terminal
    terminal.wait_until_still()
    terminal.type(F1)
    terminal.wait_for("In the navigation panel")
    terminal.send("escape")
    terminal.wait_until_still()
    terminal.send("ctrl+p")
    journey.type_when("Command or user", "organization")
    journey.click("Save Settings")
    assert terminal.wait_exit() == 3
    terminal.wait_for("cwtui crashed because of a bug.")
    assert "builtins.ValueError" in terminal.text
