"""`cwtui user`: list, show, add, change and remove accounts."""

from typing import Final

import click

from cwtui.accounts import administration, expiry
from cwtui.accounts.errors import Agreed
from cwtui.accounts.new_account import NewAccount, WithInitialPassword
from cwtui.accounts.roles import MINIMUM
from cwtui.cli import (
    account_output,
    apply_users,
    change_users,
    completing,
    confirming,
    export_users,
    import_users,
    json_output,
    list_users,
    set_users,
    standard_input,
    user_ssh_key,
)
from cwtui.cli.errors import WrongUsage
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.initial_password import hand_over, invite_option
from cwtui.cli.json_output import put_object
from cwtui.cli.options import as_one
from cwtui.cli.output import put
from cwtui.cli.tables import table
from cwtui.cli.values import Username
from cwtui.language import N_, _

_name = click.argument("name", type=Username(), shell_complete=completing.usernames)


def _new(
    name: str,
    roles: tuple[str, ...],
    mfa_required: bool,
    display_name: str,
    expires: str | None,
    password_stdin: bool,
    invite: bool,
) -> NewAccount:
    """Return the new account, and read its password if it is given. Raises WrongUsage."""
    if invite and password_stdin:
        raise WrongUsage(_("Give either --invite or --password-stdin."))
    return NewAccount(
        name,
        display_name=display_name,
        roles=roles or (MINIMUM,),
        mfa_required=mfa_required,
        expires=expires or expiry.NEVER,
        initial_password=standard_input.password() if password_stdin else None,
        invited=invite,
    )


_new_account: Final = as_one(
    "new",
    _new,
    click.argument("name", type=Username(local=True)),
    set_users.role_option(f"A role; repeat the option for more. Default: {MINIMUM}."),
    click.option("--mfa-required", is_flag=True, help="Require MFA for this account."),
    click.option("--display-name", metavar="TEXT", default="", help="The person's full name."),
    set_users.expires_option("The account's last day"),
    click.option(
        "--password-stdin",
        is_flag=True,
        help="Read the initial password from one line of standard input.",
    ),
    invite_option("Print an invitation code instead of a password."),
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
        "cwtui user add erin --expires 2027-03-31",
        "cwtui user add frank --invite",
    )
)
@_new_account
@confirming.yes_option("Add it")
@json_output.option
@pass_host
def add(host: Host, new: NewAccount, yes: bool, as_json: bool) -> None:
    """Add an account and print its initial password.

    The initial password is the only line on standard output. It is valid for seven days and must be
    changed at the first sign-in. With --password-stdin you choose it, and nothing is printed.

    With --invite, an invitation code is printed instead. The user enters it as the password, and
    then chooses a password. It is valid for as many days as the setting invitation_days says.

    cwtui asks first if NAME looks like an existing username, if it is also the name of a powerful
    Unix user of this host, such as a member of sudo, or if the account gets permissions. Without a
    terminal, it refuses unless you give --yes.
    """
    ports = host.ports()

    def create(agreed: Agreed) -> WithInitialPassword:
        return administration.create_user(ports, operator(), new, agreed=agreed)

    created = confirming.confirmed(create, yes=yes, if_not=_("No account was added."))
    set_users.say_if_mfa_is_off(created.account, ports.accounts.settings())
    hand_over(
        created, N_("Added {name}."), ports, as_json=as_json, known=new.initial_password is not None
    )


for _one in (
    set_users.set_,
    set_users.enable,
    set_users.disable,
    change_users.remove,
    change_users.reset_password,
    change_users.reset_mfa,
    change_users.unlock,
    import_users.import_,
    export_users.export,
    apply_users.apply,
    user_ssh_key.command,
):
    command.add_command(_one)
