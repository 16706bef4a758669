"""Accounts that have the name of a Unix user who can do more on this host than others.

Where a door of the host asks cwtui, the account signs in as the Unix user of the same name. So
whoever may create accounts could create one for the web server or for somebody who may become root.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from cwtui.accounts.errors import TO_NOTHING, Agreed, NamesUnixUser
from cwtui.language import N_, _

FIRST_PERSON: Final = 1000
"""The smallest uid of a person (UID_MIN in login.defs(5))."""
_NOBODY: Final = 65534
GROUPS: Final = (
    *("sudo", "wheel", "admin", "root", "docker", "lxd", "incus-admin", "libvirt", "microk8s"),
    *("disk", "shadow", "kmem", "staff"),
)
"""Groups whose members can usually become root: by sudo or su, or by what belongs to the group.

`staff` writes to /usr/local/bin in Debian, which is first in the PATH of root.
"""

_IN_GROUP: Final = N_("may become root (group {group})")


class UnixUser(NamedTuple):
    """A Unix user of this host. `owns_store`: whether the store belongs to this user."""

    uid: int
    groups: frozenset[str]
    owns_store: bool


FindUnixUser: TypeAlias = Callable[[str], UnixUser | None]
"""Returns the Unix user with exactly this name; None if there is none."""


def power(found: UnixUser | None) -> str:
    """Return what this Unix user can do that others cannot, in English; empty if that is nothing.

    The audit log has it, and `told` translates it.
    """
    if found is None:
        return ""
    if found.uid == 0:
        return N_("may do everything")
    if found.owns_store:
        return N_("owns the store of cwtui")
    if found.uid < FIRST_PERSON or found.uid == _NOBODY:
        return N_("belongs to the system")
    groups = [group for group in GROUPS if group in found.groups]
    return _IN_GROUP.format(group=groups[0]) if groups else ""


def told(power: str) -> str:
    """Return what a Unix user can do, for people."""
    groups = (group for group in GROUPS if power == _IN_GROUP.format(group=group))
    return _(_IN_GROUP, group=group) if (group := next(groups, "")) else _(power)


def sentence(name: str, power: str) -> str:
    """Return what an admin is told of an account with this name."""
    return _(
        "{name} is also a Unix user of this host, and {power}. Where sshd, sudo or su ask cwtui, "
        "whoever has the account signs in as that user.",
        name=name,
        power=told(power),
    )


def check(find: FindUnixUser, name: str, agreed: Agreed = TO_NOTHING) -> str:
    """Return the power of the Unix user of this name. Raises NamesUnixUser unless `agreed`."""
    found = power(find(name))
    if found and NamesUnixUser not in agreed:
        raise NamesUnixUser(sentence(name, found))
    return found
