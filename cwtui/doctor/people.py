"""People: whether Unix users and accounts fit together, where a door of the host asks cwtui."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from cwtui.accounts import account_state, unix_users
from cwtui.accounts.closed_accounts import WARNED_DAYS, warned_days
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import listed
from cwtui.accounts.unused import DAY
from cwtui.doctor.doors import Door, doors
from cwtui.doctor.findings import NAMED, Area, Finding, Level
from cwtui.doctor.machine import UnixUser
from cwtui.doctor.programs import CannotRun
from cwtui.doctor.store import without_store
from cwtui.doctor.subject import Accounts, Subject
from cwtui.hints import again
from cwtui.language import _, grouped, ngettext

_AREA: Final = Area.PEOPLE
_found = partial(Finding, _AREA)
_COLONS: Final = 3
"""The colons in a line of group(5)."""


@dataclass(frozen=True)
class Matching:
    """Who has what. `asking` are the doors that ask cwtui for a factor."""

    rows: Sequence[AccountRow]
    settings: OrganizationSettings
    unix: Sequence[UnixUser]
    """Unix users who can probably sign in."""
    known: frozenset[str]
    """The names of accounts that are also Unix users, of any kind."""
    asking: Sequence[Door]
    powers: Mapping[str, str] = field(default_factory=dict)
    """What the Unix users of accounts can do that others cannot (see `accounts.unix_users`)."""
    now: float = 0.0


def findings(subject: Subject) -> Iterator[Finding]:
    accounts = subject.accounts
    if accounts is None:
        yield without_store(_AREA, subject, _("The store with the accounts"))
        return
    try:
        unix = _unix(subject, accounts)
        known, powers = {user.name for user in unix}, _powers(subject, unix)
    except CannotRun as error:
        yield _found(
            Level.UNKNOWN, _("Which Unix users there are is not known: {reason}.", reason=error)
        )
        return
    now = subject.machine.now()
    asking = [one for one in doors(subject) if one.cwtui_in("auth")]
    if len(accounts.rows) < accounts.total:
        yield _found(
            Level.NOTE,
            _(
                "Only the first {number} of {total} accounts were compared with Unix users.",
                number=grouped(len(accounts.rows)),
                total=grouped(accounts.total),
            ),
        )
    # Whether a Unix user has an account is known only if all accounts were read.
    everyone = subject.people if len(accounts.rows) == accounts.total else []
    yield from judged(
        Matching(
            accounts.rows,
            accounts.settings,
            everyone,
            frozenset(known),
            asking,
            powers,
            now,
        )
    )
    yield from ending(accounts.dated, accounts.settings, now)


def _unix(subject: Subject, accounts: Accounts) -> list[UnixUser]:
    return subject.machine.unix_users(*(row.username for row in accounts.rows))


def _powers(subject: Subject, users: Sequence[UnixUser]) -> dict[str, str]:
    """Return what these Unix users can do, by name, as far as it is anything. Raises CannotRun."""
    groups = [
        line.split(":")
        for line in subject.machine.ask("getent", "group", *unix_users.GROUPS).out.splitlines()
        if line.count(":") == _COLONS
    ]
    powers = {
        user.name: unix_users.power(
            unix_users.UnixUser(
                user.uid,
                frozenset(
                    name
                    for name, _, gid, members in groups
                    if gid == str(user.gid) or user.name in members.split(",")
                ),
                user.uid == subject.owner,
            )
        )
        for user in users
    }
    return {name: power for name, power in powers.items() if power}


def judged(found: Matching) -> Iterator[Finding]:
    on = bool(found.asking)
    names = {row.username for row in found.rows}
    strangers = [user.name for user in found.unix if user.name not in names]
    if strangers:
        doors_named = listed([one.name for one in found.asking], NAMED)
        yield _found(
            Level.WARNING if on else Level.NOTE,
            ngettext(
                "{number} Unix user has no account and cannot enter where cwtui is asked "
                "({doors}): {names}.",
                "{number} Unix users have no account and cannot enter where cwtui is asked "
                "({doors}): {names}.",
                len(strangers),
                doors=doors_named,
                names=listed(strangers, NAMED),
            )
            if on
            else ngettext(
                "{number} Unix user has no account: {names}. They could not enter at a door of "
                "the host that asks cwtui.",
                "{number} Unix users have no account: {names}. They could not enter at a door of "
                "the host that asks cwtui.",
                len(strangers),
                names=listed(strangers, NAMED),
            ),
            _(
                "Create the accounts that are meant to enter: {command}",
                command=again("user add", shlex.quote(strangers[0])),
            ),
        )
    elif found.unix:
        yield _found(Level.OK, _("Every Unix user who can sign in has an account."))
    unknown = [row.username for row in found.rows if row.username not in found.known]
    if unknown:
        yield _found(
            Level.NOTE,
            ngettext(
                "The account {names} has no Unix user of the same name, so it means nothing to "
                "sshd and sudo.",
                "{number} accounts have no Unix user of the same name, so they mean nothing to "
                "sshd and sudo: {names}.",
                len(unknown),
                names=listed(unknown, NAMED),
            ),
        )
    if on:
        yield from _powerful(found)
    yield from _factors(found, on=on)


def ending(
    rows: Sequence[AccountRow], settings: OrganizationSettings, now: float
) -> Iterator[Finding]:
    """Yield which of all accounts will be closed by themselves."""
    soon = now + WARNED_DAYS * DAY
    expiring = [
        row.username
        for row in rows
        if row.expires_at is not None
        and row.expires_at <= soon
        and account_state.closed(row, now) is None
    ]
    if expiring:
        yield _found(
            Level.NOTE,
            ngettext(
                "{number} account expires in the next {days} days: {names}.",
                "{number} accounts expire in the next {days} days: {names}.",
                len(expiring),
                days=WARNED_DAYS,
                names=listed(expiring, NAMED),
            ),
            _(
                "If that is wrong, give another last day: {command}",
                command=again("user set", shlex.quote(expiring[0]), "--expires DATE"),
            ),
        )
    days = settings.unused_days
    if days:
        near = days - warned_days(days)
        yield _found(
            Level.NOTE,
            ngettext(
                "Accounts are disabled after {number} day without a sign-in.",
                "Accounts are disabled after {number} days without a sign-in.",
                days,
            ),
            _(
                "To see who is next: {command}",
                command=again(f"user list 'last:>{near}d' status:enabled"),
            ),
        )


def _powerful(found: Matching) -> Iterator[Finding]:
    """Yield the accounts with which more is possible at a door than others can do."""
    by_power: dict[str, list[str]] = {}
    for row in found.rows:
        if row.username in found.powers and account_state.closed(row, found.now) is None:
            by_power.setdefault(found.powers[row.username], []).append(row.username)
    for power, names in by_power.items():
        is_group = any(f" {group})" in power for group in unix_users.GROUPS)
        yield _found(
            Level.NOTE if is_group else Level.WARNING,
            _(
                "Whoever can manage accounts can sign in as {names} at a door, who {power}.",
                names=listed(names, NAMED),
                power=power,
            ),
            ""
            if is_group
            else _(
                "Remove the account unless it must be: {command}",
                command=again("user remove", shlex.quote(names[0])),
            ),
        )


def _factors(found: Matching, *, on: bool) -> Iterator[Finding]:
    here = [
        row
        for row in found.rows
        if row.username in found.known and account_state.closed(row, found.now) is None
    ]
    waiting = [
        row.username
        for row in here
        if row.second_factor is None and account_state.is_required(row, found.settings)
    ]
    if waiting:
        yield _found(
            Level.NOTE,
            ngettext(
                "{number} person must register a device at the first sign-in: {names}. A key "
                "alone does not let them in before.",
                "{number} people must register a device at the first sign-in: {names}. A key "
                "alone does not let them in before.",
                len(waiting),
                names=listed(waiting, NAMED),
            )
            if on
            else ngettext(
                "{number} person would have to register a device at the first sign-in: {names}. A "
                "key alone does not let them in before.",
                "{number} people would have to register a device at the first sign-in: {names}. A "
                "key alone does not let them in before.",
                len(waiting),
                names=listed(waiting, NAMED),
            ),
            _("Let them do it in cwtui first, or allow time for it (LoginGraceTime)."),
        )
    bare = [
        row.username
        for row in here
        if row.second_factor is None and not account_state.is_required(row, found.settings)
    ]
    only_code = [one.name for one in found.asking if one.asks_for_code_only and not one.null_ok]
    if bare and only_code:
        yield _found(
            Level.WARNING,
            ngettext(
                "{doors} refuses users without a second factor who do not have to register one: "
                "{names}.",
                "{doors} refuse users without a second factor who do not have to register one: "
                "{names}.",
                len(only_code),
                doors=listed(only_code, NAMED),
                names=listed(bare, NAMED),
            ),
            _("Require MFA for them, or write nullok after mode=code."),
        )
    closed = [
        row.username
        for row in found.rows
        if account_state.closed(row, found.now) is not None or row.gone_since is not None
    ]
    shut_out = [name for name in closed if name in found.known]
    if shut_out:
        yield _found(
            Level.NOTE,
            ngettext(
                "{number} account with a Unix user cannot enter, as disabled, expired or gone from "
                "the directory: {names}.",
                "{number} accounts with a Unix user cannot enter, as disabled, expired or gone "
                "from the directory: {names}.",
                len(shut_out),
                names=listed(shut_out, NAMED),
            ),
        )
