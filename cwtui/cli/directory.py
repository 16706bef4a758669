"""`cwtui directory`: test the LDAP connection and sync accounts."""

from contextlib import suppress
from dataclasses import asdict

import click

from cwtui import services
from cwtui.accounts import provisioning, synchronising, unix_users
from cwtui.accounts.directory_port import CannotReachDirectory, NoDirectoryUser, Step
from cwtui.accounts.errors import CannotCheck, NotFound
from cwtui.accounts.roles import CustomRoles
from cwtui.accounts.text import visible
from cwtui.cli import completing, json_output, standard_input
from cwtui.cli.errors import Failed
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change
from cwtui.cli.output import put, say
from cwtui.cli.progress import progress
from cwtui.cli.values import Username
from cwtui.language import _

_WIDTH = len("attributes")


@click.group("directory", cls=GroupInOrder)
def command() -> None:
    """Test the LDAP connection, and sync LDAP accounts."""


@command.command(
    examples=(
        "cwtui directory test alice",
        "cwtui directory test alice --password-stdin < password.txt",
    )
)
@click.argument("user", type=Username(), shell_complete=completing.usernames)
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Also check the password on one line of standard input.",
)
@pass_host
def test(host: Host, user: str, password_stdin: bool) -> None:
    """Show step by step what the directory says about USER.

    Tries each server in turn until one answers, and shows its certificate, the bind account, the
    search, the entry found, groups and roles. Nothing is changed, neither in the directory nor in
    the store. The exit status is 1 if USER could not sign in, or if a group in [directory.roles] is
    missing, and 4 if USER is not in the directory.
    """
    directory = services.directory(host.config())
    password = standard_input.password() if password_stdin else None
    steps: list[Step] = []

    def show(step: Step) -> None:
        put(visible(f"{'✓' if step.ok else '✗'} {step.what:<{_WIDTH}}  {step.sentence}"))
        steps.append(step)

    try:
        found = directory.explain(user, password, show)
    except NoDirectoryUser:
        raise NotFound(_("This name does not exist in the directory, or is not visible.")) from None
    except CannotReachDirectory as error:
        raise _unreachable(error) from None
    if any(step.what == "group" and not step.ok for step in steps):
        raise Failed(_("Some groups in [directory.roles] cannot be used; see above."))
    if not provisioning.roles_of(found, _custom_roles(host)):
        raise Failed(_("This user cannot sign in: the directory gives them no Connectware role."))


def _custom_roles(host: Host) -> CustomRoles:
    """Return those of the store, if there is one: the directory can be tested without."""
    with suppress(CannotCheck):
        return services.to_read(host.config()).accounts.settings().custom_roles
    return {}


@command.command(examples=("cwtui directory sync", "cwtui directory sync --json"))
@json_output.option
@click.option(
    "--force",
    is_flag=True,
    help="Mark accounts as gone even if most or all are missing in the directory.",
)
@pass_host
def sync(host: Host, as_json: bool, force: bool) -> None:
    """Update LDAP accounts from the directory.

    Renames accounts of people who were renamed there, and marks accounts that are no longer in the
    directory or are disabled there. Also marks local accounts whose username exists in the
    directory; the local account wins. Roles and display names are updated when each person signs
    in. The directory is not changed.

    If the directory shows nobody, or if more than three people are gone and they are more than half
    of all, nothing is changed and the exit status is 1.
    """
    ports = host.ports()
    directory = provisioning.directory_of(ports)
    try:
        with progress(_("Asking the directory")) as tell:
            found = synchronising.sync(ports, directory, operator(), tell, force=force)
    except CannotReachDirectory as error:
        raise _unreachable(error) from None
    if as_json:
        put_change(asdict(found), changed=found.changed)
        return
    for one in found.renamed:
        put(_("{before}  renamed to {after}", before=visible(one.before), after=visible(one.after)))
        power = unix_users.power(ports.unix_user(one.after))
        if power:
            say(unix_users.sentence(visible(one.after), power))
    for one in found.blocked:
        put(
            _(
                "{before}  not renamed to {after} as in the directory: that name is taken, or "
                "the MFA secret cannot be read",
                before=visible(one.before),
                after=visible(one.after),
            )
        )
    for name in found.gone:
        put(
            _(
                "{name}  not in the directory, disabled there, or a different person",
                name=visible(name),
            )
        )
    for name in found.shadowing:
        put(
            _(
                "{name}  local account, but the name also exists in the directory",
                name=visible(name),
            )
        )
    say(
        _(
            "{renamed} renamed, {gone} not in the directory, {found_again} found again, "
            "{shadowing} local with the same name in the directory.",
            renamed=len(found.renamed),
            gone=len(found.gone),
            found_again=len(found.found_again),
            shadowing=len(found.shadowing),
        )
    )


def _unreachable(error: CannotReachDirectory) -> CannotCheck:
    """Return the error for operators, which lists the problem of each server."""
    return CannotCheck(
        _("No directory server can be used: {reasons}.", reasons="; ".join(error.reasons))
    )
