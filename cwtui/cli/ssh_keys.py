"""`cwtui ssh-keys`: the SSH keys of an account, for sshd's AuthorizedKeysCommand.

sshd runs it for each key that a client offers. It ignores the output unless the status is 0.
"""

import click

from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host
from cwtui.cli.values import Fingerprint


@click.command(
    "ssh-keys",
    cls=CommandWithExamples,
    examples=("cwtui ssh-keys alice",),
)
@click.argument("unix_user", metavar="USER")
@click.option(
    "--fingerprint",
    metavar="SHA256:...",
    type=Fingerprint(),
    help="Print only the key with this fingerprint.",
)
@pass_host
def command(host: Host, unix_user: str, fingerprint: str | None) -> None:
    """Print the SSH keys of an account, for sshd.

    Prints one key per line, as in an authorized_keys file. USER must be the exact name of the
    account: capital letters matter. Nothing is printed for root and for an account that does not
    exist, is disabled, expired or unused, or is gone from the directory; the exit status is then 0,
    too. The directory itself is asked only if service.ask_directory is set. See: cwtui help ssh
    """
    from functools import partial

    from cwtui import services
    from cwtui.accounts import ssh_keys
    from cwtui.cli.output import put
    from cwtui.service import peers

    if peers.is_root(unix_user):  # otherwise whoever may create accounts could create root
        return
    config = host.config()
    directory = partial(services.directory, config) if config.service.ask_directory else None
    lines = ssh_keys.authorized_lines(host.to_read(), unix_user, fingerprint, directory)
    if lines:
        # At once: sshd does not read on when it has found the key.
        put("\n".join(lines))
