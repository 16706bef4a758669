"""How roles are made and changed that are not built in.

Nobody makes, changes or removes a role that permits more than they may do themselves, or changes
one of somebody who may do more. A role that somebody has is not removed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from cwtui.accounts import meanwhile, roles
from cwtui.accounts.account_words import having_role
from cwtui.accounts.audit.events import Event, EventType
from cwtui.accounts.errors import (
    TO_NOTHING,
    Agreed,
    Refused,
    Taken,
    UnknownRole,
)
from cwtui.accounts.listing import BY_USERNAME
from cwtui.accounts.managing import refuse_beyond, refuse_to_grant
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.roles import CustomRoles, Permission
from cwtui.accounts.session import (
    Actor,
    as_reason,
    authorise,
    authorise_change,
    event_of,
    write_audit,
)
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import _, ngettext


@dataclass(frozen=True)
class Role:
    """A role with what it permits, in the order of all permissions, and how many have it."""

    name: str
    permissions: tuple[Permission, ...]
    is_built_in: bool
    accounts: int


def grantable(ports: Ports, actor: Actor) -> tuple[str, ...]:
    """Return the roles that the actor may give to a new account. Raises NotPermitted."""
    held = authorise(ports, actor, Permission.MANAGE_USERS)
    return roles.grantable(held, ports.accounts.settings().custom_roles)


def list_roles(ports: Ports, actor: Actor) -> list[Role]:
    """Return all roles: the built-in ones first. Raises NotPermitted and SessionEnded."""
    authorise(ports, actor, Permission.MANAGE_ROLES)
    settings = ports.accounts.settings()
    return [_role(ports, settings, name) for name in roles.names(settings.custom_roles)]


def show_role(ports: Ports, actor: Actor, name: str) -> Role:
    """Return one role. Raises UnknownRole, NotPermitted and SessionEnded."""
    authorise(ports, actor, Permission.MANAGE_ROLES)
    settings = ports.accounts.settings()
    if name not in roles.BUILT_IN and roles.role_name(name) not in settings.custom_roles:
        raise UnknownRole(name)
    return _role(ports, settings, name)


def create_role(ports: Ports, actor: Actor, name: str, permissions: Iterable[str]) -> Role:
    """Create a role. Raises InvalidInput, Taken, Refused, NotPermitted and SessionEnded."""
    authorise_change(ports, actor, Permission.MANAGE_ROLES)
    new, permitted = roles.role_name(name), roles.chosen_permissions(permissions)
    with ports.accounts.change() as change:
        held = authorise_change(ports, actor, Permission.MANAGE_ROLES, change)
        refuse_to_grant(held, frozenset(permitted))
        settings = change.settings()
        if new in settings.custom_roles:
            raise Taken(
                "name", _("There is already a role named {name}. Choose another name.", name=new)
            )
        _check_number(len(settings.custom_roles) + 1)
        _put(change, settings, {**settings.custom_roles, new: permitted})
        reason = as_reason({"permissions": permitted})
        write_audit(ports, EventType.ROLE_CREATE, actor, new, reason, change=change)
    return Role(new, permitted, is_built_in=False, accounts=0)


def restore(ports: Ports, change: AccountsChange, actor: Actor, new: CustomRoles) -> list[Event]:
    """Add the roles of an import, which are missing, and return their events.

    Raises Refused for too many, NotPermitted and SessionEnded.
    """
    if not new:
        return []
    held = authorise_change(ports, actor, Permission.MANAGE_ROLES, change)
    refuse_to_grant(held, frozenset().union(*new.values()))
    settings = change.settings()
    after = {**settings.custom_roles, **new}
    _check_number(len(after))
    _put(change, settings, after)
    return [
        event_of(
            ports,
            EventType.ROLE_CREATE,
            actor,
            name,
            as_reason({"permissions": permitted}),
        )
        for name, permitted in new.items()
    ]


def _check_number(number: int) -> None:
    """Raise Refused if these are too many roles."""
    if number > roles.MOST_CUSTOM:
        raise Refused(
            _(
                "There can be at most {most} roles. Remove one that nobody has first.",
                most=roles.MOST_CUSTOM,
            )
        )


@dataclass(frozen=True)
class RoleUpdated:
    """A role after an update, and whether the update changed anything."""

    role: Role
    changed: bool


def update_role(
    ports: Ports,
    actor: Actor,
    name: str,
    permissions: Iterable[str],
    agreed: Agreed = TO_NOTHING,
    seen: Iterable[Permission] | None = None,
    *,
    may_be_none: bool = False,
) -> RoleUpdated:
    """Replace what the role permits. `seen` is what the person saw that it permits.

    `may_be_none`: it may permit nothing, which is meant for a moment only. Users with the role must
    sign in again. Raises InvalidInput, UnknownRole, Refused for built-in roles, ChangedByOthers
    unless `agreed`, NotPermitted and SessionEnded.
    """
    authorise_change(ports, actor, Permission.MANAGE_ROLES)
    wanted = tuple(permissions)
    permitted = () if may_be_none and not wanted else roles.chosen_permissions(wanted)
    with ports.accounts.change() as change:
        held = authorise_change(ports, actor, Permission.MANAGE_ROLES, change)
        settings = change.settings()
        before = _existing(settings, name)
        refuse_to_grant(held, frozenset(before) | frozenset(permitted))
        _refuse_beyond(ports, held, name, settings)
        meanwhile.check_role(ports, name, seen, before, agreed, permitted)
        if before != permitted:
            _put(change, settings, {**settings.custom_roles, name: permitted})
            reason = as_reason({"permissions": permitted})
            write_audit(ports, EventType.ROLE_UPDATE, actor, name, reason, change=change)
    role = Role(name, permitted, is_built_in=False, accounts=_count(ports, name))
    return RoleUpdated(role, before != permitted)


def remove_role(
    ports: Ports,
    actor: Actor,
    name: str,
    agreed: Agreed = TO_NOTHING,
    seen: Iterable[Permission] | None = None,
) -> None:
    """Remove a role that nobody has. `seen` is what the person saw that it permits.

    Raises UnknownRole, Refused, ChangedByOthers unless `agreed`, NotPermitted and SessionEnded.
    """
    authorise_change(ports, actor, Permission.MANAGE_ROLES)
    with ports.accounts.change() as change:
        held = authorise_change(ports, actor, Permission.MANAGE_ROLES, change)
        settings = change.settings()
        before = _existing(settings, name)
        refuse_to_grant(held, frozenset(before))
        # Nobody can give it to an account until this change ends.
        number = _count(ports, name)
        if number:
            raise Refused(
                ngettext(
                    "{number} account has the role {name}, as the filter role:{name} shows. Take "
                    "it away first; from an LDAP user, in the directory.",
                    "{number} accounts have the role {name}, as the filter role:{name} shows. "
                    "Take it away first; from LDAP users, in the directory.",
                    number,
                    name=name,
                )
            )
        meanwhile.check_role(ports, name, seen, before, agreed)
        left = {one: held for one, held in settings.custom_roles.items() if one != name}
        _put(change, settings, left)
        write_audit(ports, EventType.ROLE_REMOVE, actor, name, change=change)


def _existing(settings: OrganizationSettings, name: str) -> tuple[Permission, ...]:
    if name in roles.BUILT_IN:
        raise Refused(
            _("The role {name} is built in, so it cannot be changed or removed.", name=name)
        )
    if roles.role_name(name) not in settings.custom_roles:
        raise UnknownRole(name)
    return settings.custom_roles[name]


def _refuse_beyond(
    ports: Ports, held: frozenset[Permission], role: str, settings: OrganizationSettings
) -> None:
    """Raise NotPermitted if an account with the role has permissions that are not `held`."""
    if held == roles.ALL:
        return
    for row in ports.accounts.page(having_role(role), BY_USERNAME):
        refuse_beyond(held, row, roles.permissions(row.roles, settings.custom_roles))


def _put(change: AccountsChange, settings: OrganizationSettings, custom: CustomRoles) -> None:
    ordered = {name: custom[name] for name in sorted(custom)}
    change.put_settings(replace(settings, custom_roles=ordered))


def _role(ports: Ports, settings: OrganizationSettings, name: str) -> Role:
    held = roles.permissions([name], settings.custom_roles)
    permitted = tuple(one for one in Permission if one in held)
    return Role(name, permitted, name in roles.BUILT_IN, _count(ports, name))


def _count(ports: Ports, role: str) -> int:
    """Return how many accounts have the role."""
    return ports.accounts.count(having_role(role))
