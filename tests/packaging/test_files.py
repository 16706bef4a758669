"""The package's files: modes, scripts, units, and that all ways to install bring the same."""

import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from cwtui import help as manual
from tests.programs import in_own_run, require
from tools import deb

SCRIPTS = [
    path
    for path in sorted(deb.PACKAGING.rglob("*"))
    if path.is_file() and path.read_text().startswith("#!/bin/sh\n")
]
UNITS = sorted(path.name for path in (deb.PACKAGING / "systemd").iterdir())
SERVICES = [name.replace("@.", "@tty8.") for name in UNITS if name.endswith(".service")]
EXAMPLES = sorted((deb.PACKAGING / "examples").iterdir())
MOST_EXPOSED = 2.0


def output(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, check=False, text=True, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_only_programs_are_executable_and_only_root_can_write(tree: Path) -> None:
    programs = set()
    for path in tree.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            continue
        assert mode in ({0o755} if path.is_dir() else {0o644, 0o755}), path
        if not path.is_dir() and mode == 0o755:
            programs.add(str(path.relative_to(tree)))
    assert programs == {
        *("usr/bin/cwtui", "usr/bin/cwtui-host"),
        *(
            f"usr/lib/cwtui/{name}"
            for name in ("back-up", "in-use", "make-current", "remove-old-versions")
        ),
        *(f"DEBIAN/{name}" for name in ("postinst", "prerm", "postrm")),
    }


def test_every_file_is_installed_and_nothing_else(tree: Path) -> None:
    installed = {path.name for path in tree.rglob("*") if not path.is_dir()}
    for source in deb.PACKAGING.rglob("*"):
        if source.is_file() and "debian" not in source.parts:
            assert {source.name, source.name.partition(".")[0], "cwtui.conf"} & installed
    # What does not belong to a package of Debian's own layout.
    assert {path.name for path in tree.iterdir()} == {"DEBIAN", "etc", "opt", "usr"}
    assert [str(path.relative_to(tree)) for path in (tree / "etc").rglob("*")] == [
        "etc/cwtui",
        "etc/cwtui/config.toml",
    ]


def test_dpkg_packs_it_for_root(tree: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(tree / "usr/bin/cwtui", 1234, 1234)
    package = deb.pack(tree, tmp_path, deb.Target("1.2-3"))
    assert package.name == "cwtui_1.2-3_all.deb"
    listed = output(require("dpkg-deb"), "--contents", package).splitlines()
    assert {line.split()[1] for line in listed} == {"root/root"}
    fields = output(require("dpkg-deb"), "--field", package, "Package", "Version", "Depends")
    assert "Version: 1.2-3" in fields
    assert "python3, libc6" in fields


def test_the_wheel_ships_the_same_files() -> None:
    content = tomllib.loads((deb.ROOT / "pyproject.toml").read_text())
    shared = content["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    wanted = {source for source in deb.COPIES if "debian/" not in source} - {
        "cwtui/help/changes.md",  # in the manual
        "cwtui/pam/examples/pam-configs/cwtui",  # in its folder
    }
    assert wanted <= set(shared)
    for source, place in shared.items():
        assert (deb.ROOT / source).exists()
        assert place.startswith("share/")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_no_errors(script: Path) -> None:
    output("sh", "-n", script)
    if shutil.which("shellcheck"):
        output("shellcheck", script)


def test_systemd_finds_no_error_in_the_units(tree: Path) -> None:
    analyze = [require("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no"]
    folder = tree / "usr/lib/systemd/system"
    names = [name.replace("@.", "@tty8.") for name in UNITS]
    output(*analyze, f"--root={tree}", *names, cwd=folder)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_hardened(service: str, tree: Path) -> None:
    assert exposure(service, tree) <= MOST_EXPOSED


@pytest.mark.parametrize("service", ["cwtui.service", "cwtui@tty8.service"])
def test_a_service_that_uses_ldap_is_hardened_too(service: str, tree: Path) -> None:
    without = exposure(service, tree)
    folder = tree / f"etc/systemd/system/{service.replace('tty8', '')}.d"
    folder.mkdir(parents=True)
    shutil.copy(deb.PACKAGING / "examples" / "service-ldap.conf", folder)
    try:
        assert without < exposure(service, tree) <= MOST_EXPOSED
    finally:
        shutil.rmtree(tree / "etc/systemd")


def exposure(service: str, tree: Path) -> float:
    analyze = [require("systemd-analyze"), "security", "--offline=yes", f"--root={tree}"]
    last = output(*analyze, service).splitlines()[-1]
    return float(last.partition("level for")[2].split()[1])


def test_the_service_can_see_who_asks() -> None:
    """With these it could not find out which Unix user and terminal a connection comes from."""
    unit = (deb.PACKAGING / "systemd" / "cwtui.service").read_text()
    lines = [line for line in unit.splitlines() if not line.startswith("#")]
    assert not [line for line in lines if line.startswith(("PrivateUsers", "ProtectProc"))]


def test_the_two_sockets_have_their_modes() -> None:
    folder = deb.PACKAGING / "systemd"
    for_pam, for_gates = (
        (folder / f"{name}.socket").read_text() for name in ("cwtui", "cwtui-gate")
    )
    assert "ListenSequentialPacket=/run/cwtui/pam\n" in for_pam
    assert "SocketMode=0600\n" in for_pam
    assert "ListenSequentialPacket=/run/cwtui/gate\n" in for_gates
    assert "SocketMode=0666\nService=cwtui.service\n" in for_gates
    assert "Sockets=cwtui.socket cwtui-gate.socket\n" in (folder / "cwtui.service").read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_manual_shows_the_very_file(example: Path) -> None:
    text = "".join(manual.text(topic.name) for topic in manual.TOPICS)
    assert f"```\n{example.read_text()}```\n" in text


@pytest.mark.parametrize("example", [path for path in EXAMPLES if path.name.startswith("sshd")])
def test_sshd_accepts_the_example(example: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    output(require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key)
    output(*in_own_run(require("sshd"), "-t", "-f", str(example), "-h", str(key)))


@pytest.mark.parametrize("name", ["gate", "kiosk"])
def test_sshd_runs_and_forwards_nothing_else_where_a_command_is_forced(
    name: str, tmp_path: Path
) -> None:
    """Also if the command stands in authorized_keys, where sshd would run ~/.ssh/rc before it."""
    key, snippet = tmp_path / "key", tmp_path / "snippet"
    output(require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key)
    content = (deb.PACKAGING / "examples" / f"sshd-{name}.conf").read_text()
    snippet.write_text(re.sub("^Match .*$", "Match User root", content, flags=re.MULTILINE))
    command = in_own_run(
        require("sshd"), "-T", "-C", "user=root", "-f", str(snippet), "-h", str(key)
    )
    settings = output(*command).splitlines()
    assert {"permituserrc no", "disableforwarding yes"} <= {*settings}
    assert any(line.startswith("forcecommand /usr/bin/cwtui-host") for line in settings)
    assert "permituserenvironment no" in settings


def test_no_file_of_the_package_mentions_how_it_was_built(tree: Path) -> None:
    for path in tree.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert str(deb.ROOT).encode() not in content
            assert b"@VERSION@" not in content
