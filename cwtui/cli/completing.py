"""Values for shell completion.

If something cannot be read, nothing is offered and no message is shown, as it would disturb typing.
"""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:  # loaded only when a shell asks for completions
    from click.shell_completion import CompletionItem

    from cwtui.accounts.model import Account

_MOST: Final = 500
"""The maximum number of usernames to offer. If more match, none are offered."""
_NEEDS_NO_QUOTES: Final = r"[\w.@+:-]+"
"""Names that are safe without quotes. Bash inserts completions as they are, and other people chose
these names.
"""


def usernames(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Return the usernames in the store, if this user may read it. Obeys --config and --store."""
    from click.shell_completion import CompletionItem

    from cwtui.accounts import text
    from cwtui.accounts.errors import AccountsError
    from cwtui.cli.host import Host

    given = ctx.find_root().params
    try:
        rows = Host(given.get("config"), given.get("store")).ports().accounts.rows()
        begun = text.normal(incomplete).casefold()
        found = [row for row in rows if row.username.startswith(begun)]
        return [
            CompletionItem(row.username, help=text.visible(row.display_name) or None)
            for row in found
            if len(found) <= _MOST and re.fullmatch(_NEEDS_NO_QUOTES, row.username)
        ]
    except (AccountsError, OSError):
        return []


def devices(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the devices of the account that is named already."""
    account = _account_named(ctx)
    factor = account.second_factor if account is not None else None
    names = (device.name for device in factor.devices) if factor is not None else ()
    return without_quotes(_beginning(names, incomplete))


def ssh_keys(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of the SSH keys of the account that is named already."""
    account = _account_named(ctx)
    names = (key.name for key in account.ssh_keys) if account is not None else ()
    return without_quotes(_beginning(names, incomplete))


def _account_named(ctx: click.Context) -> "Account | None":
    from cwtui.accounts import text
    from cwtui.accounts.errors import AccountsError
    from cwtui.cli.host import Host

    given = ctx.find_root().params
    # While the option lacks its value, click has not assigned the other words to arguments.
    named = ctx.params.get("name") or next(iter(ctx.params.get("names") or ()), "")
    typed = named or next(iter(ctx.args), "")
    try:
        username = text.username(typed)
        return Host(given.get("config"), given.get("store")).ports().accounts.get(username)
    except (AccountsError, OSError):
        return None


def roles(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of all roles; only the built-in ones if the store cannot be read."""
    from cwtui.accounts.errors import AccountsError
    from cwtui.accounts.roles import names
    from cwtui.cli.host import Host

    given = ctx.find_root().params
    try:
        settings = Host(given.get("config"), given.get("store")).ports().accounts.settings()
        return _beginning(names(settings.custom_roles), incomplete)
    except (AccountsError, OSError):
        return _beginning(names({}), incomplete)


def permissions(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from cwtui.accounts.roles import Permission

    return _beginning(Permission, incomplete)


def account_terms(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return what a term of a filter for accounts could become."""
    from cwtui.accounts.account_words import Facts, account_words
    from cwtui.accounts.filter_help import completions

    return without_quotes(completions(incomplete, account_words(Facts())))


def event_terms(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return what a term of a filter for events could become."""
    from cwtui.accounts.audit.event_words import event_words
    from cwtui.accounts.filter_help import completions

    return without_quotes(completions(incomplete, event_words()))


def without_quotes(values: Iterable[str]) -> list[str]:
    """Return the values that mean nothing else to a shell. Bash would redirect at last:<30d."""
    return [value for value in values if re.fullmatch(_NEEDS_NO_QUOTES, value)]


def parts(known: Iterable[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return the completion of a list with commas."""

    def complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        begun, comma, last = incomplete.rpartition(",")
        return [f"{begun}{comma}{one}" for one in _beginning(known, last)]

    return complete


def settings(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from cwtui.accounts.settings import KEYS

    return _beginning(KEYS, incomplete)


def setting_values(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the values of a setting, if it has only a few."""
    from typing import get_type_hints

    from cwtui.accounts.settings import Mfa, OrganizationSettings

    kind = get_type_hints(OrganizationSettings).get(ctx.params.get("key", ""))
    if kind is bool:
        return _beginning(("yes", "no"), incomplete)
    return _beginning(Mfa, incomplete) if kind is Mfa else []


def files(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def folders(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def topics_and_commands(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Return completions for `cwtui help`: topics and commands, then the commands of a group."""
    from cwtui.help import TOPICS

    words = ctx.params.get("words") or ()
    root = ctx.find_root()
    group: click.Command | None = root.command
    for word in words:
        group = group.get_command(root, word) if isinstance(group, click.Group) else None
    commands = group.list_commands(root) if isinstance(group, click.Group) else []
    topics = () if words else (topic.name for topic in TOPICS)
    return _beginning([*topics, *commands], incomplete)


def _beginning(values: Iterable[str], incomplete: str) -> list[str]:
    return [str(value) for value in values if value.startswith(incomplete)]
