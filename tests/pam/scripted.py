"""A service that sends given packets, and a program that signs in through PAM."""

import os
import select
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.programs import require

# From security/_pam_types.h.
SUCCESS, PERM_DENIED, AUTH_ERR, UNAVAILABLE, USER_UNKNOWN = 0, 6, 7, 9, 10
MAXTRIES, ACCT_EXPIRED, SESSION_ERR, CONV_ERR = 11, 13, 14, 19
UNREACHABLE: Final = "The sign-in service cannot be reached. Tell the operator of this host."
_PATIENCE: Final = 30
_HARMLESS: Final = os.environ | {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1"}

Script = Sequence[bytes]


class Service:
    """Plays a script for each connection; after a prompt it waits for an answer.

    A script whose last packet is HANG stops there, without closing.
    """

    HANG: Final = b"?hang"

    def __init__(self, path: Path, *scripts: Script) -> None:
        self.requests: list[bytes] = []
        self.answers: list[bytes] = []
        self._scripts = scripts
        self._over, self._end = socket.socketpair()
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(str(path))
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        for script in self._scripts:
            if self._listening.fileno() not in _ready(self._listening, self._over):
                return
            with suppress(OSError), self._listening.accept()[0] as connection:
                connection.settimeout(_PATIENCE)
                self._play(connection, script)

    def _play(self, connection: socket.socket, script: Script) -> None:
        self.requests.append(connection.recv(65536))
        for packet in script:
            if packet == self.HANG:
                _ready(self._over)
                return
            connection.sendall(packet)
            if packet[:1] in {b"h", b"p"}:
                answer = connection.recv(65536)
                if not answer:
                    return
                self.answers.append(answer)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._thread.join(_PATIENCE)
        self._over.close()
        self._listening.close()


@dataclass(frozen=True)
class Outcome:
    """What happened in a program that signed in: `seen` and `log` in order, results by phase."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    results: list[tuple[str, int]] = field(default_factory=list)
    wiped: int = 0
    on_the_stack: list[str] = field(default_factory=list)

    @property
    def result(self) -> int:
        ((_, code),) = self.results
        return code

    @property
    def errors(self) -> list[str]:
        return [text for kind, text in self.seen if kind == "e"]


def outcome(output: bytes) -> Outcome:
    happened, wiped, at = Outcome(), 0, 0
    while at < len(output):
        kind, line = chr(output[at]), output.index(b"\n", at)
        end = line + 1 + int(output[at + 1 : line])
        text = output[line + 1 : end].decode(errors="surrogateescape")
        at = end + 1
        match kind:
            case "l":
                happened.log.append(text)
            case "r":
                phase, code = text.split()
                happened.results.append((phase, int(code)))
            case "w":
                wiped = int(text)
            case "s":
                happened.on_the_stack.append(text)
            case _:
                happened.seen.append((kind, text))
    return Outcome(happened.seen, happened.log, happened.results, wiped, happened.on_the_stack)


class Host:
    """A folder with a PAM service of its own; `built` is what tests.pam.building made."""

    NAME: Final = "cwtui-test"

    def __init__(self, folder: Path, built: Path, runs: Sequence[str | Path], module: Path) -> None:
        self.folder = folder
        self.socket = folder / "sock"
        self.built = built
        self._runs = runs
        self._module = module
        self.arguments("timeout=20")

    def arguments(self, *arguments: str, path: str | None = None) -> None:
        """What stands behind the module in PAM's file."""
        where = self.socket if path is None else path
        words = " ".join([str(self._module), f"socket={where}", *arguments])
        pam = self.folder / "pam.d"
        pam.mkdir(exist_ok=True)
        lines = [f"{kind} required {words}\n" for kind in ("auth", "account", "session")]
        (pam / self.NAME).write_text("".join(lines))
        (pam / "other").write_text("auth required pam_deny.so\n")

    def sign_in(self, *arguments: str | bytes, user: str | bytes = "ada") -> Outcome:
        named = b"user=" + (user if isinstance(user, bytes) else user.encode())
        done = subprocess.run(
            [*self._runs, self.folder / "pam.d", self.NAME, named, *arguments],
            capture_output=True,
            check=False,
            timeout=60,
            env=_HARMLESS,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return outcome(done.stdout)

    def ask(self, *script: bytes, options: Sequence[str | bytes] = ("auth",)) -> Outcome:
        """One phase, answered by this script."""
        with Service(self.socket, script):
            happened = self.sign_in(*options)
        self.socket.unlink()
        return happened


MakeHost = Callable[[str], Host]


def hosts(built: Path, folder: Path) -> MakeHost:
    """Make a host for the hardened module, the one with sanitizers, or valgrind."""

    def make(kind: str) -> Host:
        folder.mkdir(mode=0o700, exist_ok=True)
        sanitized = built / "sanitized"
        match kind:
            case "hardened":
                return Host(folder, built, [built / "client"], built / "pam_cwtui.so")
            case "sanitized":
                return Host(folder, built, [sanitized / "client"], sanitized / "pam_cwtui.so")
        valgrind = [require("valgrind"), "-q", "--error-exitcode=9", "--leak-check=full"]
        valgrind += ["--track-fds=no", "--show-leak-kinds=definite,indirect"]
        return Host(folder, built, [*valgrind, built / "plain-client"], built / "pam_cwtui.so")

    return make


def _ready(*sockets: socket.socket) -> set[int]:
    """The descriptors that can be read, which may be larger than `select` takes."""
    poll = select.poll()
    for one in sockets:
        poll.register(one, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(_PATIENCE * 1000)}
