"""otpauth URIs (Key URI format) of devices that people have."""

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from cwtui.accounts.credentials import totp
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing import keys
from cwtui.accounts.secret import Secret
from cwtui.language import N_, _

FIELD: Final = "otpauth_uris"
_MOST_PARAMETERS: Final = 8
_ONLY: Final = {
    "algorithm": ("SHA1", N_("algorithm differs, and only SHA1 is possible")),
    "digits": (str(totp.DIGITS), N_("digits differs, and only 6 digits are possible")),
    "period": (str(totp.PERIOD), N_("period differs, and only 30 seconds are possible")),
}
_NO_MATTER: Final = {"secret", "issuer", "image"}


def secret_key(uri: str) -> Secret:
    """Return the secret key in base32. Raises InvalidInput, which does not quote the URI."""
    parameters = _parameters(uri)
    if parameters.keys() - _ONLY.keys() - _NO_MATTER:
        # Not named, as it may be a part of a secret.
        raise _invalid(_("it has an unknown parameter"))
    for name, (needed, otherwise) in _ONLY.items():
        if parameters.get(name, needed).upper().replace("-", "") != needed:
            raise _invalid(_(otherwise))
    if not parameters.get("secret"):
        raise _invalid(_("it has no secret key"))
    return keys.from_base32(parameters["secret"])


def _parameters(uri: str) -> dict[str, str]:
    try:
        parts = urlsplit(uri)
        found = parse_qsl(
            parts.query,
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError:
        raise _invalid(_("it is not a URI of the form otpauth://totp/NAME?secret=...")) from None
    if (parts.scheme.lower(), parts.netloc.lower()) == ("otpauth", "hotp"):
        raise _invalid(_("it is for codes by counter, and only codes by time are possible"))
    if (parts.scheme.lower(), parts.netloc.lower()) != ("otpauth", "totp"):
        raise _invalid(_("it does not begin with otpauth://totp/"))
    if len(dict(found)) < len(found):
        raise _invalid(_("it has the same parameter twice"))
    return dict(found)


def _invalid(reason: str) -> InvalidInput:
    return InvalidInput(FIELD, _("An otpauth URI cannot be used: {reason}.", reason=reason))
