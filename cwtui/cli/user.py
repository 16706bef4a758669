"""`cwtui user`: list, show, add, change and remove accounts."""

from collections.abc import Callable
from typing import Any

import click

from cwtui.accounts import account_state, administration, roles, text, user_mfa, wording
from cwtui.accounts.account_state import Requirement
from cwtui.accounts.errors import Agreed
from cwtui.accounts.model import Account
from cwtui.accounts.settings import OrganizationSettings
from cwtui.cli import (
    account_output,
    completing,
    confirming,
    import_users,
    json_output,
    list_users,
    standard_input,
    terminal,
    user_ssh_key,
)
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.initial_password import hand_over
from cwtui.cli.json_output import put_change, put_object
from cwtui.cli.output import put, say
from cwtui.cli.tables import table
from cwtui.cli.values import DeviceName, Username

_name = click.argument("name", type=Username(), shell_complete=completing.usernames)
_new_name = click.argument("name", type=Username(local=True))


def _role(help_text: str) -> Callable[[Any], Any]:
    return click.option(
        "--role",
        "chosen",
        metavar="ROLE",
        multiple=True,
        shell_complete=completing.roles,
        help=help_text,
    )


@click.group("user", cls=GroupInOrder)
def command() -> None:
    """List, show, add, change and remove accounts."""


command.add_command(list_users.list_)


@command.command(examples=("cwtui user show alice", "cwtui user show alice --json"))
@_name
@json_output.option
@pass_host
def show(host: Host, name: str, as_json: bool) -> None:
    """Show one account."""
    details = administration.show_user(host.ports(), operator(), name)
    if as_json:
        fields = account_output.account_fields(details)
        put_object(fields | account_output.record_fields(details.record))
    else:
        put(table(account_output.account_lines(details)))


@command.command(
    examples=(
        'cwtui user add bob --display-name "Bob Reed" --mfa-required',
        "cwtui user add carol --role connectware-admin --yes",
        "cwtui user add dave --password-stdin < password.txt",
    )
)
@_new_name
@_role(f"A role; repeat the option for more. Default: {roles.MINIMUM}.")
@click.option("--mfa-required", is_flag=True, help="Require MFA for this account.")
@click.option("--display-name", metavar="TEXT", default="", help="The person's full name.")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the initial password from one line of standard input.",
)
@click.option("--yes", is_flag=True, help="Add it without asking.")
@json_output.option
@pass_host
def add(
    host: Host,
    name: str,
    chosen: tuple[str, ...],
    mfa_required: bool,
    display_name: str,
    password_stdin: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Add an account and print its initial password.

    The initial password is the only line on standard output. It is valid for seven days and must be
    changed at the first sign-in. With --password-stdin you choose it, and nothing is printed.

    If NAME looks like an existing username, is that of a Unix user of this host with power over it,
    such as a member of sudo, or gets the role of an admin, this asks first. Without a terminal it
    refuses, unless --yes is given.
    """
    password = standard_input.password() if password_stdin else None
    ports = host.ports()

    def create(agreed: Agreed) -> administration.WithInitialPassword:
        return administration.create_user(
            ports,
            operator(),
            name,
            chosen_roles=chosen or (roles.MINIMUM,),
            display_name=display_name,
            mfa_required=mfa_required,
            password=password,
            agreed=agreed,
        )

    created = confirming.confirmed(create, yes=yes, if_not="No account was added.")
    _say_if_mfa_is_off(created.account, ports.accounts.settings())
    hand_over(created, "Added", ports, as_json=as_json, known=password is not None)


@command.command(
    "set",
    examples=(
        "cwtui user set bob --mfa-required",
        "cwtui user set bob --disabled",
        "cwtui user set bob --role connectware-admin --role minimum-access",
    ),
)
@_name
@_role("Replace the account's roles; repeat the option for more.")
@click.option(
    "--mfa-required/--no-mfa-required",
    default=None,
    help="Whether MFA is required for this account.",
)
@click.option("--enabled/--disabled", default=None, help="Whether the account can sign in.")
@click.option("--display-name", metavar="TEXT", help="The person's full name.")
@click.option("--yes", is_flag=True, help="Change it without asking.")
@json_output.option
@pass_host
def set_(
    host: Host,
    name: str,
    chosen: tuple[str, ...],
    mfa_required: bool | None,
    enabled: bool | None,
    display_name: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Change an account.

    Changes only the options you give. New roles and --disabled end the account's sessions. If the
    account becomes an admin, this asks first. Without a terminal it refuses, unless --yes is given.
    """
    if not chosen and (mfa_required, enabled, display_name) == (None, None, None):
        raise WrongUsage("Give at least one option to change. See: cwtui user set --help")
    ports = host.ports()

    def update(agreed: Agreed) -> administration.Updated:
        return administration.update_user(
            ports,
            operator(),
            name,
            chosen_roles=chosen or None,
            mfa_required=mfa_required,
            enabled=enabled,
            display_name=display_name,
            agreed=agreed,
        )

    updated = confirming.confirmed(update, yes=yes, if_not="Nothing was changed.")
    details = administration.show_user(ports, operator(), name)
    username = details.account.username
    if as_json:
        _put_change(username, changed=updated.changed)
    else:
        what = "Saved" if updated.changed else "Nothing was changed for"
        say(f"{what} {username}: {account_output.summary(details)}.")
    _say_if_mfa_is_off(details.account, details.settings)


@command.command(examples=("cwtui user remove bob", "cwtui user remove bob --yes"))
@_name
@click.option("--yes", is_flag=True, help="Remove it without asking.")
@json_output.option
@pass_host
def remove(host: Host, name: str, yes: bool, as_json: bool) -> None:
    """Remove an account for good.

    Asks first. If you answer no, or if there is no terminal, nothing is removed and the exit
    status is 1.
    """
    terminal.check_can_ask("remove the account", yes=yes)
    ports = host.ports()
    username = administration.name_to_remove(ports, operator(), name)
    if not yes and not terminal.ask_yes(f"Remove the account {username} for good?"):
        raise Failed(f"{username} was not removed.")
    administration.remove_user(ports, operator(), username)
    if as_json:
        _put_change(username, changed=True)
    else:
        say(f"Removed {username}.")


@command.command("reset-password", examples=("cwtui user reset-password bob",))
@_name
@json_output.option
@pass_host
def reset_password(host: Host, name: str, as_json: bool) -> None:
    """Set a new initial password and print it.

    It is the only line on standard output. It is valid for seven days and must be changed at the
    next sign-in.
    """
    ports = host.ports()
    renewed = administration.reset_password(ports, operator(), name)
    hand_over(renewed, "Reset the password of", ports, as_json=as_json)


@command.command(
    "reset-mfa", examples=("cwtui user reset-mfa bob", "cwtui user reset-mfa bob --device Tablet")
)
@_name
@click.option(
    "--device",
    metavar="NAME",
    type=DeviceName(),
    shell_complete=completing.devices,
    help="Remove only this device.",
)
@click.option("--yes", is_flag=True, help="Remove all devices without asking.")
@json_output.option
@pass_host
def reset_mfa(host: Host, name: str, device: str | None, yes: bool, as_json: bool) -> None:
    """Remove an account's devices and backup codes.

    Use it when the device is lost, and make sure who is asking you. If MFA is required for the
    account, the user sets it up again at the next sign-in. With --device, the other devices and
    the backup codes stay. Without it, the command asks first if there is a terminal. If there is
    nothing to remove, it says so, and the exit status is 0.
    """
    ports = host.ports()
    if device is not None:
        account, removed = user_mfa.remove_device(ports, operator(), name, device)
        if as_json:
            _put_change(account.username, changed=True)
        else:
            say(wording.device_removed(account, removed))
        return
    account = administration.show_user(ports, operator(), name).account
    if account.second_factor is None:
        if as_json:
            _put_change(account.username, changed=False)
        else:
            say(f"{account.username} has no device. Nothing was changed.")
        return
    if not yes and terminal.is_there():
        question = f"Remove all devices and backup codes of {account.username}?"
        if not terminal.ask_yes(question):
            raise Failed("Nothing was removed.")
    account = user_mfa.disable_mfa(ports, operator(), name)
    if as_json:
        _put_change(account.username, changed=True)
        return
    required = account_state.is_required(account, ports.accounts.settings())
    then = wording.after_mfa_is_disabled(required=required)
    say(f"Disabled the MFA of {account.username}. {then}")


@command.command(examples=("cwtui user unlock bob",))
@_name
@json_output.option
@pass_host
def unlock(host: Host, name: str, as_json: bool) -> None:
    """Clear an account's failed attempts.

    The user can try again immediately. Says so if the account was not locked.
    """
    username = text.username(name)
    unlocked = administration.unlock(host.ports(), operator(), username)
    if as_json:
        _put_change(username, changed=unlocked.cleared > 0)
    else:
        say(wording.unlocked(username, unlocked))


command.add_command(import_users.import_)
command.add_command(user_ssh_key.command)


def _put_change(username: str, *, changed: bool) -> None:
    put_change({"accounts": [{"username": username, "changed": changed}]}, changed=changed)


def _say_if_mfa_is_off(account: Account, settings: OrganizationSettings) -> None:
    if account_state.requirement(account, settings) is Requirement.SUSPENDED:
        say(
            "MFA is off for the organization, so it is not required yet. To allow it: "
            "cwtui settings set mfa optional"
        )
