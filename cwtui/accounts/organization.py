"""How admins see and change the organization settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from cwtui.accounts import account_state, meanwhile, settings
from cwtui.accounts.account_state import MfaState
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import TO_NOTHING, Agreed, RequiresMfa
from cwtui.accounts.ports import Ports
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import (
    Actor,
    Session,
    as_reason,
    authorise,
    authorise_change,
    write_audit,
)
from cwtui.accounts.settings import Mfa, OrganizationSettings
from cwtui.accounts.text import counted


def show_settings(ports: Ports, actor: Actor) -> OrganizationSettings:
    """Return the organization settings. Raises NotPermitted and SessionEnded."""
    authorise(ports, actor, Permission.MANAGE_ORGANIZATION)
    return ports.accounts.settings()


@dataclass(frozen=True)
class Saved:
    """The settings after a change, and what the change did."""

    settings: OrganizationSettings
    changed: bool
    must_enrol: str = ""
    """Who must register a device because of it, in a sentence; empty if nobody."""


def update_settings(
    ports: Ports,
    actor: Actor,
    values: Mapping[str, str],
    agreed: Agreed = TO_NOTHING,
    seen: OrganizationSettings | None = None,
) -> Saved:
    """Set these keys from text, all or none. `seen` are the settings that the person saw.

    Raises InvalidInput(field=key), RequiresMfa and ChangedByOthers unless `agreed`, and
    NotPermitted.
    """
    authorise_change(ports, actor, Permission.MANAGE_ORGANIZATION)
    before = ports.accounts.settings()
    # Counted before the change, so that nobody waits for it.
    must_enrol = _must_enrol(ports, actor, before, settings.with_values(before, values))
    if must_enrol and RequiresMfa not in agreed:
        raise RequiresMfa(must_enrol)
    with ports.accounts.change() as change:
        authorise_change(ports, actor, Permission.MANAGE_ORGANIZATION, change)
        before = change.settings()
        after = settings.with_values(before, values)
        event = EventType.SETTINGS_UPDATE
        wanted = {key: getattr(after, key) for key in values}
        meanwhile.check(ports, event, "", seen, before, wanted, agreed)
        if after != before:
            change.put_settings(after)
            changed = {
                key: getattr(after, key)
                for key in settings.KEYS
                if getattr(after, key) != getattr(before, key)
            }
            write_audit(ports, event, actor, "", as_reason(changed), change=change)
    return Saved(after, after != before, must_enrol)


def _must_enrol(
    ports: Ports, actor: Actor, before: OrganizationSettings, after: OrganizationSettings
) -> str:
    """Return who must register a device if everyone is required to have one, in a sentence."""
    if after.mfa is not Mfa.REQUIRED or before.mfa is Mfa.REQUIRED:
        return ""
    # The same as the filter `!mfa:enabled !disabled` finds in the list of users.
    states = {
        row.username: account_state.mfa_state(row, before)
        for row in ports.accounts.rows()
        if row.enabled and row.second_factor is None
    }
    already = [*states.values()].count(MfaState.REQUIRED)
    if already == len(states):
        return ""
    included = isinstance(actor, Session) and actor.username in states
    if len(states) == 1 and included:
        return "You have no device yet. You must register one at your next sign-in."
    one = len(states) == 1
    have, they = ("has", "The user") if one else ("have", "They")
    you = ", and you are one of them" if included else ""
    also = f"; {already:,} of them must already" if already else ""
    return (
        f"{counted(len(states), 'user')} who can sign in {have} no device yet{you}. {they} must "
        f"register one at the next sign-in{also}."
    )
