"""`cwtui user ssh-key`: list, add and remove the SSH keys of an account."""

import click

from cwtui.accounts import administration, ssh_keys, text, user_ssh_keys, wording
from cwtui.accounts.model import SshKey
from cwtui.cli import account_output, completing, json_output, standard_input
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change, put_list
from cwtui.cli.output import put, say
from cwtui.cli.tables import table
from cwtui.cli.values import SshKeyName, Username
from cwtui.language import _

_name = click.argument("name", type=Username(), shell_complete=completing.usernames)


@click.group("ssh-key", cls=GroupInOrder)
def command() -> None:
    """List, add and remove the SSH keys of an account."""


@command.command(
    "list", examples=("cwtui user ssh-key list bob", "cwtui user ssh-key list bob --json")
)
@_name
@json_output.option
@pass_host
def list_(host: Host, name: str, as_json: bool) -> None:
    """List an account's SSH keys, with their fingerprints."""
    account = administration.show_user(host.ports(), operator(), name).account
    states = ssh_keys.states(account)
    if as_json:
        put_list(map(account_output.ssh_key_fields, states))
    elif states:
        put(table([row for state in states for row in account_output.ssh_key_rows(state)]))
    else:
        say(_("{name} has no SSH key.", name=account.username))


@command.command(
    examples=(
        "cwtui user ssh-key add bob < id_ed25519.pub",
        'cwtui user ssh-key add bob --key-name "workshop PC" < id_ed25519.pub',
    )
)
@_name
@click.option(
    "--key-name",
    metavar="TEXT",
    type=SshKeyName(),
    help="What to call the key. Default: its comment.",
)
@json_output.option
@pass_host
def add(host: Host, name: str, key_name: str | None, as_json: bool) -> None:
    """Add a public key, read from standard input.

    The key is one line, as in a file that ends in .pub. It ends the account's sessions.
    """
    line = standard_input.public_key()
    added = user_ssh_keys.add(host.ports(), operator(), name, line, key_name or "")
    if as_json:
        _put_change(name, added)
    else:
        say(f"{wording.ssh_key_added(added.name)} {ssh_keys.fingerprint(added.key)}")


@command.command(examples=("cwtui user ssh-key remove bob laptop",))
@_name
@click.argument("key", type=SshKeyName(or_fingerprint=True), shell_complete=completing.ssh_keys)
@json_output.option
@pass_host
def remove(host: Host, name: str, key: str, as_json: bool) -> None:
    """Remove a key, by its name or fingerprint.

    It ends the account's sessions, but no SSH connections that are already open.
    """
    removed = user_ssh_keys.remove(host.ports(), operator(), name, key)
    if as_json:
        _put_change(name, removed)
    else:
        say(wording.ssh_key_removed(removed.name))


def _put_change(name: str, key: SshKey) -> None:
    fields = account_output.ssh_key_fields(ssh_keys.state(key))
    put_change({"username": text.username(name), **fields}, changed=True)
