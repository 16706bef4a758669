"""`cwtui user set`, `enable` and `disable`: change what an account is.

With one NAME, and nothing else, a command asks and answers about this account. All others carry out
an act on many (`batch`).
"""

from collections.abc import Callable
from typing import Any, Final

import click

from cwtui.accounts import account_state, administration, custom_roles, expiry, roles, text
from cwtui.accounts.account_state import Requirement
from cwtui.accounts.bulk import acts
from cwtui.accounts.errors import Agreed
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.updates import Update
from cwtui.cli import (
    account_output,
    account_results,
    batch,
    choosing,
    completing,
    confirming,
    terminal,
)
from cwtui.cli.choosing import Chosen
from cwtui.cli.confirming import yes_option
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.options import as_one
from cwtui.cli.output import say
from cwtui.language import _


def role_option(help_text: str) -> Callable[[Any], Any]:
    return click.option(
        "--role",
        "roles",
        metavar="ROLE",
        multiple=True,
        shell_complete=completing.roles,
        help=help_text,
    )


def _not_empty(_ctx: click.Context, parameter: click.Parameter, typed: str | None) -> str | None:
    # An empty variable in a script must not mean "never".
    if typed is not None and not typed.strip():
        raise WrongUsage(
            _(
                "{option} is empty. Give a date, or {never}.",
                option=parameter.opts[0],
                never=expiry.NEVER,
            )
        )
    return typed


def expires_option(what: str) -> Callable[[Any], Any]:
    return click.option(
        "--expires",
        callback=_not_empty,
        metavar="DATE|never",
        help=f"{what}, as YYYY-MM-DD. It ends at midnight UTC.",
    )


def _act(
    roles: tuple[str, ...],
    added: str | None,
    removed: str | None,
    mfa_required: bool | None,
    enabled: bool | None,
    display_name: str | None,
    expires: str | None,
) -> acts.Change | acts.OneRole:
    """Return what to do with the accounts. Raises WrongUsage."""
    update = Update(
        display_name=display_name,
        roles=roles or None,
        mfa_required=mfa_required,
        enabled=enabled,
        expires=expires,
    )
    chosen: list[acts.Change | acts.OneRole] = [
        *([acts.Change(update)] if update != Update() else []),
        *([acts.AddRole(added)] if added is not None else []),
        *([acts.RemoveRole(removed)] if removed is not None else []),
    ]
    if not chosen:
        raise WrongUsage(_("Give at least one option to change. See: cwtui user set --help"))
    if len(chosen) > 1:
        raise WrongUsage(
            _(
                "--add-role and --remove-role cannot be combined with other options, or with each "
                "other."
            )
        )
    return chosen[0]


_act_options: Final = as_one(
    "act",
    _act,
    role_option("Replace the accounts' roles by this one; repeat the option for more."),
    click.option(
        "--add-role",
        "added",
        metavar="ROLE",
        shell_complete=completing.roles,
        help="Give this role besides those that the accounts have.",
    ),
    click.option(
        "--remove-role",
        "removed",
        metavar="ROLE",
        shell_complete=completing.roles,
        help="Take this role from accounts that have another one.",
    ),
    click.option(
        "--mfa-required/--no-mfa-required",
        default=None,
        help="Whether MFA is required for these accounts.",
    ),
    click.option("--enabled/--disabled", default=None, help="Whether the accounts can sign in."),
    click.option(
        "--display-name", metavar="TEXT", help="The person's full name. Only with one NAME."
    ),
    expires_option("The accounts' last day"),
)


@click.command(
    "set",
    cls=CommandWithExamples,
    examples=(
        "cwtui user set bob --mfa-required",
        "cwtui user set bob --role connectware-admin --role minimum-access",
        "cwtui user set --from desk.txt --add-role help-desk --dry-run",
        "cwtui user set bob --expires 2027-03-31",
        "cwtui user set --filter '!mfa:enabled' --mfa-required --dry-run",
    ),
)
@choosing.options
@_act_options
@yes_option("Change them")
@pass_host
def set_(host: Host, chosen: Chosen, act: acts.Change | acts.OneRole, yes: bool) -> None:
    """Change accounts.

    Fields without an option stay as they are. Give --add-role or --remove-role alone. New roles and
    --disabled end the accounts' sessions. If accounts get permissions, or are no longer
    admins, cwtui asks first. Without a terminal, it refuses unless you give --yes; but with one
    NAME, it then takes the role without asking.
    """
    ports = host.ports()
    if isinstance(act, acts.OneRole):
        # Otherwise a mistyped role would be one that nobody has, and all is well.
        custom_roles.show_role(ports, operator(), act.role)
    if chosen.one is not None:
        _set_one(ports, chosen.one, act, chosen, yes=yes)
        return
    is_named = isinstance(act, acts.Change) and act.to.display_name is not None
    if is_named and not chosen.selection.is_one_name:
        raise WrongUsage(_("--display-name is for one NAME."))
    batch.carry_out(ports, act, chosen, yes=yes)


def _set_one(
    ports: Ports, name: str, act: acts.Change | acts.OneRole, chosen: Chosen, *, yes: bool
) -> None:
    seen = None if yes else ports.accounts.get(text.username(name))
    if seen is not None and seen.is_admin and act.demotes and terminal.is_there():
        question = _(
            "{name} will lose the role {role}. Continue?", name=seen.username, role=roles.ADMIN
        )
        if not terminal.ask_yes(question):
            raise Failed(_("Nothing was changed."))

    def save(agreed: Agreed) -> administration.Updated:
        if isinstance(act, acts.OneRole):
            return act.do_now(ports, operator(), name, agreed)
        return administration.update_user(ports, operator(), name, act.to, agreed=agreed, seen=seen)

    updated = confirming.confirmed(save, yes=yes, if_not=_("Nothing was changed."))
    details = administration.show_user(ports, operator(), name)
    username = details.account.username
    if chosen.as_json:
        account_results.put_one(username, changed=updated.changed)
    else:
        now = account_output.summary(details)
        say(
            _("Saved {name}: {now}.", name=username, now=now)
            if updated.changed
            else _("Nothing was changed for {name}: {now}.", name=username, now=now)
        )
    say_if_mfa_is_off(details.account, details.settings)


@click.command(
    "enable",
    cls=CommandWithExamples,
    examples=("cwtui user enable bob", "cwtui user enable --from back.txt"),
)
@choosing.options
@pass_host
def enable(host: Host, chosen: Chosen) -> None:
    """Let disabled and long unused accounts sign in again.

    The same as cwtui user set --enabled. For an expired account, set a
    later last day instead: cwtui user set NAME --expires DATE
    """
    _enable(host.ports(), chosen, Update(enabled=True))


@click.command(
    "disable",
    cls=CommandWithExamples,
    examples=(
        'cwtui user disable bob --reason "On leave until March. Ask Eve."',
        "cwtui user disable --filter 'last:>90d' --dry-run",
    ),
)
@choosing.options
@click.option(
    "--reason",
    metavar="TEXT",
    help="What the users read at the next sign-in, after the right password.",
)
@pass_host
def disable(host: Host, chosen: Chosen, reason: str | None) -> None:
    """Keep accounts from signing in, and end their sessions.

    The same as cwtui user set --disabled. The SSH keys of the accounts no longer let anybody in. If
    an account is already disabled, --reason changes its reason.
    """
    _enable(host.ports(), chosen, Update(enabled=False, disabled_reason=reason))


def _enable(ports: Ports, chosen: Chosen, update: Update) -> None:
    act = acts.Change(update)
    if chosen.one is not None:
        _set_one(ports, chosen.one, act, chosen, yes=True)
    else:
        batch.carry_out(ports, act, chosen)


def say_if_mfa_is_off(account: Account, settings: OrganizationSettings) -> None:
    """Say so if the account's own requirement is without effect."""
    if account_state.requirement(account, settings) is Requirement.SUSPENDED:
        say(
            _(
                "MFA is off for the organization, so it is not required yet. To allow it: cwtui "
                "settings set mfa optional"
            )
        )
