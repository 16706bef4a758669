"""Upgrading cwtui in place while it is open, on a copy of the package."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

import cwtui as package
from cwtui.host.upgrade import SENTENCE
from cwtui.store.accounts import TinyAccountStore
from tests.console import cwtui_terminal as cwtui
from tests.console.cwtui_terminal import PASSWORD, last_event
from tests.console.homes import configure
from tests.console.terminal import Terminal

SOURCE: Final = Path(package.__file__).parent
STARTER: Final = (
    "import sys\nsys.path[:0] = [{site!r}]\nfrom cwtui.__main__ import main\nsys.exit(main())\n"
)


class Installation:
    """A separate site-packages with a copy of cwtui and links to the tests' libraries."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "lib" / "site-packages"
        self.package = self.site / "cwtui"
        self.site.mkdir(parents=True)
        # With what was compiled before, or each start would compile all of it.
        subprocess.run(["cp", "-a", SOURCE, self.package], check=True)
        for name in ("textual", "qrcode"):
            found = find_spec(name)
            assert found is not None
            assert found.origin is not None
            (self.site / name).symlink_to(Path(found.origin).parent)

    def command(self, *args: str) -> tuple[str, ...]:
        return (sys.executable, "-B", "-c", STARTER.format(site=str(self.site)), *args)

    def opened(self, home: Path) -> Terminal:
        configure(home)
        return Terminal(self.command("--config", f"{home}/cwtui.toml"), home)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "installed")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cwtui.with_admin(tmp_path_factory.mktemp("prepared"), PASSWORD)


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """With the admin `admin`."""
    return shutil.copytree(prepared, tmp_path / "home")


def with_first_admin(terminal: Terminal) -> None:
    terminal.wait_for("Create the first admin")
    terminal.wait_until_still()
    terminal.type(f"{PASSWORD}\r{PASSWORD}\r")
    terminal.wait_for("The administrator admin was created.")
    terminal.wait_until_still()


def removed(there: Installation) -> None:
    shutil.rmtree(there.package)


def another_version(there: Installation) -> None:
    """A version whose modules do not match the loaded ones."""
    shutil.rmtree(there.package)
    shutil.copytree(SOURCE, there.package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in there.package.rglob("*.py"):
        if path.name != "__init__.py":
            path.write_text("from cwtui.nowhere import nothing\n")


def fitting_version(there: Installation) -> None:
    """A version whose modules could be loaded, mixing old and new."""
    shutil.rmtree(there.package)
    ignored = shutil.ignore_patterns("__pycache__")
    # The files get the current time, as after an installation.
    shutil.copytree(SOURCE, there.package, ignore=ignored, copy_function=shutil.copyfile)


def half_replaced(there: Installation) -> None:
    """An unfinished upgrade: some modules new, one incomplete, __init__.py old."""
    screens = there.package / "ui" / "screens"
    (screens / "pages" / "users.py").unlink()
    (screens / "pages" / "organization.py").write_text(
        "from cwtui.ui.screens.pages.page import Nothing\n"
    )
    half = (screens / "dialogs" / "help.py").read_bytes()[:600]
    (screens / "dialogs" / "help.py").write_bytes(half)


def library_replaced(there: Installation) -> None:
    """A library that is loaded late is replaced in site-packages."""
    (there.site / "qrcode").unlink()
    (there.site / "qrcode").mkdir()
    (there.site / "qrcode" / "__init__.py").write_text("import a_new_dependency\n")


@pytest.mark.parametrize(
    "replace", [removed, another_version, fitting_version, half_replaced, library_replaced]
)
def test_an_open_session_ends_with_an_explanation(
    installation: Installation, home: Path, replace: Callable[[Installation], None]
) -> None:
    with installation.opened(home) as terminal:
        cwtui.signed_in(terminal)
        replace(installation)
        # Not loaded yet: the help and the QR code.
        keys = ["tab", "enter"] if replace is library_replaced else ["f1"]
        terminal.send(*keys)
        assert terminal.wait_exit() == 3
        assert not terminal.screen.alternate
        assert SENTENCE in terminal.text
        assert "mistake" not in terminal.text
        assert "Traceback" not in terminal.raw.decode(errors="replace")
    event = last_event(home)
    assert (event["event"], event["reason"]) == ("session.end", "upgraded")
    assert not list((home / "state").rglob("crash-*"))


@pytest.mark.parametrize("replace", [removed, fitting_version])
def test_the_login_screen_ends_too_and_saved_changes_stay(
    installation: Installation, tmp_path: Path, replace: Callable[[Installation], None]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with installation.opened(home) as terminal:
        with_first_admin(terminal)
        replace(installation)
        terminal.type(f"{PASSWORD}\r")
        assert terminal.wait_exit() == 3
        assert SENTENCE in terminal.text
    # Confirmed changes are saved.
    assert TinyAccountStore(next(home.rglob("accounts.json"))).names() == ["admin"]


@pytest.mark.parametrize("command", [("user", "list"), ("init", "--admin", "a"), ("--paths",)])
def test_a_command_interrupted_by_an_upgrade_explains_it(
    installation: Installation, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """The package disappears between the start of the command and its late imports."""
    program = STARTER.format(site=str(installation.site)).replace(
        "sys.exit(main())",
        "import cwtui.cli.edge, shutil\n"
        "import cwtui.host.crash, cwtui.host.environment, cwtui.host.upgrade\n"
        f"shutil.rmtree({str(installation.package)!r})\n"
        "sys.exit(main())",
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, *command],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"{SENTENCE}\n")


def test_an_incomplete_installation_is_explained_at_start(installation: Installation) -> None:
    (installation.package / "cli" / "root.py").unlink()
    command = installation.command("--version")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"{SENTENCE}\n")


def test_a_bug_is_not_mistaken_for_an_upgrade(installation: Installation, home: Path) -> None:
    """Nothing was replaced, so the crash page reports a bug."""
    help_screen = installation.package / "ui" / "screens" / "dialogs" / "help.py"
    help_screen.write_text("raise ZeroDivisionError\n")
    with installation.opened(home) as terminal:
        cwtui.signed_in(terminal)
        terminal.type("\x1bOP")
        assert terminal.wait_exit() == 3
        assert SENTENCE not in terminal.text
        assert "ZeroDivisionError" in terminal.raw.decode(errors="replace")
