"""`cwtui user list`: the accounts that match a filter, in several formats."""

from typing import Any

import click

from cwtui.accounts import account_words, user_list
from cwtui.accounts.account_state import MfaState
from cwtui.accounts.filter_language import FilterError, explained
from cwtui.accounts.listing import AccountRow, View
from cwtui.accounts.model import Origin
from cwtui.accounts.roles import known
from cwtui.cli import account_output, completing, formats
from cwtui.cli.errors import WrongUsage
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.output import put, say
from cwtui.cli.tables import table


@click.command(
    "list",
    cls=CommandWithExamples,
    filter_words=explained(account_words.account_words(account_words.Facts())),
    examples=(
        "cwtui user list mfa:none status:enabled",
        "cwtui user list '!role:admin' 'last:>90d' --sort last_sign_in",
        "cwtui user list never --fields username,created_at --format csv",
        "cwtui user list --role connectware-admin --json",
    ),
)
@click.argument("terms", metavar="[FILTER]...", nargs=-1, shell_complete=completing.account_terms)
@click.option(
    "--filter",
    "text",
    metavar="FILTER",
    default="",
    shell_complete=completing.account_terms,
    help="Only accounts that match this filter, as one argument.",
)
@click.option(
    "--role", metavar="ROLE", shell_complete=completing.roles, help="Only accounts with this role."
)
@click.option(
    "--mfa",
    type=click.Choice([state.value for state in MfaState]),
    help="Only accounts in this MFA state.",
)
@click.option(
    "--origin",
    type=click.Choice([origin.value for origin in Origin]),
    help="Only local accounts, or only LDAP accounts.",
)
@click.option(
    "--sort",
    metavar="FIELD",
    type=click.Choice(list(account_words.SORTED_BY)),
    default="username",
    help=f"Sort by this field: {', '.join(account_words.SORTED_BY)}.",
)
@click.option("--reverse", is_flag=True, help="Sort in descending order.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Print at most N accounts.")
@formats.options(account_output.LIST_FIELDS)
@pass_host
def list_(
    host: Host,
    terms: tuple[str, ...],
    text: str,
    role: str | None,
    mfa: str | None,
    origin: str | None,
    sort: str,
    reverse: bool,
    limit: int | None,
    output: formats.Format,
) -> None:
    """List the accounts that match all terms of a filter.

    A term is text in the username or display name, or one of the words below with a value. ! before
    a term means "not". Put quotes around terms with !, < or >, which mean something to the shell.

    In the MFA column, "enabled" means that a device is registered, "required" that the account must
    register one at its next sign-in, and "none" that neither is the case.

    In the STATUS column, "locked" means that the account is enabled but must wait after failed
    attempts. To let the user try again at once: cwtui user unlock NAME
    """
    options = {"role": known((role,))[0] if role is not None else None, "mfa": mfa}
    given = {name: value for name, value in {**options, "origin": origin}.items() if value}
    view = View(" ".join((text, *terms)), sort, reverse, given)
    ports = host.ports()
    try:
        found = user_list.list_users(ports, operator(), view, limit=limit)
    except FilterError as error:
        raise WrongUsage(str(error)) from None
    needs_records = output.wants("last_sign_in")
    last_sign_ins = ports.records.last_sign_ins() if needs_records else {}
    now = ports.now()

    def fields(row: AccountRow) -> dict[str, Any]:
        at = last_sign_ins.get(row.username)
        return account_output.list_fields(row, found.settings, at, now)

    if output.name == formats.TABLE and not found.rows:
        say("No account matches.")
    elif output.name == formats.TABLE and not output.fields:
        cells = (account_output.row_cells(row, found.settings) for row in found.rows)
        put(table([account_output.HEADINGS, *cells]))
    else:
        output.put_all(fields(row) for row in found.rows)
    if found.problem is not None:
        raise found.problem  # the list does not say who is locked
