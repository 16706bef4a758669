"""The shipped snippet for sshd and the gate, with tmux and the clients that copy files."""

import subprocess
from pathlib import Path
from typing import Final

from tests.cli.commands import PASSWORD
from tests.pam.installed import SNIPPETS
from tests.pam.town import Town
from tests.programs import require

SETTINGS: Final = '\n[gate]\ntransfers = ["rsync", "scp", "sftp"]\nfresh_minutes = 10\n'
TMUX: Final = """\
mv /usr/bin/tmux /usr/bin/tmux.real
printf '#!/bin/sh\\nexec tmux.real -S ~/tmux "$@"\\n' > /usr/bin/tmux
chmod 755 /usr/bin/tmux
printf %s "$0" >> /etc/cwtui/config.toml
"""
"""tmux is real; only its socket is not where other programs of this machine find it."""


def test_a_gate_over_ssh_opens_for_tmux_and_then_for_transfers(
    installed: Town, tmp_path: Path
) -> None:
    require("tmux")
    house = installed.house
    installed.served()
    done = house.do("sh", "-ec", TMUX, SETTINGS)
    assert done.returncode == 0, done.stderr
    port = house.sshd(str(SNIPPETS / "sshd-gate.conf"), name="gate")
    options, there = house.ssh_options("ada"), "ada@127.0.0.1"
    ssh = [require("ssh"), *options, "-p", str(port)]
    sent, batch = tmp_path / "sent", tmp_path / "batch"
    sent.write_text("sent by a client")
    batch.write_text(f"put {sent} sftp\n")
    copy = [*options, "-P", str(port)]
    transfers = {
        "rsync": [require("rsync"), "-aiP", "-e", " ".join(ssh), str(sent), f"{there}:rsync"],
        "scp": [require("scp"), *copy, str(sent), f"{there}:scp"],
        "old": [require("scp"), "-O", *copy, str(sent), f"{there}:old"],
        "sftp": [require("sftp"), *copy, "-b", str(batch), there],
    }
    home = house.run / "home" / "ada"
    status, said = run(transfers["rsync"])
    assert status
    assert "A code is needed, but there is no terminal." in said
    with house.ssh(port, "ada", "-t") as door:
        door.answer("Password: ", PASSWORD)
        door.answer("backup code): ", installed.fresh("ada"))
        door.hear("[exited]")  # says tmux, as the shell of these users ends at once
        assert door.wait_exit() == 0
    for name, command in transfers.items():
        status, said = run(command)
        assert status == 0, said
        assert (home / name).read_text() == "sent by a client"
    for wanted in ("id", "tmux.real", "rsync --server -e.L --log-file=made . made"):
        status, said = run([*ssh, there, wanted])
        assert status == 1
        assert "This gate lets only rsync and scp and sftp through." in said
    assert not (home / "made").exists()


def run(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False, timeout=30,
    )  # fmt: skip
    return done.returncode, done.stdout
