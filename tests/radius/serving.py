"""`cwtui serve --radius` in a process of its own, and Debian's clients."""

import re
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cli.commands import Host
from tests.programs import require
from tests.radius import wire
from tests.servers.ports import free_port
from tests.service.service import SERVE

SECONDS: Final = 30


@dataclass
class Radius:
    """The service. `radclient` is FreeRADIUS's client."""

    host: Host
    port: int
    secret_file: Path
    process: subprocess.Popen[str]

    def radclient(
        self,
        given: Mapping[str, str],
        *,
        command: str = "auth",
        signed: bool = True,
        secret: str = "",
    ) -> "Told":
        """Send one request with these attributes, and wait for an answer."""
        lines = [
            f"{name} = {value}" if value.startswith("0x") else f'{name} = "{value}"'
            for name, value in given.items()
        ]
        if signed:
            lines.append("Message-Authenticator = 0x00")
        file = self.secret_file
        if secret:
            file = self.host.folder / "other-secret"
            file.write_text(secret)
        wait = "10" if signed and not secret else "0.2"
        done = subprocess.run(
            [require("radclient"), "-x", "-r", "1", "-t", wait, "-S", file,
             f"127.0.0.1:{self.port}", command],
            input=", ".join(lines), capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
        _, _, answer = done.stdout.partition("Received ")
        code = re.match(r"Access-\w+", answer)
        message = re.search(r'Reply-Message = "(.*)"', answer)
        state = re.search(r"State = (0x\w+)", answer)
        return Told(
            code[0] if code else "", message[1] if message else "", state[1] if state else ""
        )


@dataclass(frozen=True)
class Told:
    code: str
    message: str
    state: str


@contextmanager
def serving(host: Host) -> Iterator[Radius]:
    """Start the service for a client at 127.0.0.1, wait until it listens, and end it."""
    port, secret = free_port(socket.SOCK_DGRAM), host.folder / "radius-secret"
    secret.write_text(wire.SECRET)
    secret.chmod(0o600)
    with host.config.open("a") as file:
        file.write(f'[radius]\nport = {port}\n[radius.clients]\n"127.0.0.1" = "{secret}"\n')
    process = subprocess.Popen(
        [*SERVE, "--config", str(host.config), "serve", "--radius"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "Listening on 127.0.0.1, UDP port" in process.stderr.readline()
        radius = Radius(host, port, secret, process)
        yield radius
        assert radius.radclient({}, command="status").code == "Access-Accept"
        process.terminate()
        assert process.wait(SECONDS) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@contextmanager
def signing(port: int) -> Iterator[int]:
    """A relay that adds Message-Authenticator, which clients of Debian 12 leave out."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as front,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back,
    ):
        front.bind(("127.0.0.1", 0))
        back.connect(("127.0.0.1", port))
        back.settimeout(SECONDS)

        def carry() -> None:
            while True:
                packet, client = front.recvfrom(5000)
                if not packet:
                    return
                back.send(wire.with_signature(packet))
                front.sendto(back.recv(5000), client)

        thread = threading.Thread(target=carry, daemon=True)
        thread.start()
        yield front.getsockname()[1]
        back.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", front.getsockname())
        thread.join(SECONDS)


def pamtester(folder: Path, port: int, user: str, *typed: str) -> tuple[int, str]:
    """Sign in with pam_radius_auth as from a host; return the status and what was shown."""
    pam, servers = folder / "pam.d", folder / "servers"
    pam.mkdir(exist_ok=True)
    servers.write_text(f"127.0.0.1:{port} {wire.SECRET} 3\n")
    servers.chmod(0o600)
    (pam / "cwtui-radius").write_text(
        f"auth required pam_radius_auth.so conf={servers} retry=0\naccount required pam_permit.so\n"
    )
    mount = 'mount --bind "$0" /etc/pam.d && exec "$@"'
    done = subprocess.run(
        [require("unshare"), "-m", "sh", "-c", mount, pam, require("pamtester"),
         "-I", "rhost=203.0.113.7", "cwtui-radius", user, "authenticate"],
        input="".join(f"{one}\n" for one in typed),
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
