"""Starts programs like `python -m MODULE`, but in processes that have loaded cwtui already.

python -m tests.console.fork_server SOCKET. For each start, the socket gets the terminal, or
standard input and output; another socket; and a JSON object. The other socket gets the process id,
and then the exit status, or minus the signal number. The server ends when the socket is closed.

Loading modules takes most of the time of a start, then reading style sheets; and hashes at the
lowest cost that a configuration allows take most of the time of a sign-in. These processes save
all three.
"""

import asyncio
import fcntl
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import termios
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any, Final
from unittest.mock import patch

from cwtui import services
from cwtui.config import Config
from cwtui.ui.app import AccountApp
from tests.accounts.world import World
from tests.console.forked import NUMBER
from tests.new_store import quick_ports
from tests.ui import quick_styles

MOST: Final = 1 << 16
"""Bytes of a JSON object."""
_LOADED: Final = ("cwtui.accounts", "cwtui.cli", "cwtui.dialogue", "cwtui.keyring", "cwtui.ui")
_LIBRARIES: Final = ("bcrypt", "cryptography.hazmat.primitives.ciphers.aead", "pyotp", "qrcode")


def main(server: socket.socket) -> None:
    """Serve. Returns in each process that was started, once its program has ended."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those who wait end by themselves
    while True:
        message, descriptors, _, _ = socket.recv_fds(server, MOST, maxfds=3)
        if not message:
            return
        if os.fork() == 0:
            server.close()
            _run(json.loads(message), *descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _load() -> None:
    for name in _LOADED:
        package = import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            import_module(found.name)
    for name in _LIBRARIES:
        import_module(name)
    patch.object(services, "Ports", quick_ports).start()
    quick_styles.read_once()
    asyncio.run(_show_login_screen())
    assert threading.active_count() == 1, "a fork has no other thread, but maybe its locks"
    gc.collect()
    gc.freeze()


async def _show_login_screen() -> None:
    """What is read and remembered for it is there in each process.

    Not by means of tests.ui.harness, which changes how Textual works in tests of one process.
    """
    world = World()
    async with AccountApp(Config(), world.ports, world.clock).run_test():
        pass
    assert "tests.ui.speed" not in sys.modules, "these processes are to work as real ones do"


def _run(wanted: dict[str, Any], *descriptors: int) -> None:
    """Run the program in a process of its own, and report about it."""
    *streams, report = descriptors
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.fork()
    if process:
        for descriptor in streams:
            os.close(descriptor)
        _watch(process, report)
        os._exit(0)
    os.close(report)
    if len(streams) == 1:
        os.setsid()
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
        streams *= 3
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    for descriptor in set(streams):
        os.close(descriptor)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        errors = "backslashreplace" if name == "stderr" else "strict"
        stream = open(number, "w" if number else "r", 1, "utf-8", errors, closefd=False)  # noqa: SIM115  as Python's own
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.environ.clear()
    os.environ.update(wanted["environ"])
    os.chdir(wanted["folder"])
    module, *arguments = wanted["command"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch(process: int, report: int) -> None:
    """Report, and keep the process id until the status is known, as that of a child."""
    os.write(report, NUMBER.pack(process))
    ended = os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    with suppress(OSError):  # if nobody wants to know
        os.write(report, NUMBER.pack(code))
        os.read(report, 1)
    os.waitpid(process, 0)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
