"""`cwtui store`: check, back up, restore and copy the store."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from msgspec import to_builtins

from cwtui import backups, copying, maintenance
from cwtui.accounts.text import listed
from cwtui.accounts.times import utc_minute
from cwtui.accounts.upkeep.findings import Severity
from cwtui.accounts.upkeep.restored_state import Difference
from cwtui.cli import completing, json_output, terminal
from cwtui.cli.confirming import yes_option
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change, put_list
from cwtui.cli.output import put, say, stream
from cwtui.cli.progress import progress
from cwtui.language import _, grouped, ngettext

_UNREADABLE = 3
_LONG = 2000
"""From this number of accounts on, a check shows a progress bar."""
_NAMED = 5
"""The maximum number of accounts that a message names."""


@click.group("store", cls=GroupInOrder)
def command() -> None:
    """Check, compact, back up, restore and copy the store."""


@command.command(examples=("cwtui store check", "cwtui store check --json"))
@json_output.option
@pass_host
@click.pass_context
def check(ctx: click.Context, host: Host, as_json: bool) -> None:
    """Read the whole store and report what is wrong.

    Changes nothing, and can run while people sign in. Exit status: 0 nothing is damaged (there may
    be warnings), 1 something is damaged, 3 something could not be read.
    """
    report = maintenance.check(host.config(), _watched)
    for finding in report.findings:
        say(finding.sentence)
    if as_json:
        put_list(to_builtins(finding) for finding in report.findings)
    accounts = ngettext("{number} account", "{number} accounts", report.accounts)
    records = ngettext("{number} record", "{number} records", report.records)
    damaged = sum(finding.severity is not Severity.WARNING for finding in report.findings)
    say(
        ngettext(
            "Checked {accounts} and {records}: {number} problem found.",
            "Checked {accounts} and {records}: {number} problems found.",
            damaged,
            accounts=accounts,
            records=records,
        )
        if damaged
        else _(
            "Checked {accounts} and {records}: nothing is damaged.",
            accounts=accounts,
            records=records,
        )
    )
    if report.has(Severity.UNREADABLE):
        ctx.exit(_UNREADABLE)
    if damaged:
        ctx.exit(1)


@command.command(examples=("cwtui store compact",))
@json_output.option
@pass_host
def compact(host: Host, as_json: bool) -> None:
    """Write all journals into their files.

    cwtui does this by itself when a journal is long. Afterwards other programs can read the whole
    content of accounts.json. Can run while people sign in.
    """
    compacted = maintenance.compact(host.config())
    if as_json:
        put_change({"compacted": compacted}, changed=compacted > 0)
        return
    say(
        ngettext("Compacted {number} file.", "Compacted {number} files.", compacted)
        if compacted
        else _("There was nothing to do: all journals are empty.")
    )


@command.command(examples=("cwtui store grant cwtui", "cwtui store grant cwtui | psql -d accounts"))
@click.argument("role")
def grant(role: str) -> None:
    """Print the SQL that lets the database role ROLE use a store in PostgreSQL.

    The role gets the least rights that cwtui needs: it cannot change or remove events of the audit
    log. Changes nothing by itself.
    """
    put(maintenance.rights(role))


@command.command(
    examples=(
        "cwtui store backup /media/backup/cwtui.tar",
        "cwtui store backup - | ssh backup.example.com 'cat > cwtui.tar'",
    )
)
@click.argument("file", shell_complete=completing.files)
@json_output.option
@pass_host
def backup(host: Host, file: str, as_json: bool) -> None:
    """Back up the store to the new file FILE.

    FILE is a tar archive, or - for standard output. The backup is consistent even if people sign in
    meanwhile. It does not contain the keyring; keep a copy of the keyring somewhere else.
    """
    if file == "-" and as_json:
        raise WrongUsage(_("With -, the backup is on standard output, so --json cannot be used."))
    config = host.config()
    if file != "-":
        made = backups.back_up(config, operator(), Path(file), _watched)
    elif stream().isatty():
        raise WrongUsage(_("A backup cannot be written to a terminal. Use a file or a pipe."))
    else:
        made = backups.back_up_to(config, operator(), stream().buffer, _watched)
    manifest = made.manifest
    size = sum(member.size for member in manifest.members.values())
    say(
        ngettext(
            "Backed up {number} file, {size} bytes in total.",
            "Backed up {number} files, {size} bytes in total.",
            len(manifest.members),
            size=grouped(size),
        )
    )
    if not made.is_recorded:
        say(
            _(
                "The audit log does not record this backup: {store} is read-only.",
                store=config.store_name,
            )
        )
    say(
        _(
            "The backup does not contain the keyring {file}. To restore, you need its "
            "keys {keys}. Keep a copy of the keyring somewhere else.",
            file=config.keyring_file,
            keys=", ".join(manifest.keys) or _("(none)"),
        )
    )
    if as_json:
        fields = {
            "file": file,
            "files": len(manifest.members),
            "bytes": size,
            "keys": list(manifest.keys),
            "in_audit_log": made.is_recorded,
        }
        put_change(fields, changed=True)


@command.command(
    examples=(
        "cwtui store restore /media/backup/cwtui.tar",
        "cwtui store restore /media/backup/cwtui.tar --yes",
    )
)
@click.argument("file", shell_complete=completing.files)
@yes_option("Restore")
@json_output.option
@pass_host
def restore(host: Host, file: str, yes: bool, as_json: bool) -> None:
    """Restore the store from FILE.

    FILE is checked before anything is replaced, and the old store is kept. The audit log continues.
    Asks first. If you answer no, or if there is no terminal, nothing is restored and the
    exit status is 1.
    """
    terminal.check_can_ask(_("Use --yes to restore."), yes=yes)
    config = host.config()
    with backups.checked_backup(config, Path(file), _watched) as found:
        say(
            ngettext(
                "The backup was made {time} by cwtui {version}. It contains {number} account.",
                "The backup was made {time} by cwtui {version}. It contains {number} accounts.",
                found.then,
                time=utc_minute(found.manifest.created_at),
                version=found.manifest.cwtui,
            )
        )
        _say_what_changes(found.now, found.difference)
        if not yes and not terminal.ask_yes(_("Restore it to {store}?", store=config.store_name)):
            raise Failed(_("Nothing was restored."))
        kept = found.run(operator())
    say(
        ngettext(
            "Restored {number} account. All sessions have ended.",
            "Restored {number} accounts. All sessions have ended.",
            found.then,
        )
    )
    if kept is not None:
        say(_("The old store is kept in {place}.", place=_place(kept)))
    if as_json:
        old = str(kept) if kept is not None else None
        put_change({"accounts": found.then, "old_store": old}, changed=True)


@command.command(
    examples=(
        "cwtui store copy /var/lib/cwtui postgresql://db.example.com/accounts",
        "cwtui store copy postgresql://db.example.com/accounts /srv/cwtui",
    )
)
@click.argument("source", metavar="FROM", shell_complete=completing.folders)
@click.argument("target", metavar="TO", shell_complete=completing.folders)
@click.option("--replace", is_flag=True, help="Put the copy in the place of a store in TO.")
@json_output.option
@pass_host
@click.pass_context
def copy(
    ctx: click.Context, host: Host, source: str, target: str, replace: bool, as_json: bool
) -> None:
    """Copy the store FROM to TO: from files to PostgreSQL, or back.

    FROM and TO are what --store takes: a folder or postgresql://HOST/NAME. The copy has all that
    the store has, also used codes, waiting times and the whole audit log, but not the keyring. It
    is read back and compared before anybody can use it. FROM stays as it is.

    To move, end the service and all applications first: what is changed in FROM from now on is not
    in the copy. Exit status: 0 done, 1 refused, or FROM was changed while it was copied.
    """
    if host.store is not None:
        raise WrongUsage(_("--store cannot be combined with store copy, which names both stores."))
    from_, to = host.config_of("FROM", source), host.config_of("TO", target)
    try:
        with progress(_("Copying")) as shown:
            done = copying.copy(from_, to, operator(), shown, replace=replace)
    except KeyboardInterrupt:
        say(
            _(
                "Interrupted. {store} stays as it was. Nobody can use a part of the copy.",
                store=from_.store_name,
            )
        )
        raise
    found = done.summary
    say(
        _(
            "Copied {accounts}, {records} and {events} of the audit log to {store}. They were read "
            "back and are the same.",
            accounts=ngettext("{number} account", "{number} accounts", found.accounts.number),
            records=ngettext(
                "{number} sign-in record", "{number} sign-in records", found.records.number
            ),
            events=ngettext("{number} event", "{number} events", found.audit.number),
            store=to.store_name,
        )
    )
    if done.kept is not None:
        say(_("The store that was there is kept in {place}.", place=_place(done.kept)))
        if to.database:
            say(
                _(
                    "The tables are new. Give the role of the hosts its rights: cwtui store "
                    "grant ROLE"
                )
            )
    if not done.is_recorded:
        say(
            _(
                "The audit log of {store} does not record this copy: it is read-only.",
                store=from_.store_name,
            )
        )
    say(
        _(
            "The keyring is not copied. Each host that uses the copy needs {file} with "
            "its keys {keys}.",
            file=from_.keyring_file,
            keys=", ".join(sorted(done.keys)) or _("(none)"),
        )
    )
    if as_json:
        fields = {
            "accounts": found.accounts.number,
            "records": found.records.number,
            "events": found.audit.number,
            "keys": sorted(done.keys),
            "old_store": str(done.kept) if done.kept is not None else None,
            "in_audit_log": done.is_recorded,
            "changed_meanwhile": list(done.changed),
        }
        put_change(fields, changed=True)
    if done.changed:
        say(
            _(
                "{store} was changed meanwhile: {changed}. The copy does not have these "
                "changes. To have them, end the service and all applications that use it, and "
                "copy again with --replace.",
                store=from_.store_name,
                changed=_(" and ").join(done.changed),
            )
        )
        ctx.exit(1)
    say(
        _(
            "What changes in {store} from now on is not in the copy.",
            store=from_.store_name,
        )
    )


def _place(kept: Path | str) -> str:
    return (
        str(kept) if isinstance(kept, Path) else _("the schema {name} of the database", name=kept)
    )


def _say_what_changes(now: int | None, difference: Difference | None) -> None:
    if now is None or difference is None:
        say(_("The current accounts cannot be read."))
        return
    say(ngettext("There is {number} account now.", "There are {number} accounts now.", now))
    for what, names in (
        (_("Will come back"), difference.back),
        (_("Will be removed"), difference.gone),
        (_("Will change back"), difference.changed),
        (_("Disabled now, will be enabled"), difference.enabled),
        (_("Will expire later, or never"), difference.longer),
        (_("Not admins now, will be admins"), difference.admins),
        (_("Will lose their MFA device or the MFA requirement"), difference.less_mfa),
    ):
        if names:
            say(f"{what}: {listed(names, _NAMED)}.")


def _watched(names: list[str]) -> Iterable[str]:
    """Yield the names, with a progress bar if there are many and this is a terminal."""
    if len(names) < _LONG or not sys.stderr.isatty():
        yield from names
        return
    with click.progressbar(names, label=_("Checking"), file=sys.stderr) as bar:
        yield from bar
