"""Somebody who hunts for a way out of a kiosk: no other program, and no file outside its own."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.cli.commands import PASSWORD, Host
from tests.console.terminal import KEYS, Terminal
from tests.programs import require
from tests.service.service import new_host

CALLS: Final = "execve,execveat,open,openat,creat,connect,rename,renameat,unlink,link,symlink,mkdir"
HUNTED: Final = {
    "EDITOR": "/bin/sh",
    "VISUAL": "/bin/sh",
    "PAGER": "/bin/sh",
    "BROWSER": "/bin/sh",
    "SHELL": "/bin/sh",
    "LESSOPEN": "|/bin/sh %s",
    "TMUX": "/nowhere,1,0",
    "TEXTUAL_LOG": "/tmp/kiosk.log",
    "TEXTUAL_PRESS": "q",
    "TEXTUAL_SCREENSHOT": "0",
    "TEXTUAL_SCREENSHOT_LOCATION": "/tmp",
    "DISPLAY": ":0",
}
WRITES: Final = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
NAMED: Final = re.compile(r'"([^"]*)"')
FUNCTION_KEYS: Final = tuple(f"\x1b[{number}~" for number in (*range(1, 7), *range(11, 35)))
HARMLESS: Final = tuple(
    name for name in KEYS if name not in {"ctrl+q", "ctrl+j", "ctrl+m", "ctrl+s"}
)
PAGES: Final = ("Settings", "Users and Roles", "Organization", "Audit Log")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return new_host(tmp_path / "host")


def test_no_way_leads_out_of_a_kiosk(host: Host, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    # The kernel's filter lets all other calls pass without a stop.
    how = ("-f", "--seccomp-bpf", "-qq", "-s", "400", "-e", f"trace={CALLS}")
    strace = (require("strace"), *how, "-o")
    # Without -B, root would write the cache of modules that were not loaded before.
    kiosk = (sys.executable, "-IB", "-m", "cwtui", "--kiosk", "--config", str(host.config))
    with Terminal((*strace, f"{log}-1", *kiosk), tmp_path / "home", env=HUNTED) as terminal:
        terminal.wait_for("Sign in to Your Account")
        hunt(terminal, 30, Random(1))  # noqa: S311  repeatable
    with Terminal((*strace, f"{log}-2", *kiosk), tmp_path / "home", env=HUNTED) as terminal:
        terminal.wait_for("Sign in to Your Account")
        terminal.type(f"admin\t{PASSWORD}\r")
        terminal.wait_for("Change Password")
        for seed, page in enumerate(PAGES):
            open_page(terminal, page)
            hunt(terminal, 30, Random(seed))  # noqa: S311  repeatable
    for number in (1, 2):
        assert_stayed_inside(Path(f"{log}-{number}").read_text(errors="replace"), host)


def assert_stayed_inside(log: str, host: Host) -> None:
    calls = log.splitlines()
    assert len(calls) > 300
    programs = [line for line in calls if "exec" in line and "ENOENT" not in line]
    assert len(programs) == 1, programs  # the kiosk itself
    assert sys.executable in programs[0]
    ours = (str(host.folder), "/dev/null", "/dev/pts/", "/dev/tty", "/dev/ptmx")
    assert [path for path in written(calls) if not path.startswith(ours)] == []


def written(calls: list[str]) -> Iterator[str]:
    """The files that calls open for writing, make, rename or remove."""
    for line in calls:
        if "ENOENT" in line or "execve" in line:
            continue
        if "open" not in line or WRITES.search(line):
            yield from NAMED.findall(line)[:1]


def hunt(terminal: Terminal, count: int, random: Random) -> None:
    """Press keys of all kinds, and say no whenever cwtui asks whether to quit."""
    for _ in range(count):
        kind = random.randrange(4)
        if kind == 0:
            terminal.type(random.choice(FUNCTION_KEYS))
        elif kind == 1:
            terminal.type("\x1b" + random.choice("abcdefghijklmnoprstuvwxyz!:|/?."))
        else:
            terminal.send(random.choice(HARMLESS))
        terminal.watch(0.02)
    for _ in range(4):
        terminal.send("escape")
        terminal.watch(0.15)
    assert terminal.alive, terminal.text


def open_page(terminal: Terminal, page: str) -> None:
    terminal.send("ctrl+p")
    terminal.wait_until_still()
    terminal.type(page)
    terminal.wait_until_still()
    terminal.send("enter")
    terminal.wait_until_still()
