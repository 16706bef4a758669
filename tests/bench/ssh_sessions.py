"""The application for many people at once, each with a session of OpenSSH's client and server."""

import getpass
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Final

import pyotp

from tests.bench import warm
from tests.bench.crowd import shared_out_memory
from tests.bench.measuring import BARE, Bench
from tests.bench.people import PASSWORD, TOTP_SECRET
from tests.bench.serving import config_of
from tests.bench.table import Least, Most, Row, megabytes, milliseconds, number
from tests.console.terminal import ROOT, Terminal
from tests.programs import find, in_own_run
from tests.servers.ports import free_port

_BARE: Final = "bare Textual app over SSH"
_FIRST: Final = 10
"""The number of the first user: others have used the codes of those before."""
_PATIENCE: Final = 300.0


def rows(bench: Bench) -> Iterator[Row]:
    """Nothing without sshd."""
    program = find("sshd")
    if program is None:
        return
    count = bench.scale.sessions
    numbers = range(_FIRST, _FIRST + count)
    names = warm.with_passwords(bench.few, numbers, bench.scale.cost)
    config = config_of(bench.few, bench.folder, bench.scale.cost)
    kiosk = (sys.executable, "-I", "-m", "cwtui", "--kiosk", "--config", str(config))
    with serving(program, bench.folder) as sshd:
        with ExitStack() as stack:
            _, bare_ready = opened(stack, sshd, BARE, count, "Sign In")
            bare = sshd.memory(BARE)
        while sshd.memory(BARE):
            time.sleep(0.1)
        with ExitStack() as stack:
            people, ready = opened(stack, sshd, kiosk, count, "Sign In")
            login = sshd.memory(kiosk)
            began = perf_counter()
            for name, person in zip(names, people, strict=True):
                person.type(f"{name}\t{PASSWORD}\r")
            for person in people:
                person.wait_for("Use backup code", timeout=_PATIENCE)
                person.type(pyotp.TOTP(TOTP_SECRET).now())
            for person in people:
                person.wait_for("Change Password", timeout=_PATIENCE)
            signed_in = perf_counter() - began
            settle(people)
            inside = sshd.memory(kiosk)
            began = perf_counter()
        while sshd.memory(kiosk):
            time.sleep(0.1)
        left = perf_counter() - began
    what = f"{count} sessions over SSH"
    yield Row(f"{what}: login screens ready", ready, milliseconds, _BARE, bare_ready)
    yield Row("  memory of each, shared memory divided", mean(login), megabytes, _BARE, mean(bare))
    yield Row("  all signed in, with MFA", signed_in, milliseconds)
    yield Row("  memory of each, signed in", mean(inside), megabytes, _BARE, mean(bare), Most(2.0))
    yield Row("  of them alive at the end", len(inside), number, "all", count, Least(1.0))
    yield Row("  all ended, after all clients did", left, milliseconds)


@dataclass(frozen=True)
class Sshd:
    port: int
    key: Path

    def opened(self, command: Sequence[str], home: Path) -> Terminal:
        """The command in a terminal over SSH."""
        whole = f"cd {shlex.quote(str(ROOT))} && exec {shlex.join(command)}"
        options = (
            *("-F", "none", "-tt", "-i", str(self.key), "-o", "IdentitiesOnly=yes"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            *("-o", "LogLevel=ERROR", "-p", str(self.port)),
        )
        there = f"{getpass.getuser()}@127.0.0.1"
        return Terminal([find("ssh") or "ssh", *options, there, whole], home)

    def memory(self, command: Sequence[str]) -> list[float]:
        """What each process of the command has that this sshd has started."""
        client = f" {self.port}\0".encode()
        line = b"\0".join(part.encode() for part in command) + b"\0"
        found = list[float]()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                is_it = (process / "cmdline").read_bytes() == line
                if is_it and client in (process / "environ").read_bytes():
                    found.append(shared_out_memory(int(process.name)))
        return found


def opened(
    stack: ExitStack, sshd: Sshd, command: Sequence[str], count: int, text: str
) -> tuple[list[Terminal], float]:
    """So many of them, and how long it took until all showed the text."""
    began = perf_counter()
    home = sshd.key.parent
    terminals = [stack.enter_context(sshd.opened(command, home)) for _ in range(count)]
    for terminal in terminals:
        terminal.wait_for(text, timeout=_PATIENCE)
    taken = perf_counter() - began
    settle(terminals)
    return terminals, taken


def settle(terminals: Sequence[Terminal]) -> None:
    for terminal in terminals:
        terminal.wait_until_still(0.05)
    time.sleep(2)


@contextmanager
def serving(program: str, folder: Path) -> Iterator[Sshd]:
    """An sshd of this user on a port of its own, for a key of its own."""
    own = folder / "sshd"
    own.mkdir(mode=0o700, exist_ok=True)
    for name in ("host", "key"):
        if not (own / name).exists():
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(own / name)], check=True
            )
    sshd = Sshd(free_port(), own / "key")
    configuration = own / "sshd.conf"
    configuration.write_text(
        f"Port {sshd.port}\nListenAddress 127.0.0.1\nHostKey {own / 'host'}\n"
        f"AuthorizedKeysFile {own / 'key.pub'}\nStrictModes no\nUsePAM no\nPidFile none\n"
        "PermitRootLogin yes\nPrintMotd no\nPrintLastLog no\nMaxStartups 1000\n"
    )
    command = in_own_run(program, "-D", "-e", "-f", str(configuration))
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        until = perf_counter() + 30
        while b"Server listening" not in (own / "log").read_bytes():
            if process.poll() is not None or perf_counter() > until:
                raise ChildProcessError((own / "log").read_text())
            time.sleep(0.05)
        yield sshd
    finally:
        process.terminate()
        process.wait()
