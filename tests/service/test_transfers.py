"""The gate's allow-list and the real client of rsync, which asks for it as it does over SSH."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from cwtui.accounts.errors import Refused
from cwtui.service.original_command import TRANSFERS, transfer
from tests.programs import require

HARMLESS: Final = """
-a|-aP|-ai|-aii|-aqc|-auvvzP --stats|-aHAXS --numeric-ids|-az --delete-after --max-delete=3
-a --info=progress2|-a --info=all0 --debug=none|-a --out-format=%n|-a --out-format=%o --log-file=log
-a --inplace --append-verify --bwlimit=100 --timeout=9|-a -b --suffix=.old|-a -b --backup-dir=old
-a --link-dest=../c|-a --copy-dest=/c --fuzzy|-a --compare-dest=c --partial-dir=.p --temp-dir=.
-a --max-size=1m --min-size=1 --modify-window=1 -B 1000 --existing --ignore-existing
-a --update --delay-updates --mkpath --preallocate --no-whole-file --fsync --ignore-missing-args
-a --zc=zstd --zl=3 --cc=md5 --skip-compress=gz/bz2|-a --chown=root:root --super
-nR --files-from=list
-a --remove-source-files --safe-links --copy-unsafe-links|-rKkL --prune-empty-dirs --open-noatime
-a --exclude=x --filter=-_y --chmod=F600 --progress -h --stderr=all --list-only
"""
"""Options of the client, apart from those that no server should obey."""
REFUSED: Final = (
    "-a -s",
    "-a -M--log-file=x",
    "-a --write-devices",
    "-a --fake-super -M--fake-super",
)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What rsync takes for ssh. Its log has the commands that it would ask a host for."""
    folder = tmp_path_factory.mktemp("rsync")
    for name in ("from", "to", "from/c"):
        (folder / name).mkdir()
    (folder / "list").write_text("f\n")
    shell = folder / "ssh"
    shell.write_text(f'#!/bin/sh\nshift\necho "$*" >> {folder}/log\nexit 1\n')
    shell.chmod(0o755)
    return shell


def asked_for(shell: Path, options: str) -> Iterator[str]:
    """The commands for sending and for fetching."""
    folder, log = shell.parent, shell.with_name("log")
    flags = [word.replace("_", " ") for word in options.split()]
    for ends in (("from/", "host:to"), ("host:from/", "to")):
        log.unlink(missing_ok=True)
        command = [require("rsync"), *flags, "-e", str(shell), *ends]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert log.exists(), (options, done.stderr)
        yield log.read_text().strip()


def test_commands_of_harmless_client_options_are_let_through(shell: Path) -> None:
    commands = [
        command
        for options in HARMLESS.strip().replace("\n", "|").split("|")
        for command in asked_for(shell, options)
    ]
    for command in commands:
        assert transfer(command, TRANSFERS) == shlex.split(command)
    assert {"--partial", "--log-format=X", "--log-format=%i"} <= {*" ".join(commands).split()}


@pytest.mark.parametrize("options", REFUSED)
def test_options_that_a_server_should_not_obey_are_refused(shell: Path, options: str) -> None:
    sending, _ = asked_for(shell, options)
    with pytest.raises(Refused):
        transfer(sending, TRANSFERS)
