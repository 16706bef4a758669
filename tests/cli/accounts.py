"""Accounts on a host, and the fields of their JSON."""

import re
from datetime import datetime
from typing import Any

import pyotp
from msgspec.structs import replace

from cwtui.accounts import enrolment, own_devices, self_service
from cwtui.accounts.session import open_session
from tests.cli.commands import Host

INITIAL = re.compile(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}\n")
ROW = [
    "username",
    "display_name",
    "origin",
    "roles",
    "mfa",
    "mfa_required",
    "mfa_required_of_account",
    "status",
    "enabled",
    "expires",
    "locked_until",
    "gone_since",
    "in_directory_too",
]
LISTED = [*ROW, "created_at", "last_sign_in", "password"]
ACCOUNT = [
    *ROW,
    "disabled_reason",
    "password",
    "created_at",
    "must_change_password",
    "initial_password_expires_at",
    "invited",
    "second_factor",
    "devices",
    "ssh_keys",
]
SHOWN = [
    *ACCOUNT,
    "last_sign_in",
    "last_source",
    "failed_since",
    "known_sources",
    "wrong_passwords",
    "wrong_codes",
]
ADD_JANE = ("user", "add", "jane", "--display-name", "Jane Doe", "--mfa-required")


def is_utc(text: str) -> bool:
    offset = datetime.fromisoformat(text).utcoffset()
    return offset is not None and not offset


def put(host: Host, name: str, **fields: Any) -> None:
    """Create an account, or change fields of an existing one."""
    ports = host.ports()
    with ports.accounts.change() as change:
        account = change.get(name)
        if account is None:
            admin = change.get("admin")
            assert admin is not None
            account = replace(admin, username=name, roles=("minimum-access",))
        change.put(replace(account, **fields))


def enrol_too(host: Host, username: str, name: str) -> None:
    """Give the account a further device."""
    ports = host.ports()
    account = ports.accounts.get(username)
    assert account is not None
    offered = enrolment.begin_another(ports, account, name)
    session = open_session(ports, account, "console", ports.now())
    code = pyotp.TOTP(offered.totp_secret.reveal()).now()
    own_devices.register(ports, session, offered, code)


def enrol(host: Host, name: str) -> None:
    ports = host.ports()
    account = ports.accounts.get(name)
    assert account is not None
    session = open_session(ports, account, "console", ports.now())
    offered = self_service.begin_enrolment(ports, session)
    code = pyotp.TOTP(offered.totp_secret.reveal()).now()
    self_service.register_device(ports, session, offered, code)
