"""Roles, which are named sets of permissions, and the permissions that cwtui checks."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.text import visible


class Permission(StrEnum):
    MANAGE_USERS = "manage-users"
    MANAGE_ORGANIZATION = "manage-organization"
    READ_AUDIT_LOG = "read-audit-log"


ADMIN: Final = "connectware-admin"
MINIMUM: Final = "minimum-access"

BUILT_IN: Final[dict[str, frozenset[Permission]]] = {
    ADMIN: frozenset(Permission),
    MINIMUM: frozenset(),
}


def permissions(roles: Iterable[str]) -> frozenset[Permission]:
    """Return the permissions of these roles. Unknown roles have none."""
    return frozenset().union(*(BUILT_IN.get(role, frozenset()) for role in roles))


def short(role: str) -> str:
    """Return the role's name as lists shorten it, such as `admin` for `connectware-admin`."""
    return role.removeprefix("connectware-").removesuffix("-access")


def known(roles: Iterable[str]) -> tuple[str, ...]:
    """Return the roles sorted and without duplicates. Raises InvalidInput for none or unknown."""
    chosen = tuple(sorted(set(roles)))
    for role in chosen:
        if role not in BUILT_IN:
            raise InvalidInput(
                "roles",
                f"There is no role named {visible(role[:64])}. Choose from: {', '.join(BUILT_IN)}.",
            )
    if not chosen:
        raise InvalidInput("roles", f"An account needs at least one role, such as {MINIMUM}.")
    return chosen
