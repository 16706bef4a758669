"""`cwtui user set`, `enable`, `disable`, `unlock`, `reset-mfa`, `reset-password` and `remove`.

With one NAME, and nothing else, a command asks and answers about this account. All others carry out
an act on many (`batch`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from cwtui.accounts import account_state, administration, expiry, text, unlocking, user_mfa, wording
from cwtui.accounts.account_state import Requirement
from cwtui.accounts.bulk import acts
from cwtui.accounts.errors import Agreed, UnknownAccount
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
from cwtui.cli.initial_password import hand_over, invite_option
from cwtui.cli.options import as_one
from cwtui.cli.output import say
from cwtui.cli.passwords_to import passwords_to_option
from cwtui.cli.values import DeviceName
from cwtui.language import N_, _


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


def _update(
    roles: tuple[str, ...],
    mfa_required: bool | None,
    enabled: bool | None,
    display_name: str | None,
    expires: str | None,
) -> Update:
    return Update(
        display_name=display_name,
        roles=roles or None,
        mfa_required=mfa_required,
        enabled=enabled,
        expires=expires,
    )


_update_options: Final = as_one(
    "update",
    _update,
    role_option("Replace the accounts' roles by this one; repeat the option for more."),
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
        "cwtui user set bob --expires 2027-03-31",
        "cwtui user set --filter '!mfa:enabled' --mfa-required --dry-run",
    ),
)
@choosing.options
@_update_options
@yes_option("Change them")
@pass_host
def set_(host: Host, chosen: Chosen, update: Update, yes: bool) -> None:
    """Change accounts.

    Fields without an option stay as they are. New roles and --disabled end the accounts' sessions.
    If accounts get permissions, cwtui asks first. Without a terminal, it refuses unless you give
    --yes.
    """
    if update == Update():
        raise WrongUsage(_("Give at least one option to change. See: cwtui user set --help"))
    if chosen.one is not None:
        _set_one(host.ports(), chosen.one, update, chosen, yes=yes)
        return
    if update.display_name is not None:
        raise WrongUsage(_("--display-name is for one NAME, without --dry-run."))
    batch.carry_out(host.ports(), acts.Change(update), chosen, yes=yes)


def _set_one(ports: Ports, name: str, update: Update, chosen: Chosen, *, yes: bool) -> None:
    seen = None if yes else ports.accounts.get(text.username(name))

    def save(agreed: Agreed) -> administration.Updated:
        return administration.update_user(ports, operator(), name, update, agreed=agreed, seen=seen)

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
    if chosen.one is not None:
        _set_one(ports, chosen.one, update, chosen, yes=True)
    else:
        batch.carry_out(ports, acts.Change(update), chosen)


@click.command(
    "remove",
    cls=CommandWithExamples,
    examples=(
        "cwtui user remove bob",
        "cwtui user remove bob carol --yes",
        "cwtui user remove --from left.txt --dry-run",
    ),
)
@choosing.options
@yes_option("Remove them")
@pass_host
def remove(host: Host, chosen: Chosen, yes: bool) -> None:
    """Remove accounts for good.

    Asks first, unless you give --yes. If you answer no, or if there is no terminal, nothing is
    removed and the exit status is 1.
    """
    if chosen.one is None:
        batch.carry_out(host.ports(), acts.Remove(), chosen, yes=yes, needs_yes=True)
        return
    terminal.check_can_ask(_("Use --yes to remove the account."), yes=yes)
    ports = host.ports()
    username = administration.name_to_remove(ports, operator(), chosen.one)
    seen, kept = ports.accounts.get(username), _("{name} was not removed.", name=username)
    if seen is None:
        raise UnknownAccount(username)
    if not yes and not terminal.ask_yes(_("Remove the account {name} for good?", name=username)):
        raise Failed(kept)
    confirming.confirmed(
        lambda agreed: administration.remove_user(
            ports, operator(), username, agreed=agreed, seen=seen
        ),
        yes=yes,
        if_not=kept,
    )
    if chosen.as_json:
        account_results.put_one(username, changed=True)
    else:
        say(_("Removed {name}.", name=username))


@click.command(
    "reset-password",
    cls=CommandWithExamples,
    examples=(
        "cwtui user reset-password bob",
        "cwtui user reset-password bob --invite",
        "cwtui user reset-password --from new --passwords-to initial.csv --yes",
    ),
)
@choosing.options
@passwords_to_option
@invite_option("Make invitation codes instead of passwords.")
@yes_option("Reset the passwords of many accounts")
@pass_host
def reset_password(
    host: Host, chosen: Chosen, passwords_to: Path | None, invite: bool, yes: bool
) -> None:
    """Set new initial passwords.

    An initial password is valid for seven days and must be changed at the next sign-in.

    With one NAME, the password is the only line on standard output. With --json, it is in the
    account's object, as initial_password or invitation_code.

    With several accounts, the passwords are written to the file after --passwords-to. cwtui asks
    first; without a terminal, it refuses unless you give --yes. Accounts whose initial password is
    still valid keep it, so you can repeat the command.

    With --invite, users get invitation codes instead. A user enters the code as the password, and
    then chooses a password. A code is valid for as many days as the setting invitation_days says.
    Any reset, with or without --invite, makes an earlier code of the account invalid.
    """
    if chosen.one is None or passwords_to is not None:
        if passwords_to is None and not chosen.dry_run:
            raise WrongUsage(
                _("Name a new file for the invitation codes: --passwords-to NEWFILE")
                if invite
                else _("Name a new file for the initial passwords: --passwords-to NEWFILE")
            )
        batch.carry_out(
            host.ports(),
            acts.ResetPassword(invite),
            chosen,
            yes=yes,
            needs_yes=True,
            passwords_to=passwords_to,
        )
        return
    ports = host.ports()
    renewed = administration.reset_password(ports, operator(), chosen.one, invited=invite)
    done = N_("Invited {name}.") if invite else N_("Reset the password of {name}.")
    hand_over(renewed, done, ports, as_json=chosen.as_json, as_result=True)


@click.command(
    "reset-mfa",
    cls=CommandWithExamples,
    examples=(
        "cwtui user reset-mfa bob",
        "cwtui user reset-mfa bob --device Tablet",
        "cwtui user reset-mfa --from lost.txt --yes",
    ),
)
@choosing.options
@click.option(
    "--device",
    metavar="NAME",
    type=DeviceName(),
    shell_complete=completing.devices,
    help="Remove only this device. Only with one NAME.",
)
@yes_option("Remove all devices")
@pass_host
def reset_mfa(host: Host, chosen: Chosen, device: str | None, yes: bool) -> None:
    """Remove the devices and backup codes of accounts.

    Use it when a device is lost, and make sure who is asking you. If MFA is required for the
    account, the user sets it up again at the next sign-in. With --device, the other devices and
    the backup codes stay. If there is nothing to remove, the exit status is 0.

    Without --device, cwtui asks first. If there is no terminal, it does not ask with one NAME, and
    refuses with several accounts unless you give --yes.
    """
    if chosen.one is None:
        if device is not None:
            raise WrongUsage(_("--device is for one NAME, without --dry-run."))
        batch.carry_out(host.ports(), acts.DisableMfa(), chosen, yes=yes, needs_yes=True)
        return
    ports = host.ports()
    if device is not None:
        account, removed = user_mfa.remove_device(ports, operator(), chosen.one, device)
        said = wording.device_removed(account, removed)
    else:
        account, said = _without_mfa(ports, chosen.one, yes=yes)
    if chosen.as_json:
        account_results.put_one(account.username, changed=bool(said))
    else:
        say(said or _("{name} has no device. Nothing was changed.", name=account.username))


def _without_mfa(ports: Ports, name: str, *, yes: bool) -> tuple[Account, str]:
    """Disable the account's MFA, and return the account and what was done; empty if nothing."""
    seen = administration.show_user(ports, operator(), name).account
    if seen.second_factor is None:
        return seen, ""
    kept = _("Nothing was removed.")
    if not yes and terminal.is_there():
        question = _("Remove all devices and backup codes of {name}?", name=seen.username)
        if not terminal.ask_yes(question):
            raise Failed(kept)
    account = confirming.confirmed(
        lambda agreed: user_mfa.disable_mfa(ports, operator(), name, agreed=agreed, seen=seen),
        yes=yes,
        if_not=kept,
    )
    required = account_state.is_required(account, ports.accounts.settings())
    then = wording.after_mfa_is_disabled(required=required)
    return account, _("Disabled the MFA of {name}. {then}", name=account.username, then=then)


@click.command(
    "unlock",
    cls=CommandWithExamples,
    examples=("cwtui user unlock bob", "cwtui user unlock --filter status:locked"),
)
@choosing.options
@pass_host
def unlock(host: Host, chosen: Chosen) -> None:
    """Clear the failed attempts of accounts.

    The users can try again immediately. With several accounts, only the locked ones are changed.
    Says so if an account was not locked.
    """
    if chosen.one is None:
        batch.carry_out(host.ports(), acts.Unlock(), chosen)
        return
    username = text.username(chosen.one)
    unlocked = unlocking.unlock(host.ports(), operator(), username)
    if chosen.as_json:
        account_results.put_one(username, changed=unlocked.cleared > 0)
    else:
        say(wording.unlocked(username, unlocked))


def say_if_mfa_is_off(account: Account, settings: OrganizationSettings) -> None:
    """Say so if the account's own requirement is without effect."""
    if account_state.requirement(account, settings) is Requirement.SUSPENDED:
        say(
            _(
                "MFA is off for the organization, so it is not required yet. To allow it: cwtui "
                "settings set mfa optional"
            )
        )
