"""What a line says of one account: names of fields as in `cwtui user list --json`."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from cwtui.accounts import expiry, roles, text, updates
from cwtui.accounts.account_state import PasswordState
from cwtui.accounts.credentials.passwords import canonical
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing import key_uri
from cwtui.accounts.importing.places import Place
from cwtui.accounts.importing.saved import Saved, saved
from cwtui.accounts.model import MOST_DEVICES, Origin
from cwtui.accounts.secret import Secret
from cwtui.language import _

FIELDS: Final = (
    *("username", "display_name", "role", "roles", "mfa_required", "mfa_required_of_account"),
    *("enabled", "disabled_reason", "expires", "origin", "password_hash", key_uri.FIELD, "invite"),
)
IGNORED: Final = (
    *("mfa", "status", "locked_until", "gone_since", "in_directory_too"),
    *("created_at", "last_sign_in", "password"),
)
"""What `cwtui user list` also prints. It follows from other things, or cannot be imported."""
_PASSWORD_STATES: Final = {"", *PasswordState}
_YES: Final = {"yes", "true", "1"}
_NO: Final = {"no", "false", "0"}
_BCRYPT: Final = re.compile(r"\$2[aby](\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53})")


class Entry(Struct, frozen=True, gc=False):
    """One account of the file. None means that the file does not say it.

    `typed` is the username as in the file. `password_hash` is a bcrypt hash that begins with $2b$,
    and `keys` are the secret keys of the devices in base32. `emergency_codes` of 8 digits each
    replace a one-time code once. `expires_at` is in seconds since the epoch; `never_expires`: the
    file says that there is no last day. `only_devices`: the file knows nothing else of the account,
    not even its origin. `invite`: whether a new account gets an invitation instead of an initial
    password. `saved` is what only an export with secrets says.
    """

    place: Place
    username: str
    typed: str
    display_name: str | None = None
    roles: tuple[str, ...] | None = None
    mfa_required: bool | None = None
    enabled: bool | None = None
    disabled_reason: str | None = None
    expires_at: float | None = None
    never_expires: bool = False
    origin: Origin = Origin.LOCAL
    password_hash: str | None = None
    keys: tuple[Secret, ...] = ()
    emergency_codes: tuple[Secret, ...] = ()
    only_devices: bool = False
    invite: bool | None = None
    saved: Saved = Saved()

    def __repr__(self) -> str:
        return f"Entry({self.username!r}, {self.place})"  # without its hashes

    @property
    def needs_initial_password(self) -> bool:
        return self.password_hash is None and self.origin is Origin.LOCAL

    @property
    def new_roles(self) -> tuple[str, ...]:
        """The roles that the account gets if it is new."""
        return self.roles if self.roles is not None else (roles.MINIMUM,)


def entry(place: Place, fields: Mapping[str, object]) -> Entry:
    """Return what these fields, text or JSON values, say. Raises InvalidInput."""
    _refuse_password(fields)
    typed = _text(fields, "username")
    origin = _origin(fields)
    expires = _text(fields, "expires")
    expires_at = expiry.end_of(expires) if expires else None
    return Entry(
        place=place,
        username=text.username(typed, local=origin is Origin.LOCAL),
        typed=typed,
        display_name=_display_name(fields),
        roles=_roles(fields),
        mfa_required=_truth(
            fields,
            "mfa_required_of_account" if "mfa_required_of_account" in fields else "mfa_required",
        ),
        enabled=_truth(fields, "enabled"),
        disabled_reason=_disabled_reason(fields),
        expires_at=expires_at,
        never_expires=bool(expires) and expires_at is None,
        origin=origin,
        password_hash=_password_hash(_text(fields, "password_hash")),
        keys=_keys(fields),
        invite=_invite(fields, origin),
        saved=saved(fields),
    )


def _refuse_password(fields: Mapping[str, object]) -> None:
    given = fields.get("password")
    if given is not None and not (isinstance(given, str) and given in _PASSWORD_STATES):
        raise InvalidInput(
            "password",
            _(
                "Passwords are not imported. Give the bcrypt hash as password_hash, or leave it "
                "out."
            ),
        )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(name, _("{name} must be text.", name=name))
    return value


def _display_name(fields: Mapping[str, object]) -> str | None:
    if fields.get("display_name") is None:
        return None
    return text.display_name(_text(fields, "display_name"))


def _truth(fields: Mapping[str, object], name: str) -> bool | None:
    value = fields.get(name)
    if value is None:
        return None  # at once: most lines say only a few things
    word = str(value).strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    if word:
        raise InvalidInput(
            name, _("{name} must be yes or no, or in JSON true or false.", name=name)
        )
    return None


def _invite(fields: Mapping[str, object], origin: Origin) -> bool | None:
    invite = _truth(fields, "invite")
    if invite and (_text(fields, "password_hash") or origin is not Origin.LOCAL):
        raise InvalidInput(
            "invite",
            _("An account with a password_hash, or from LDAP, has a password. Leave out invite."),
        )
    return invite


def _disabled_reason(fields: Mapping[str, object]) -> str | None:
    """Return the reason; empty for a disabled account that is said to have none."""
    if fields.get("disabled_reason") is None:
        return None
    given = updates.reason(_text(fields, "disabled_reason"), "disabled_reason")
    if _truth(fields, "enabled") is False:
        return given
    if given:
        raise InvalidInput(
            "disabled_reason", _("Only an account that is not enabled has a reason.")
        )
    return None


def _words(fields: Mapping[str, object], name: str) -> list[str]:
    value = fields.get(name)
    if value is None:
        return []
    if isinstance(value, str):
        return value.replace(",", " ").split() if name != key_uri.FIELD else value.split()
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise InvalidInput(name, _("{name} must be text, or in JSON a list of strings.", name=name))


def _roles(fields: Mapping[str, object]) -> tuple[str, ...] | None:
    """Return the roles, sorted. Which custom ones there are, only the store knows."""
    chosen = [*_words(fields, "role"), *_words(fields, "roles")]
    if not chosen and [] in (fields.get("role"), fields.get("roles")):
        roles.known((), {})  # raises: an empty list says that there are none
    return tuple(sorted(set(chosen))) if chosen else None


def _origin(fields: Mapping[str, object]) -> Origin:
    given = _text(fields, "origin")
    if not given:
        return Origin.LOCAL
    try:
        return Origin(given)
    except ValueError:
        raise InvalidInput("origin", _("origin must be local or ldap.")) from None


def is_bcrypt(hashed: str) -> bool:
    """Whether this is a bcrypt hash that can be taken over."""
    return _BCRYPT.fullmatch(hashed) is not None


def _password_hash(typed: str) -> str | None:
    if not typed:
        return None
    found = _BCRYPT.fullmatch(typed)
    if found is None:
        raise InvalidInput(
            "password_hash",
            _(
                "password_hash must be a bcrypt hash: $2a$, $2b$ or $2y$, a cost from 04 to 16, $ "
                "and 53 characters."
            ),
        )
    # The three are the same for passwords of up to 72 bytes, and only those are accepted.
    return canonical(f"$2b{found[1]}")


def _keys(fields: Mapping[str, object]) -> tuple[Secret, ...]:
    uris = _words(fields, key_uri.FIELD)
    if not uris:
        return ()
    if len(uris) > MOST_DEVICES:
        raise InvalidInput(
            key_uri.FIELD,
            _("An account can have at most {most} devices.", most=MOST_DEVICES),
        )
    keys = tuple(key_uri.secret_key(uri) for uri in uris)
    if any(one == other for at, one in enumerate(keys) for other in keys[:at]):
        raise InvalidInput(key_uri.FIELD, _("Two otpauth URIs have the same secret key."))
    return keys
