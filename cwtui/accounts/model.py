"""The stored records. Times are seconds since the epoch, UTC.

A missing field has its default, so an unknown field is treated as damage: an account with
"second_fbctor" would otherwise have no second factor. A new field needs a new schema version.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final, Self, TypeAlias

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts import roles
from cwtui.accounts.preferences import DEFAULTS, Preferences
from cwtui.accounts.text import LINE_LENGTH
from cwtui.language import N_


class Origin(StrEnum):
    """Where an account's password is checked."""

    LOCAL = N_("local")
    LDAP = N_("ldap")


Bcrypt: TypeAlias = Annotated[str, Meta(pattern=r"^\$2b\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}\Z")]
"""A bcrypt hash. bcrypt raises for other formats, and would run for years at cost 31."""


Time: TypeAlias = Annotated[float, Meta(ge=0, lt=253402300800)]
"""Seconds since the epoch, up to the end of the year 9999, the last that `datetime` supports."""


Salt: TypeAlias = Annotated[str, Meta(pattern=r"^\$2b\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{22}\Z")]
"""The first part of a bcrypt hash: version, cost and salt."""

Digest: TypeAlias = Annotated[str, Meta(pattern=r"^[./A-Za-z0-9]{31}\Z")]
"""The rest of a bcrypt hash, after the salt."""


class PasswordHash(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """`bcrypt(base64(hmac-sha384(pepper, password)))`, and the id of the pepper's key.

    Without a key it is `bcrypt(password)` of another program, until the next sign-in.
    """

    key: str | None
    bcrypt: Bcrypt


class Sealed(Struct, frozen=True, forbid_unknown_fields=True):
    """A secret encrypted with AES-256-GCM under the key with this id; bytes are base64 in JSON."""

    key: str
    nonce: bytes
    ciphertext: bytes


class BackupCodes(Struct, frozen=True, forbid_unknown_fields=True):
    """The unused codes of one set, as bcrypt hashes with one shared salt.

    `acknowledged`: the user has said that they are saved; see `backup_codes.are_saved`. Older sets
    have no `created_at`.
    """

    key: str
    salt: Salt
    hashes: tuple[Digest, ...]
    acknowledged: bool = False
    created_at: Time | None = None


MOST_DEVICES: Final = 5
"""Each device adds three codes that are accepted at a time."""

DeviceId: TypeAlias = Annotated[str, Meta(pattern=r"^([0-9a-f]{8})?\Z")]


class Device(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A registered authenticator, such as an app on a phone.

    `id` is random and never used again. Devices from before schema 7 have an empty one.
    """

    name: str
    totp_secret: Sealed
    registered_at: Time
    id: DeviceId = ""


class SecondFactor(Struct, frozen=True, forbid_unknown_fields=True):
    """The registered devices, oldest first, and the backup codes that stand in for them."""

    devices: Annotated[tuple[Device, ...], Meta(min_length=1, max_length=MOST_DEVICES)]
    backup_codes: BackupCodes


MOST_SSH_KEYS: Final = 20
"""One for each computer of a person. That many of the longest kind still fit the 64 KiB of a pipe,
so that a command that prints them never waits for sshd to read."""

MOST_SSH_KEY_BYTES: Final = 2200
"""An RSA key of 16384 bits, the longest that OpenSSH accepts, has 2071."""

SshKeyId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}\Z")]


SSH_KEY_TYPES: Final = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)


class SshKey(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A public SSH key that opens doors of the host for the person (see `ssh_keys`).

    `key` is what is in base64 in a line of authorized_keys, and begins with its type. `id` is
    random and never used again. `added_by` is the actor; keys from before schema 9 have none.
    """

    id: SshKeyId
    name: str
    key: Annotated[bytes, Meta(min_length=32, max_length=MOST_SSH_KEY_BYTES)]
    added_at: Time
    added_by: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError, which is damage in a store, for a key of another type."""
        if self.type not in SSH_KEY_TYPES:
            message = "an SSH key has an unknown type"
            raise ValueError(message)

    @property
    def type(self) -> str:
        return self.key[4 : 4 + int.from_bytes(self.key[:4], "big")].decode("ascii", "replace")


class Removed(StrEnum):
    """What somebody else can remove from an account."""

    SSH_KEY = "SSH key"
    DEVICE = "device"
    SECOND_FACTOR = "second factor"


class Removal(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that somebody else has removed. The second factor has no name."""

    what: Removed
    at: Time
    by: str
    name: str = ""


MOST_REMOVALS: Final = 20
"""How many are kept, the newest of them. They are for the next sign-in of the owner."""


class Account(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """One person's entry.

    `session_epoch` starts at a random number and rises with each change that ends other sessions.
    For LDAP users, `directory_ids` are the ids that never change (see `identity`), and
    `gone_since` is when a sync first found the person missing. `in_directory_too`: the directory
    has a person with the name of this local account. `moved` is set on a renamed account until its
    sign-in record has been moved. `removals` are what others have removed, oldest first.

    `invited`: the initial password is a one-time invitation code.

    `disabled_reason` is what the admin who disabled the account tells its owner, and `enabled_at`
    when an admin last enabled it. The account has expired from `expires_at` on, the end of a day.
    """

    username: Annotated[str, Meta(min_length=1, max_length=64)]
    created_at: Time
    origin: Origin = Origin.LOCAL
    display_name: str = ""
    roles: tuple[str, ...] = (roles.MINIMUM,)
    password: PasswordHash | None = None
    must_change_password: bool = False
    initial_password_expires_at: Time | None = None
    invited: bool = False
    second_factor: SecondFactor | None = None
    mfa_required: bool = False
    enabled: bool = True
    session_epoch: int = 0
    directory_ids: dict[str, str] = {}
    gone_since: Time | None = None
    in_directory_too: bool = False
    moved: "Moved | None" = None
    preferences: Preferences = DEFAULTS
    ssh_keys: Annotated[tuple[SshKey, ...], Meta(max_length=MOST_SSH_KEYS)] = ()
    removals: Annotated[tuple[Removal, ...], Meta(max_length=MOST_REMOVALS)] = ()
    disabled_reason: Annotated[str, Meta(max_length=LINE_LENGTH)] = ""
    enabled_at: Time | None = None
    expires_at: Time | None = None

    @property
    def is_admin(self) -> bool:
        return roles.ADMIN in self.roles

    def changed(self, **fields: object) -> Self:
        """Return a copy with these fields replaced."""
        return msgspec.structs.replace(self, **fields)

    def changed_ending_sessions(self, **fields: object) -> Self:
        """Return a copy with these fields replaced; existing sessions end at their next action."""
        return self.changed(session_epoch=self.session_epoch + 1, **fields)


class Attempts(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Consecutive failed attempts from one source. `banned_until` is in seconds since the epoch.

    `refusal_recorded`: the audit log already says that attempts are refused without being checked.
    """

    failures: int = 0
    last_at: Time = 0.0
    banned_until: Time = 0.0
    refusal_recorded: bool = msgspec.field(default=False, name="told")


class Ending(StrEnum):
    """Why a sign-in with the correct password, or at a door of the host, did not succeed."""

    REFUSED = N_("refused")
    STOPPED = N_("stopped at the code")
    WRONG_CODE = N_("wrong code")
    NEW_PASSWORD = N_("stopped at the new password")
    NEW_PASSWORD_AFTER_CODE = N_("stopped at the new password, after the code")
    ENROLMENT = N_("stopped at the enrolment")
    BACKUP_CODES = N_("stopped at the backup codes")
    HOST_STOPPED = N_("stopped at the code, after the host's own check")
    HOST_WRONG_CODE = N_("wrong code, after the host's own check")
    OLD_PASSWORD = N_("password changed since")
    OLD_PASSWORD_AND_CODE = N_("after the code, password changed since")


class KnewPassword(Struct, frozen=True, forbid_unknown_fields=True):
    """A failed sign-in with the password that was correct then. An unknown source is empty."""

    at: Time
    source: str
    ending: Ending


class WrongCodes(Struct, frozen=True, forbid_unknown_fields=True):
    """Wrong codes from one source, after the correct password."""

    count: Annotated[int, Meta(ge=1)]
    last_at: Time


class FailedSignIns(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Failed sign-ins since the last successful one, shown to the user at the next sign-in.

    `last_at` and `last_source` describe the last one with a wrong password, `knew_password` the
    last one with the correct password. `right_passwords` of `count` had that password; older
    records do not say how many. If there are neither details nor wrong passwords, the password was
    correct, and no details were recorded. `wrong_codes` are by source.
    """

    count: Annotated[int, Meta(ge=1)]
    last_at: Time | None = None
    last_source: str = ""
    knew_password: KnewPassword | None = None
    right_passwords: Annotated[int, Meta(ge=0)] = 0
    wrong_codes: dict[str, WrongCodes] = {}


class WrongCode(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A wrong one-time code: when it was entered, and the other time step that it fits, if any."""

    at: Time
    step: int = 0


class DeviceUse(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is known of a device from its codes.

    `last_step` is the last used time step, and `drift` how many steps it was ahead of this host
    (RFC 6238 section 6). `wrong_code` is the last one-time code if it was wrong, and `spent_steps`
    are the time steps of codes that were entered too early (see `clocks`).
    """

    last_step: int = 0
    last_used_at: Time | None = None
    drift: Annotated[int, Meta(ge=-1, le=1)] = 0
    wrong_code: WrongCode | None = None
    spent_steps: tuple[int, ...] = ()


class SignInRecord(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What changes at each sign-in, stored apart from the account.

    `password_attempts` and `code_attempts` are by source; "" stands for all sources that are not
    known. `known_sources` are those of earlier successful sign-ins, newest last. `devices` are by
    the device's id; removed devices may still be among them.
    """

    password_attempts: dict[str, Attempts] = {}
    code_attempts: dict[str, Attempts] = {}
    known_sources: tuple[str, ...] = ()
    devices: dict[str, DeviceUse] = {}
    last_sign_in: Time | None = None
    last_source: str = ""
    failed: FailedSignIns | None = None

    def changed(self, **fields: object) -> Self:
        """Return a copy with these fields replaced."""
        return msgspec.structs.replace(self, **fields)

    def use_of(self, device: Device) -> DeviceUse:
        """Return what is known of this device."""
        return self.devices.get(device.id, DeviceUse())


Note: TypeAlias = Callable[[SignInRecord], SignInRecord]
"""A change of a sign-in record."""


def unchanged(record: SignInRecord) -> SignInRecord:
    """Return the record as it is: the note that changes nothing."""
    return record


SessionId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{12}\Z")]
"""Random, and no secret: it opens nothing."""


OUR_DOORS: Final = ("cwtui", "kiosk")
"""How the application is entered. All other doors are of the host."""


class OpenSession(Struct, frozen=True, kw_only=True):
    """An open session, as lists show it. Nothing of it outlives its process.

    `source` is where the person is, `door` how the person came in, such as `cwtui` or `sshd`,
    and `host` and `pid` say where its process runs. `active_at` is when the person last did
    something, to the minute. `is_ending`: somebody has asked it to end, and it has not yet.
    """

    id: SessionId
    username: Annotated[str, Meta(min_length=1, max_length=64)]
    source: str
    door: str
    host: str
    pid: Annotated[int, Meta(ge=0)]
    started_at: Time
    active_at: Time
    is_ending: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether its process is cwtui, which can end it and knows when the person was active."""
        return self.door in OUR_DOORS


class EndAsked(Struct, frozen=True):
    """Who asked a session to end, and from where. Both are empty if that cannot be read."""

    actor: str
    source: str


class Moved(Struct, frozen=True, forbid_unknown_fields=True):
    """The old name of a renamed account, and its sign-in record."""

    username: str
    record: SignInRecord
