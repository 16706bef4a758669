"""Hosts with networks of their own, joined to that of a server.

A network is a namespace of the kernel. It lasts as long as a descriptor or a process uses it, so
nothing is left behind, however the tests end.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Final

from tests.programs import cannot_run, require

_CLONE_NEWNET: Final = 0x40000000
"""From linux/sched.h."""


@dataclass(frozen=True)
class Network:
    """A network; `address` is that of the server as it is seen from there."""

    descriptor: int
    address: str = ""

    @property
    def path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def command(self, *command: str) -> list[str]:
        """The command that runs this one in the network."""
        return [require("nsenter"), f"--net={self.path}", *command]

    def ip(self, *lines: str) -> None:
        """Run commands of ip in it."""
        command = self.command(require("ip"), "-batch", "-")
        done = subprocess.run(
            command, input="\n".join(lines), capture_output=True, text=True, check=False
        )
        if done.returncode:
            cannot_run(f"networks cannot be joined here: {done.stderr.strip()}")


@contextmanager
def joined_hosts(count: int) -> Iterator[tuple[Network, list[Network]]]:
    """The network of a server, and those of so many hosts that reach it.

    If this user or this machine may have none, the test fails in CI and is skipped elsewhere.
    """
    server = Network(_new())
    hosts = [Network(_new(), f"10.77.{number}.1") for number in range(count)]
    try:
        server.ip("link set lo up")
        for number, host in enumerate(hosts):
            server.ip(
                f"link add host{number} type veth peer name server netns {host.path}",
                f"address add {host.address}/24 dev host{number}",
                f"link set host{number} up",
            )
            host.ip(
                "link set lo up",
                f"address add 10.77.{number}.2/24 dev server",
                "link set server up",
            )
        yield server, hosts
    finally:
        for network in (server, *hosts):
            os.close(network.descriptor)


def enter(path: str) -> None:
    """Let this thread use the network at this path, as long as it lives."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(descriptor)


def _new() -> int:
    """Make a network in a thread, which alone enters it."""
    made: list[int] = []

    def make() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET) == 0:
            made.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))

    thread = Thread(target=make)
    thread.start()
    thread.join()
    if not made:
        cannot_run("only root can give a host a network of its own")
    return made[0]
