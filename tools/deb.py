"""Build the Debian package: `make deb`.

It is built with dpkg-deb alone. debhelper would have to be told to leave everything alone that is
special here: an environment of its own, whose wheels come from the lock, in a folder per version.
dh-virtualenv does that, but it is no longer maintained, and replaces the environment in place.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cwtui import __version__
from cwtui.host import release

ROOT: Final = Path(__file__).parents[1]
PACKAGING: Final = ROOT / "packaging"
EXAMPLES: Final = ROOT / "cwtui" / "pam" / "examples"
PYTHON: Final = Path("/usr/bin/python3")
"""Debian's, which the package depends on."""

COPIES: Final = {
    "packaging/cwtui": "usr/bin/cwtui",
    "packaging/cwtui-host": "usr/bin/cwtui-host",
    "packaging/make-current": "usr/lib/cwtui/make-current",
    "packaging/remove-old-versions": "usr/lib/cwtui/remove-old-versions",
    "packaging/in-use": "usr/lib/cwtui/in-use",
    "packaging/back-up": "usr/lib/cwtui/back-up",
    "packaging/config.toml": "etc/cwtui/config.toml",
    "packaging/sysusers.conf": "usr/lib/sysusers.d/cwtui.conf",
    "packaging/tmpfiles.conf": "usr/lib/tmpfiles.d/cwtui.conf",
    "packaging/systemd": "usr/lib/systemd/system",
    "packaging/examples": "usr/share/cwtui/examples",
    "cwtui/pam/examples": "usr/share/cwtui/pam",
    "cwtui/pam/examples/pam-configs/cwtui": "usr/share/pam-configs/cwtui",
    "packaging/completions/cwtui.bash": "usr/share/bash-completion/completions/cwtui",
    "packaging/completions/_cwtui": "usr/share/zsh/vendor-completions/_cwtui",
    "packaging/completions/cwtui.fish": "usr/share/fish/vendor_completions.d/cwtui.fish",
    "packaging/debian/copyright": "usr/share/doc/cwtui/copyright",
    "cwtui/help/changes.md": "usr/share/doc/cwtui/changes.md",
}
"""Files and folders of the project, and where they are installed."""
LINKS: Final = {
    "usr/share/doc/cwtui/examples": "../../cwtui/examples",
    # Switched on, as it only removes what cwtui's own upgrades leave.
    "usr/lib/systemd/system/timers.target.wants/cwtui-old-versions.timer": (
        "../cwtui-old-versions.timer"
    ),
}
_CONTROL: Final = """\
Package: cwtui
Version: {version}
Architecture: {architecture}
Maintainer: The maintainers of cwtui
Installed-Size: {kilobytes}
Depends: {python}, libc6, libpam0g, libpam-runtime, systemd | systemd-standalone-sysusers, \
systemd | systemd-standalone-tmpfiles
Suggests: less, openssh-server, sudo
Section: admin
Priority: optional
Description: Connectware account in a terminal, at sshd, sudo and login
 Sign in, change your password, set up multi-factor authentication and manage
 users. The same account can open the doors of this host.
 .
 The package brings its Python libraries in /opt/cwtui. Nothing is started
 when it is installed.
"""


@dataclass(frozen=True)
class Target:
    """What the package is built for."""

    version: str
    architecture: str = "all"
    python: str = "python3"
    """The name of the interpreter, and of its Debian package."""
    security: str = "usr/lib/security"
    """The folder of PAM's modules."""

    @property
    def prefix(self) -> str:
        """Where the environment is when it runs."""
        return f"/opt/cwtui/{self.version}"


def this_machine(version: str) -> Target:
    """Return what a package that is built here is for."""
    compiler = os.environ.get("CC", "cc")
    return Target(
        version,
        _output("dpkg", "--print-architecture"),
        _output(PYTHON, "-c", "import sys; print('python%d.%d' % sys.version_info[:2])"),
        f"usr/lib/{_output(compiler, '-print-multiarch')}/security",
    )


def make_environment(folder: Path, target: Target) -> None:
    """Install cwtui and the libraries it runs with, as the lock says, for Debian's Python.

    The wheels come from pip. It compares the hash of each.
    """
    wheel = _make_wheel(folder.parent / "wheel")
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(f"/usr/bin/{target.python}")
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    wanted = folder.parent / "wanted.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    wanted.write_text(f"cwtui[radius] @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    lock = ROOT / "requirements-dev.lock"  # the one that has the extra
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    install = ["install", "--quiet", "--no-compile", "--only-binary", ":all:", "--require-hashes"]
    files = ["--requirement", str(wanted), "--constraint", str(lock)]
    _run(*pip, "--python", folder / "bin" / "python", *install, *files)
    _clean(folder)


def _make_wheel(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _clean(folder: Path) -> None:
    """Remove what only pip needs, what names this machine, and what the package has elsewhere."""
    for path in (folder / "bin").iterdir():
        if path.name != "python":
            path.unlink()
    for path in folder.rglob("direct_url.json"):
        path.unlink()
    shutil.rmtree(folder / "share", ignore_errors=True)


def make_tree(
    root: Path, target: Target, environment: Path | None = None, module: Path | None = None
) -> None:
    """Lay out the files of the package in `root`, a new folder.

    Without an environment and PAM's module, it is all that needs no download and no compiler.
    """
    for source, place in COPIES.items():
        _copy(ROOT / source, root / place)
    for page in ("cwtui.1", "cwtui.toml.5"):
        _copy(ROOT / "man" / page, root / "usr/share/man" / f"man{page[-1]}" / page)
        _run("gzip", "-9n", root / "usr/share/man" / f"man{page[-1]}" / page)
    for place, leads_to in LINKS.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).symlink_to(leads_to)
    if module is not None:
        _copy(module, root / target.security / module.name)
        _run("strip", "--strip-unneeded", root / target.security / module.name)
    package = root / "opt/cwtui/package"
    package.mkdir(parents=True)
    if environment is not None:
        shutil.copytree(environment, package, symlinks=True, dirs_exist_ok=True)
        # Bytecode is not compared with the time of its source: dpkg owns both.
        compiling = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        _run(package / "bin/python", *compiling, "-s", package, "-p", target.prefix, package)
    (package / release.FILE).write_text(f"{target.version}\n")
    (package / "build-id").write_text(f"{_digest(package)}\n")
    _set_modes(root)
    _control(root, target)


def _control(root: Path, target: Target) -> None:
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    kilobytes = sum(path.stat().st_size // 1024 + 1 for path in files)
    settings = [path for path in files if path.is_relative_to(root / "etc")]
    sums = "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"
        f"  {path.relative_to(root)}\n"
        for path in files
        if path not in settings
    )
    control = root / "DEBIAN"
    control.mkdir()
    (control / "md5sums").write_text(sums)
    (control / "conffiles").write_text("".join(f"/{path.relative_to(root)}\n" for path in settings))
    fields = {"architecture": target.architecture, "python": target.python}
    (control / "control").write_text(
        _CONTROL.format(version=target.version, kilobytes=kilobytes, **fields)
    )
    for name in ("postinst", "prerm", "postrm"):
        script = (PACKAGING / "debian" / name).read_text()
        (control / name).write_text(script.replace("@VERSION@", target.version))
    for path in control.iterdir():
        path.chmod(0o755 if path.suffix == "" and path.name.startswith("p") else 0o644)


def pack(root: Path, out: Path, target: Target) -> Path:
    """Pack the tree into a package in the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    made = out / f"cwtui_{target.version}_{target.architecture}.deb"
    _run("dpkg-deb", "--root-owner-group", "--build", root, made)
    return made


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, place)
        shutil.copymode(source, place)


def _set_modes(root: Path) -> None:
    """Let nobody but root write, and everybody read, whatever the umask of the build."""
    root.chmod(0o755)
    programs = {"usr/bin", "usr/lib/cwtui"}
    for path in root.rglob("*"):
        if not path.is_symlink():
            runs = path.is_dir() or str(path.parent.relative_to(root)) in programs
            path.chmod(0o755 if runs else 0o644)


def _digest(folder: Path) -> str:
    """Return a digest that differs between two builds of the same version."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def _run(*command: str | Path) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _output(*command: str | Path) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _set_date() -> None:
    """Let all files have the time of the last commit, so that two builds are equal."""
    if "SOURCE_DATE_EPOCH" not in os.environ and (ROOT / ".git").exists():
        os.environ["SOURCE_DATE_EPOCH"] = _output("git", "-C", ROOT, "log", "-1", "--format=%ct")


def main() -> None:
    """Build the package."""
    parser = argparse.ArgumentParser(prog="python -m tools.deb", description="Build cwtui's .deb.")
    parser.add_argument("out", type=Path, help="the folder for the package")
    parser.add_argument("--version", default=f"{__version__}-1", help="of the package")
    given = parser.parse_args()
    _set_date()
    target = this_machine(given.version)
    work = ROOT / "build" / "deb"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    _run("make", "--no-print-directory", "pam", f"OUT={work / 'pam'}")
    make_environment(work / "environment", target)
    make_tree(work / "tree", target, work / "environment", work / "pam" / "pam_cwtui.so")
    sys.stdout.write(f"{pack(work / 'tree', given.out, target)}\n")


if __name__ == "__main__":
    main()
