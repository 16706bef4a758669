"""How admins see and change the organization settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from cwtui.accounts import account_state, meanwhile, settings, unused
from cwtui.accounts.account_state import MfaState, Status
from cwtui.accounts.account_words import Facts
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import TO_NOTHING, Agreed, DisablesUnused, LowersMfa, RequiresMfa
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
from cwtui.language import _, ngettext


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
    unused: str = ""
    """How many accounts count as disabled because of it, in a sentence; empty if none."""


def update_settings(
    ports: Ports,
    actor: Actor,
    values: Mapping[str, str],
    agreed: Agreed = TO_NOTHING,
    seen: OrganizationSettings | None = None,
) -> Saved:
    """Set these keys from text, all or none. `seen` are the settings that the person saw.

    Raises InvalidInput(field=key) and NotPermitted, and RequiresMfa, LowersMfa, DisablesUnused and
    ChangedByOthers unless `agreed`.
    """
    authorise_change(ports, actor, Permission.MANAGE_ORGANIZATION)
    before = ports.accounts.settings()
    # Counted before the change, so that nobody waits for it.
    wanted_settings = settings.with_values(before, values)
    must_enrol = _must_enrol(ports, actor, before, wanted_settings)
    if must_enrol and RequiresMfa not in agreed:
        raise RequiresMfa(must_enrol)
    _check_not_lowered(before, wanted_settings, agreed)
    newly_unused = _newly_unused(ports, before, wanted_settings)
    if newly_unused and DisablesUnused not in agreed:
        raise DisablesUnused(newly_unused)
    with ports.accounts.change() as change:
        authorise_change(ports, actor, Permission.MANAGE_ORGANIZATION, change)
        before = change.settings()
        after = settings.with_values(before, values)
        event = EventType.SETTINGS_UPDATE
        wanted = {key: getattr(after, key) for key in values}
        meanwhile.check(ports, event, "", seen, before, wanted, agreed)
        _check_not_lowered(before, after, agreed)
        if after != before:
            change.put_settings(after)
            changed = {
                key: getattr(after, key)
                for key in settings.KEYS
                if getattr(after, key) != getattr(before, key)
            }
            write_audit(ports, event, actor, "", as_reason(changed), change=change)
    return Saved(after, after != before, must_enrol, newly_unused)


def _check_not_lowered(
    before: OrganizationSettings, after: OrganizationSettings, agreed: Agreed
) -> None:
    """Raise LowersMfa if fewer users must or can use MFA then, unless `agreed`."""
    lowered = _lowered_mfa(before.mfa, after.mfa)
    if lowered and LowersMfa not in agreed:
        raise LowersMfa(lowered)


def _facts(ports: Ports, wanted: OrganizationSettings) -> Facts:
    which = unused.rule(ports, wanted)
    return Facts(wanted, ports.now(), {}, which, ports.records.last_sign_ins)


def _newly_unused(ports: Ports, before: OrganizationSettings, after: OrganizationSettings) -> str:
    """Return how many accounts are closed by these settings that were not, in a sentence."""
    if not after.unused_days or 0 < before.unused_days <= after.unused_days:
        return ""
    then, now = _facts(ports, before), _facts(ports, after)
    closed = sum(
        now.status(row) is Status.UNUSED and then.status(row) is not Status.UNUSED
        for row in ports.accounts.rows()
    )
    if not closed:
        return ""
    days = ngettext("{number} day", "{number} days", after.unused_days)
    return ngettext(
        "{number} user has not signed in for {days}, and cannot sign in until an admin enables "
        "the account.",
        "{number} users have not signed in for {days}, and cannot sign in until an admin enables "
        "the accounts.",
        closed,
        days=days,
    )


def _must_enrol(
    ports: Ports, actor: Actor, before: OrganizationSettings, after: OrganizationSettings
) -> str:
    """Return who must register a device if everyone is required to have one, in a sentence."""
    if after.mfa is not Mfa.REQUIRED or before.mfa is Mfa.REQUIRED:
        return ""
    # The same as the filter `!mfa:enabled !disabled !expired !unused` finds in the list of users.
    facts = _facts(ports, before)
    states = {
        row.username: facts.mfa(row)
        for row in ports.accounts.rows()
        if row.second_factor is None and facts.status(row) not in account_state.CLOSED
    }
    already = [*states.values()].count(MfaState.REQUIRED)
    if already == len(states):
        return ""
    included = isinstance(actor, Session) and actor.username in states
    if len(states) == 1 and included:
        return _("You have no device yet. You must register one at your next sign-in.")
    without = _without_device_and_you(len(states)) if included else _without_device(len(states))
    return f"{without} {_they_must(len(states), already)}"


def _lowered_mfa(before: Mfa, after: Mfa) -> str:
    """Return what is less safe if the setting changes so, in a sentence; empty if nothing."""
    if after is before or after is Mfa.REQUIRED:
        return ""
    if after is Mfa.OPTIONAL:
        return (
            _("Multi-factor authentication will no longer be required for everyone.")
            if before is Mfa.REQUIRED
            else ""
        )
    return _(
        "Nobody will have to set up multi-factor authentication, or be able to. Registered "
        "devices are still asked for."
    )


def _without_device(number: int) -> str:
    return ngettext(
        "{number} user who can sign in has no device yet.",
        "{number} users who can sign in have no device yet.",
        number,
    )


def _without_device_and_you(number: int) -> str:
    return ngettext(
        "{number} user who can sign in has no device yet, and you are one of them.",
        "{number} users who can sign in have no device yet, and you are one of them.",
        number,
    )


def _they_must(number: int, already: int) -> str:
    if already:
        return ngettext(
            "They must register one at the next sign-in; {number} of them must already.",
            "They must register one at the next sign-in; {number} of them must already.",
            already,
        )
    return ngettext(
        "The user must register one at the next sign-in.",
        "They must register one at the next sign-in.",
        number,
    )
