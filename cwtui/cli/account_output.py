"""Accounts as JSON fields and as text."""

from collections.abc import Mapping
from typing import Any, Final

from cwtui.accounts import account_state, failed_sign_ins, wording
from cwtui.accounts.administration import Details
from cwtui.accounts.listing import AccountRow
from cwtui.accounts.model import Account, Attempts, FailedSignIns, SecondFactor, SignInRecord
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.text import visible
from cwtui.accounts.throttle import STRANGERS
from cwtui.accounts.times import utc_minute
from cwtui.cli.tables import moment

HEADINGS: Final = ("USERNAME", "ORIGIN", "MFA", "STATUS", "ROLES")


def row_fields(row: AccountRow | Account, settings: OrganizationSettings) -> dict[str, Any]:
    """Return the JSON fields of an account in a list.

    `mfa_required` is what holds for the account, and `mfa_required_of_account` is its own setting.
    """
    return {
        "username": row.username,
        "display_name": row.display_name,
        "origin": row.origin.value,
        "roles": list(row.roles),
        "mfa": account_state.mfa_state(row, settings).value,
        "mfa_required": account_state.is_required(row, settings),
        "mfa_required_of_account": row.mfa_required,
        "enabled": row.enabled,
        "gone_since": _moment_or_none(row.gone_since),
        "in_directory_too": row.in_directory_too,
    }


def row_cells(row: AccountRow, settings: OrganizationSettings) -> tuple[str, ...]:
    return (
        visible(row.username),
        wording.origin(row),
        account_state.mfa_state(row, settings).value,
        wording.status(row),
        visible(",".join(row.roles)),
    )


def account_fields(account: Account, settings: OrganizationSettings) -> dict[str, Any]:
    """Return all JSON fields of an account, without secrets and hashes."""
    return row_fields(account, settings) | {
        "created_at": moment(account.created_at),
        "must_change_password": account.must_change_password,
        "initial_password_expires_at": _moment_or_none(account.initial_password_expires_at),
        "second_factor": _factor_fields(account.second_factor),
    }


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


def account_lines(details: Details, now: float) -> list[tuple[str, str]]:
    """Return labels and values of an account, as text."""
    account, record = details.account, details.record
    return [
        ("Username", visible(account.username)),
        ("Display name", visible(account.display_name) or "-"),
        ("Origin", wording.origin_in_full(account)),
        ("Roles", visible(", ".join(account.roles))),
        ("Status", wording.status(account)),
        ("MFA", wording.mfa(account.second_factor)),
        ("MFA (Required)", _required(account, details.settings)),
        ("Backup codes", _backup_codes(account.second_factor)),
        ("Password", _password(account)),
        ("Created", utc_minute(account.created_at)),
        ("Last sign-in", wording.last_sign_in(record)),
        (
            "Failed since",
            failed_sign_ins.summary(record.failed) if record.failed is not None else "none",
        ),
        *_tries("Wrong passwords", record.password_attempts, now),
        *_tries("Wrong codes", record.code_attempts, now),
    ]


def summary(account: Account, settings: OrganizationSettings) -> str:
    """Return the account's changeable fields in one line."""
    name = f"display name {account.display_name}, " if account.display_name else ""
    return (
        f"{name}roles {', '.join(account.roles)}, "
        f"MFA (Required) {_required(account, settings)}, {wording.status(account)}"
    )


def _backup_codes(factor: SecondFactor | None) -> str:
    if factor is None:
        return "none"
    note = "" if factor.backup_codes.acknowledged else ", not acknowledged"
    return wording.unused_codes(factor) + note


def _required(account: Account, settings: OrganizationSettings) -> str:
    return wording.required(account_state.requirement(account, settings))


def _password(account: Account) -> str:
    if account.initial_password_expires_at is not None:
        return f"initial, valid until {utc_minute(account.initial_password_expires_at)}"
    if account.must_change_password:
        return "must be changed at the next sign-in"
    return "set" if account.password is not None else "not stored here"


def _failed_fields(failed: FailedSignIns | None) -> dict[str, Any] | None:
    if failed is None:
        return None
    knew = failed.knew_password
    return {
        "count": failed.count,
        "last_at": moment(failed.last_at) if failed.last_at is not None else None,
        "last_source": failed.last_source or None,
        "knew_password": {"at": moment(knew.at), "source": knew.source, "ending": knew.ending}
        if knew is not None
        else None,
    }


def _tries(label: str, attempts: Mapping[str, Attempts], now: float) -> list[tuple[str, str]]:
    lines = [
        f"{tries.failures} from {visible(source) or 'unknown sources'}"
        + (f" (waits until {utc_minute(tries.banned_until)})" if tries.banned_until > now else "")
        for source, tries in attempts.items()
    ]
    labels = [label, *[""] * len(lines)]
    return list(zip(labels, lines or ["none"], strict=False))


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
        "registered_at": moment(factor.registered_at),
        "backup_codes_left": len(factor.backup_codes.hashes),
        "backup_codes_acknowledged": factor.backup_codes.acknowledged,
    }


def _moment_or_none(at: float | None) -> str | None:
    return None if at is None else moment(at)
