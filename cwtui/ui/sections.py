"""The sections of the navigation panel, and the pages below them: names, titles, permissions."""

from collections.abc import Container, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from cwtui.accounts.roles import Permission
from cwtui.language import N_, _

SETTINGS: Final = "settings"
USERS: Final = "users"
ROLES: Final = "roles"
USER_MANAGEMENT: Final = (USERS, ROLES)
"""The sections below the heading User Management."""
ORGANIZATION: Final = "organization"
AUDIT_LOG: Final = "audit_log"


class Section(NamedTuple):
    """A section of the navigation panel. Without a `permission`, everyone sees it."""

    title: str
    permission: Permission | None


SECTIONS: Final = {
    SETTINGS: Section(N_("Settings"), None),
    USERS: Section(N_("Users and Roles"), Permission.READ_USERS),
    ROLES: Section(N_("Roles"), Permission.MANAGE_ROLES),
    ORGANIZATION: Section(N_("Organization"), Permission.MANAGE_ORGANIZATION),
    AUDIT_LOG: Section(N_("Audit Log"), Permission.READ_AUDIT_LOG),
}


class SubPage(StrEnum):
    """A page below a section."""

    CHANGE_PASSWORD = "change_password"  # noqa: S105  a name
    REGENERATE_BACKUP_CODES = "regenerate_backup_codes"
    DISABLE_MFA = "disable_mfa"
    CREATE_USER = "create_user"
    CREATE_ROLE = "create_role"
    DISPLAY = "display"
    SSH_KEYS = "ssh_keys"
    OPEN_SESSIONS = "open_sessions"
    ADD_SSH_KEY = "add_ssh_key"


class DeviceTask(StrEnum):
    """What a page is for that is about the person's devices."""

    SHOW = "show"
    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"
    ASK_WHETHER_LOST = "ask_whether_lost"


def allowed(permissions: Container[Permission]) -> Iterator[tuple[str, str]]:
    """Yield the name of each section that these allow, and its title, in the panel's order."""
    for name, section in SECTIONS.items():
        if section.permission is None or section.permission in permissions:
            yield name, _(section.title)
