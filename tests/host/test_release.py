"""The version, and the package that brought it."""

import sys
from pathlib import Path

import pytest

from cwtui import __version__
from cwtui.doctor import versions
from cwtui.host import crash, release
from tests.cli.commands import run
from tests.doctor.hosts import machine, subject
from tools import deb


def test_two_revisions_of_a_package_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for revision in (f"{__version__}-1", f"{__version__}-2"):
        tree = tmp_path / revision
        deb.make_tree(tree, deb.Target(revision))
        monkeypatch.setattr(sys, "prefix", str(tree / "opt/cwtui/package"))
        said = f"cwtui {__version__} (Debian package {revision})"
        for words in (["--version"], ["version"]):
            assert run(*words).out == f"{said}\n"
        assert crash.report([])[0].startswith(f"{said}, Python ")
        first = next(versions.findings(subject(machine(tmp_path))))
        assert first.sentence.startswith(f"{said}, Python ")


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"1\x1b[2J", b"\n"])
def test_without_a_package_it_is_the_version_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / release.FILE).write_bytes(content)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert release.described() == __version__
