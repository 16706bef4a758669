"""Export accounts with the names that an import reads, with or without their secrets."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, TypeAlias

import msgspec

from cwtui.accounts import devices, roles
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.batched import read_accounts
from cwtui.accounts.credentials import totp
from cwtui.accounts.errors import InvalidInput, Refused
from cwtui.accounts.expiry import last_day
from cwtui.accounts.importing import peppers
from cwtui.accounts.importing.lines import LINES_MOST
from cwtui.accounts.listing import EVERYONE, AccountRow, View
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Actor, Operator, as_reason, write_audit
from cwtui.accounts.user_list import list_users
from cwtui.language import _, grouped, ngettext

FIELDS: Final = (
    *("username", "display_name", "origin", "roles"),
    *("mfa_required_of_account", "enabled", "disabled_reason", "expires"),
)
PASSPHRASE_LEAST: Final = 15
"""Characters, as NIST SP 800-63B-4 asks of a password that is the only factor."""

Fields: TypeAlias = dict[str, Any]


def _fields(account: AccountRow | Account, disabled_reason: str) -> Fields:
    """Return what an export says of an account without its secrets."""
    return {
        "username": account.username,
        "display_name": account.display_name,
        "origin": account.origin.value,
        "roles": list(account.roles),
        "mfa_required_of_account": account.mfa_required,
        "enabled": account.enabled,
        "disabled_reason": disabled_reason,
        "expires": last_day(account.expires_at),
    }


def export(ports: Ports, actor: Actor, view: View = EVERYONE) -> list[Fields]:
    """Return the accounts that match the view. Raises FilterError, NotPermitted and CannotCheck."""
    rows = list_users(ports, actor, view).rows
    reasons = {
        account.username: account.disabled_reason
        for account in _accounts(ports, [row for row in rows if not row.enabled])
        if not account.enabled
    }
    return [_fields(row, reasons.get(row.username, "")) for row in rows]


def custom_roles(ports: Ports, actor: Actor, view: View = EVERYONE) -> list[str]:
    """Return the custom roles of the accounts that match the view, sorted. Raises as `export`.

    An import refuses their accounts where these roles are missing.
    """
    used = {role for row in list_users(ports, actor, view).rows for role in row.roles}
    return sorted(used - roles.BUILT_IN.keys())


def with_secrets(
    ports: Ports, operator: Operator, to: Sequence[str], view: View = EVERYONE
) -> tuple[int, Secret]:
    """Return the number of accounts that match, and all of them as JSON lines with their secrets.

    Their custom roles come first, and the peppers of their hashes.
    Whoever has these can sign in as anybody, so only the operator gets them, who has the keyring
    anyway, and to whom they are encrypted is logged before. Raises FilterError, Refused for more
    than can be imported, and CannotCheck.
    """
    rows = list_users(ports, operator, view).rows
    if len(rows) > LINES_MOST:
        raise Refused(
            ngettext(
                "{number} account match, and an import takes at most {most}. Export them in "
                "parts, with --filter.",
                "{number} accounts match, and an import takes at most {most}. Export them in "
                "parts, with --filter.",
                len(rows),
                most=grouped(LINES_MOST),
            )
        )
    settings = ports.accounts.settings()
    found = list(_accounts(ports, rows))
    used = {role for account in found for role in account.roles}
    needed = [
        {"name": name, "permissions": [*permitted]}
        for name, permitted in settings.custom_roles.items()
        if name in used
    ]
    accounts = (_with_secrets(ports, account, settings.issuer) for account in found)
    lines = as_json_lines(chain(needed, peppers.exported(found, ports.keyring), accounts))
    reason = as_reason({"accounts": len(found), "encrypted_to": tuple(to)})
    write_audit(ports, EventType.USER_EXPORT, operator, "", reason)
    return len(found), Secret(lines)


def _accounts(ports: Ports, rows: Iterable[AccountRow]) -> Iterator[Account]:
    return filter(None, read_accounts(ports.accounts, (row.username for row in rows)))


def _with_secrets(ports: Ports, account: Account, issuer: str) -> Fields:
    password, factor = account.password, account.second_factor
    fields = _fields(account, "" if account.enabled else account.disabled_reason)
    if account.directory_ids:
        fields["directory_ids"] = account.directory_ids
    if password is not None:
        fields |= {
            "password_hash": password.bcrypt,
            "password_key": password.key,
            "must_change_password": account.must_change_password,
            "initial_password_expires_at": _moment(account.initial_password_expires_at),
            "invited": account.invited,
        }
    if factor is not None:
        keys = [devices.unsealed(ports.keyring, account.username, one) for one in factor.devices]
        fields |= {
            "otpauth_uris": [
                next(totp.uris(key, account.username, issuer)).reveal() for key in keys
            ],
            "device_names": [device.name for device in factor.devices],
            "backup_codes": msgspec.to_builtins(factor.backup_codes),
        }
    return fields


def _moment(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()


def check_passphrase(passphrase: Secret) -> None:
    """Raise InvalidInput if it is too short to protect a file that anybody can try to open."""
    if len(passphrase.reveal()) < PASSPHRASE_LEAST:
        raise InvalidInput(
            "passphrase",
            _("The passphrase needs at least {least} characters.", least=PASSPHRASE_LEAST),
        )


def as_json_lines(found: Iterable[Mapping[str, Any]]) -> str:
    """Return one JSON object per line."""
    return "".join(f"{msgspec.json.encode(fields).decode()}\n" for fields in found)


def as_csv(found: Iterable[Mapping[str, Any]]) -> str:
    """Return a header line with `FIELDS`, and a line per account."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(FIELDS)
    writer.writerows([_cell(fields[name]) for name in FIELDS] for fields in found)
    return written.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value)
