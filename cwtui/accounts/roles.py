"""Roles, which are named sets of permissions, and the permissions that cwtui checks.

Two roles are built in. Others are custom: the organization settings say what they permit.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, TypeAlias

from cwtui.accounts.errors import InvalidInput, Unknown
from cwtui.accounts.text import visible
from cwtui.language import N_, _


class Permission(StrEnum):
    READ_USERS = "read-users"
    MANAGE_USERS = "manage-users"
    RESET_MFA = "reset-mfa"
    MANAGE_ROLES = "manage-roles"
    MANAGE_ORGANIZATION = "manage-organization"
    READ_AUDIT_LOG = "read-audit-log"


MEANING: Final = {
    Permission.READ_USERS: N_("see all accounts"),
    Permission.MANAGE_USERS: N_("create, change and remove accounts"),
    Permission.RESET_MFA: N_("disable MFA, remove devices, unlock codes"),
    Permission.MANAGE_ROLES: N_("create, change and remove roles"),
    Permission.MANAGE_ORGANIZATION: N_("change the organization settings"),
    Permission.READ_AUDIT_LOG: N_("read the audit log"),
}
"""What each permission allows, for people."""
ALL: Final = frozenset(Permission)
Needed: TypeAlias = Permission | frozenset[Permission]
"""A permission, or some of which one is enough."""
TO_UNLOCK: Final = frozenset({Permission.MANAGE_USERS, Permission.RESET_MFA})
"""Whoever can remove somebody's second factor can as well let them try codes again."""
ADMIN: Final = "connectware-admin"
MINIMUM: Final = "minimum-access"

BUILT_IN: Final[dict[str, frozenset[Permission]]] = {ADMIN: ALL, MINIMUM: frozenset()}
_SHORT: Final = {ADMIN: "admin", MINIMUM: "minimum"}

CustomRoles: TypeAlias = Mapping[str, tuple[Permission, ...]]
"""What each custom role permits, by its name."""
MOST_CUSTOM: Final = 50
_LONGEST: Final = 40
_NAME: Final = re.compile(rf"[a-z][a-z0-9-]{{0,{_LONGEST - 1}}}")
_RESERVED: Final = "connectware-"
"""How names begin that later versions may give to roles of their own."""
_IMPLIED: Final = {
    Permission.MANAGE_USERS: Permission.READ_USERS,
    Permission.RESET_MFA: Permission.READ_USERS,
}
"""Anyone who can change accounts must find them."""


def names(custom: CustomRoles) -> tuple[str, ...]:
    """Return the names of all roles: the built-in ones first, then the others sorted."""
    return (*BUILT_IN, *sorted(custom))


def permissions(held: Iterable[str], custom: CustomRoles) -> frozenset[Permission]:
    """Return the permissions of these roles. Unknown roles have none."""
    return frozenset().union(
        *(BUILT_IN[role] if role in BUILT_IN else custom.get(role, ()) for role in held)
    )


def may_give(held: frozenset[Permission], given: Iterable[Permission]) -> bool:
    """Whether somebody with the permissions `held` may give these: nobody gives what they lack."""
    return held.issuperset(given)


def grantable(held: frozenset[Permission], custom: CustomRoles) -> tuple[str, ...]:
    """Return the names of the roles that somebody with the permissions `held` may give."""
    return tuple(name for name in names(custom) if may_give(held, permissions([name], custom)))


def are_built_in(held: Iterable[str]) -> bool:
    """Whether all of these roles are built in, so that no settings are needed to know them."""
    return BUILT_IN.keys() >= set(held)


def short(role: str) -> str:
    """Return the role's name as lists shorten it, such as `admin` for `connectware-admin`."""
    return _SHORT.get(role, role)


def known(chosen: Iterable[str], custom: CustomRoles) -> tuple[str, ...]:
    """Return the roles sorted and without duplicates.

    Raises Unknown, and InvalidInput for none and for what cannot be the name of a role.
    """
    found = tuple(sorted(set(chosen)))
    for role in found:
        if role not in BUILT_IN and role not in custom:
            kind = Unknown if _NAME.fullmatch(role) else InvalidInput
            raise kind(
                "roles",
                _(
                    "There is no role named {role}. Choose from: {names}.",
                    role=visible(role[:64]),
                    names=", ".join(names(custom)),
                ),
            )
    if not found:
        raise InvalidInput(
            "roles", _("An account needs at least one role, such as {role}.", role=MINIMUM)
        )
    return found


def role_name(typed: str) -> str:
    """Return the name of a custom role. Raises InvalidInput(field="name")."""
    name = typed.strip()
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "name",
            _(
                "A role's name has 1 to {most} lower-case letters, digits and hyphens, and begins "
                "with a letter, such as help-desk.",
                most=_LONGEST,
            ),
        )
    # Lists and filters show built-in roles by their short names.
    if name in BUILT_IN or name in _SHORT.values() or name.startswith(_RESERVED):
        raise InvalidInput(
            "name",
            _(
                "Names of built-in roles, and those that begin with {reserved}, are reserved.",
                reserved=_RESERVED,
            ),
        )
    return name


def chosen_permissions(typed: Iterable[str]) -> tuple[Permission, ...]:
    """Return these permissions, with those that they imply, in the order of all permissions.

    Raises InvalidInput(field="permissions").
    """
    found = set[Permission]()
    for one in typed:
        try:
            permission = Permission(one)
        except ValueError:
            raise InvalidInput(
                "permissions",
                _(
                    "There is no permission named {name}. Choose from: {permissions}.",
                    name=visible(one[:64]),
                    permissions=", ".join(Permission),
                ),
            ) from None
        found |= {permission, _IMPLIED.get(permission, permission)}
    if not found:
        raise InvalidInput(
            "permissions",
            _(
                "Choose at least one permission. {role} is the role without any.",
                role=MINIMUM,
            ),
        )
    return tuple(permission for permission in Permission if permission in found)
