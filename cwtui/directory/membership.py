"""Find a person's roles from their groups or from an attribute.

The server compares DNs, so nothing here needs to know when two spellings of a DN are equal.
"""

from collections.abc import Iterator
from typing import Final

from cwtui.accounts.directory_port import DirectoryMisconfigured, Step, Tell
from cwtui.accounts.text import visible
from cwtui.directory import entries
from cwtui.directory.channel import Channel
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.entries import Entry
from cwtui.directory.escaping import escaped
from cwtui.language import N_, _

IN_CHAIN: Final = "1.2.840.113556.1.4.1941"
"""Active Directory's LDAP_MATCHING_RULE_IN_CHAIN, which follows groups within groups."""

UNKNOWN_RULE: Final = N_(
    'In [directory], nested = "matching-rule" works only with Active Directory. For other servers, '
    'use "memberOf" or "off".'
)


def roles(
    channel: Channel, config: DirectoryConfig, entry: Entry, username: str, tell: Tell
) -> tuple[str, ...]:
    """Return the person's roles, sorted; empty if they have none."""
    found: set[str] = set()
    if config.mode == "attribute":
        found = {value.strip() for value in entry.texts(config.roles_attribute)} - {""}
    for role, group in _groups(config):
        questions = _questions(config, entry, username, group)
        try:
            is_in = any(channel.read(dn, search_filter) for dn, search_filter in questions)
        except DirectoryMisconfigured as problem:
            if config.nested != "matching-rule":
                raise
            raise DirectoryMisconfigured(f"{problem} {_(UNKNOWN_RULE)}") from None
        said = N_("Member of {group}.") if is_in else N_("Not a member of {group}.")
        tell(Step("group", True, _(said, group=visible(group))))
        found |= {role} if is_in else set()
    by = visible(config.roles_attribute) if config.mode == "attribute" else _("groups")
    shown = ", ".join(visible(role) for role in sorted(found)) or _("none")
    tell(Step("roles", bool(found), _("Roles from {by}: {shown}.", by=by, shown=shown)))
    return tuple(sorted(found))


def missing_groups(channel: Channel, config: DirectoryConfig) -> list[str]:
    """Return the configured groups that do not exist or cannot be read."""
    return [group for _, group in _groups(config) if not channel.exists(group)]


def _groups(config: DirectoryConfig) -> Iterator[tuple[str, str]]:
    return ((role, group) for role, groups in config.roles.items() for group in groups)


def _questions(
    config: DirectoryConfig, entry: Entry, username: str, group: str
) -> Iterator[tuple[str, str]]:
    """Yield pairs of DN and filter. If one of them matches, the person is in the group."""
    match config.nested:
        case "memberOf":
            yield entry.dn, f"(memberOf={escaped(group)})"
        case "matching-rule":
            yield entry.dn, f"(memberOf:{IN_CHAIN}:={escaped(group)})"
        case "off":
            by_uid = config.member_is == "uid"
            members = entries.spellings(entry, config.user_rdn, username) if by_uid else [entry.dn]
            for member in members:
                yield group, f"({config.member_attribute}={escaped(member)})"
