"""The records that are kept. Times are seconds since the epoch, UTC.

A field left out has its default, so a field of an unknown name is damage, not a detail: with
"second_fbctor" in its place an account would have none. A new field is a new schema version.
"""

from enum import StrEnum
from typing import Annotated, Self, TypeAlias

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts import roles


class Origin(StrEnum):
    """Where an account's password is checked."""

    LOCAL = "local"
    LDAP = "ldap"


class MfaState(StrEnum):
    """An account's multi-factor authentication, in one word for lists and filters."""

    ENABLED = "enabled"
    REQUIRED = "required"
    NONE = "none"


Bcrypt: TypeAlias = Annotated[str, Meta(pattern=r"^\$2b\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}\Z")]
"""A bcrypt hash. bcrypt raises for another form, and would work for years at cost 31."""


Time: TypeAlias = Annotated[float, Meta(ge=0, lt=253402300800)]
"""Up to the end of the year 9999: what a calendar can show."""


Salt: TypeAlias = Annotated[str, Meta(pattern=r"^\$2b\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{22}\Z")]
"""The first part of a bcrypt hash: its form, cost and salt."""

Digest: TypeAlias = Annotated[str, Meta(pattern=r"^[./A-Za-z0-9]{31}\Z")]
"""The rest of a bcrypt hash, after the salt."""


class PasswordHash(Struct, frozen=True, forbid_unknown_fields=True):
    """`bcrypt(base64(hmac-sha384(pepper, password)))`, and the id of the key the pepper is from."""

    key: str
    bcrypt: Bcrypt


class Sealed(Struct, frozen=True, forbid_unknown_fields=True):
    """A secret encrypted with AES-256-GCM under the key of that id; bytes are base64 in JSON."""

    key: str
    nonce: bytes
    ciphertext: bytes


class BackupCodes(Struct, frozen=True, forbid_unknown_fields=True):
    """The unused codes of one set, as bcrypt hashes; the salt that they share is kept once."""

    key: str
    salt: Salt
    hashes: tuple[Digest, ...]
    acknowledged: bool = False


class SecondFactor(Struct, frozen=True, forbid_unknown_fields=True):
    """A registered authenticator device with its backup codes."""

    totp_secret: Sealed
    registered_at: Time
    backup_codes: BackupCodes


class Account(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One person's entry.

    `session_epoch` starts at random and rises with each change that ends other sessions. Of an LDAP
    user, `directory_ids` are what the directory never gives to somebody else (`identity`), and
    `gone_since` is when it was seen to have the person no longer. `in_directory_too`: it has
    somebody of the name of this local account as well. `moved` is there until the sign-in record
    has followed a renamed account.
    """

    username: Annotated[str, Meta(min_length=1, max_length=64)]
    created_at: Time
    origin: Origin = Origin.LOCAL
    display_name: str = ""
    roles: tuple[str, ...] = (roles.MINIMUM,)
    password: PasswordHash | None = None
    must_change_password: bool = False
    initial_password_expires_at: Time | None = None
    second_factor: SecondFactor | None = None
    mfa_required: bool = False
    enabled: bool = True
    session_epoch: int = 0
    directory_ids: dict[str, str] = {}
    gone_since: Time | None = None
    in_directory_too: bool = False
    moved: "Moved | None" = None

    @property
    def is_admin(self) -> bool:
        return roles.ADMIN in self.roles

    @property
    def mfa_state(self) -> MfaState:
        if self.second_factor is not None:
            return MfaState.ENABLED
        return MfaState.REQUIRED if self.mfa_required else MfaState.NONE

    def changed(self, **fields: object) -> Self:
        """This account with other values in these fields."""
        return msgspec.structs.replace(self, **fields)

    def changed_ending_sessions(self, **fields: object) -> Self:
        """The same, and every session signed in before stops at its next action."""
        return self.changed(session_epoch=self.session_epoch + 1, **fields)


class Attempts(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Wrong tries in a row from one source. `banned_until` is in seconds since the epoch.

    `refusal_recorded`: the audit log says already that tries are refused unchecked.
    """

    failures: int = 0
    last_at: Time = 0.0
    banned_until: Time = 0.0
    refusal_recorded: bool = msgspec.field(default=False, name="told")


class Ending(StrEnum):
    """How a sign-in with the right password came to nothing."""

    REFUSED = "refused"
    STOPPED = "stopped at the code"
    WRONG_CODE = "wrong code"
    NEW_PASSWORD = "stopped at the new password"  # noqa: S105  words
    ENROLMENT = "stopped at the enrolment"
    BACKUP_CODES = "stopped at the backup codes"


class KnewPassword(Struct, frozen=True, forbid_unknown_fields=True):
    """A failed sign-in that had the right password."""

    at: Time
    source: str
    ending: Ending


class FailedSignIns(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Those since the last sign-in, for the person to be told of.

    `last_at` and `last_source` are of the last one with a wrong password, `knew_password` is the
    last one with the right one. Without either, the password was right, and no more is kept.
    """

    count: Annotated[int, Meta(ge=1)]
    last_at: Time | None = None
    last_source: str = ""
    knew_password: KnewPassword | None = None


class SignInRecord(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What changes at a sign-in, kept apart from the account.

    `password_attempts` and `code_attempts` are by source; "" stands for all sources without an
    earlier success. `known_sources` are those with one, newest last.
    """

    password_attempts: dict[str, Attempts] = {}
    code_attempts: dict[str, Attempts] = {}
    known_sources: tuple[str, ...] = ()
    last_totp_step: int = 0
    last_sign_in: Time | None = None
    last_source: str = ""
    failed: FailedSignIns | None = None

    def changed(self, **fields: object) -> Self:
        """This record with other values in these fields."""
        return msgspec.structs.replace(self, **fields)


class Moved(Struct, frozen=True, forbid_unknown_fields=True):
    """The name that an account had before it was renamed, and its sign-in record of then."""

    username: str
    record: SignInRecord
