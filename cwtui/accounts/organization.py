"""How admins see and change the organization settings."""

from collections.abc import Mapping

from cwtui.accounts import settings
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor, as_reason, authorise, authorise_change, write_audit
from cwtui.accounts.settings import OrganizationSettings


def show_settings(ports: Ports, actor: Actor) -> OrganizationSettings:
    """Return the organization settings. Raises NotPermitted and SessionEnded."""
    authorise(ports, actor, Permission.MANAGE_ORGANIZATION)
    return ports.accounts.settings()


def update_settings(ports: Ports, actor: Actor, values: Mapping[str, str]) -> OrganizationSettings:
    """Set these keys from text, all or none. Raises InvalidInput(field=key) and NotPermitted."""
    with ports.accounts.change() as change:
        authorise_change(ports, actor, Permission.MANAGE_ORGANIZATION, change)
        before = change.settings()
        after = settings.with_values(before, values)
        if after != before:
            change.put_settings(after)
            changed = {
                key: getattr(after, key)
                for key in settings.KEYS
                if getattr(after, key) != getattr(before, key)
            }
            write_audit(
                ports, EventType.SETTINGS_UPDATE, actor, "", as_reason(changed), change=change
            )
    return after
