"""Errors of the command line itself. Each message is a complete sentence.

They do not come from click, because the application starts without it.
"""

from typing import ClassVar


class CommandError(Exception):
    """Base of these errors."""

    exit_code: ClassVar[int]


class WrongUsage(CommandError):
    """The command was used in a wrong way."""

    exit_code = 2


class Failed(CommandError):
    """The command failed, or its result could not be written."""

    exit_code = 1
