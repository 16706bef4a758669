"""Signing in over SSH inside tmux and GNU screen, at 80x24."""

import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.commands import PASSWORD
from tests.console.decoders import assert_one_read, one_time_code
from tests.console.picture import DARK, LIGHT, paint
from tests.pam.house import Door
from tests.pam.town import Town, shown_key
from tests.programs import require


def multiplexer(name: str, folder: Path, command: str) -> tuple[list[str], list[str]]:
    """How to start it, without settings of this machine, and how to end it."""
    if name == "tmux":
        tmux = [require("tmux"), "-f", "/dev/null", "-S", str(folder / "tmux")]
        return [*tmux, "new-session", command], [*tmux, "kill-server"]
    screen = ["env", f"SCREENDIR={folder}", require("screen"), "-c", "/dev/null", "-S", "door"]
    return [*screen, "sh", "-c", command], [*screen, "-X", "quit"]


@pytest.mark.parametrize(("name", "newcomer"), [("tmux", "hugo"), ("screen", "ines")])
def test_people_sign_in_inside_a_multiplexer(
    town: Town, tmp_path: Path, name: str, newcomer: str
) -> None:
    """A code after a key, then a password with enrolment, whose QR code both decoders read."""
    house = town.house
    town.served()
    by_key = house.ssh_command(house.sshd("key-and-code.conf"), "ada")
    port = house.sshd("password-and-code.conf", name="sshd-password")
    by_password = house.ssh_command(port, newcomer, key=False)
    tmp_path.chmod(0o700)
    both = f"{shlex.join(by_key)}; {shlex.join(by_password)}; read end"
    start, end = multiplexer(name, tmp_path, both)
    try:
        # tmux scrolls xterm in ways that the emulator of these tests does not know.
        with Door(start, tmp_path, term="linux") as door:
            door.wait_for("backup code):")
            door.type(f"{town.fresh('ada')}\r")
            door.wait_for("inside as ada")
            door.wait_for("Password:")
            door.type(f"{PASSWORD}\r")
            door.wait_for("QR code (1, 2 or 3):")
            door.wait_until_still()
            key, uris = shown_key(door, newcomer)
            for choice, palette in (("1", DARK), ("2", LIGHT)):
                before = door.text
                door.type(f"{choice}\r")
                door.wait_until(lambda: door.text != before and asks_again(door))  # noqa: B023  used in this round
                door.wait_until_still()
                assert_one_read(uris, paint(door.screen, palette))
            door.type(f"{one_time_code(key, time.time())}\r")
            door.wait_for("Enter: skip):")
            door.wait_until_still()
            codes = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", door.text)
            assert len(set(codes)) == 10
            door.type(f"{codes[3]}\r")
            door.wait_for(f"inside as {newcomer}")
    finally:
        subprocess.run(end, check=False, capture_output=True)


def asks_again(door: Door) -> bool:
    return any(line.endswith("QR code again):") for line in door.lines)
