"""`cwtui settings`: show and change the organization settings."""

import click
from msgspec import to_builtins

from cwtui.accounts import organization
from cwtui.accounts.errors import TO_EVERYTHING
from cwtui.accounts.settings import KEYS, OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.cli import completing, json_output
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change, put_object
from cwtui.cli.output import put, say
from cwtui.cli.tables import table
from cwtui.language import _


@click.group("settings", cls=GroupInOrder)
def command() -> None:
    """Show and change the organization settings."""


@command.command(examples=("cwtui settings show", "cwtui settings show --json"))
@json_output.option
@pass_host
def show(host: Host, as_json: bool) -> None:
    """Show each setting and its value."""
    settings = _values(organization.show_settings(host.ports(), operator()))
    if as_json:
        put_object(settings)
    else:
        put(table([(key, visible(_shown(value))) for key, value in settings.items()]))


# Unknown options are values here, so that -1 gets the setting's own error message.
@command.command(
    "set",
    context_settings={"ignore_unknown_options": True},
    examples=("cwtui settings set mfa required", "cwtui settings set password_min 12"),
)
@click.argument("key", shell_complete=completing.settings)
@click.argument("value", shell_complete=completing.setting_values)
@json_output.option
@pass_host
def set_(host: Host, key: str, value: str, as_json: bool) -> None:
    """Change a setting for everyone, at once.

    cwtui settings show lists the keys and their values.
    """
    # It was typed in full, so it is not asked again.
    saved = organization.update_settings(host.ports(), operator(), {key: value}, TO_EVERYTHING)
    settings = _values(saved.settings)
    if as_json:
        put_change(settings, changed=saved.changed)
    else:
        say(_("{key} is {value}.", key=key, value=_shown(settings[key])))
    for sentence in filter(None, (saved.must_enrol, saved.unused)):
        say(sentence)


def _values(settings: OrganizationSettings) -> dict[str, object]:
    """Return each setting that has one value. For roles, there is `cwtui role`."""
    values = to_builtins(settings)
    return {key: values[key] for key in KEYS}


def _shown(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
