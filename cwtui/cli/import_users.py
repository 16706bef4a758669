"""`cwtui user import`: create many accounts from files, also from those of other programs."""

import os
from typing import Any, Final

import click

from cwtui.accounts import expiry
from cwtui.accounts.errors import Agreed, AlreadyExists, WrongFile
from cwtui.accounts.importing import creating, planning
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.text import listed, visible
from cwtui.cli import confirming, import_files, json_output, passwords_to
from cwtui.cli.file_remarks import remark_fields, say_remarks
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.import_files import ImportFiles
from cwtui.cli.json_output import put_change
from cwtui.cli.output import put, say
from cwtui.cli.passwords_to import InitialPasswords
from cwtui.cli.progress import progress
from cwtui.language import _, ngettext

_NAMED: Final = 10
"""The maximum number of roles that a message names."""


@click.command(
    "import",
    cls=CommandWithExamples,
    examples=(
        "cwtui user import people.csv --dry-run",
        "cwtui user import people.csv --passwords-to initial-passwords.csv",
        "cwtui user import - --keep-going < people.jsonl",
        "cwtui user import --format users.oath users.oath --add-devices",
        "cwtui user import --format aegis --issuer Acme --username ann ann.json",
    ),
)
@import_files.options
@click.option(
    "--add-devices", is_flag=True, help="Give existing accounts the devices that they lack."
)
@click.option("--dry-run", is_flag=True, help="Print what would be done, and change nothing.")
@click.option("--keep-going", is_flag=True, help="Import the other lines if some are wrong.")
@passwords_to.options
@confirming.yes_option("Import")
@json_output.option
@pass_host
def import_(
    host: Host,
    files: ImportFiles,
    add_devices: bool,
    dry_run: bool,
    keep_going: bool,
    initial: InitialPasswords,
    yes: bool,
    as_json: bool,
) -> None:
    """Create the accounts in FILE, or - for standard input.

    FILE is CSV with a header line, or JSON with one object per line. Both use the names of `cwtui
    user list --json`: `cwtui help admin` describes the fields, with examples. With --format, FILE
    comes from another program: `cwtui help importing` says what is taken over from each. A file of
    cwtui user export --with-secrets is decrypted with --identity or with a passphrase, which cwtui
    asks for on a terminal.

    Either all lines are imported or none, unless you give --keep-going. An import never changes
    accounts that exist: if an account is the same in FILE, it is skipped; if it differs, its line
    is refused. So you can repeat an import. Only --add-devices changes such accounts: they get the
    devices that they lack.

    A line of JSON with name and permissions is a role, as in cwtui user export --with-secrets. A
    missing role is created. If the role exists and permits something else, it stays as it is; its
    line is refused, and so are new accounts with this role.

    An account without a password to take over gets an initial password, valid for seven days. On
    one processor, 1,000 of them take about a minute. With --invite, it gets an invitation code,
    valid for as many days as the setting invitation_days says.

    cwtui asks first if accounts get permissions, or have the name of a powerful Unix user of this
    host. Without a terminal, it refuses unless you give --yes. Exit status: 0 done, 1 refused,
    2 some lines are wrong or --passwords-to is missing, 5 some accounts exist and differ.
    """
    ports = host.ports()
    with progress(_("Reading")) as shown:
        found = files.entries(shown)
        plan = planning.plan(
            ports, operator(), found, add_devices=add_devices, invited=initial.invite
        )
    batch: str | None = None
    say_remarks(plan.problems, plan)
    is_refused = bool(plan.problems) and not keep_going
    if dry_run:
        if not as_json:
            _put_difference(plan)
    elif plan.changes_something and not is_refused:
        initial.check_named(plan)

        def create(agreed: Agreed) -> str:
            plan.check_powers(agreed)
            workers = os.cpu_count() or 1
            try:
                with (
                    initial.handed_over(plan, ports.accounts) as hand_over,
                    progress(_("Importing")) as shown,
                ):
                    return creating.create(
                        ports, operator(), plan, hand_over, shown, workers, agreed
                    )
            except KeyboardInterrupt:
                say(_("Interrupted. Either all of this was imported or nothing."))
                raise

        batch = confirming.confirmed(create, yes=yes, if_not=_("Nothing was imported."))
        _say_done(plan, batch, initial)
    if as_json:
        put_change(
            _fields(plan, batch, with_changes=dry_run or not is_refused) | {"dry_run": dry_run},
            changed=batch is not None,
        )
    _say_result(plan, is_done=batch is not None, dry_run=dry_run)


def _put_difference(plan: Plan) -> None:
    """Print a line for each new account, and for each that gets devices."""
    rows = [
        f"+ {visible(one.username)}  "
        f"{_described(one, 'invited' if plan.invites(one) else 'initial')}"
        for one in plan.new
    ]
    rows += [f"~ {visible(one.username)}  devices=added" for one in plan.added]
    rows += [
        f"+ role {name}  permissions={','.join(permitted)}"
        for name, permitted in plan.new_roles.items()
    ]
    if rows:
        put("\n".join(rows))


def _described(one: Entry, made: str) -> str:
    what = {
        "roles": ",".join(one.new_roles),
        "mfa_required": "yes" if one.mfa_required else "",
        "enabled": "no" if one.enabled is False else "",
        "expires": expiry.last_day(one.expires_at) if one.expires_at is not None else "",
        "password": _password(one, made),
        "devices": str(len(one.keys)) if one.keys else "",
        "display_name": f'"{visible(one.display_name)}"' if one.display_name else "",
    }
    return "  ".join(f"{name}={value}" for name, value in what.items() if value)


def _password(one: Entry, made: str) -> str:
    if one.needs_initial_password:
        return made
    return "taken over" if one.password_hash is not None else ""


def _say_done(plan: Plan, batch: str, initial: InitialPasswords) -> None:
    say(
        _(
            "Imported {amount}, in the audit log as batch {batch}.",
            amount=_amount(plan),
            batch=batch,
        )
    )
    if plan.new_roles:
        say(
            ngettext(
                "Created {number} role: {names}.",
                "Created {number} roles: {names}.",
                len(plan.new_roles),
                names=listed([*plan.new_roles], _NAMED),
            )
        )
    if plan.new_peppers:
        say(
            ngettext(
                "Added {number} key to the keyring, for the passwords and backup codes of these "
                "accounts. Copy the keyring to your safe place again.",
                "Added {number} keys to the keyring, for the passwords and backup codes of these "
                "accounts. Copy the keyring to your safe place again.",
                len(plan.new_peppers),
            )
        )
    initial.say_where(plan)


def _amount(plan: Plan) -> str:
    """Return what is new, such as "2 accounts and devices for 1 account"."""
    new = ngettext("{number} account", "{number} accounts", len(plan.new))
    if not plan.added:
        return new
    added = ngettext(
        "devices for {number} account", "devices for {number} accounts", len(plan.added)
    )
    return _("{accounts} and {devices}", accounts=new, devices=added) if plan.new else added


def _fields(plan: Plan, batch: str | None, *, with_changes: bool) -> dict[str, Any]:
    """Return what the plan did or would do; nothing of it, if it was refused."""
    return {
        "batch": batch,
        "new": [one.username for one in plan.new] if with_changes else [],
        "new_roles": dict(plan.new_roles) if with_changes else {},
        "new_keys": [one.key for one in plan.new_peppers] if with_changes else [],
        "devices_added": [one.username for one in plan.added] if with_changes else [],
        "unchanged": [one.username for one in plan.unchanged],
        **remark_fields(plan.problems, plan),
        "unix_users": dict(plan.powers),
    }


def _say_result(plan: Plan, *, is_done: bool, dry_run: bool) -> None:
    """Say what else is to be known. Raises WrongFile or AlreadyExists if lines were refused."""
    if plan.unchanged:
        say(
            ngettext(
                "{number} account exists already, and is as in the file.",
                "{number} accounts exist already, and are as in the file.",
                len(plan.unchanged),
            )
        )
    if dry_run:
        say(_("{amount} would be imported. Nothing was changed.", amount=_amount(plan)))
    elif not plan.changes_something and not plan.problems:
        say(_("There was nothing to import."))
    if not plan.problems:
        return
    sentence = ngettext(
        "{number} line or entry cannot be imported.",
        "{number} lines or entries cannot be imported.",
        len(plan.problems),
    )
    if not (is_done or dry_run):
        nothing = _("Nothing was imported.")
        sentence = f"{sentence} {nothing}"
    if all(problem.exists for problem in plan.problems):
        raise AlreadyExists(sentence)
    raise WrongFile(sentence)
