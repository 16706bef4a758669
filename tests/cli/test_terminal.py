"""What needs a terminal, in a real pty: the application and questions."""

import sys
from pathlib import Path

import pytest

from cwtui.cli import terminal
from cwtui.dialogue.conversation import Drawing
from tests.cli.commands import PASSWORD, PYTHON, Host, run
from tests.console.terminal import Terminal

CWTUI = (PYTHON, "-m", "cwtui")
# The application has its own tests; this stand-in prints what it was opened with.
STAND_IN = (
    "import sys, types\n"
    "app = types.ModuleType('cwtui.ui.app')\n"
    "app.run = lambda config, *, kiosk: print('opened on', config.folder) or 7\n"
    "sys.modules['cwtui.ui.app'] = app\n"
    "from cwtui.__main__ import main\n"
    "sys.exit(main())\n"
)
OPENED = (PYTHON, "-c", STAND_IN)


def in_shell(command: tuple[str, ...], redirections: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", f'exec "$@" {redirections}', "sh", *command)


class TestApplication:
    def test_opens_on_a_terminal_and_returns_its_status(self, tmp_path: Path) -> None:
        with Terminal((*OPENED, "--store", "/srv/x"), tmp_path) as terminal:
            terminal.wait_for("opened on /srv/x")
            assert terminal.wait_exit() == 7

    @pytest.mark.parametrize(
        ("redirection", "name"), [("</dev/null", "input"), ("2>&1 | cat", "output")]
    )
    def test_input_and_output_must_be_a_terminal(
        self, tmp_path: Path, redirection: str, name: str
    ) -> None:
        with Terminal(in_shell(OPENED, redirection), tmp_path) as terminal:
            terminal.wait_for(f"standard {name} is not one")
            terminal.wait_exit()
            assert "opened" not in terminal.text

    @pytest.mark.parametrize("redirection", ["</dev/null", ">/dev/null", "2>/dev/null"])
    def test_without_a_terminal_the_status_is_2(self, tmp_path: Path, redirection: str) -> None:
        with Terminal(in_shell(OPENED, redirection), tmp_path) as terminal:
            assert terminal.wait_exit() == 2
            assert "opened" not in terminal.text

    def test_the_message_itself_needs_no_terminal(self) -> None:
        result = run("--config", "/nowhere")
        assert (result.status, result.out) == (2, "")
        assert result.err.count("\n") == 1
        assert "ssh -t" in result.err

    @pytest.mark.parametrize(
        ("term", "env", "said"),
        [
            ("xterm", {"PYTHONIOENCODING": "latin-1"}, "needs UTF-8"),
        ],
    )
    def test_a_terminal_that_cannot_show_screens_is_refused(
        self, tmp_path: Path, term: str, env: dict[str, str], said: str
    ) -> None:
        with Terminal(OPENED, tmp_path, term=term, env=env) as terminal:
            terminal.wait_for(said)
            assert terminal.wait_exit() == 2

    def test_the_c_locale_is_accepted(self, tmp_path: Path) -> None:
        with Terminal(OPENED, tmp_path, env={"LANG": "", "LC_ALL": "C"}) as terminal:
            assert terminal.wait_exit() == 7

    def test_an_invalid_configuration_is_reported(self, tmp_path: Path) -> None:
        with Terminal((*OPENED, "--config", "/nowhere"), tmp_path) as terminal:
            assert terminal.wait_exit() == 3
            assert "There is no configuration file /nowhere." in terminal.text


def cwtui(host: Host, *arguments: str) -> Terminal:
    command = (*CWTUI, "--config", str(host.config), *arguments)
    return Terminal(command, host.folder, forked=True)


class TestInit:
    def opened(self, host: Host, name: str = "admin") -> Terminal:
        return cwtui(host, "init", "--admin", name)

    def test_init_asks_twice_without_showing_the_password(self, new_host: Host) -> None:
        with self.opened(new_host) as terminal:
            terminal.wait_for("Password:")
            terminal.type(f"{PASSWORD}\n")
            terminal.wait_for("Confirm Password:")
            terminal.type(f"{PASSWORD}\n")
            terminal.wait_for("Created the admin admin.")
            assert terminal.wait_exit() == 0
            assert PASSWORD.encode() not in terminal.raw
        assert new_host.ports().accounts.get("admin") is not None

    def test_different_passwords_are_refused(self, new_host: Host) -> None:
        with self.opened(new_host) as terminal:
            terminal.wait_for("Password:")
            terminal.type(f"{PASSWORD}\n")
            terminal.wait_for("Confirm Password:")
            terminal.type("another one\n")
            terminal.wait_for("The passwords do not match.")
            assert terminal.wait_exit() == 1
        assert not new_host.accounts.exists()

    @pytest.mark.parametrize(("key", "status"), [("ctrl+c", 130), ("ctrl+d", 1)])
    def test_ctrl_c_and_ctrl_d_leave_without_a_traceback(
        self, new_host: Host, key: str, status: int
    ) -> None:
        with self.opened(new_host) as terminal:
            terminal.wait_for("Password:")
            terminal.send(key)
            assert terminal.wait_exit() == status
            assert "Traceback" not in terminal.text

    def test_a_password_that_is_not_utf8_is_refused(self, new_host: Host) -> None:
        with self.opened(new_host) as terminal:
            terminal.wait_for("Password:")
            terminal._child.send(b"\xff\xfe\n")
            assert terminal.wait_exit() == 1
            assert "not UTF-8" in terminal.text

    def test_an_invalid_name_is_refused_before_asking(self, new_host: Host) -> None:
        with self.opened(new_host, "a b") as terminal:
            assert terminal.wait_exit() == 2
            assert "Password" not in terminal.text


class TestRemove:
    @pytest.mark.parametrize(("key", "status"), [("n\r", 1), ("ctrl+c", 130), ("ctrl+d", 1)])
    def test_remove_asks_and_can_be_cancelled(self, host: Host, key: str, status: int) -> None:
        assert host.run("user", "add", "jane").status == 0
        with cwtui(host, "user", "remove", "jane") as terminal:
            terminal.wait_for("Remove the account jane for good? [y/N]")
            terminal.send(key)
            assert terminal.wait_exit() == status
            assert "Traceback" not in terminal.text
        assert host.ports().accounts.get("jane") is not None

    def test_the_question_is_not_printed_to_standard_output(self, host: Host) -> None:
        assert host.run("user", "add", "jane").status == 0
        command = (*CWTUI, "--config", str(host.config), "user", "remove", "jane")
        with Terminal(in_shell(command, "> /dev/null"), host.folder) as terminal:
            terminal.wait_for("[y/N]")
            terminal.send("y", "enter")
            assert terminal.wait_exit() == 0


def test_messages_wrap_between_words(host: Host) -> None:
    with cwtui(host, "settings", "set", "x", "1") as terminal:
        assert terminal.wait_exit() == 2
        shown = [line for line in terminal.lines if line]
        assert len(shown) > 1
        assert " ".join(shown) + "\n" == host.run("settings", "set", "x", "1").err


SLOWLY = (
    "import sys\n"
    "from cwtui.accounts.upkeep import key_rotation as keys\n"
    "def rotate(ports, actor, progress):\n"
    "    for done in range(4):\n"
    "        progress(done, 3)\n"
    "    return keys.Rotation('0123', True, 3, (), ())\n"
    "keys.rotate = rotate\n"
    "from cwtui.__main__ import main\n"
    "sys.exit(main())\n"
)


def test_rotate_shows_a_progress_bar_on_a_terminal(host: Host) -> None:
    command = (PYTHON, "-c", SLOWLY, "--config", str(host.config), "key", "rotate")
    with Terminal(command, host.folder) as terminal:
        assert terminal.wait_exit() == 0
        assert "Re-encrypting secrets" in terminal.text
        assert "100%" in terminal.text


@pytest.mark.parametrize(
    ("environ", "chosen", "drawing", "charset"),
    [
        ({"LANG": "C.UTF-8"}, None, "utf8", "utf-8"),
        ({"TERM": "dumb"}, None, "ascii", "ascii"),
        ({"TERM": "xterm"}, None, "utf8", "utf-8"),
        ({"LANG": "de_DE.ISO-8859-1"}, None, "ascii", "iso8859-1"),
        ({"LANG": "C.UTF-8"}, "ascii", "ascii", "utf-8"),
        ({"LC_ALL": "POSIX", "TERM": "vt220"}, "utf8", "utf8", "utf-8"),
        ({}, "none", "none", "utf-8"),
    ],
)
def test_the_drawing_suits_the_terminal_or_is_the_chosen_one(
    environ: dict[str, str], chosen: str | None, drawing: str, charset: str
) -> None:
    given = Drawing(chosen) if chosen else None
    assert terminal.drawing_and_charset(environ, given) == (Drawing(drawing), charset)


def test_a_drawing_without_plain_is_wrong_usage(host: Host) -> None:
    with cwtui(host, "--qr", "ascii") as shown:
        assert shown.wait_exit() == 2
        assert "--qr needs --plain" in shown.text


def test_the_console_script_runs_the_module() -> None:
    script = Path(sys.executable).with_name("cwtui")
    assert "cwtui.__main__ import main" in script.read_text()
