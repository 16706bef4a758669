"""Print an initial password as the only line on standard output."""

from cwtui.accounts import administration, look_alikes, unix_users
from cwtui.accounts.administration import WithInitialPassword
from cwtui.accounts.ports import Ports
from cwtui.accounts.times import utc_minute
from cwtui.cli import account_output
from cwtui.cli.errors import Failed
from cwtui.cli.host import again, operator
from cwtui.cli.json_output import put_change
from cwtui.cli.output import put, say


def hand_over(
    made: WithInitialPassword,
    what: str,
    ports: Ports,
    *,
    as_json: bool = False,
    known: bool = False,
) -> None:
    """Print the initial password, unless the operator chose it (`known`). Raises Failed."""
    name = made.account.username
    until = utc_minute(made.account.initial_password_expires_at)
    say(
        f"{what} {name}. The initial password must be changed before {until}."
        if known
        else f"{what} {name}. Initial password, which must be changed before {until}:"
    )
    if made.looks_like:
        say(look_alikes.told(made.looks_like))
    if made.power:
        say(unix_users.sentence(name, made.power))
    try:
        if as_json:
            initial = None if known else made.password.reveal()
            details = administration.show_user(ports, operator(), name)
            fields = account_output.account_fields(details)
            fields |= {"looks_like": list(made.looks_like)} if made.looks_like else {}
            fields |= {"unix_user": made.power} if made.power else {}
            put_change(fields | {"initial_password": initial}, changed=True)
        elif not known:
            put(made.password.reveal())
    except (OSError, Failed):
        raise Failed(
            "The initial password could not be printed. Create another one: "
            f"{again('user reset-password', name)}"
        ) from None
