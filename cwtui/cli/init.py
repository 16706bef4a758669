"""`cwtui init`: create store, keyring and first admin, or restore access if no admin is left."""

import click

from cwtui import installation, services
from cwtui.accounts import administration, first_admin, recovery, text, unix_users
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.cli import account_output, completing, json_output, standard_input, terminal
from cwtui.cli.confirming import yes_option
from cwtui.cli.errors import Failed
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.initial_password import hand_over
from cwtui.cli.json_output import put_change
from cwtui.cli.output import say
from cwtui.cli.values import Username
from cwtui.config import Config
from cwtui.config.loading import config_file
from cwtui.hints import again
from cwtui.language import N_, _

_LOST = N_(
    "Without the old keyring, the passwords, TOTP secrets and backup codes of all accounts "
    "are lost. Each account except {name} will need cwtui user reset-password, and reset-mfa "
    "if it has MFA. A wrong or damaged keyring is kept beside the new one. If you may have a "
    "backup of {keyring}, look for it first."
)


@click.command(
    "init",
    cls=CommandWithExamples,
    examples=(
        "cwtui init --admin alice",
        "cwtui init --admin alice --password-stdin < password.txt",
        "cwtui init --admin alice --new-keyring",
    ),
)
@click.option(
    "--admin",
    metavar="NAME",
    required=True,
    type=Username(local=True),
    shell_complete=completing.usernames,
    help="The admin's username.",
)
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from one line of standard input."
)
@click.option("--new-keyring", is_flag=True, help="Replace a keyring that is lost for good.")
@yes_option("Replace the keyring")
@json_output.option
@pass_host
def command(
    host: Host, admin: str, password_stdin: bool, new_keyring: bool, yes: bool, as_json: bool
) -> None:
    """Create the store, the keyring and the first admin.

    Asks for the password twice without showing it, unless --password-stdin is given.

    If the store exists but no admin can sign in any more, this creates or re-enables the admin NAME
    and prints a one-time initial password. With --password-stdin it sets yours instead. If an admin
    can sign in, nothing is changed and the exit status is 5.
    """
    username = text.username(admin, "admin", local=True)
    config = host.config()
    password = standard_input.password() if password_stdin else None
    if new_keyring:
        _give_up_keyring(config, username, password, ask=not yes, as_json=as_json)
        return
    if installation.has_accounts(config):
        _recover(services.connect_for_operator(config), username, password, as_json=as_json)
    else:
        # Before asking for anything or creating anything.
        installation.check_can_be_set_up(config, config_file(host.config_file))
        _create(config, username, password, as_json=as_json)


def _create(config: Config, username: str, password: Secret | None, *, as_json: bool) -> None:
    new, confirmation = (
        (password, password) if password is not None else terminal.ask_new_password()
    )
    first_admin.check(username, new, confirmation)
    ports = services.create(config)
    account = first_admin.create(ports, username, new, confirmation, operator())
    say(
        _(
            "Created the admin {name}. Sign in with: {command}",
            name=account.username,
            command=again(),
        )
    )
    power = unix_users.power(ports.unix_user(account.username))
    if power:
        say(unix_users.sentence(account.username, power))
    if as_json:
        details = administration.show_user(ports, operator(), account.username)
        put_change(account_output.account_fields(details), changed=True)


def _recover(ports: Ports, username: str, password: Secret | None, *, as_json: bool) -> None:
    recovered = recovery.recover_admin(ports, operator(), username, password)
    done, known = N_("Restored access for the admin {name}."), password is not None
    hand_over(recovered, done, ports, as_json=as_json, known=known)
    if recovered.account.second_factor is not None:
        say(
            _(
                "Signing in also needs a code from the registered device. If it is lost: {command}",
                command=again("user reset-mfa", recovered.account.username),
            )
        )


def _give_up_keyring(
    config: Config, username: str, password: Secret | None, *, ask: bool, as_json: bool
) -> None:
    accounts = services.without_keyring(config)
    recovery.check_input(accounts, username, password)
    say(_(_LOST, name=username, keyring=config.keyring_file))
    terminal.check_can_ask(_("Use --yes to create a new keyring."), yes=not ask)
    if ask and not terminal.ask_yes(_("Give up the old keyring for good?")):
        raise Failed(_("The keyring was not changed."))
    ports = services.with_new_keyring(config)
    say(_("Created a new keyring: {file}", file=config.keyring_file))
    _recover(ports, username, password, as_json=as_json)
