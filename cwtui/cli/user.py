"""`cwtui user`: accounts."""

from collections.abc import Callable
from typing import Any

import click

from cwtui.accounts import administration, enrolment, roles, text
from cwtui.accounts.errors import LooksAlike
from cwtui.accounts.listing import Filter
from cwtui.accounts.model import Account, MfaState, Origin
from cwtui.accounts.ports import Ports
from cwtui.cli import account_output, standard_input, terminal
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import GroupInOrder
from cwtui.cli.host import Host, operator, pass_host
from cwtui.cli.initial_password import hand_over
from cwtui.cli.json_output import put_list, put_object
from cwtui.cli.output import put, say
from cwtui.cli.tables import table

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_name = click.argument("name")


def _role(help_text: str) -> Callable[[Any], Any]:
    return click.option("--role", "chosen", metavar="R", multiple=True, help=help_text)


@click.group("user", cls=GroupInOrder)
def command() -> None:
    """List, show, add, change and remove accounts."""


@command.command("list")
@click.option("--filter", "text", metavar="TEXT", default="", help="In username or display name.")
@click.option("--role", metavar="R", help="Accounts with this role.")
@click.option("--mfa", type=click.Choice([state.value for state in MfaState]))
@click.option("--origin", type=click.Choice([origin.value for origin in Origin]))
@_json
@pass_host
def list_(
    host: Host, text: str, role: str | None, mfa: str | None, origin: str | None, as_json: bool
) -> None:
    """List the accounts that match, by username.

    MFA is enabled (a second factor is registered), required (it must be, and is not yet) or none.
    """
    wanted = Filter(
        text=text,
        role=roles.known((role,))[0] if role is not None else None,
        mfa=MfaState(mfa) if mfa is not None else None,
        origin=Origin(origin) if origin is not None else None,
    )
    rows = administration.list_users(host.ports(), operator(), wanted)
    if as_json:
        put_list(account_output.row_fields(row) for row in rows)
    elif rows:
        put(table([account_output.HEADINGS, *map(account_output.row_cells, rows)]))
    else:
        say("No account matches.")


@command.command()
@_name
@_json
@pass_host
def show(host: Host, name: str, as_json: bool) -> None:
    """Show the account NAME."""
    ports = host.ports()
    account, record = administration.show_user(ports, operator(), name)
    if as_json:
        fields = account_output.account_fields(account)
        put_object(fields | account_output.record_fields(record))
    else:
        settings = ports.accounts.settings()
        put(table(account_output.account_lines(account, record, settings, ports.now())))


@command.command()
@_name
@_role(f"A role, such as {roles.ADMIN} (again for another); else {roles.MINIMUM}.")
@click.option("--mfa-required", is_flag=True, help="It must have a second factor.")
@click.option("--display-name", metavar="TEXT", default="", help="The person's name.")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Take the initial password from the line on standard input.",
)
@click.option("--yes", is_flag=True, help="Add it even if it looks like another username.")
@_json
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
    """Add the account NAME, and print its initial password.

    The initial password is the only line on standard output. It must be changed at the first
    sign-in. With --password-stdin it is yours, and not printed. A NAME that looks like an existing
    one is asked about first; without a terminal it is refused.
    """
    password = standard_input.password() if password_stdin else None
    ports = host.ports()

    def create(*, look_alike_ok: bool) -> administration.WithInitialPassword:
        return administration.create_user(
            ports,
            operator(),
            name,
            chosen_roles=chosen or (roles.MINIMUM,),
            display_name=display_name,
            mfa_required=mfa_required,
            password=password,
            look_alike_ok=look_alike_ok,
        )

    try:
        created = create(look_alike_ok=yes)
    except LooksAlike as alike:
        if not terminal.is_there():
            raise Failed(f"{alike} To add it all the same: --yes") from None
        if not terminal.ask_yes(f"{alike} Add it all the same?"):
            raise Failed("No account was added.") from None
        created = create(look_alike_ok=True)
    _say_if_mfa_is_off(ports, created.account)
    hand_over(created, "Added", as_json=as_json, known=password is not None)


@command.command("set")
@_name
@_role("A role from now on, in place of the present ones (again for another).")
@click.option(
    "--mfa-required/--no-mfa-required", default=None, help="Whether it must have a second factor."
)
@click.option("--enabled/--disabled", default=None, help="Whether it can sign in.")
@click.option("--display-name", metavar="TEXT", help="The person's name.")
@pass_host
def set_(
    host: Host,
    name: str,
    chosen: tuple[str, ...],
    mfa_required: bool | None,
    enabled: bool | None,
    display_name: str | None,
) -> None:
    """Change what is given of the account NAME.

    The rest stays. New roles and --disabled end its sessions.
    """
    if not chosen and (mfa_required, enabled, display_name) == (None, None, None):
        raise WrongUsage("Say what to change: cwtui user set --help lists it.")
    ports = host.ports()
    account = administration.update_user(
        ports,
        operator(),
        name,
        chosen_roles=chosen or None,
        mfa_required=mfa_required,
        enabled=enabled,
        display_name=display_name,
    )
    say(f"Saved {account.username}: {account_output.summary(account)}.")
    _say_if_mfa_is_off(ports, account)


@command.command()
@_name
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_host
def remove(host: Host, name: str, yes: bool) -> None:
    """Remove the account NAME for good. Asks first; no is exit status 1."""
    if not yes and not terminal.is_there():
        raise WrongUsage("There is no terminal to ask on: give --yes to remove the account.")
    ports = host.ports()
    username = administration.name_to_remove(ports, operator(), name)
    if not yes and not terminal.ask_yes(f"Remove the account {username} for good?"):
        raise Failed(f"{username} was not removed.")
    administration.remove_user(ports, operator(), username)
    say(f"Removed {username}.")


@command.command("reset-password")
@_name
@_json
@pass_host
def reset_password(host: Host, name: str, as_json: bool) -> None:
    """Print a new initial password for the account NAME.

    It is the only line on standard output, and must be changed at the next sign-in.
    """
    renewed = administration.reset_password(host.ports(), operator(), name)
    hand_over(renewed, "Reset the password of", as_json=as_json)


@command.command("reset-mfa")
@_name
@pass_host
def reset_mfa(host: Host, name: str) -> None:
    """Disable the MFA of the account NAME.

    For one who lost the device. A required account enrols anew at its next sign-in.
    """
    ports = host.ports()
    account = administration.disable_mfa(ports, operator(), name)
    required = enrolment.is_required(account, ports.accounts.settings())
    then = " The next sign-in leads into enrolment." if required else ""
    say(f"Disabled the MFA of {account.username}.{then}")


@command.command()
@_name
@pass_host
def unlock(host: Host, name: str) -> None:
    """Forget the wrong tries of the account NAME.

    It can sign in at once.
    """
    username = text.username(name)
    administration.unlock(host.ports(), operator(), username)
    say(f"Unlocked {username}.")


def _say_if_mfa_is_off(ports: Ports, account: Account) -> None:
    if account.mfa_required and not enrolment.is_required(account, ports.accounts.settings()):
        say("The organization's MFA is off, so none is asked for: cwtui settings set mfa optional")
