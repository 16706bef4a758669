"""`cwtui settings`: show and change the organization settings."""

import click
from msgspec import to_builtins

from cwtui.accounts import organization
from cwtui.accounts.errors import Agreed, RequiresMfa
from cwtui.accounts.settings import KEYS, OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.cli import completing, confirming, json_output
from cwtui.cli.confirming import yes_option
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change, put_object
from cwtui.cli.output import put, say
from cwtui.cli.tables import table
from cwtui.language import _

_TYPED_IN_FULL: Agreed = frozenset({RequiresMfa})
"""What is not asked again, as it was typed and makes nothing less safe."""


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
    examples=(
        "cwtui settings set mfa required",
        "cwtui settings set password_min 12",
        "cwtui settings set unused_days 90 --yes",
    ),
)
@click.argument("key", shell_complete=completing.settings)
@click.argument("value", shell_complete=completing.setting_values)
@yes_option("Lower MFA and disable unused accounts")
@json_output.option
@pass_host
def set_(host: Host, key: str, value: str, yes: bool, as_json: bool) -> None:
    """Change a setting for everyone, at once.

    cwtui settings show lists the keys and their values.

    cwtui asks before fewer people must use MFA, and before unused_days disables accounts. Without a
    terminal, it refuses that unless you give --yes.
    """
    ports = host.ports()
    saved = confirming.confirmed(
        lambda agreed: organization.update_settings(
            ports, operator(), {key: value}, agreed | _TYPED_IN_FULL
        ),
        yes=yes,
        if_not=_("Nothing was changed."),
    )
    settings = _values(saved.settings)
    if as_json:
        put_change(settings, changed=saved.changed)
    else:
        say(_("{key} is {value}.", key=key, value=_shown(settings[key])))
    if saved.must_enrol:
        say(saved.must_enrol)
    if saved.unused and yes:  # otherwise it was in the question
        say(saved.unused)


def _values(settings: OrganizationSettings) -> dict[str, object]:
    """Return each setting that has one value. For roles, there is `cwtui role`."""
    values = to_builtins(settings)
    return {key: values[key] for key in KEYS}


def _shown(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
