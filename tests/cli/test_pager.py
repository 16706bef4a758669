"""Paging runs no program chosen by the environment and gives no way to a shell."""

import os
from pathlib import Path

import pytest

from cwtui.cli import pager
from tests.cli.commands import run

FAKE = """\
#!/bin/sh
env > "{folder}/env"
printf '%s\\n' "$@" > "{folder}/args"
cat > "{folder}/text"
"""


@pytest.fixture
def less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for less that records its input and environment."""
    path = tmp_path / "less"
    path.write_text(FAKE.format(folder=tmp_path))
    path.chmod(0o755)
    monkeypatch.setattr(pager, "_LESS", (path,))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return path


def given(less: Path) -> dict[str, str]:
    lines = (less.parent / "env").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    return {name: value for name, value in variables.items() if name not in {"PWD", "SHLVL", "_"}}


def test_a_long_topic_is_paged_by_less_in_secure_mode(
    less: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LESS", "LESSOPEN", "LESSEDIT", "LESSKEY", "LESSSECURE_ALLOW", "LD_PRELOAD"):
        monkeypatch.setenv(name, "" if name == "LD_PRELOAD" else "/tmp/evil %s")
    result = run("help", "ldap", terminal=True)
    assert (result.status, result.out) == (0, "")
    assert given(less) == {
        "LESSSECURE": "1",
        "LESSHISTFILE": "-",
        "LESSCHARSET": "utf-8",
        "PATH": "/usr/bin:/bin",
        "TERM": "xterm",
    }
    assert "\x1b[1m" in (less.parent / "text").read_text()


def test_the_pager_variable_is_never_used(
    less: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    evil.chmod(0o755)
    for name in ("PAGER", "MANPAGER", "CWTUI_PAGER"):
        monkeypatch.setenv(name, str(evil))
    for there in (True, False):
        if not there:
            less.unlink()
        run("help", "ldap", terminal=True)
    assert not (tmp_path / "ran").exists()


def test_less_is_not_searched_for_in_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "less").write_text(FAKE.format(folder=tmp_path))
    (tmp_path / "less").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert all(path.is_absolute() for path in pager._LESS)
    assert not {tmp_path / "less"} & set(pager._LESS)


def test_a_less_that_is_another_program_is_not_used(less: Path) -> None:
    """Busybox's less ignores LESSSECURE."""
    less.rename(less.parent / "busybox")
    less.symlink_to(less.parent / "busybox")
    assert run("help", "ldap", terminal=True).out.startswith("\x1b[1mLDAP")
    assert not (less.parent / "env").exists()


def test_a_topic_that_fits_on_the_screen_is_not_paged(
    less: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "500")
    assert run("help", "changes", terminal=True).out
    assert not (less.parent / "env").exists()


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_dumb_terminal_gets_plain_text(
    less: Path, term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    out = run("help", "ldap", terminal=True).out
    assert out.startswith("LDAP\n====\n")
    assert "\x1b" not in out
    assert not (less.parent / "env").exists()


def test_no_color_removes_escape_sequences(less: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    run("help", "ldap", terminal=True)
    assert "\x1b" not in (less.parent / "text").read_text()


@pytest.mark.parametrize(("columns", "widest"), [(60, 60), (200, 80)])
def test_lines_fill_the_terminal_up_to_80_columns(
    less: Path, columns: int, widest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    run("help", "security", terminal=True)
    lines = (less.parent / "text").read_text().splitlines()
    assert widest - 8 < max(map(len, lines)) <= widest
