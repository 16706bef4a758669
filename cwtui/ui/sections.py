"""The sections of the navigation panel, and the pages below them: names, titles, permissions."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from cwtui.accounts import roles
from cwtui.accounts.roles import Permission

SETTINGS: Final = "settings"
USERS: Final = "users"
ORGANIZATION: Final = "organization"
AUDIT_LOG: Final = "audit_log"


class Section(NamedTuple):
    """A section of the navigation panel. Without a `permission`, everyone sees it."""

    title: str
    permission: Permission | None


SECTIONS: Final = {
    SETTINGS: Section("Settings", None),
    USERS: Section("Users and Roles", Permission.MANAGE_USERS),
    ORGANIZATION: Section("Organization", Permission.MANAGE_ORGANIZATION),
    AUDIT_LOG: Section("Audit Log", Permission.READ_AUDIT_LOG),
}


class SubPage(StrEnum):
    """A page below a section."""

    CHANGE_PASSWORD = "change_password"  # noqa: S105  a name
    REGENERATE_BACKUP_CODES = "regenerate_backup_codes"
    DISABLE_MFA = "disable_mfa"
    CREATE_USER = "create_user"
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


def allowed(held_roles: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and title of each section that the roles allow, in the panel's order."""
    permissions = roles.permissions(held_roles)
    for name, section in SECTIONS.items():
        if section.permission is None or section.permission in permissions:
            yield name, section.title
