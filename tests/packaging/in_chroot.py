"""Install, use, upgrade, remove and purge the package in a new Debian: `make test-deb`, as root.

It takes minutes and the network, so it is not part of the other tests. Debian itself is kept in
build/debian for the next time.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pexpect
import pytest

from cwtui import __version__
from tests.programs import cannot_run, require
from tools import deb

BASE = deb.ROOT / "build" / "debian"
PASSWORD = "a long Passw0rd for alice"
OLD, NEW = f"{__version__}-1", "99-1"
STORE, KEYRING = "var/lib/cwtui/store/accounts.json", "etc/cwtui/keyring/keyring.json"


class Chroot:
    """A Debian of its own in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str, status: int = 0, typed: str = "") -> str:
        """Run as root, check the exit status, and return the output."""
        done = subprocess.run(
            ["chroot", str(self.root), *command],
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"},
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def as_owner(self, *arguments: str, status: int = 0, typed: str = "") -> str:
        home = ["env", "HOME=/var/lib/cwtui", "TERM=xterm", "LC_ALL=C.UTF-8"]
        owner = ["runuser", "-u", "connectware", "--", *home, "cwtui-host"]
        return self.run(*owner, *arguments, status=status, typed=typed)

    def add(self, package: Path) -> str:
        shutil.copy(package, self.root / "root" / package.name)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        return self.run(*install, f"/root/{package.name}")

    def versions(self) -> set[str]:
        return {path.name for path in (self.root / "opt/cwtui").iterdir()}

    def processes(self) -> list[str]:
        """Return the programs that run in it."""
        return [
            path.joinpath("comm").read_text()
            for path in Path("/proc").glob("[0-9]*")
            if _root(path) == self.root
        ]


def _root(process: Path) -> Path | None:
    try:
        return process.joinpath("root").readlink()
    except OSError:  # it has ended
        return None


@pytest.fixture(scope="module", name="packages")
def _packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The package, and the same as a newer version."""
    out = tmp_path_factory.mktemp("packages")
    subprocess.run([".venv/bin/python", "-m", "tools.deb", str(out)], cwd=deb.ROOT, check=True)
    work = deb.ROOT / "build" / "deb"
    newer = deb.this_machine(NEW)
    tree = out / "newer"
    deb.make_tree(tree, newer, work / "environment", work / "pam" / "pam_cwtui.so")
    return next(out.glob("*.deb")), deb.pack(tree, out, newer)


@pytest.fixture(scope="module", name="host")
def _host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroot]:
    if os.geteuid() != 0:
        cannot_run("a chroot needs root")
    if not BASE.exists():
        release = Path("/etc/os-release").read_text()
        suite = release.partition("VERSION_CODENAME=")[2].split()[0]
        half = BASE.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        strap = shutil.which("debootstrap", path="/usr/sbin") or require("debootstrap")
        subprocess.run([strap, "--variant=minbase", suite, half], check=True)
        half.rename(BASE)
    root = tmp_path_factory.mktemp("debian") / "root"
    subprocess.run(["cp", "-a", f"{BASE}/.", root], check=True)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
    try:
        chroot = Chroot(root)
        chroot.run("apt-get", "update", "-qq")
        yield chroot
    finally:
        subprocess.run(["umount", "--lazy", root / "proc"], check=False)


def test_the_life_of_a_package(host: Chroot, packages: tuple[Path, Path]) -> None:
    older, newer = packages
    _install(host, older)
    _set_up(host)
    with _Session(host) as session, _Service(host) as service:
        host.add(newer)
        assert (host.root / "opt/cwtui/current").readlink() == Path(NEW)
        assert host.run("cwtui", "--version")
        assert service.ended(), "The service goes on with the old version."
        session.sign_in_and_open_help()  # modules of the old version that were not yet loaded
        host.run("/usr/lib/cwtui/remove-old-versions")
        assert host.versions() == {"package", "current", OLD, NEW}
    host.run("/usr/lib/cwtui/remove-old-versions")
    assert host.versions() == {"package", "current", NEW}
    host.run("dpkg", "--verify", "cwtui")
    _remove(host)
    host.add(newer)
    assert "alice" in host.as_owner("user", "list")
    _purge(host)


def _install(host: Chroot, package: Path) -> None:
    assert "Nothing has been started" in host.add(package)
    assert not host.processes()
    assert not (host.root / STORE).exists()
    assert not (host.root / KEYRING).exists()
    assert "pam_cwtui" not in host.run("cat", "/etc/pam.d/common-auth")
    enabled = host.run("find", "/etc/systemd/system", "-name", "*cwtui*")
    assert not enabled
    for place, mode in (("run", "755"), ("var/lib", "700"), ("var/backups", "700")):
        assert host.run("stat", "-c", "%U %a", f"/{place}/cwtui") == f"connectware {mode}\n"
    assert host.run("dpkg", "--verify", "cwtui") == ""


def _set_up(host: Chroot) -> None:
    arguments = ["init", "--admin", "alice", "--password-stdin"]
    assert "Created the admin alice" in host.as_owner(*arguments, typed=f"{PASSWORD}\n")
    host.as_owner("store", "check")
    host.run("runuser", "-u", "connectware", "/usr/lib/cwtui/back-up")
    assert len(list((host.root / "var/backups/cwtui").glob("cwtui-*.tar"))) == 1


def _remove(host: Chroot) -> None:
    sudo = host.root / "etc/pam.d/sudo"
    sudo.write_text("auth required pam_cwtui.so mode=code\n")
    assert "/etc/pam.d/sudo" in host.run("dpkg", "--remove", "cwtui", status=1)
    assert "alice" in host.as_owner("user", "list")
    sudo.unlink()
    drop_in = host.root / "etc/ssh/sshd_config.d/cwtui.conf"
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(deb.EXAMPLES / "sshd" / "key-and-code.conf", drop_in)
    assert str(drop_in.relative_to(host.root)) in host.run("dpkg", "--remove", "cwtui", status=1)
    drop_in.unlink()
    host.run("pam-auth-update", "--package", "--enable", "cwtui")
    assert "pam_cwtui" in host.run("cat", "/etc/pam.d/common-auth")
    with _Session(host) as session:
        host.run("dpkg", "--remove", "cwtui")
        session.terminal.expect(pexpect.EOF)
    assert "pam_cwtui" not in host.run("cat", "/etc/pam.d/common-auth")
    assert not (host.root / "opt/cwtui").exists()
    assert (host.root / "opt").is_dir()
    for kept in (STORE, KEYRING, "etc/cwtui/config.toml"):
        assert (host.root / kept).exists()


def _purge(host: Chroot) -> None:
    said = host.run("dpkg", "--purge", "cwtui")
    assert "rm -r /var/lib/cwtui /var/backups/cwtui /etc/cwtui && userdel connectware" in said
    found = host.run("find", "/", "-xdev", "-name", "*cwtui*", "-not", "-path", "/root/*")
    ours = {line for line in found.splitlines() if line.count("cwtui") == 1}
    assert ours == {
        *("/etc/cwtui", "/var/lib/cwtui", "/var/backups/cwtui"),
        *(f"/{path.relative_to(host.root)}" for path in host.root.glob("var/log/*cwtui*")),
    } | {line for line in ours if line.startswith(("/etc/cwtui/", "/var/lib/cwtui/"))}
    assert (host.root / STORE).exists()
    assert (host.root / KEYRING).exists()
    assert not (host.root / "etc/cwtui/config.toml").exists()


class _Session:
    """The application on a terminal, started before an upgrade or the removal."""

    def __init__(self, host: Chroot) -> None:
        home = ["env", "HOME=/var/lib/cwtui", "TERM=xterm-256color", "LC_ALL=C.UTF-8"]
        owner = ["runuser", "-u", "connectware", "--", *home, "cwtui-host", "--kiosk"]
        arguments = [str(host.root), *owner]
        self.terminal = pexpect.spawn("chroot", arguments, dimensions=(24, 80), timeout=30)

    def __enter__(self) -> Self:
        self.terminal.expect("Sign In")
        return self

    def sign_in_and_open_help(self) -> None:
        self.terminal.send("alice\t")
        self.terminal.send(f"{PASSWORD}\r")
        self.terminal.expect("Multi-Factor Authentication")
        self.terminal.send("\x1bOP")  # F1
        self.terminal.expect("Everywhere")

    def __exit__(self, *_: object) -> None:
        self.terminal.close(force=True)


class _Service:
    """`cwtui serve`, started by hand before an upgrade."""

    def __init__(self, host: Chroot) -> None:
        self.host = host
        owner = ["runuser", "-u", "connectware", "--", "env", "HOME=/var/lib/cwtui"]
        self.process = subprocess.Popen(["chroot", host.root, *owner, "cwtui-host", "serve"])

    def __enter__(self) -> Self:
        socket = self.host.root / "run/cwtui/pam"
        until = time.monotonic() + 30
        while not socket.exists() and time.monotonic() < until:
            time.sleep(0.2)
        assert socket.exists()
        return self

    def ended(self) -> bool:
        try:
            return self.process.wait(60) == 0
        except subprocess.TimeoutExpired:
            return False

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
