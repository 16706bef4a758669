"""Print an initial password, or an invitation code, as the only line on standard output."""

from collections.abc import Callable
from typing import Any

import click

from cwtui.accounts import administration, look_alikes, unix_users
from cwtui.accounts.new_account import WithInitialPassword
from cwtui.accounts.ports import Ports
from cwtui.accounts.times import utc_minute
from cwtui.cli import account_output
from cwtui.cli.account_results import put_one
from cwtui.cli.errors import Failed
from cwtui.cli.host import operator
from cwtui.cli.json_output import put_change
from cwtui.cli.output import put, say
from cwtui.hints import again
from cwtui.language import _


def invite_option(help_text: str) -> Callable[[Any], Any]:
    """Return the decorator that adds --invite with this help."""
    return click.option("--invite", is_flag=True, help=help_text)


def hand_over(
    made: WithInitialPassword,
    done: str,
    ports: Ports,
    *,
    as_json: bool = False,
    as_result: bool = False,
    known: bool = False,
) -> None:
    """Print the initial password, unless the operator chose it (`known`). Raises Failed.

    `done` says what was done with `{name}`, not translated yet. The JSON has all fields of the
    account, or with `as_result` those that commands for many accounts print.
    """
    account = made.account
    name = account.username
    until = utc_minute(account.initial_password_expires_at)
    if account.invited:
        then = _("Invitation code, to be used before {until}:", until=until)
    elif known:
        then = _("The initial password must be changed before {until}.", until=until)
    else:
        then = _("Initial password, which must be changed before {until}:", until=until)
    said = _(done, name=name)
    say(f"{said} {then}")
    if made.looks_like:
        say(look_alikes.told(made.looks_like))
    if made.power:
        say(unix_users.sentence(name, made.power))
    try:
        if as_json:
            initial = None if known else made.password.reveal()
            key = "invitation_code" if account.invited else "initial_password"
            if as_result:
                put_one(name, changed=True, **{key: initial})
                return
            details = administration.show_user(ports, operator(), name)
            fields = account_output.account_fields(details)
            fields |= {"looks_like": list(made.looks_like)} if made.looks_like else {}
            fields |= {"unix_user": made.power} if made.power else {}
            put_change(fields | {key: initial}, changed=True)
        elif not known:
            put(made.password.reveal())
    except (OSError, Failed):
        if account.invited:
            command = again("user reset-password --invite", name)
            raise Failed(
                _("The code could not be printed. Create another one: {command}", command=command)
            ) from None
        raise Failed(
            _(
                "The initial password could not be printed. Create another one: {command}",
                command=again("user reset-password", name),
            )
        ) from None
