"""A server in its own network namespace, reached through loopback ports of this host.

For servers whose ports cannot be chosen, or that listen on every address. A process keeps it:

    python -m tests.servers.enclosed KIND FOLDER DESCRIPTOR

It listens here, moves into a new network, starts the server there, and carries bytes between the
two. The descriptor is a pidfd of the process whose tests use the server: when that process ends,
however it ends, the server ends and its folder is removed.
"""

import asyncio
import ctypes
import fcntl
import importlib
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ldap3 import NONE, Connection, Server, Tls

from tests.programs import cannot_run, find, require
from tests.servers.certificates import Authority, Certificate

_START_SECONDS: Final = 180
_CLONE_NEWNET: Final = 0x40000000
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
"""From linux/sched.h, linux/sockios.h, linux/if.h and linux/prctl.h."""


class Kind(Protocol):
    """A module of this folder for one kind of server."""

    PROGRAMS: Sequence[str]
    PORTS: Sequence[int]

    def missing(self) -> str:
        """What else it needs that is missing; empty if nothing."""

    def prepare(self, folder: Path, certificate: Certificate) -> list[str]:
        """Create its files; the command that runs it in the foreground."""


@dataclass(frozen=True)
class Enclosed:
    """A running server; `ports` maps its own ports to those on 127.0.0.1."""

    folder: Path
    ports: dict[int, int]

    @property
    def ldap(self) -> str:
        return f"ldap://127.0.0.1:{self.ports[389]}"

    @property
    def ldaps(self) -> str:
        return f"ldaps://127.0.0.1:{self.ports[636]}"

    @property
    def ca_file(self) -> Path:
        """The authority that signed its certificate, which is only for 127.0.0.1."""
        return self.folder / "authority" / "ca.pem"

    def once(self, name: str, fill: Callable[[], None]) -> None:
        """Do it unless this or another process of the run has done it."""
        is_done = self.folder / f"{name}.done"
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_done.exists():
                fill()
                is_done.touch()

    @contextmanager
    def administrator(self, dn: str, password: str) -> Iterator[Connection]:
        """A connection signed in over TLS, which Samba requires; errors are raised."""
        server = Server(self.ldaps, tls=Tls(validate=ssl.CERT_NONE), get_info=NONE)
        connection = Connection(server, dn, password, check_names=False, raise_exceptions=True)
        connection.bind()
        try:
            yield connection
        finally:
            connection.unbind()


def kind_of(name: str) -> Kind:
    kind: Kind = importlib.import_module(f"tests.servers.{name}")
    return kind


def begin(name: str, folder: Path, process: int) -> None:
    """Start a server for the lifetime of the process, unless it was started. Does not wait.

    If something is missing it does nothing; `wait` reports it to the tests that need it.
    """
    if _missing(name):
        return
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        watched = os.pidfd_open(process)
        # It detaches at once, so that nobody has to wait for its end.
        command = ["setsid", "--fork", sys.executable, "-m", __name__, name, folder, watched]
        with (folder / "output").open("wb") as output:
            subprocess.run(
                list(map(str, command)),
                check=True,
                pass_fds=[watched],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        os.close(watched)


def wait(name: str, folder: Path) -> Enclosed:
    """The server started in this folder, as soon as it answers.

    If something is missing, the test fails in CI and is skipped elsewhere.
    """
    reason = _missing(name)
    if reason:
        cannot_run(reason)
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and not (folder / "failed").exists():
        with suppress(FileNotFoundError):
            ports = json.loads((folder / "ready").read_text())
            return Enclosed(folder, {int(own): here for own, here in ports.items()})
        time.sleep(0.05)
    raise AssertionError((folder / "output").read_text(errors="replace")[-5000:])


def _missing(name: str) -> str:
    kind = kind_of(name)
    for program in ("setsid", "setpriv", "unshare", *kind.PROGRAMS):
        if find(program) is None:
            return f"{program} is not installed"
    if os.geteuid() != 0:
        return "only root can give a server a network of its own"
    return kind.missing()


def _run(kind: Kind, folder: Path, watched: int) -> None:
    listening = {port: socket.create_server(("127.0.0.1", 0)) for port in kind.PORTS}
    libc = ctypes.CDLL(None, use_errno=True)
    _enter_own_network(libc)
    # Orphaned processes become our children and are waited for below.
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    authority = Authority(folder / "authority")
    assert authority.file.exists()
    command = kind.prepare(folder, authority.certificate("server", "127.0.0.1"))
    # In its own PID namespace, which the kernel ends with its first process, and with us.
    family = [require("setpriv"), "--pdeathsig", "KILL"]
    family += [require("unshare"), "--pid", "--fork", "--kill-child"]
    process = subprocess.Popen([*family, *command], stdin=subprocess.DEVNULL)
    try:
        asyncio.run(_relay(listening, folder, process, watched))
    finally:
        process.kill()
        with suppress(ChildProcessError):
            while True:
                os.wait()


async def _relay(
    listening: dict[int, socket.socket],
    folder: Path,
    process: subprocess.Popen[bytes],
    watched: int,
) -> None:
    """Relay until the watched process ends."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(watched, over.set)
    while not over.is_set() and not all(map(_answers, listening)):
        assert process.poll() is None, "it ended while it started"
        await asyncio.sleep(0.05)
    for port, here in listening.items():
        await asyncio.start_server(_relay_to(port), sock=here)
    ports = {port: here.getsockname()[1] for port, here in listening.items()}
    (folder / "starting").write_text(json.dumps(ports))
    (folder / "starting").rename(folder / "ready")
    await over.wait()


def _enter_own_network(libc: ctypes.CDLL) -> None:
    """Open sockets stay in the old one."""
    if libc.unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _relay_to(
    port: int,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pump(reader, ours), _pump(theirs, writer))

    return relay


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


def main(name: str, folder: Path, watched: int) -> None:
    try:
        _run(kind_of(name), folder, watched)
    except Exception:  # noqa: BLE001  whoever waits for it reads why
        traceback.print_exc()
        (folder / "failed").touch()
        time.sleep(5)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
