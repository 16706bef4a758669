"""`cwtui user unlock`, `reset-mfa`, `reset-password` and `remove`.

With one NAME, and nothing else, a command asks and answers about this account. All others carry out
an act on many (`batch`).
"""

from pathlib import Path

import click

from cwtui.accounts import account_state, administration, text, unlocking, user_mfa, wording
from cwtui.accounts.bulk import acts
from cwtui.accounts.errors import UnknownAccount
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.cli import (
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
from cwtui.cli.output import say
from cwtui.cli.passwords_to import passwords_to_option
from cwtui.cli.values import DeviceName
from cwtui.language import N_, _


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
