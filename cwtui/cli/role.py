"""`cwtui role`: list, create, change and remove roles."""

from collections.abc import Callable
from typing import Any

import click

from cwtui.accounts import custom_roles, roles
from cwtui.accounts.custom_roles import Role
from cwtui.accounts.errors import TO_EVERYTHING
from cwtui.cli import completing, json_output
from cwtui.cli.groups import GroupInOrder, pass_host
from cwtui.cli.host import Host, operator
from cwtui.cli.json_output import put_change, put_list
from cwtui.cli.output import put, say
from cwtui.cli.tables import table
from cwtui.language import _, ngettext

_name = click.argument("name", shell_complete=completing.roles)


def _permission(help_text: str, *, required: bool) -> Callable[[Any], Any]:
    return click.option(
        "--permission",
        "permissions",
        metavar="PERMISSION",
        multiple=True,
        required=required,
        shell_complete=completing.permissions,
        help=help_text,
    )


def _meanings() -> list[tuple[str, str]]:
    return [(permission, _(meaning)) for permission, meaning in roles.MEANING.items()]


@click.group("role", cls=GroupInOrder)
def command() -> None:
    """List, create, change and remove roles.

    A role is a named set of permissions: read-users, manage-users, reset-mfa, manage-roles,
    manage-organization and read-audit-log. The roles connectware-admin and minimum-access are built
    in. Accounts get their roles with cwtui user set.
    """


@command.command("list", examples=("cwtui role list", "cwtui role list --json"))
@json_output.option
@pass_host
def list_(host: Host, as_json: bool) -> None:
    """List all roles, what they permit, and how many accounts have them."""
    found = custom_roles.list_roles(host.ports(), operator())
    if as_json:
        put_list(map(_fields, found))
        return
    put(
        table(
            [
                (
                    role.name,
                    ngettext("{number} account", "{number} accounts", role.accounts),
                    ", ".join(role.permissions) or "-",
                )
                for role in found
            ]
        )
    )


@command.command(
    examples=("cwtui role add help-desk --permission reset-mfa --permission read-users",),
    words=_meanings,
    title="Permissions",
)
@click.argument("name")
@_permission("What the role permits; repeat the option for more.", required=False)
@click.option(
    "--like",
    metavar="ROLE",
    shell_complete=completing.roles,
    help="Copy the permissions of this role.",
)
@json_output.option
@pass_host
def add(
    host: Host, name: str, permissions: tuple[str, ...], like: str | None, as_json: bool
) -> None:
    """Create a role.

    manage-users and reset-mfa include read-users: whoever changes accounts must find them first.
    """
    ports = host.ports()
    copied = custom_roles.show_role(ports, operator(), like).permissions if like else ()
    role = custom_roles.create_role(ports, operator(), name, [*copied, *permissions])
    if as_json:
        put_change(_fields(role), changed=True)
    else:
        say(
            _(
                "The role {name} was created. It permits {permissions}.",
                name=role.name,
                permissions=", ".join(role.permissions),
            )
        )


@command.command(
    "set",
    examples=("cwtui role set help-desk --permission reset-mfa",),
    words=_meanings,
    title="Permissions",
)
@_name
@_permission("Replace what the role permits; repeat the option for more.", required=True)
@json_output.option
@pass_host
def set_(host: Host, name: str, permissions: tuple[str, ...], as_json: bool) -> None:
    """Change what a role permits.

    The change takes effect at once, and users with the role must sign in again.
    """
    # It was typed in full, so it is not asked again.
    done = custom_roles.update_role(host.ports(), operator(), name, permissions, TO_EVERYTHING)
    role = done.role
    if as_json:
        put_change(_fields(role), changed=done.changed)
    elif not done.changed:
        say(_("Nothing was changed: the role {name} permits exactly this.", name=role.name))
    else:
        say(
            _(
                "The role {name} permits {permissions} now.",
                name=role.name,
                permissions=", ".join(role.permissions),
            )
        )


@command.command(examples=("cwtui role remove help-desk",))
@_name
@json_output.option
@pass_host
def remove(host: Host, name: str, as_json: bool) -> None:
    """Remove a role that no account has."""
    custom_roles.remove_role(host.ports(), operator(), name)
    if as_json:
        put_change({"name": name}, changed=True)
    else:
        say(_("The role {name} was removed.", name=name))
    directory = host.config().directory
    if directory is not None and name in directory.roles:
        say(
            _(
                "[directory.roles] in the configuration still names it. Whoever gets it there gets "
                "no permissions from it."
            )
        )


def _fields(role: Role) -> dict[str, object]:
    return {
        "name": role.name,
        "permissions": list(role.permissions),
        "built_in": role.is_built_in,
        "accounts": role.accounts,
    }
