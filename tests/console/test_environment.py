"""Python's environment variables open no prompt, import nothing and log nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cwtui.host import environment
from tests.console import cwtui_terminal as cwtui
from tests.console.terminal import ROOT, Terminal

SCRIPT: Final = Path(sys.executable).with_name("cwtui")
ISOLATED: Final = (sys.executable, "-I", "-m", "cwtui")
MODULE: Final = (sys.executable, "-m", "cwtui")

# Every variable that Python 3.11 to 3.14 name ("Environment variables" of the documentation, and
# --help-env), each with a value that would do something. FOLDER holds foreign code and the log.
VARIABLES: Final = {
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONBREAKPOINT": "foreign.act",
    "PYTHONCASEOK": "1",
    "PYTHONCOERCECLOCALE": "warn",
    "PYTHONDEBUG": "1",
    "PYTHONDEVMODE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONDUMPREFS": "1",
    "PYTHONDUMPREFSFILE": "FOLDER/refs",
    "PYTHONEXECUTABLE": "FOLDER/python",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONHOME": "FOLDER",
    "PYTHONINSPECT": "1",
    "PYTHONINTMAXSTRDIGITS": "640",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONISOLATED": "0",
    "PYTHONLEGACYWINDOWSFSENCODING": "1",
    "PYTHONLEGACYWINDOWSSTDIO": "1",
    "PYTHONMALLOC": "debug",
    "PYTHONMALLOCSTATS": "1",
    "PYTHONNODEBUGRANGES": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONPATH": "FOLDER",
    "PYTHONPERFSUPPORT": "1",
    "PYTHONPLATLIBDIR": "foreign",
    "PYTHONPROFILEIMPORTTIME": "1",
    "PYTHONPYCACHEPREFIX": "FOLDER/cache",
    "PYTHONSAFEPATH": "1",
    "PYTHONSTARTUP": "FOLDER/foreign.py",
    "PYTHONTHREADDEBUG": "1",
    "PYTHONTRACEMALLOC": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUSERBASE": "FOLDER/user",
    "PYTHONUTF8": "1",
    "PYTHONVERBOSE": "1",
    "PYTHONWARNDEFAULTENCODING": "1",
    "PYTHONWARNINGS": "default::foreign.Act",
    "PYTHON_BASIC_REPL": "1",
    "PYTHON_COLORS": "1",
    "PYTHON_CONTEXT_AWARE_WARNINGS": "1",
    "PYTHON_CPU_COUNT": "1",
    "PYTHON_DISABLE_REMOTE_DEBUG": "1",
    "PYTHON_FROZEN_MODULES": "off",
    "PYTHON_GIL": "1",
    "PYTHON_HISTORY": "FOLDER/history",
    "PYTHON_JIT": "1",
    "PYTHON_PERF_JIT_SUPPORT": "1",
    "PYTHON_PRESITE": "foreign",
    "PYTHON_THREAD_INHERIT_CONTEXT": "1",
    "PYTHON_TLBC": "1",
}
STOPS_PYTHON: Final = {
    "PYTHONEXECUTABLE",
    "PYTHONHOME",
    "PYTHONPLATLIBDIR",
    "PYTHON_GIL",
}
"""With these the interpreter may not start at all."""
DURING_START: Final = {"PYTHONPATH", "PYTHONWARNINGS", "PYTHON_PRESITE"}
"""For these the interpreter imports foreign code before any line of the program runs."""
NOISY: Final = {
    "PYTHONDEBUG",
    "PYTHONMALLOCSTATS",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONVERBOSE",
}
"""For these the interpreter writes to the terminal before any line of the program runs."""
ALONE: Final = (
    "PYTHONBREAKPOINT",
    "PYTHONINSPECT",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    *sorted(NOISY),
)
FOREIGN: Final = (
    "import os\nopen(os.path.join(os.path.dirname(__file__), 'imported'), 'a').close()\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Foreign code: modules that cwtui or a script might import by name at start-up."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    for name in ("foreign", "click", "pathlib", "typing", "contextlib", "textual", "crash"):
        (folder / f"{name}.py").write_text(FOREIGN)
    return folder


def values(folder: Path) -> dict[str, str]:
    return {name: value.replace("FOLDER", str(folder)) for name, value in VARIABLES.items()}


def test_the_table_has_every_variable_python_documents() -> None:
    names: set[str] = set()
    for option in ("--help-env", "--help-xoptions"):
        told = subprocess.run([sys.executable, option], capture_output=True, text=True, check=True)
        names |= set(re.findall(r"\bPYTHON[A-Z0-9_]+", told.stdout))
    assert len(names) > 20
    assert names <= set(VARIABLES)


@pytest.mark.parametrize("name", ALONE)
def test_no_single_variable_changes_the_program(folder: Path, name: str) -> None:
    env = {name: values(folder)[name]}
    with Terminal([*MODULE, "--version"], folder.parent, env=env) as terminal:
        assert terminal.wait_exit(60) == 0
        assert terminal.lines[0].startswith("cwtui ") or name in NOISY
        assert ">>>" not in terminal.text
    assert left_in(folder) == []


@pytest.mark.parametrize("command", [MODULE, (str(SCRIPT),)], ids=["module", "script"])
def test_the_application_ends_without_a_prompt(folder: Path, command: tuple[str, ...]) -> None:
    left_out = STOPS_PYTHON | DURING_START | NOISY
    env = {name: value for name, value in values(folder).items() if name not in left_out}
    with Terminal(command, folder.parent, env=env) as terminal:
        terminal.wait_for("Create the first admin", 60)
        terminal.wait_until_still()
        assert variables_of(terminal.pid) <= environment.HARMLESS
        terminal.type("a secret that was typed\x11")
        assert terminal.wait_exit() == 1
        assert ">>>" not in terminal.text
    assert left_in(folder) == []


def test_an_isolated_kiosk_ignores_all_variables(folder: Path) -> None:
    """As forced commands and units run it: all variables at once, and no foreign code runs."""
    with cwtui.opened(folder.parent) as terminal:
        terminal.wait_for("Create the first admin")
        terminal.wait_until_still()
        terminal.type("a good pass phrase\ra good pass phrase\r")
        terminal.wait_for("The administrator admin was created.")
        terminal.send("ctrl+q")
        terminal.wait_exit()
    config = ["--kiosk", "--config", str(folder.parent / "cwtui.toml")]
    # Python 3.11 obeys these two despite -I.
    unset = ["env", "-u", "PYTHONEXECUTABLE", "-u", "__PYVENV_LAUNCHER__"]
    command = [*unset, *ISOLATED, *config]
    hostile = {**values(folder), "__PYVENV_LAUNCHER__": str(folder / "python")}
    with Terminal(command, folder.parent, env=hostile) as terminal:
        terminal.wait_for("Sign in to Your Account")
        terminal.wait_until_still()
        terminal.type("a secret that was typed\x11")
        assert terminal.wait_exit() == 1
        assert ">>>" not in terminal.text
    assert left_in(folder) == []


@pytest.mark.parametrize("name", sorted(STOPS_PYTHON - {"PYTHON_GIL"}))
def test_an_interpreter_that_cannot_start_opens_no_prompt(folder: Path, name: str) -> None:
    env = {name: values(folder)[name], "PYTHONINSPECT": ""}
    with Terminal([*MODULE, "--version"], folder.parent, env=env) as terminal:
        assert terminal.wait_exit() != 0
        assert ">>>" not in terminal.text
    assert left_in(folder) == []


def test_python_executable_cannot_start_another_program(tmp_path: Path) -> None:
    """PYTHONEXECUTABLE sets sys.executable even for `python -I`; it must not be started."""
    prefix = tmp_path / "venv"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix) / 'bin'}\n")
    (prefix / "bin" / "python").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (prefix / "bin" / "python").chmod(0o755)
    env = {
        "PYTHONEXECUTABLE": str(prefix / "bin" / "python"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with Terminal([*MODULE, "--version"], tmp_path, env=env) as terminal:
        assert terminal.wait_exit() == 3
        assert "Unset them" in "".join(terminal.lines)
    assert not (tmp_path / "started").exists()


def test_a_program_that_calls_cwtui_is_not_restarted() -> None:
    """The variables are still removed."""
    program = (
        "import os, sys\n"
        "from cwtui.__main__ import main\n"
        "sys.argv[1:] = ['--version']\n"
        "main()\n"
        "print([name for name in os.environ if name.startswith('PYTHON')])\n"
    )
    env = {"PATH": "/usr/bin:/bin", "PYTHONDEVMODE": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[1:] == ["['PYTHONUTF8']"]


def variables_of(pid: int) -> set[str]:
    """The Python variables that a process was started with."""
    content = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    names = {line.partition("=")[0] for line in content}
    return {name for name in names if name.startswith("PYTHON")}


def left_in(folder: Path) -> list[str]:
    """Files written to the folder of foreign code, by that code or as a log or cache."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if path.suffix != ".py" and "cache" not in path.parts]
