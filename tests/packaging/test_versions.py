"""Versions side by side: the link moves, and old ones stay as long as somebody uses them."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.deb import PACKAGING


class Host:
    """A folder like /opt/cwtui, with the scripts of the package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def upgrade(self, version: str, build: str = "1") -> None:
        """Do what dpkg and the package's scripts do."""
        package = self.folder / "package"
        shutil.rmtree(package, ignore_errors=True)
        (package / "bin").mkdir(parents=True)
        (package / "build-id").write_text(f"{version} {build}")
        shutil.copy("/bin/sleep", package / "bin" / "python")
        self.remove_old()
        subprocess.run([PACKAGING / "make-current", version, self.folder], check=True)

    def remove_old(self) -> None:
        subprocess.run([PACKAGING / "remove-old-versions", self.folder], check=True)

    def versions(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()} - {"package", "current"}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the current version."""
        program = (self.folder / "current").resolve() / "bin" / "python"
        with subprocess.Popen([program, "60"]) as process:
            try:
                yield
            finally:
                process.kill()


@pytest.fixture(name="host")
def _host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_link_moves_and_the_old_version_stays_while_it_runs(host: Host) -> None:
    host.upgrade("1")
    first = (host.folder / "1" / "build-id").stat()
    with host.running():
        host.upgrade("2")
        assert (host.folder / "current").readlink() == Path("2")
        host.upgrade("3")
        host.remove_old()
        assert host.versions() == {"1", "3"}
        still = (host.folder / "1" / "build-id").stat()
        assert (still.st_ino, still.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    host.remove_old()
    assert host.versions() == {"3"}


def test_the_version_before_is_kept_at_first(host: Host) -> None:
    """Somebody may just have read the link."""
    host.upgrade("1")
    host.upgrade("2")
    assert host.versions() == {"1", "2"}


def test_the_files_are_those_that_dpkg_knows(host: Host) -> None:
    host.upgrade("1")
    for name in ("build-id", "bin/python"):
        assert (host.folder / "current" / name).samefile(host.folder / "package" / name)


def test_the_same_version_is_replaced_only_by_another_build(host: Host) -> None:
    host.upgrade("1")
    before = (host.folder / "1").stat().st_ino
    host.upgrade("1")
    assert (host.folder / "1").stat().st_ino == before
    host.upgrade("1", build="2")
    assert (host.folder / "1" / "build-id").read_text() == "1 2"
    assert host.versions() == {"1"}


def test_an_interrupted_upgrade_is_finished_by_the_next(host: Host) -> None:
    host.upgrade("1")
    for left in (".new-2", ".old-2"):
        (host.folder / left).mkdir()
    (host.folder / ".new-current").symlink_to("nowhere")
    host.upgrade("2")
    assert (host.folder / "current").readlink() == Path("2")
    assert (host.folder / "2" / "build-id").read_text() == "2 1"
    assert host.versions() == {"1", "2"}
