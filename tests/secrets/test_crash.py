"""A crash anywhere is reported with types and places, but without values of variables."""

import asyncio
import gc
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Final, NoReturn

import pytest

from cwtui.accounts.secret import Secret
from cwtui.host import crash
from cwtui.ui.screens.dialogs.help import HelpScreen
from tests.cli.commands import ROOT
from tests.console.homes import configure
from tests.console.terminal import Terminal
from tests.secrets.registry import Secrets
from tests.ui.harness import Person
from tests.ui.scenes import SCENES

VALUE: Final = "tell-nobody-4711"
BROKEN: Final = "tests.secrets.broken_cwtui"


def holds_it(content: str | bytes) -> bool:
    secrets = Secrets()
    secrets.add(VALUE, "the value")
    return bool(secrets.found_in(content.encode() if isinstance(content, str) else content))


def fails(*_arguments: object) -> NoReturn:
    password = VALUE
    raise ValueError(password)


def run_broken(where: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a cwtui that fails at this point."""
    configure(home)
    return subprocess.run(
        [sys.executable, "-m", BROKEN, where, "--config", str(home / "cwtui.toml"), "user", "list"],
        env=environment(home),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "A_SECRET_OF_THE_TEST": VALUE,
        "PYTHONFAULTHANDLER": "1",
        "PYTHONDEVMODE": "1",
    }


def reports(home: Path) -> list[Path]:
    return sorted((home / "state" / "cwtui").glob("crash-*.txt"))


@pytest.mark.parametrize(
    ("where", "status", "kept"),
    [
        ("in_a_command", 3, 1),
        ("before_the_command", 1, 1),
        ("in_the_configuration", 3, 1),
        # The command goes on, so these are only printed.
        ("in_a_thread", 3, 0),
        ("in_a_destructor", 3, 0),
        ("at_the_end", 3, 0),
    ],
)
def test_a_crash_outside_the_application_reveals_no_values(
    tmp_path: Path, where: str, status: int, kept: int
) -> None:
    done = run_broken(where, tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert "ValueError" in done.stderr
    assert "broken_cwtui" in done.stderr or "cwtui.cli" in done.stderr
    assert not holds_it(done.stderr)
    assert "Traceback" not in done.stderr
    assert len(reports(tmp_path)) == kept
    for report in reports(tmp_path):
        assert "broken_cwtui.py" in report.read_text()
        assert not holds_it(report.read_bytes())


async def leave_a_task(_: Person) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        fails()

    task = asyncio.create_task(fail())
    await asyncio.sleep(0.01)
    del task
    gc.collect()


async def call_soon(_: Person) -> None:
    asyncio.get_running_loop().call_soon(fails)


async def set_a_timer(person: Person) -> None:
    person.app.set_timer(0.001, fails)
    await asyncio.sleep(0.01)


async def work_in_a_thread(person: Person) -> None:
    person.app.run_worker(lambda: fails(), thread=True)  # noqa: PLW0108  as Textual wants it


async def compose(person: Person) -> None:
    person.app.push_screen(HelpScreen("Help"))


async def raise_what_draws_itself(person: Person) -> None:
    """Textual lets such an exception render itself."""

    class Drawn(ValueError):
        def __rich__(self) -> str:
            return str(self)

    person.app.call_later(lambda: (_ for _ in ()).throw(Drawn(VALUE)))


async def play(happen: Callable[[Person], Awaitable[None]]) -> None:
    async with SCENES["settings"].played() as (person, _):
        await happen(person)
        await person.settle()


@pytest.mark.parametrize(
    "happen",
    [
        leave_a_task,
        call_soon,
        set_a_timer,
        work_in_a_thread,
        compose,
        raise_what_draws_itself,
    ],
    ids=lambda happen: happen.__name__,
)
async def test_a_crash_inside_the_application_reveals_no_values(
    happen: Callable[[Person], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(HelpScreen, "compose", fails)
    with pytest.raises(Exception, match=VALUE):
        await play(happen)
    printed = "".join(capfd.readouterr())
    assert "cwtui crashed because of a bug." in printed
    assert "test_crash.py" in printed
    assert not holds_it(printed)
    assert "Traceback" not in printed


def test_a_crash_in_the_input_thread_reveals_no_values(tmp_path: Path) -> None:
    configure(tmp_path)
    command = [sys.executable, "-m", BROKEN, "while_keys_are_read", "--config"]
    env = environment(tmp_path)
    with Terminal([*command, str(tmp_path / "cwtui.toml")], tmp_path, env=env) as terminal:
        assert terminal.wait_exit() == 3
        assert not terminal.screen.alternate
        assert "cwtui crashed because of a bug." in terminal.text
        assert "broken_cwtui.py" in terminal.text
        assert not holds_it(bytes(terminal.raw))
        (report,) = reports(tmp_path)
        assert report.name in "".join(terminal.text.split())


def test_a_segmentation_fault_leaves_no_core_and_no_output(tmp_path: Path) -> None:
    """A core file contains all memory; faulthandler would write over the screen."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    done = subprocess.run(
        [sys.executable, "-m", BROKEN, "in_the_kernel", "user", "list"],
        env=environment(tmp_path) | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)),
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-11, b"", b"")
    assert list(tmp_path.iterdir()) == []


# The report


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def places_of(call: Callable[[], object]) -> list[str]:
    try:
        call()
    except Exception as error:  # noqa: BLE001  whatever it is
        return crash.places(error)
    raise AssertionError


def test_equal_crashes_share_one_private_report_file(state: Path) -> None:
    first = crash.keep(places_of(fails))
    assert first == crash.keep(places_of(fails))
    other = crash.keep(places_of(lambda: int("no number")))
    assert reports(state) == sorted(path for path in (first, other) if path is not None)
    assert len(reports(state)) == 2
    for path in reports(state):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.read_text().startswith("cwtui ")


def test_simultaneous_crashes_all_leave_a_report(state: Path) -> None:
    same, other = places_of(fails), places_of(lambda: int("no number"))
    at_once = [same, other] * 20
    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(crash.keep, at_once))
    assert None not in kept
    assert len(reports(state)) == len(set(kept)) == 2
    for path in reports(state):
        assert path.read_text() == "\n".join([*crash.report(at_once[kept.index(path)]), ""])


def test_the_page_names_no_report_that_could_not_be_written(state: Path) -> None:
    (state / "state").write_text("a file is in the way")
    page = crash.page(places_of(fails))
    assert "ValueError" in page
    assert "They are saved" not in page


def test_an_endless_recursion_is_shortened_in_the_middle() -> None:
    def again() -> None:
        again()

    places = places_of(again)
    assert len(places) > 500
    report = crash.report(places)
    assert len(report) < 80
    assert report[1] == "builtins.RecursionError"
    assert any(line.endswith(" more") for line in report)
    assert report[-1].endswith(" again")


def test_the_report_does_not_reveal_the_installation_path() -> None:
    places = places_of(lambda: Secret("x").reveal().decode())  # type: ignore[attr-defined]  # the mistake that is looked for
    assert not any(str(ROOT) in line for line in places)
    assert any("tests/secrets/test_crash.py:" in line for line in places)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_quitting_is_not_reported_as_a_crash(
    error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    crash._uncaught(type(error), error, None)
    crash._ignored(SimpleNamespace(exc_value=error))
    assert "".join(capsys.readouterr()) == ""


def test_a_hook_that_cannot_write_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise Python would print the traceback."""
    monkeypatch.setattr(sys, "stderr", None)
    crash._ignored(SimpleNamespace(exc_value=ValueError(VALUE)))
