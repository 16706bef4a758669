"""Open sessions of real processes: listed, ended by command, and gone after kill -9."""

import signal
from pathlib import Path
from typing import Any

from tests.cli import commands
from tests.console import cwtui_terminal as cwtui
from tests.console.homes import command_line
from tests.console.terminal import Terminal


def listed(home: Path) -> list[dict[str, Any]]:
    with cwtui.living_in(home) as config:
        found: list[dict[str, Any]] = commands.run(
            "--config", config, "session", "list", "--json"
        ).json
    return found


def test_sessions_are_listed_ended_and_gone_with_their_process(tmp_path: Path) -> None:
    home = cwtui.with_admin(tmp_path, cwtui.PASSWORD)
    plain = [*command_line(home), "--plain"]
    with (
        cwtui.forked(home) as screens,
        cwtui.forked(home) as killed,
        Terminal(plain, home, term="dumb", forked=True) as lines,
    ):
        for terminal in (screens, killed):
            cwtui.signed_in(terminal)
        lines.wait_for("Username:")
        lines.type("admin\n")
        lines.wait_for("Password:")
        lines.type(f"{cwtui.PASSWORD}\n")
        lines.wait_for("Sign Out")
        found = listed(home)
        assert [one["pid"] for one in found] == [screens.pid, killed.pid, lines.pid]
        assert {(one["username"], one["door"]) for one in found} == {("admin", "cwtui")}

        killed.kill(signal.SIGKILL)
        # Its lock goes with its last thread, which may end after the first one.
        left = [screens.pid, lines.pid]
        screens.wait_until(lambda: [one["pid"] for one in listed(home)] == left, what="two left")

        cwtui.run(home, "session", "end", found[0]["id"], found[2]["id"])
        screens.wait_for("An administrator signed you out.")
        lines.wait_for("An administrator signed you out.")
        assert lines.wait_exit(5) == 1
        screens.wait_until(lambda: listed(home) == [], what="no session")
        assert cwtui.last_event(home)["reason"].startswith("ended by operator:")
        assert list(home.rglob("sessions/*")) == []
