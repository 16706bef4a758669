"""`cwtui init`: store, keyring and first admin."""

import click

from cwtui import services
from cwtui.accounts import administration, text
from cwtui.cli import standard_input, terminal
from cwtui.cli.errors import WrongUsage
from cwtui.cli.host import Host, operator, pass_host
from cwtui.cli.output import say


@click.command("init")
@click.option("--admin", metavar="NAME", required=True, help="Username of the first admin.")
@click.option(
    "--password-stdin", is_flag=True, help="Take the password from the line on standard input."
)
@pass_host
def command(host: Host, admin: str, password_stdin: bool) -> None:
    """Make the store, the keyring and the first admin.

    Without --password-stdin asks for the password twice, without showing it.
    """
    username = text.username(admin, "admin")
    if not password_stdin and not terminal.is_there():
        raise WrongUsage("There is no terminal to ask for the password: --password-stdin.")
    password = standard_input.password() if password_stdin else None
    ports = services.create(host.config())
    administration.check_no_accounts(ports.accounts)
    new, confirmation = (
        (password, password) if password is not None else terminal.ask_new_password()
    )
    account = administration.create_first_admin(ports, username, new, confirmation, operator())
    say(f"Created the admin {account.username}. Sign in with: cwtui")
