"""Accounts as JSON fields and as text."""

from collections.abc import Mapping
from typing import Any, Final

from cwtui.accounts import (
    account_state,
    devices,
    failed_sign_in_words,
    failed_sign_ins,
    ssh_keys,
    wording,
)
from cwtui.accounts.account_state import Status
from cwtui.accounts.administration import Details
from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.expiry import last_day
from cwtui.accounts.listing import AccountRow, Listing
from cwtui.accounts.model import Account, Attempts, FailedSignIns, SecondFactor, SignInRecord
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.ssh_keys import SshKeyState
from cwtui.accounts.text import visible
from cwtui.accounts.throttle import STRANGERS
from cwtui.accounts.times import utc_minute
from cwtui.cli.tables import moment
from cwtui.language import _, ngettext

HEADINGS: Final = ("USERNAME", "ORIGIN", "MFA", "STATUS", "ROLES")


def row_fields(
    row: AccountRow | Account,
    settings: OrganizationSettings,
    status: Status,
    locked_until: float | None,
) -> dict[str, Any]:
    """Return the JSON fields of an account in a list.

    `mfa_required` is what holds for the account, and `mfa_required_of_account` is its own setting.
    `status` is what holds now, and `enabled` is the account's own setting. `expires` is its last
    day in UTC.
    """
    return {
        "username": row.username,
        "display_name": row.display_name,
        "origin": row.origin.value,
        "roles": list(row.roles),
        "mfa": account_state.mfa_state(row, settings).value,
        "mfa_required": account_state.is_required(row, settings),
        "mfa_required_of_account": row.mfa_required,
        "status": status.value,
        "enabled": row.enabled,
        "expires": last_day(row.expires_at) if row.expires_at is not None else None,
        "locked_until": _moment_or_none(locked_until),
        "gone_since": _moment_or_none(row.gone_since),
        "in_directory_too": row.in_directory_too,
    }


LIST_FIELDS: Final = (
    *("username", "display_name", "origin", "roles", "mfa", "mfa_required"),
    *("mfa_required_of_account", "status", "enabled", "expires", "locked_until", "gone_since"),
    *("in_directory_too", "created_at", "last_sign_in", "password"),
)


def list_fields(
    row: AccountRow, settings: OrganizationSettings, last_sign_in: float | None, now: float
) -> dict[str, Any]:
    """Return the JSON fields of an account in `cwtui user list`."""
    return row_fields(row, settings, row.status(now), row.locked_until) | {
        "created_at": moment(row.created_at),
        "last_sign_in": _moment_or_none(last_sign_in),
        "password": account_state.password_state(row, now).value,
    }


def row_cells(row: AccountRow, found: Listing) -> tuple[str, ...]:
    return (
        visible(row.username),
        wording.origin(row),
        account_state.mfa_state(row, found.settings).value,
        row.status(found.now).value,
        visible(",".join(row.roles)),
    )


def account_fields(details: Details) -> dict[str, Any]:
    """Return all JSON fields of an account, without secrets and hashes."""
    account = details.account
    return row_fields(account, details.settings, details.status, details.locked_until) | {
        "disabled_reason": account.disabled_reason or None,
        "password": account_state.password_state(account, details.now).value,
        "created_at": moment(account.created_at),
        "must_change_password": account.must_change_password,
        "initial_password_expires_at": _moment_or_none(account.initial_password_expires_at),
        "invited": account.invited,
        "second_factor": _factor_fields(account.second_factor),
        "devices": [
            {
                "name": state.name,
                "registered_at": moment(state.registered_at),
                "last_used_at": _moment_or_none(state.last_used_at),
                "clock_ahead_seconds": state.clock_ahead,
            }
            for state in devices.states(account.second_factor, details.record)
        ],
        "ssh_keys": [ssh_key_fields(state) for state in ssh_keys.states(account)],
    }


def ssh_key_fields(state: SshKeyState) -> dict[str, Any]:
    """Return the JSON fields of an SSH key. `bits` is the length of an RSA key."""
    return {
        "name": state.name,
        "type": state.type,
        "bits": state.bits,
        "security_key": state.is_security_key,
        "fingerprint": state.fingerprint,
        "added_at": moment(state.added_at),
    }


def ssh_key_rows(state: SshKeyState) -> list[tuple[str, str]]:
    """Return an SSH key as two rows of a table, as its fingerprint needs most of a line."""
    return [(visible(state.name), wording.ssh_key(state)), ("", state.fingerprint)]


def record_fields(record: SignInRecord) -> dict[str, Any]:
    """Return the JSON fields of a sign-in record. Source null stands for all unknown sources."""
    return {
        "last_sign_in": _moment_or_none(record.last_sign_in),
        "last_source": record.last_source or None,
        "failed_since": _failed_fields(record.failed),
        "known_sources": list(record.known_sources),
        "wrong_passwords": _attempts_fields(record.password_attempts),
        "wrong_codes": _attempts_fields(record.code_attempts),
    }


def account_lines(details: Details) -> list[tuple[str, str]]:
    """Return labels and values of an account as text, one fact a line.

    The labels, words and order are those of the account's page.
    """
    account, record = details.account, details.record
    factor = account.second_factor
    requirement = account_state.requirement(account, details.settings)
    groups = [
        (_("Username"), [visible(account.username)]),
        (_("Display name"), [visible(account.display_name) or "-"]),
        (_("Roles"), [visible(role) for role in account.roles]),
        (_("MFA (Required)"), [wording.required(requirement), wording.why_required(requirement)]),
        (_("MFA"), [wording.mfa(factor)]),
        (
            _("Devices"),
            [
                f"{visible(state.name)}: {wording.device(state)}"
                for state in devices.states(factor, record)
            ],
        ),
        (_("Backup codes"), _backup_codes(factor)),
        (
            _("SSH keys"),
            [
                line
                for state in ssh_keys.states(account)
                for line in (f"{visible(state.name)}: {wording.ssh_key(state)}", state.fingerprint)
            ],
        ),
        (_("Status"), [wording.status(details)]),
        (_("Expires"), [wording.expires(account)]),
        (_("Origin"), [wording.origin_in_full(account)]),
        (_("Password"), [wording.password(account, details.now)]),
        (_("Created"), [utc_minute(account.created_at)]),
        (_("Last sign-in"), [wording.last_sign_in(record)]),
        (_("Failed sign-ins"), _failed_sign_ins(record)),
        (_("Failed attempts"), _failed_attempts(record, details.now)),
    ]
    return [line for label, values in groups for line in _group(label, values)]


def _group(label: str, values: list[str]) -> list[tuple[str, str]]:
    """Return the label beside the first of these values; the others follow below it."""
    shown = [value for value in values if value]
    return list(zip([label, *[""] * len(shown)], shown, strict=False))


def summary(details: Details) -> str:
    """Return the account's changeable fields in one line."""
    account = details.account
    required = wording.required(account_state.requirement(account, details.settings))
    name, day = account.display_name, last_day(account.expires_at)
    parts = (
        _("display name {name}", name=name) if name else "",
        wording.status(details),  # not at the end, as a reason may end with a full stop
        _("roles {roles}", roles=", ".join(account.roles)),
        _("MFA {required}", required=required),
        _("expires {day}", day=day) if account.expires_at else "",
    )
    return ", ".join(filter(None, parts))


def _backup_codes(factor: SecondFactor | None) -> list[str]:
    if factor is None:
        return [_("none")]
    note = "" if backup_codes.are_saved(factor.backup_codes) else _("not confirmed by the user")
    return [wording.unused_codes(factor), note]


def _failed_fields(failed: FailedSignIns | None) -> dict[str, Any] | None:
    if failed is None:
        return None
    knew = failed.knew_password
    codes, code_at, code_source = failed_sign_ins.wrong_codes(failed)
    return {
        "count": failed.count,
        "last_at": moment(failed.last_at) if failed.last_at is not None else None,
        "last_source": failed.last_source or None,
        "knew_password": {
            "at": moment(knew.at),
            "source": knew.source or None,
            "ending": knew.ending,
        }
        if knew is not None
        else None,
        "wrong_codes": codes,
        "last_wrong_code_at": moment(code_at) if code_at is not None else None,
        "last_wrong_code_source": code_source or None,
    }


def _failed_sign_ins(record: SignInRecord) -> list[str]:
    if record.failed is None:
        return [_("none")]
    is_first = record.last_sign_in is None
    return failed_sign_in_words.summary(record.failed, is_first_sign_in=is_first)


def _failed_attempts(record: SignInRecord, now: float) -> list[str]:
    kinds = ((_wrong_passwords, record.password_attempts), (_wrong_codes, record.code_attempts))
    lines: list[str] = []
    for counted, attempts in kinds:
        for source, tries in attempts.items():
            where = visible(source) or _("unknown sources")
            lines.append(counted(tries.failures, where))
            if tries.banned_until > now:
                lines.append(_("(waits until {time})", time=utc_minute(tries.banned_until)))
    return lines or [_("none")]


def _wrong_passwords(number: int, where: str) -> str:
    return ngettext(
        "{number} wrong password from {where}",
        "{number} wrong passwords from {where}",
        number,
        where=where,
    )


def _wrong_codes(number: int, where: str) -> str:
    return ngettext(
        "{number} wrong code from {where}", "{number} wrong codes from {where}", number, where=where
    )


def _attempts_fields(attempts: Mapping[str, Attempts]) -> list[dict[str, Any]]:
    return [
        {
            "source": None if source == STRANGERS else source,
            "failures": tries.failures,
            "last_at": moment(tries.last_at),
            "banned_until": moment(tries.banned_until) if tries.banned_until else None,
        }
        for source, tries in attempts.items()
    ]


def _factor_fields(factor: SecondFactor | None) -> dict[str, Any] | None:
    if factor is None:
        return None
    return {
        "registered_at": moment(min(device.registered_at for device in factor.devices)),
        "backup_codes_left": len(factor.backup_codes.hashes),
        "backup_codes_acknowledged": backup_codes.are_saved(factor.backup_codes),
    }


def _moment_or_none(at: float | None) -> str | None:
    return None if at is None else moment(at)
