"""Read a password from one line of standard input."""

import sys
from typing import Final

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.secret import Secret
from cwtui.cli.errors import WrongUsage

_MOST: Final = 8192
"""The maximum input in bytes: more than the longest password in UTF-8."""

_BYTE_ORDER_MARK: Final = "\ufeff"


def password() -> Secret:
    """Return the line without its line end. Raises InvalidInput, and WrongUsage on a terminal."""
    if sys.stdin is None:
        raise InvalidInput("password", "Standard input is closed. Send the password to it.")
    if sys.stdin.isatty():
        raise WrongUsage(
            "--password-stdin needs a pipe or a file; a terminal would show the password."
        )
    content = sys.stdin.buffer.read(_MOST + 1)
    if len(content) > _MOST:
        raise InvalidInput("password", _of_one_line("is too long"))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput("password", _of_one_line("is not UTF-8")) from None
    line, _, rest = text.partition("\n")
    if rest:
        raise InvalidInput("password", _of_one_line("has more than one line"))
    if _BYTE_ORDER_MARK in line or "\0" in line:
        raise InvalidInput("password", _of_one_line("contains NUL or a byte order mark"))
    return Secret(line.removesuffix("\r"))


def _of_one_line(problem: str) -> str:
    return f"Standard input {problem}. It must be only the password, as one line of UTF-8."
