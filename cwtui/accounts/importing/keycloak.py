"""Keycloak's export of a realm (`kc.sh export`), whose `users` have `credentials`.

A credential has its type, and in `credentialData` and `secretData` JSON as text (Keycloak 8 and
later). Users whose password is in a directory get their account from the directory here too.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Raw, Struct

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing import documents, keys
from cwtui.accounts.importing.documents import Number
from cwtui.accounts.importing.entries import Entry
from cwtui.accounts.importing.given import Given
from cwtui.accounts.importing.places import Note, Place, Problem
from cwtui.accounts.importing.taken_over import Person
from cwtui.accounts.model import MOST_DEVICES
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import USERNAME_LENGTH, shortened, visible
from cwtui.language import N_, _

_OTP: Final = "otp"
_PASSWORD: Final = "password"  # noqa: S105  a type of credentials
_LEFT: Final = {
    "webauthn": N_("A security key is left out."),
    "webauthn-passwordless": N_("A passkey is left out."),
    "recovery-authn-codes": N_("Recovery codes are left out: make new backup codes."),
}
_OTHER_LEFT: Final = N_("A credential of another kind is left out.")
_SECOND_FACTORS: Final = ("webauthn", "webauthn-passwordless")


class _Credential(Struct, rename="camel"):
    type: str | None = None
    secret_data: str | None = None
    credential_data: str | None = None


class _User(Struct, rename="camel"):
    username: str
    enabled: bool = True
    first_name: str | None = None
    last_name: str | None = None
    credentials: list[_Credential] | None = None
    required_actions: list[str] | None = None
    service_account_client_id: str | None = None
    federation_link: str | None = None


class _Realm(Struct):
    users: list[Raw]


class _OtpData(Struct, rename="camel"):
    sub_type: str = "totp"
    algorithm: str = "HmacSHA1"
    digits: Number = 6
    period: Number = 30
    secret_encoding: str | None = None


class _SecretData(Struct):
    value: str


def entries(given: Given) -> Iterator[Entry | Problem | Note]:
    """Yield the people of a realm. Raises WrongFile, and OSError."""
    what = N_("an export of a Keycloak realm with its users")
    realm = documents.json(documents.content(given.source), _Realm, what)
    documents.check_count(len(realm.users))
    for number, raw in enumerate(realm.users, 1):
        place = given.entry(number)
        try:
            user = documents.entry(raw, _User)
        except InvalidInput as error:
            yield Problem(place, str(error))
            continue
        yield from _of_user(place, user)


def _of_user(place: Place, user: _User) -> Iterator[Entry | Problem | Note]:
    shown = visible(shortened(user.username, USERNAME_LENGTH))
    if user.service_account_client_id:
        yield Note(place, _("Left out: this is the account of a client, not of a person."), shown)
    elif user.federation_link:
        sentence = _("Left out: the password is in a directory. See cwtui help ldap.")
        yield Note(place, sentence, shown)
    else:
        actions = user.required_actions or []
        name = f"{user.first_name or ''} {user.last_name or ''}"
        person = Person(place, user.username, name, user.enabled, "CONFIGURE_TOTP" in actions)
        for credential in user.credentials or []:
            _take(person, credential)
        yield from person.entries()


def _take(person: Person, credential: _Credential) -> None:
    """Take the credential over if possible, and say so otherwise."""
    kind = credential.type or ""
    if kind == _PASSWORD:
        person.take_hash("")
    elif kind == _OTP:
        try:
            _add(person.keys, _key(credential))
        except InvalidInput as error:
            person.left.append(str(error))
            person.factor_left = True
    else:
        person.left.append(_(_LEFT.get(kind, _OTHER_LEFT)))
        person.factor_left |= kind in _SECOND_FACTORS


def _key(credential: _Credential) -> Secret:
    data = documents.entry(credential.credential_data or "{}", _OtpData)
    keys.check_codes(data.sub_type, data.algorithm, data.digits, data.period)
    value = documents.entry(credential.secret_data or "{}", _SecretData).value
    if data.secret_encoding is None:
        return keys.from_bytes(value.encode("utf-8", "surrogatepass"))
    if data.secret_encoding.upper() != "BASE32":
        raise keys.unusable(_("its secret key is in an unknown encoding"))
    return keys.from_base32(value)


def _add(kept: list[Secret], key: Secret) -> None:
    if len(kept) == MOST_DEVICES:
        raise keys.unusable(_("an account can have at most {most}", most=MOST_DEVICES))
    if key not in kept:
        kept.append(key)
