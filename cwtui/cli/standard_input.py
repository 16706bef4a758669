"""Read a password, a passphrase or a public key from one line of standard input."""

import sys
from typing import Final, NamedTuple

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.cli.errors import WrongUsage
from cwtui.cli.output import say
from cwtui.language import N_, _

_MOST: Final = 8192
"""The maximum input in bytes: more than the longest password in UTF-8."""

_BYTE_ORDER_MARK: Final = "\ufeff"


class _What(NamedTuple):
    """What is read for the field, and the sentences about it, not translated yet."""

    field: str
    rule: str
    if_closed: str
    on_a_terminal: str = ""


_PASSWORD: Final = _What(
    "password",
    N_("It must be only the password, as one line of UTF-8."),
    N_("Standard input is closed. Send the password to it."),
    N_("--password-stdin needs a pipe or a file; a terminal would show the password."),
)
_PASSPHRASE: Final = _What(
    "passphrase",
    N_("It must be only the passphrase, as one line of UTF-8."),
    N_("Standard input is closed. Send the passphrase to it."),
    N_("--passphrase-stdin needs a pipe or a file; a terminal would show the passphrase."),
)
_PUBLIC_KEY: Final = _What(
    "ssh_key",
    N_("It must be only the public key, as one line of UTF-8."),
    N_("Standard input is closed. Send the public key to it."),
)


def password() -> Secret:
    """Return the line without its line end. Raises InvalidInput, and WrongUsage on a terminal."""
    return _secret(_PASSWORD)


def passphrase() -> Secret:
    """Return the line without its line end. Raises InvalidInput, and WrongUsage on a terminal."""
    return _secret(_PASSPHRASE)


def _secret(what: _What) -> Secret:
    if sys.stdin is not None and sys.stdin.isatty():
        raise WrongUsage(_(what.on_a_terminal))
    return Secret(_line(what))


def public_key() -> str:
    """Return the line with a public SSH key. Raises InvalidInput."""
    if sys.stdin is not None and sys.stdin.isatty():
        say(_("Paste the public key, and press Enter:"))
        return sys.stdin.readline(_MOST + 1)
    return _line(_PUBLIC_KEY)


def _line(what: _What) -> str:
    if sys.stdin is None:
        raise InvalidInput(what.field, _(what.if_closed))
    content = sys.stdin.buffer.read(_MOST + 1)
    if len(content) > _MOST:
        raise _not_one_line(what, _("Standard input is too long."))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_one_line(what, _("Standard input is not UTF-8.")) from None
    line, _end, rest = text.partition("\n")
    if rest:
        raise _not_one_line(what, _("Standard input has more than one line."))
    if _BYTE_ORDER_MARK in line or "\0" in line:
        raise _not_one_line(what, _("Standard input contains NUL or a byte order mark."))
    return line.removesuffix("\r")


def _not_one_line(what: _What, problem: str) -> InvalidInput:
    rule = _(what.rule)
    return InvalidInput(what.field, f"{problem} {rule}")
