"""`cwtui store`: check, back up, restore and copy the store."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from msgspec import to_builtins

from cwtui import backups, copying, maintenance
from cwtui.accounts.text import counted, listed
from cwtui.accounts.times import utc_minute
from cwtui.accounts.upkeep.findings import Severity
from cwtui.accounts.upkeep.restored_state import Difference
from cwtui.cli import completing, json_output, terminal
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change, put_list
from cwtui.cli.output import put, say
from cwtui.cli.progress import progress

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
    read = f"{counted(report.accounts, 'account')} and {counted(report.records, 'record')}"
    damaged = sum(finding.severity is not Severity.WARNING for finding in report.findings)
    say(
        f"Checked {read}: {counted(damaged, 'problem')} found."
        if damaged
        else f"Checked {read}: nothing is damaged."
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
        f"Compacted {counted(compacted, 'file')}."
        if compacted
        else "There was nothing to do: all journals are empty."
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
        raise WrongUsage("With - the backup itself is on standard output, so --json cannot be.")
    config = host.config()
    if file != "-":
        made = backups.back_up(config, operator(), Path(file), _watched)
    elif sys.stdout.isatty():
        raise WrongUsage("A backup cannot be written to a terminal. Use a file or a pipe.")
    else:
        made = backups.back_up_to(config, operator(), sys.stdout.buffer, _watched)
    manifest = made.manifest
    size = sum(member.size for member in manifest.members.values())
    say(f"Backed up {counted(len(manifest.members), 'file')}, {size:,} bytes in total.")
    if not made.is_recorded:
        say(f"The audit log does not record this backup: {config.store_name} is read-only.")
    say(
        f"The backup does not contain the keyring {config.keyring_file}. To restore, you need its "
        f"keys {', '.join(manifest.keys) or '(none)'}. Keep a copy of the keyring somewhere else."
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
@click.option("--yes", is_flag=True, help="Restore without asking.")
@json_output.option
@pass_host
def restore(host: Host, file: str, yes: bool, as_json: bool) -> None:
    """Restore the store from FILE.

    FILE is checked before anything is replaced, and the old store is kept. The audit log continues.
    Asks first. If you answer no, or if there is no terminal, nothing is restored and the
    exit status is 1.
    """
    terminal.check_can_ask("restore", yes=yes)
    config = host.config()
    with backups.checked_backup(config, Path(file), _watched) as found:
        made = f"{utc_minute(found.manifest.created_at)} by cwtui {found.manifest.cwtui}"
        say(f"The backup was made {made}. It contains {counted(found.then, 'account')}.")
        _say_what_changes(found.now, found.difference)
        if not yes and not terminal.ask_yes(f"Restore it to {config.store_name}?"):
            raise Failed("Nothing was restored.")
        kept = found.run(operator())
    say(f"Restored {counted(found.then, 'account')}. All sessions have ended.")
    if kept is not None:
        say(f"The old store is kept in {_place(kept)}.")
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
        raise WrongUsage("--store cannot be combined with store copy, which names both stores.")
    from_, to = host.config_of("FROM", source), host.config_of("TO", target)
    try:
        with progress("Copying") as shown:
            done = copying.copy(from_, to, operator(), shown, replace=replace)
    except KeyboardInterrupt:
        say(f"Interrupted. {from_.store_name} stays as it was. Nobody can use a part of the copy.")
        raise
    found = done.summary
    say(
        f"Copied {counted(found.accounts.number, 'account')}, "
        f"{counted(found.records.number, 'sign-in record')} and "
        f"{counted(found.audit.number, 'event')} of the audit log to {to.store_name}. They were "
        "read back and are the same."
    )
    if done.kept is not None:
        say(f"The store that was there is kept in {_place(done.kept)}.")
        if to.database:
            say("The tables are new. Give the role of the hosts its rights: cwtui store grant ROLE")
    if not done.is_recorded:
        say(f"The audit log of {from_.store_name} does not record this copy: it is read-only.")
    say(
        f"The keyring is not copied. Each host that uses the copy needs {from_.keyring_file} with "
        f"its keys {', '.join(sorted(done.keys)) or '(none)'}."
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
            f"{from_.store_name} was changed meanwhile: {' and '.join(done.changed)}. The copy "
            "does not have these changes. To have them, end the service and all applications that "
            "use it, and copy again with --replace."
        )
        ctx.exit(1)
    say(f"What changes in {from_.store_name} from now on is not in the copy.")


def _place(kept: Path | str) -> str:
    return str(kept) if isinstance(kept, Path) else f"the schema {kept} of the database"


def _say_what_changes(now: int | None, difference: Difference | None) -> None:
    if now is None or difference is None:
        say("The current accounts cannot be read.")
        return
    say(f"There {'is' if now == 1 else 'are'} {counted(now, 'account')} now.")
    for what, names in (
        ("Will come back", difference.back),
        ("Will be removed", difference.gone),
        ("Will change back", difference.changed),
        ("Disabled now, will be enabled", difference.enabled),
        ("Will expire later, or no more", difference.longer),
        ("Not admins now, will be admins", difference.admins),
        ("Will lose their MFA device or the MFA requirement", difference.less_mfa),
    ):
        if names:
            say(f"{what}: {listed(names, _NAMED)}.")


def _watched(names: list[str]) -> Iterable[str]:
    """Yield the names, with a progress bar if there are many and this is a terminal."""
    if len(names) < _LONG or not sys.stderr.isatty():
        yield from names
        return
    with click.progressbar(names, label="Checking", file=sys.stderr) as bar:
        yield from bar
