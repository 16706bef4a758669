"""`cwtui directory`: what the LDAP server says, for the operator."""

import click

from cwtui import services
from cwtui.accounts.directory import NoDirectoryUser, Step
from cwtui.accounts.text import visible
from cwtui.cli import standard_input
from cwtui.cli.errors import Failed
from cwtui.cli.groups import GroupInOrder
from cwtui.cli.host import Host, pass_host
from cwtui.cli.output import put

_WIDTH = len("attributes")


@click.group("directory", cls=GroupInOrder)
def command() -> None:
    """Ask the LDAP directory about a person."""


@command.command()
@click.argument("user")
@click.option(
    "--password-stdin", is_flag=True, help="Check the password on the line of standard input too."
)
@pass_host
def test(host: Host, user: str, password_stdin: bool) -> None:
    """Say step by step what the directory answers about USER.

    Asks each server in turn until one answers: certificate, bind account, search, entry, groups
    and roles. Nothing is written, neither there nor here.
    """
    directory = services.directory(host.config())
    password = standard_input.password() if password_stdin else None
    try:
        directory.explain(user, password, _show)
    except NoDirectoryUser:
        raise Failed("The directory has nobody of this name, or does not show them.") from None


def _show(step: Step) -> None:
    put(visible(f"{'✓' if step.ok else '✗'} {step.what:<{_WIDTH}}  {step.sentence}"))
