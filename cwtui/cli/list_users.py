"""`cwtui user list`: the accounts that match a filter, in several formats."""

from typing import Any, Final

import click

from cwtui.accounts import account_words, user_list
from cwtui.accounts.filter_help import explained
from cwtui.accounts.listing import AccountRow, View
from cwtui.cli import account_output, completing, filtering, formats
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.one_of import OneOf
from cwtui.cli.output import put, say
from cwtui.cli.tables import table
from cwtui.cli.values import WholeNumber
from cwtui.language import _

_WORDS: Final = account_words.before_reading()


def _checked(
    _ctx: click.Context, _parameter: click.Parameter, terms: tuple[str, ...]
) -> tuple[str, ...]:
    if terms:
        # One of several may be empty, such as a variable of a script.
        shortest = min(terms, key=lambda term: len(term.strip()))
        filtering.check(" ".join(terms) if shortest.strip() else "", _WORDS, "FILTER")
    return terms


@click.command(
    "list",
    cls=CommandWithExamples,
    words=lambda: explained(_WORDS),
    examples=(
        "cwtui user list mfa:none status:enabled",
        "cwtui user list '!role:admin' 'last:>90d' --sort last_sign_in",
        "cwtui user list never --fields username,created_at --format csv",
        "cwtui user list --role connectware-admin --json",
    ),
)
@click.argument(
    "terms",
    metavar="[FILTER]...",
    nargs=-1,
    callback=_checked,
    shell_complete=completing.account_terms,
)
@filtering.text_option(
    _WORDS, "Only accounts that match this filter, in one argument.", completing.account_terms
)
@filtering.word_option("role", _WORDS, "Only accounts with this role.", "ROLE")
@filtering.word_option("mfa", _WORDS, "Only accounts in this MFA state.")
@filtering.word_option("origin", _WORDS, "Only local accounts, or only LDAP accounts.")
@click.option(
    "--sort",
    metavar="FIELD",
    type=OneOf(list(account_words.SORTED_BY)),
    default="username",
    help=f"Sort by this field: {', '.join(account_words.SORTED_BY)}.",
)
@click.option("--reverse", is_flag=True, help="Sort in descending order.")
@click.option("--limit", metavar="N", type=WholeNumber(1), help="Print at most N accounts.")
@formats.options(account_output.LIST_FIELDS)
@pass_host
def list_(
    host: Host,
    terms: tuple[str, ...],
    text: str | None,
    words: dict[str, str],
    sort: str,
    reverse: bool,
    limit: int | None,
    output: formats.Format,
) -> None:
    """List the accounts that match all terms of a filter.

    A term is text in the username or display name, or one of the words below with a value. ! before
    a term means "not". Put quotes around terms with !, < or >, which are special to the shell.

    In the MFA column, "enabled" means that a device is registered, "required" that the account must
    register one at its next sign-in, and "none" that neither is the case.

    In the STATUS column, "locked" means that the account is enabled but must wait after failed
    attempts. To let the user try again at once: cwtui user unlock NAME
    """
    view = View(" ".join((text or "", *terms)), sort, reverse, words)
    ports = host.ports()
    with filtering.options_named():
        found = user_list.list_users(ports, operator(), view, limit=limit)
    needs_records = output.wants("last_sign_in")
    names = [row.username for row in found.rows] if needs_records else []
    last_sign_ins = user_list.last_sign_ins(ports, operator(), names)
    now = ports.now()

    def fields(row: AccountRow) -> dict[str, Any]:
        at = last_sign_ins.get(row.username)
        return account_output.list_fields(row, found.settings, at, now)

    if output.name == formats.TABLE and not found.rows:
        say(_("No account matches."))
    elif output.name == formats.TABLE and not output.fields:
        cells = (account_output.row_cells(row, found) for row in found.rows)
        put(table([account_output.HEADINGS, *cells]))
    else:
        output.put_all(fields(row) for row in found.rows)
    if found.problem is not None:
        raise found.problem  # the list does not say who is locked
