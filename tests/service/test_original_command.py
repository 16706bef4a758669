"""Which commands of an SSH client a gate lets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.errors import Refused
from cwtui.service.original_command import TRANSFERS, transfer


@pytest.mark.parametrize(
    "command",
    [
        "scp -t /tmp/file",
        "scp -r -p -f -- '/tmp/two words'",
        "scp -v -p -t .",
        "rsync --server -vlogDtpre.iLsfxCIvu . /srv/data",
        "rsync --server --sender -logDtpre.LsfxCIvu --delete --numeric-ids . 'a b' c",
        "rsync --server -logDtpre.iLsfxCIvu --log-format=X --partial --link-dest ../c . x",
    ],
)
def test_transfers_as_their_clients_ask_for_them_are_let_through(command: str) -> None:
    assert transfer(command, TRANSFERS)[0] == command.split(maxsplit=1)[0]


@pytest.mark.parametrize("server", ["internal-sftp", "/usr/lib/openssh/sftp-server"])
def test_sftp_is_the_server_of_this_host(server: str) -> None:
    (program,) = transfer(server, ["sftp"])
    assert program.endswith("/sftp-server")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "sh",
        "scp",
        "scp /etc/passwd /tmp",
        "scp -S /bin/sh -t x",
        "scp -S/bin/sh -f x",
        "scp -oProxyCommand=sh -t x",
        "scp -t -oProxyCommand=sh",
        "scp -t x; sh",
        "scp -t x y",
        "/tmp/scp -t x",
        "SCP -t x",
        "rsync --daemon --config=/tmp/x",
        "rsync --server --rsh=sh . x",
        "rsync --server -e sh . x",
        "rsync --server --log-file=/tmp/x . y",
        "rsync --server --sender --files-from=/etc/shadow . y",
        "rsync --server . --rsh=sh",
        "rsync --server -s . x",  # further flags follow on standard input
        "rsync --server -vslogDtpre.iLfxCIvu . x",
        "rsync --server --secluded-args . x",
        "rsync --server -f . x",
        "rsync --server -T . x",
        "rsync --server -M . x",
        "rsync --server --log-format=%P . x",
        "rsync --server --link-dest -x . y",
        "rsync --server --link-dest ../c",
        "rsync --server --temp-dir . x",
        "rsync --server --temp-dir",
        "rsync --server --suffix=/../x . y",
        "rsync --server --write-devices . x",
        "rsync --server --iconv=/tmp/x . x",
        "rsync --server --files-from=list . x",
        "rsync --server -B . x",
        "rsync -e sh a: b",
        "internal-sftp -d /",
        "sftp-server",
        "scp -t 'x",
        "scp -t " + "x" * 9000,
    ],
)
def test_everything_else_is_refused(command: str) -> None:
    with pytest.raises(Refused):
        transfer(command, TRANSFERS)


@pytest.mark.parametrize("command", ["scp -t x", "internal-sftp", "rsync --server -e.L . x"])
def test_only_what_the_setting_names_is_let_through(command: str) -> None:
    with pytest.raises(Refused, match="runs no other command"):
        transfer(command, [])


@given(st.text(max_size=80))
def test_any_text_is_a_transfer_or_refused(command: str) -> None:
    try:
        words = transfer(command, TRANSFERS)
    except Refused:
        return
    assert words[0] in {"scp", "rsync"} or words[0].endswith("sftp-server")
