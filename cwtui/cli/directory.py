"""`cwtui directory`: what the LDAP server says, for the operator."""

from dataclasses import asdict

import click

from cwtui import services
from cwtui.accounts import provisioning, synchronising
from cwtui.accounts.directory import CannotReachDirectory, NoDirectoryUser, Step
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.text import visible
from cwtui.cli import standard_input
from cwtui.cli.errors import Failed
from cwtui.cli.groups import GroupInOrder
from cwtui.cli.host import Host, operator, pass_host
from cwtui.cli.json_output import put_object
from cwtui.cli.output import put, say
from cwtui.cli.progress import progress

_WIDTH = len("attributes")


@click.group("directory", cls=GroupInOrder)
def command() -> None:
    """Test the LDAP connection; sync accounts."""


@command.command()
@click.argument("user")
@click.option(
    "--password-stdin", is_flag=True, help="Check the password on the line of standard input too."
)
@pass_host
def test(host: Host, user: str, password_stdin: bool) -> None:
    """Say step by step what the directory answers about USER.

    Asks each server in turn until one answers: certificate, bind account, search, entry, groups
    and roles. Nothing is written, neither there nor here. Exit status 1 where USER could not sign
    in, or a group of [directory.roles] is missing.
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
        raise Failed("The directory has nobody of this name, or does not show them.") from None
    except CannotReachDirectory as error:
        raise _unreachable(error) from None
    if any(step.what == "group" and not step.ok for step in steps):
        raise Failed("Not all groups of [directory.roles] can be used: see above.")
    if not provisioning.roles_of(found):
        raise Failed("The directory gives this user no role of Connectware: no sign-in.")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--force", is_flag=True, help="Even if nobody, or only a minority, is found.")
@pass_host
def sync(host: Host, as_json: bool, force: bool) -> None:
    """Rename and mark LDAP accounts as the directory has them.

    Accounts of people who were renamed get the new name. Those that the directory no longer has
    are marked, and so are local accounts whose name it has as well: the local one wins. Roles and
    display names come at the next sign-in of each. Nothing is written to the directory.

    If it shows nobody, or no longer shows more than three people who are more than half of all,
    nothing is changed, and the exit status is 1.
    """
    ports = host.ports()
    directory = provisioning.directory_of(ports)
    try:
        with progress("Asking the directory") as tell:
            found = synchronising.sync(ports, directory, operator(), tell, force=force)
    except CannotReachDirectory as error:
        raise _unreachable(error) from None
    if as_json:
        put_object(asdict(found))
        return
    for one in found.renamed:
        put(f"{visible(one.before)}  renamed to {visible(one.after)}")
    for one in found.blocked:
        put(
            f"{visible(one.before)}  is {visible(one.after)} in the directory, and was not "
            f"renamed: there is an account {visible(one.after)}, or its MFA cannot be read"
        )
    for name in found.gone:
        put(f"{visible(name)}  not in the directory, or another person there")
    for name in found.shadowing:
        put(f"{visible(name)}  local, and in the directory too")
    say(
        f"{len(found.renamed)} renamed, {len(found.gone)} not in the directory, "
        f"{len(found.found_again)} found again, {len(found.shadowing)} local ones that hide one "
        "of the directory."
    )


def _unreachable(error: CannotReachDirectory) -> CannotCheck:
    """For the operator: what each server does, and nothing of a try to sign in."""
    return CannotCheck(f"No server of the directory can be used: {'; '.join(error.reasons)}.")
