"""Roles are named sets of permissions; permissions are what cwtui itself checks."""

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
    """What these roles allow beside one's own settings. Unknown roles allow nothing."""
    return frozenset().union(*(BUILT_IN.get(role, frozenset()) for role in roles))


def known(roles: Iterable[str]) -> tuple[str, ...]:
    """The roles, each once, in order. Raises InvalidInput for none, and for an unknown one."""
    chosen = tuple(sorted(set(roles)))
    for role in chosen:
        if role not in BUILT_IN:
            raise InvalidInput(
                "roles",
                f"There is no role {visible(role[:64])}. Choose from: {', '.join(BUILT_IN)}.",
            )
    if not chosen:
        raise InvalidInput("roles", f"An account has at least one role, such as {MINIMUM}.")
    return chosen
