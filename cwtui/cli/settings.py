"""`cwtui settings`: the organization settings."""

import click
from msgspec import to_builtins

from cwtui.accounts import administration
from cwtui.accounts.text import visible
from cwtui.cli.groups import GroupInOrder
from cwtui.cli.host import Host, operator, pass_host
from cwtui.cli.json_output import put_object
from cwtui.cli.output import put, say
from cwtui.cli.tables import table

_json = click.option("--json", "as_json", is_flag=True, help="Print all settings as JSON.")


@click.group("settings", cls=GroupInOrder)
def command() -> None:
    """Show and set the organization settings."""


@command.command()
@_json
@pass_host
def show(host: Host, as_json: bool) -> None:
    """Show each key and its value."""
    settings = to_builtins(administration.show_settings(host.ports(), operator()))
    if as_json:
        put_object(settings)
    else:
        put(table([(key, visible(_shown(value))) for key, value in settings.items()]))


# A value such as -1 is answered by the setting's own sentence.
@command.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("key")
@click.argument("value")
@_json
@pass_host
def set_(host: Host, key: str, value: str, as_json: bool) -> None:
    """Set KEY to VALUE for everyone, at once.

    cwtui settings show lists the keys.
    """
    settings = to_builtins(administration.update_settings(host.ports(), operator(), {key: value}))
    if as_json:
        put_object(settings)
    else:
        say(f"{key} is {_shown(settings[key])}.")


def _shown(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
