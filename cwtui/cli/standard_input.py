"""Read a password, a passphrase or a public key from one line of standard input."""

import sys
from typing import Final

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.cli.errors import WrongUsage
from cwtui.cli.output import say

_MOST: Final = 8192
"""The maximum input in bytes: more than the longest password in UTF-8."""

_BYTE_ORDER_MARK: Final = "\ufeff"


def password() -> Secret:
    """Return the line without its line end. Raises InvalidInput, and WrongUsage on a terminal."""
    return _secret("password")


def passphrase() -> Secret:
    """Return the line without its line end. Raises InvalidInput, and WrongUsage on a terminal."""
    return _secret("passphrase")


def _secret(what: str) -> Secret:
    if sys.stdin is not None and sys.stdin.isatty():
        raise WrongUsage(
            f"--{what}-stdin needs a pipe or a file; a terminal would show the {what}."
        )
    return Secret(_line(what, f"the {what}"))


def public_key() -> str:
    """Return the line with a public SSH key. Raises InvalidInput."""
    if sys.stdin is not None and sys.stdin.isatty():
        say("Paste the public key, and press Enter:")
        return sys.stdin.readline(_MOST + 1)
    return _line("ssh_key", "the public key")


def _line(field: str, what: str) -> str:
    if sys.stdin is None:
        raise InvalidInput(field, f"Standard input is closed. Send {what} to it.")
    content = sys.stdin.buffer.read(_MOST + 1)
    if len(content) > _MOST:
        raise _not_one_line(field, what, "is too long")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_one_line(field, what, "is not UTF-8") from None
    line, _, rest = text.partition("\n")
    if rest:
        raise _not_one_line(field, what, "has more than one line")
    if _BYTE_ORDER_MARK in line or "\0" in line:
        raise _not_one_line(field, what, "contains NUL or a byte order mark")
    return line.removesuffix("\r")


def _not_one_line(field: str, what: str, problem: str) -> InvalidInput:
    return InvalidInput(
        field, f"Standard input {problem}. It must be only {what}, as one line of UTF-8."
    )
