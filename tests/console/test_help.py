"""`cwtui help` in a real terminal with the real less."""

from pathlib import Path

import pytest

from tests.cli.commands import PYTHON
from tests.console.terminal import Terminal
from tests.programs import require

HELP = (PYTHON, "-m", "cwtui", "help", "ldap")
PROMPT = "Space shows more"


def opened(home: Path, **env: str) -> Terminal:
    require("less")
    return Terminal(HELP, home, env=env)


def test_a_topic_is_paged_and_q_quits(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        terminal.wait_for(PROMPT)
        assert terminal.lines[0] == "LDAP"
        terminal.type(" ")
        terminal.wait_until(lambda: "LDAP" not in terminal.lines)
        terminal.type("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("keys", ["!touch {0}\r", "|^touch {0}\r", "v", "s{0}\r", ":e {0}\r"])
def test_the_pager_cannot_run_commands_or_write_files(tmp_path: Path, keys: str) -> None:
    made = tmp_path / "made"
    with opened(tmp_path, EDITOR=f"touch {made}", LESS="", LESSSECURE="0") as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(keys.format(made))
        terminal.wait_until_still()
        terminal.send("enter", "ctrl+c", "q")
        terminal.wait_exit()
    assert not made.exists()


def test_ctrl_c_leaves_the_pager(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        terminal.wait_for(PROMPT)
        terminal.send("ctrl+c")
        assert terminal.wait_exit() == 130
