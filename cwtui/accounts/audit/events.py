"""The events of the audit log: who did what, when and from where."""

from enum import StrEnum

from msgspec import Struct


class EventType(StrEnum):
    """Event names in the form `area.verb`. They must stay the same, as scripts filter by them."""

    SIGN_IN = "sign_in.complete"
    SIGN_IN_HOST = "sign_in.host"
    SIGN_IN_PASSWORD = "sign_in.password"  # noqa: S105  an event's name
    SIGN_IN_CODE = "sign_in.one_time_code"
    SIGN_IN_BACKUP_CODE = "sign_in.backup_code"
    SIGN_OUT = "session.sign_out"
    SESSION_END = "session.end"
    SESSION_END_ASKED = "session.end_asked"
    SESSION_END_EVERYWHERE = "session.end_everywhere"
    HOST_RECENT_PROOF = "host.recent_proof"
    HOST_OPEN = "host.open"
    HOST_CLOSE = "host.close"
    PROOF = "session.proof"
    PASSWORD_CHANGE = "password.change"  # noqa: S105  an event's name
    MFA_ENABLE = "mfa.enable"
    MFA_DISABLE = "mfa.disable"
    DEVICE_ADD = "device.add"
    DEVICE_REPLACE = "device.replace"
    DEVICE_RENAME = "device.rename"
    DEVICE_REMOVE = "device.remove"
    SSH_KEY_ADD = "ssh_key.add"
    SSH_KEY_RENAME = "ssh_key.rename"
    SSH_KEY_REMOVE = "ssh_key.remove"
    BACKUP_CODES_REGENERATE = "backup_codes.regenerate"
    BACKUP_CODES_ACKNOWLEDGE = "backup_codes.acknowledge"
    USER_CREATE = "user.create"
    USER_IMPORT = "user.import"
    USER_EXPORT = "user.export"
    USER_UPDATE = "user.update"
    USER_RENAME = "user.rename"
    USER_RESET_PASSWORD = "user.reset_password"  # noqa: S105  an event's name
    USER_RESET_MFA = "user.reset_mfa"
    USER_REMOVE = "user.remove"
    USER_UNLOCK = "user.unlock"
    USER_RECOVER = "user.recover"
    ROLE_CREATE = "role.create"
    ROLE_UPDATE = "role.update"
    ROLE_REMOVE = "role.remove"
    SETTINGS_UPDATE = "settings.update"
    KEY_ROTATE = "key.rotate"
    KEY_IMPORT = "key.import"
    KEY_RETIRE = "key.retire"
    KEY_MOVE = "key.move"
    STORE_BACKUP = "store.backup"
    STORE_RESTORE = "store.restore"
    STORE_COPY = "store.copy"
    CUT_OFF_END = "cut_off.end"
    CUT_OFF_USED_TWICE = "cut_off.used_twice"


class Outcome(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event of the audit log. `at` is in seconds since the epoch; no field holds a secret."""

    at: float
    event: EventType
    actor: str
    subject: str
    source: str
    outcome: Outcome
    reason: str = ""
