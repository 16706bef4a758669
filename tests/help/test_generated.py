"""Generated files are current, valid, and part of an installation."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cwtui.help import TOPICS
from tests.programs import require
from tools import roff
from tools.manual import ROOT, commands, keys, written

PATHS = (
    ROOT / "cwtui" / "help" / "admin.md",
    ROOT / "cwtui" / "help" / "command-line.md",
    ROOT / "man" / "cwtui.1",
    ROOT / "man" / "cwtui.toml.5",
    *(ROOT / "packaging" / "completions" / name for name in ("_cwtui", "cwtui.bash", "cwtui.fish")),
)
PAGES = [path for path in PATHS if path.parent.name == "man"]


def test_generated_files_match_the_code() -> None:
    files = written()
    assert set(files) == set(PATHS)
    for path, content in files.items():
        assert path.read_text("utf-8") == content, f"{path.name}: run make man."


def test_the_list_of_commands_is_complete() -> None:
    text = (ROOT / "cwtui" / "help" / "command-line.md").read_text()
    leaves = [ctx for ctx in commands() if not hasattr(ctx.command, "commands")]
    assert len(leaves) > 20
    for ctx in leaves:
        assert f"\n## {ctx.command_path}\n" in text
        assert f"\n### {ctx.command_path}\n" not in text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_groff_reports_no_errors(path: Path) -> None:
    groff = [require("groff"), "-man", "-Tutf8", "-ww", "-z", str(path)]
    done = subprocess.run(groff, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_groff_reports_errors(tmp_path: Path) -> None:
    page = tmp_path / "x.1"
    page.write_text(roff.page("x", 1, "1", "Text.") + ".nosuch\n\\fQ\n")
    groff = [require("groff"), "-man", "-Tutf8", "-ww", "-z", str(page)]
    assert subprocess.run(groff, capture_output=True, check=False).stderr


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_has_the_usual_sections_and_width(path: Path) -> None:
    groff = [require("groff"), "-man", "-Tutf8", "-P-cbou", str(path)]
    done = subprocess.run(groff, capture_output=True, check=True, text=True)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line.isupper() and not line.startswith(" ")][:2] == [
        "NAME",
        "SYNOPSIS" if path.suffix == ".1" else "DESCRIPTION",
    ]
    wanted = ["cwtui user reset-mfa NAME"] if path.suffix == ".1" else [key for key, _ in keys()]
    assert all(one in done.stdout for one in wanted)


def test_text_is_escaped_for_roff() -> None:
    page = roff.page("x", 1, "1", "## A\n\n.SH no\n\n'x' \\fB `a-b`\n\n    .TH x\n    'y\n")
    assert page.splitlines()[3:] == [
        '.SH "A"',
        ".PP",
        r"\&.SH no",
        ".PP",
        r"\(aqx\(aq \(rsfB \fBa\-b\fR",
        *(".PP", ".RS 1", ".nf"),
        r"\&.TH x",
        r"\(aqy",
        *(".fi", ".RE"),
    ]


def test_the_wheel_contains_topics_man_pages_and_the_pam_module(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"cwtui/help/{topic.name}.md" for topic in TOPICS} <= names
    pam = [path for path in (ROOT / "cwtui" / "pam").rglob("*") if path.is_file()]
    assert {str(path.relative_to(ROOT)) for path in pam} <= names
    for place in ("man1/cwtui.1", "man5/cwtui.toml.5"):
        assert any(name.endswith(f".data/data/share/man/{place}") for name in names)
