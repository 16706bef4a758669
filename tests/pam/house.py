"""A host within the host: a mount namespace with its own PAM files, users, /run and module.

Nothing outside changes. Everything that runs in it ends with it.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from tests.cli.commands import PYTHON
from tests.console.terminal import ROOT, Terminal
from tests.programs import cannot_run, find, require
from tests.servers.ports import free_port

EXAMPLES: Final = Path(__file__).parents[2] / "cwtui" / "pam" / "examples"
SECURITY: Final = next(Path("/usr/lib").glob("*/security/pam_unix.so"), Path("/none/none")).parent
ECHO: Final = 'echo "inside as $(id -un)"'
WHO: Final = ("sh", "-c", ECHO)
ROOT_PASSWORD: Final = "only root of this test"
"""Of everybody else too."""
_HASHED: Final = (
    "$6$rounds=1000$cwtui$8y9O4YOedYi34.mB5iine8Qzmp34xO.yDV5k2gJ"
    "wnhKDZyrZLqOMbtQE.Q.YWBW4sMFXWhNqeB/7exlQA7siB0"
)
FIRST_UID: Final = 47_000
FIRST_GID: Final = 46_000
NEEDED: Final = (
    "unshare",
    "nsenter",
    "setpriv",
    "mount",
    "sshd",
    "ssh",
    "ssh-keygen",
    "sudo",
    "su",
)
_SECONDS: Final = 30
_ATTEMPTS: Final = 5
_MOUNTS: Final = """
set -e
mount --make-rprivate /
layers="$1/layers"
touch "$1/run/layered"
mount -t tmpfs -o mode=755 tmpfs "$layers"
for name in etc opt usr/bin var/lib; do
    mkdir -p "$layers/$name/upper" "$layers/$name/work"
    mount -t overlay -o "lowerdir=/$name,upperdir=$layers/$name/upper,workdir=$layers/$name/work" \
        overlay "/$name" || rm -f "$1/run/layered"
done
for name in passwd shadow group; do mount --bind "$1/etc/$name" "/etc/$name"; done
for name in pam.d sudoers.d; do mount --bind "$1/etc/$name" "/etc/$name"; done
mount --bind "$1/security" "$2"
mount --bind "$1/run" /run
echo ready
exec sleep infinity
"""


class Door(Terminal):
    """The terminal of somebody who signs in."""

    heard = 0

    def hear(self, text: str) -> None:
        """Wait for this text after the one that was heard last."""
        content = text.encode()
        self.wait_until(lambda: self.raw.find(content, self.heard) >= 0, 15, repr(text))
        self.heard = self.raw.index(content, self.heard) + len(content)

    def hear_any(self, *texts: str) -> str:
        """Wait for one of these after what was heard last; the first of them."""
        pattern = re.compile("|".join(map(re.escape, texts)).encode())
        self.wait_until(lambda: pattern.search(self.raw, self.heard) is not None, 15, str(texts))
        found = pattern.search(self.raw, self.heard)
        assert found is not None
        self.heard = found.end()
        return found[0].decode()

    def answer(self, prompt: str, typed: str) -> None:
        self.hear(prompt)
        self.type(f"{typed}\r")

    def lets_in(self, user: str) -> bool:
        """Whether ECHO runs as this user."""
        self.hear(f"inside as {user}")
        return self.wait_exit() == 0

    def refuses(self) -> bool:
        """Whether the program ended without having let anybody in."""
        return self.wait_exit() > 0 and b"inside" not in self.raw


def check_needed() -> None:
    """Fail in CI, or skip elsewhere, if the tests of real doors cannot run here."""
    missing = [name for name in NEEDED if find(name) is None]
    reason = f"{', '.join(missing)} is not installed" if missing else ""
    if os.geteuid() != 0:
        reason = "only root can mount"
    if reason:
        cannot_run(reason)


class House:
    """Its folder has `run`, which is /run inside. `recipes` maps files of /etc to examples.

    `groups` maps Unix groups to their members. Files of other folders that are written inside
    are in memory only.
    """

    def __init__(
        self,
        folder: Path,
        module: Path,
        users: Sequence[str],
        groups: Mapping[str, Sequence[str]],
        recipes: Mapping[str, str],
    ) -> None:
        self.folder = folder
        self.run = folder / "run"
        self._sshd: dict[int, subprocess.Popen[bytes]] = {}
        self._ports: dict[tuple[str, ...], int] = {}
        folder.chmod(0o755)
        for name in ("run", "run/sshd", "run/home", "run/keys", "etc", "layers"):
            (folder / name).mkdir(mode=0o755, exist_ok=True)
        self._write_users(users, groups)
        for name in ("pam.d", "sudoers.d"):
            shutil.copytree(f"/etc/{name}", folder / "etc" / name)
        for target, example in recipes.items():
            shutil.copy(EXAMPLES / example, folder / "etc" / target)
        sudoers = folder / "etc" / "sudoers.d" / "everybody"
        sudoers.write_text("ALL ALL=(ALL) ALL\n")
        for path in sudoers.parent.iterdir():
            path.chmod(0o440)
        shutil.copytree(SECURITY, folder / "security")
        shutil.copy(module, folder / "security" / "pam_cwtui.so")
        self._keeper = self._enter()

    def _write_users(self, users: Sequence[str], groups: Mapping[str, Sequence[str]]) -> None:
        own = {name: Path(f"/etc/{name}").read_text() for name in ("passwd", "shadow", "group")}
        root = {
            "passwd": "root:x:0:0:root:/run/home/root:/bin/sh\n",
            "shadow": f"root:{_HASHED}:19000:0:99999:7:::\n",
        }
        for name, line in root.items():
            own[name] = line + own[name].partition("\n")[2]
        home = self.run / "home" / "root"
        home.mkdir()
        (home / ".profile").write_text(f"{ECHO}; exit\n")
        for uid, user in enumerate(users, FIRST_UID):
            own["passwd"] += f"{user}:x:{uid}:{uid}::/run/home/{user}:/bin/sh\n"
            own["shadow"] += f"{user}:{_HASHED}:19000:0:99999:7:::\n"
            own["group"] += f"{user}:x:{uid}:{','.join(groups.get(user, ()))}\n"
            home = self.run / "home" / user
            home.mkdir()
            (home / ".profile").write_text(f"{ECHO}; exit\n")  # login runs it
            os.chown(home, uid, uid)
        for gid, (name, members) in enumerate(groups.items(), FIRST_GID):
            if name not in users:
                own["group"] += f"{name}:x:{gid}:{','.join(members)}\n"
        for name, content in own.items():
            path = self.folder / "etc" / name
            path.write_text(content)
            path.chmod(0o600 if name == "shadow" else 0o644)

    def _enter(self) -> subprocess.Popen[str]:
        keeper = subprocess.Popen(
            [require("setpriv"), "--pdeathsig", "KILL", require("unshare"), "-m",
             "sh", "-c", _MOUNTS, "sh", self.folder, SECURITY],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert keeper.stdout is not None
        if keeper.stdout.readline() != "ready\n":
            _, err = keeper.communicate()
            raise AssertionError(err)
        return keeper

    def inside(self, *command: str | Path) -> list[str]:
        """The command as root in the house."""
        enter = [require("nsenter"), "-m", "-t", str(self._keeper.pid), "--"]
        return [*enter, *map(str, command)]

    def do(self, *command: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.inside(*command),
            input=stdin, capture_output=True, text=True, check=False, timeout=_SECONDS,
        )  # fmt: skip

    def serve(self, config: Path) -> subprocess.Popen[str]:
        """Start `cwtui serve` in the house."""
        command = self.inside(PYTHON, "-m", "cwtui", "--config", config, "serve")
        with_us = [require("setpriv"), "--pdeathsig", "KILL", *command]
        process = subprocess.Popen(with_us, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        assert process.stderr is not None
        assert "Listening on" in process.stderr.readline()
        return process

    @contextmanager
    def read_only(self, folder: Path) -> Iterator[None]:
        """Make the folder read-only, in the house only."""
        for options in (("--bind", folder), ("-o", "remount,ro,bind")):
            assert self.do("mount", *map(str, options), str(folder)).returncode == 0
        try:
            yield
        finally:
            assert self.do("umount", "--lazy", str(folder)).returncode == 0

    @property
    def is_layered(self) -> bool:
        """Whether /etc, /opt, /usr/bin and /var/lib can be written to inside, and only inside."""
        return (self.run / "layered").exists()

    @contextmanager
    def waiting(self, seconds: int) -> Iterator[None]:
        """Let the module wait only this long for each answer of the service."""
        files = {path: path.read_text() for path in self.folder.glob("**/etc/pam.d/*")}
        for path, content in files.items():
            path.write_text(content.replace("pam_cwtui.so", f"pam_cwtui.so timeout={seconds}"))
        try:
            yield
        finally:
            for path, content in files.items():
                path.write_text(content)

    @cached_property
    def with_profile(self) -> list[str]:
        """How to start a command where `pam-auth-update --enable` has run after an installation.

        The folder `own/etc/pam.d` is what PAM reads there: Debian's own files.
        """
        own = self.folder / "own"
        # debconf answers one process at a time, in all houses of the host.
        mounts = ("/usr/share/pam-configs", "/var/lib/pam", "/etc/pam.d", "/var/cache/debconf")
        for name in mounts:
            shutil.copytree(name, own / name[1:])
        shutil.copy(EXAMPLES / "pam-configs" / "cwtui", own / "usr" / "share" / "pam-configs")
        mount = "; ".join(f'mount --bind "$0{name}" {name}' for name in mounts)
        inside = [require("unshare"), "-m", "sh", "-c", f'{mount}; exec "$@"', str(own)]
        update = [*inside, "env", "DEBIAN_FRONTEND=noninteractive", "pam-auth-update"]
        for options, is_on in ((["--package"], False), (["--enable", "cwtui"], True)):
            done = self.do(*update, *options)
            assert done.returncode == 0, done.stderr
            for name in ("common-auth", "common-account"):
                content = (own / "etc" / "pam.d" / name).read_text()
                assert ("pam_cwtui" in content) == is_on
        return inside

    def sshd(self, recipe: str, *options: str, name: str = "sshd") -> int:
        """The port of an sshd with a recipe, included as Debian does; starts it at first.

        The name is that of the file for PAM.
        """
        what = (name, recipe, *options)
        if what not in self._ports:
            self._ports[what] = self._start_sshd(recipe, options, name)
        return self._ports[what]

    def _start_sshd(self, recipe: str, options: Sequence[str], name: str) -> int:
        program = self.run / "sshd" / name
        if not program.exists():
            program.symlink_to(require("sshd"))
        key = self.run / "keys" / "host"
        if not key.exists():
            _make_key(key)
        for _ in range(_ATTEMPTS):
            port = self._started_sshd(recipe, options, name)
            if port:
                return port
        raise AssertionError((self.folder / "sshd.log").read_text())

    def _started_sshd(self, recipe: str, options: Sequence[str], name: str) -> int:
        """The port; 0 if sshd ended, as another process took the port."""
        port = free_port()
        configuration = self.folder / f"sshd-{port}.conf"
        configuration.write_text(
            f"Include {EXAMPLES / 'sshd' / recipe}\n"
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey /run/keys/host\nPidFile none\n"
            "UsePAM yes\nKbdInteractiveAuthentication no\nPrintMotd no\nPrintLastLog no\n"
            "AuthorizedKeysFile /run/keys/%u.pub\nMaxStartups 100\n"
            "Subsystem sftp /usr/lib/openssh/sftp-server\n"
        )
        command = [require("setpriv"), "--pdeathsig", "TERM", *self.inside(f"/run/sshd/{name}")]
        with (self.folder / "sshd.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "-D", "-e", "-f", configuration, *options], stderr=log
            )
        self._sshd[port] = process
        until = time.monotonic() + _SECONDS
        while not _answers(port):
            assert time.monotonic() < until
            if process.poll() is not None:
                return 0
            time.sleep(0.02)
        return port

    def pid_at(self, port: int) -> int:
        """The process of sshd that listens there."""
        return self._sshd[port].pid

    def allow_key(self, user: str) -> None:
        """Give the user an SSH key."""
        _make_key(self.run / "keys" / user)

    def ssh(
        self,
        port: int,
        user: str,
        *command: str,
        key: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> Door:
        """OpenSSH's client in a terminal of 80x24; without a command, ECHO runs."""
        return Door(self.ssh_command(port, user, *command, key=key), self.folder, env=env)

    def ssh_command(self, port: int, user: str, *command: str, key: bool = True) -> list[str]:
        identity = () if key else ("-o", "PubkeyAuthentication=no")
        options = [*self.ssh_options(user), "-p", str(port), *identity]
        return [require("ssh"), *options, f"{user}@127.0.0.1", *(command or (ECHO,))]

    def ssh_options(self, user: str) -> list[str]:
        """What ssh, scp, sftp and rsync get to connect as this user, by key."""
        return [
            "-F", "none", "-i", str(self.run / "keys" / user), "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=INFO",
            "-o", "IdentitiesOnly=yes", "-o", "NumberOfPasswordPrompts=1",
        ]  # fmt: skip

    def terminal(self, *command: str) -> Door:
        """A command of root."""
        return Door(self.inside(*command), self.folder)

    def terminal_of(self, user: str, *command: str, within: Sequence[str] = ()) -> Door:
        """A command of a user, who was not asked for anything."""
        identity = ("--reuid", user, "--regid", user, "--init-groups", "--reset-env")
        return self.terminal(*within, require("setpriv"), *identity, *command)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._sshd.values():
            process.kill()
            process.wait()
        self._keeper.kill()
        self._keeper.communicate()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _make_key(path: Path) -> None:
    command = [require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)
