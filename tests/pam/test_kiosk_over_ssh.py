"""The shipped snippet for sshd and the kiosk, with everything as the package installs it."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.cli.commands import PASSWORD
from tests.console.test_kiosk_escape import CALLS, HUNTED, hunt, written
from tests.pam.installed import SNIPPETS, STORE
from tests.pam.town import Town
from tests.programs import require

KIOSK: Final = str(SNIPPETS / "sshd-kiosk.conf")
USER: Final = "connectware"
VARIABLES: Final = HUNTED | {
    "PYTHONINSPECT": "1",
    "PYTHONSTARTUP": "/run/home/connectware/planted.py",
    "PYTHONPATH": "/run/home/connectware",
    "PYTHONEXECUTABLE": "/bin/sh",
    "CWTUI_CONFIG": "/run/home/connectware/config.toml",
    "CWTUI_STORE": "/run/home/connectware/store",
}


@pytest.fixture
def home(installed: Town) -> Path:
    """The home folder of connectware, with what an attacker could leave there."""
    home = installed.house.run / "home" / USER
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh" / "environment").write_text("PLANTED=1\n")
    for name in ("cwtui", "python", "readlink", "sh", "tmux"):
        (home / name).write_text(f'#!/bin/sh\ntouch ~/made; exec /usr/bin/{name} "$@"\n')
        (home / name).chmod(0o755)
    (home / "planted.py").write_text("open('/run/home/connectware/made', 'w')\n")
    (home / "cwtui.py").write_text((home / "planted.py").read_text())
    return home


def test_no_way_leads_out_of_a_kiosk_over_ssh(installed: Town, home: Path, tmp_path: Path) -> None:
    house, log = installed.house, tmp_path / "calls"
    # sshd takes no PATH from a client. Whatever sets it, nothing is looked for there.
    port = house.sshd(KIOSK, "-o", "AcceptEnv=*", "-o", f"SetEnv=PATH=/run/home/{USER}")
    sent = " ".join(f'"{name}={value}"' for name, value in VARIABLES.items())
    asked = ("-t", f"-oSetEnv={sent}", "touch made")
    with traced(house.pid_at(port), log), house.ssh(port, USER, *asked) as door:
        door.wait_for("Sign in to Your Account")
        door.type(f"admin\t{PASSWORD}\r")
        door.wait_for("Change Password")
        variables = environment(port)
        assert b"\0PYTHONINSPECT=1\0" in variables
        assert b"PLANTED" not in variables
        hunt(door, 30, Random(1))  # noqa: S311  repeatable
        door.send("ctrl+q")
        door.wait_for("Press Y to quit")
        door.type("y")
        assert door.wait_exit() == 0  # and no Python, which would wait for input
    assert not (home / "made").exists()
    assert_ran_the_kiosk_alone(log.read_text(errors="replace"))


@contextmanager
def traced(pid: int, log: Path) -> Iterator[None]:
    """Write the calls of a process and of those that it starts into the log."""
    command = [require("strace"), "-f", "-s", "400", "-e", f"trace={CALLS}", "-o", str(log)]
    with subprocess.Popen([*command, "-p", str(pid)], stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        try:
            yield
        finally:
            tracer.terminate()


def environment(port: int) -> bytes:
    """The variables of the kiosk that this sshd has started."""
    client = f" {port}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            variables = (process / "environ").read_bytes()
            if client in variables and b"--kiosk" in (process / "cmdline").read_bytes():
                return variables
    pytest.fail("no kiosk")


def assert_ran_the_kiosk_alone(log: str) -> None:
    calls = log.splitlines()
    programs = [line for line in calls if "exec" in line and line.endswith(" = 0")]
    names = [re.search(r'execve\("(?:[^"]*/)?([^"]*)"', line) for line in programs]
    # PAM has shown the message of the day before.
    last = [found[1] for found in names if found][-5:]
    assert last == ["sh", "cwtui-host", "cwtui", "readlink", "python"]
    kiosk = programs[-1].split()[0]
    begun = calls.index(programs[-1])
    others = {line.split()[0] for line in calls[:begun]} - {kiosk}
    ours = [line for line in calls[begun:] if line.split()[0] not in others]
    # Python tries to keep compiled modules, and may not. The package brings them.
    ours = [line for line in ours if "__pycache__" not in line or re.search(r" = \d", line)]
    assert len(ours) > 300
    inside = (STORE, "/etc/cwtui/keyring", "/dev/null", "/dev/pts/", "/dev/tty", "/dev/ptmx")
    assert [path for path in written(ours) if not path.startswith(inside)] == []


def test_a_kiosk_runs_nothing_else_over_ssh(installed: Town, home: Path, tmp_path: Path) -> None:
    """Neither commands nor file transfers, and it forwards nothing. All at once."""
    house = installed.house
    port = house.sshd(KIOSK)
    options, there = house.ssh_options(USER), f"{USER}@127.0.0.1"
    (tmp_path / "made").write_text("made by a client")
    batch = tmp_path / "batch"
    batch.write_text(f"put {tmp_path / 'made'} made\n")
    ssh = [require("ssh"), *options, "-p", str(port)]
    forward = [*ssh, "-N", "-o", "ExitOnForwardFailure=yes"]
    copy = [*options, "-P", str(port)]
    tries = {
        "no terminal": [*ssh, "-T", there],
        "command": [*ssh, there, "touch made"],
        "subsystem": [*ssh, "-s", there, "sftp"],
        "scp": [require("scp"), *copy, tmp_path / "made", f"{there}:made"],
        "old scp": [require("scp"), "-O", *copy, tmp_path / "made", f"{there}:made"],
        "sftp": [require("sftp"), *copy, "-b", batch, there],
        "rsync": [require("rsync"), "-e", " ".join(ssh), tmp_path / "made", f"{there}:made"],
        "to a port": [*ssh, "-W", f"127.0.0.1:{port}", there],
        "from a port": [*forward, "-R", "0:127.0.0.1:9", there],
        "from a socket": [*forward, "-R", "/run/home/connectware/made:127.0.0.1:9", there],
    }
    with ThreadPoolExecutor(len(tries)) as pool:
        done = dict(zip(tries, pool.map(run, tries.values()), strict=True))
    assert all(status > 0 for status, _ in done.values()), done
    for name in ("to a port", "from a port", "from a socket"):
        assert "prohibited" in done[name][1] or "forwarding failed" in done[name][1]
    for name in ("no terminal", "command", "old scp", "rsync"):
        assert "needs a terminal" in done[name][1]
        assert "give a command" not in done[name][1]
    assert not (home / "made").exists()


def run(command: Sequence[str | Path]) -> tuple[int, str]:
    ended = subprocess.run(
        [*map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, timeout=30,
    )  # fmt: skip
    return ended.returncode, ended.stdout
