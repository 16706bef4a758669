"""Translate a server's answers to LDAP operations into errors for the user."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cwtui.accounts.directory_port import (
    DirectoryAccountDisabled,
    DirectoryAccountLocked,
    DirectoryMisconfigured,
    DirectoryPasswordExpired,
    DirectoryPasswordMustChange,
    DirectoryRefused,
    NoDirectoryUser,
    WrongDirectoryPassword,
)
from cwtui.accounts.text import visible
from cwtui.directory.transport import Unreachable
from cwtui.language import N_, _

POLICY_CONTROL: Final = "1.3.6.1.4.1.42.2.27.8.5.1"
"""Requests and returns password policy information (draft-behera-ldap-password-policy-11)."""

EXPIRED_CONTROL: Final = "2.16.840.1.113730.3.4.4"
"""Sent by 389 Directory Server and related servers (draft-vchu-ldap-pwd-policy-00)."""

EXPIRING_CONTROL: Final = "2.16.840.1.113730.3.4.5"
"""The remaining seconds as a decimal number (same draft)."""

EXPIRED: Final = 0
LOCKED: Final = 1
MUST_CHANGE: Final = 2
"""Error numbers of draft-behera-ldap-password-policy."""

SUCCESS: Final = 0
TIME_LIMIT: Final = 3
SIZE_LIMIT: Final = 4
REFERRAL: Final = 10
NO_SUCH_OBJECT: Final = 32
_NOT_NOW: Final = {TIME_LIMIT, 11, 51, 52, 80}
"""RFC 4511 section 4.1.9: timeLimitExceeded, adminLimitExceeded, busy, unavailable, other."""

_WRONG: Final = {NO_SUCH_OBJECT, 34, 48, 49}
"""noSuchObject, invalidDNSyntax, inappropriateAuthentication (no password), invalidCredentials."""

_MORE_PROTECTION: Final = {8, 13}
"""strongerAuthRequired, confidentialityRequired."""

_CONSTRAINT: Final = 19
_UNWILLING: Final = 53
"""constraintViolation and unwillingToPerform, with which 389 Directory Server refuses accounts."""

NO_PAGES: Final = {11, 12, _UNWILLING}
"""adminLimitExceeded, unavailableCriticalExtension, unwillingToPerform: answers of servers that
refuse paged results (RFC 2696) or this page size.
"""

_AD_CODE: Final = re.compile(r"\bdata ([0-9a-fA-F]{2,8})\b")
_HERE: Final = N_("Change it where you usually change your password, then sign in again.")
_ASK: Final = N_("Ask an administrator of the directory.")


def _expired() -> DirectoryRefused:
    return DirectoryPasswordExpired(
        _("Your password has expired in the directory. {then}", then=_(_HERE))
    )


def _must_change() -> DirectoryRefused:
    return DirectoryPasswordMustChange(
        _("You must change your password in the directory first. {then}", then=_(_HERE))
    )


def _locked() -> DirectoryRefused:
    return DirectoryAccountLocked(
        _(
            "The directory has locked your account after too many wrong passwords. Wait a while, "
            "or ask an administrator of the directory."
        )
    )


def disabled(*, password_was_right: bool = False) -> DirectoryRefused:
    return DirectoryAccountDisabled(
        _("Your account is disabled in the directory. {ask}", ask=_(_ASK)),
        password_was_right=password_was_right,
    )


def _ad_disabled(sentence: str) -> DirectoryRefused:
    # Active Directory checks the password first; only its lockout comes before that.
    return DirectoryAccountDisabled(f"{_(sentence)} {_(_ASK)}", password_was_right=True)


def _unused() -> DirectoryRefused:
    return DirectoryAccountDisabled(
        _(
            "The directory has locked your account because it was unused for too long. {ask}",
            ask=_(_ASK),
        )
    )


def _not_allowed() -> DirectoryRefused:
    return DirectoryAccountDisabled(_("The directory does not let you sign in. {ask}", ask=_(_ASK)))


_BY_POLICY: Final[dict[int, Callable[[], DirectoryRefused]]] = {
    EXPIRED: _expired,
    LOCKED: _locked,
    MUST_CHANGE: _must_change,
}

_BY_TEXT: Final[dict[int, dict[str, Callable[[], DirectoryRefused]]]] = {
    # As 389 Directory Server 2.3 writes them.
    _CONSTRAINT: {"retry limit": _locked, "inactivity": _unused},
    _UNWILLING: {"inactivated": disabled},
}
"""By code and a part of the text. Takes precedence over the policy control, which says "locked"."""

_BY_AD_CODE: Final[dict[int, Callable[[], DirectoryRefused]]] = {
    # Win32 error codes behind LDAP's 49, as Active Directory writes them (Microsoft, MS-ERREF).
    0x525: NoDirectoryUser,
    0x52E: WrongDirectoryPassword,
    0x530: lambda: _ad_disabled(N_("The directory does not let you sign in at this time.")),
    0x531: lambda: _ad_disabled(N_("The directory does not let you sign in from this host.")),
    0x532: _expired,
    0x533: lambda: disabled(password_was_right=True),
    0x701: lambda: _ad_disabled(N_("Your account has expired in the directory.")),
    0x773: _must_change,
    0x775: _locked,
}


class Policy(NamedTuple):
    """Password policy information in an answer; None for what is not given.

    `error` is the policy's error number, `grace` the number of sign-ins left with an expired
    password, and `seconds` how long the password is still valid.
    """

    error: int | None = None
    grace: int | None = None
    seconds: int | None = None


class Answer(NamedTuple):
    """The result of an operation."""

    code: int
    description: str
    message: str
    policy: Policy = Policy()

    @property
    def technical(self) -> str:
        """Details for the operator: the code, its name, and the server's message."""
        message = visible(self.message.rstrip("\0").strip())[:200]
        return f"{self.code} {self.description}{f': {message}' if message else ''}"


def check_bind(answer: Answer) -> None:
    """Raise the error that the answer means, unless the password was accepted."""
    refusal = _refusal(answer)
    if refusal is not None:
        raise refusal
    check_answer(answer)


def check_answer(answer: Answer) -> None:
    """Raise Unreachable or DirectoryMisconfigured for any operation that did not succeed."""
    if answer.code == SUCCESS:
        return
    check_now(answer)
    if answer.code == REFERRAL:
        raise DirectoryMisconfigured(
            _(
                "The directory refers to another server, and cwtui does not follow referrals. Add "
                "that server to servers in [directory]."
            )
        )
    if answer.code in _MORE_PROTECTION:
        raise DirectoryMisconfigured(
            _(
                "The directory requires encryption ({technical}). Use ldaps:// or starttls = true.",
                technical=answer.technical,
            )
        )
    raise DirectoryMisconfigured(
        _("The directory returned an error: {technical}.", technical=answer.technical)
    )


def check_now(answer: Answer) -> None:
    """Raise Unreachable if this server is busy and another one may answer."""
    if answer.code in _NOT_NOW:
        raise Unreachable(_("cannot answer now ({technical})", technical=answer.technical))


def _refusal(answer: Answer) -> DirectoryRefused | None:
    text = answer.message.lower()
    for part, refusal in _BY_TEXT.get(answer.code, {}).items():
        if part in text:
            return refusal()
    if answer.policy.error in _BY_POLICY:
        return _BY_POLICY[answer.policy.error]()
    if answer.code in _WRONG:
        code = _AD_CODE.search(answer.message)
        return _BY_AD_CODE.get(int(code[1], 16) if code else 0, WrongDirectoryPassword)()
    return _not_allowed() if answer.code == _CONSTRAINT else None


def policy_of(controls: Mapping[str, bytes]) -> Policy:
    """Return the password policy information. Raises PyAsn1Error and ValueError."""
    if POLICY_CONTROL in controls:
        return policy(controls[POLICY_CONTROL])
    if EXPIRED_CONTROL in controls:
        return Policy(error=EXPIRED)
    if EXPIRING_CONTROL in controls:
        return Policy(seconds=int(controls[EXPIRING_CONTROL]))
    return Policy()


def policy(control_value: bytes) -> Policy:
    """Decode the value of the policy response control. Raises PyAsn1Error if it is invalid."""
    from pyasn1.codec.ber.decoder import decode
    from pyasn1.type import namedtype, tag, univ

    def tagged(number: int, form: int) -> tag.Tag:
        return tag.Tag(tag.tagClassContext, form, number)

    def number(of: int) -> univ.Integer:
        return univ.Integer().subtype(implicitTag=tagged(of, tag.tagFormatSimple))

    choice = univ.Choice(
        componentType=namedtype.NamedTypes(
            namedtype.NamedType("seconds", number(0)), namedtype.NamedType("grace", number(1))
        )
    )
    warning = choice.subtype(explicitTag=tagged(0, tag.tagFormatConstructed))
    error = univ.Enumerated().subtype(implicitTag=tagged(1, tag.tagFormatSimple))
    response = univ.Sequence(
        componentType=namedtype.NamedTypes(
            namedtype.OptionalNamedType("warning", warning),
            namedtype.OptionalNamedType("error", error),
        )
    )
    value, _ = decode(control_value, asn1Spec=response)
    fields = {}
    if value["error"].hasValue():
        fields["error"] = int(value["error"])
    if value["warning"].hasValue():
        fields[value["warning"].getName()] = int(value["warning"].getComponent())
    return Policy(**fields)
