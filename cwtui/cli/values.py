"""Kinds of values of options. Their errors say what would be right."""

import re
from typing import Any, Final

import click

from cwtui.accounts.text import username, whole_number
from cwtui.cli.usage import quoted
from cwtui.language import _, grouped

_MOST_DIGITS: Final = 9
_SESSION_ID: Final = re.compile(r"[0-9a-f]{12}", re.ASCII)


class Username(click.ParamType[str]):
    """A name that an account can have. With `local`, one that a local account can have.

    It is passed on as it was typed, because look-alikes are also looked for in capital letters.
    """

    name = "username"

    def __init__(self, *, local: bool = False) -> None:
        self._local = local

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Raise InvalidInput if no account can have this name."""
        del param, ctx
        username(str(value), local=self._local)
        return str(value)


class DeviceName(click.ParamType[str]):
    """A name that a device can have."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Raise InvalidInput if no device can have this name."""
        del param, ctx
        # Imported here, because few commands need it.
        from cwtui.accounts.devices import checked_name

        return checked_name(str(value), (), "device")


class SshKeyName(click.ParamType[str]):
    """A name that an SSH key can have or, with `or_fingerprint`, a fingerprint."""

    name = "key"

    def __init__(self, *, or_fingerprint: bool = False) -> None:
        self._or_fingerprint = or_fingerprint

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Raise InvalidInput if no SSH key can have this name."""
        del param, ctx
        from cwtui.accounts.ssh_keys import checked_name, is_fingerprint

        typed = str(value)
        if self._or_fingerprint and is_fingerprint(typed):
            return typed
        return checked_name(typed, ())


class Fingerprint(click.ParamType[str]):
    """A fingerprint of an SSH key."""

    name = "fingerprint"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from cwtui.accounts.ssh_keys import is_fingerprint

        typed = str(value)
        if not is_fingerprint(typed):
            right = _("A fingerprint is SHA256: and 43 characters, as ssh-keygen -l prints it.")
            self.fail(_("cannot be {value}. {right}", value=quoted(typed), right=right), param, ctx)
        return typed


class SessionId(click.ParamType[str]):
    """The id of an open session."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        typed = str(value)
        if not _SESSION_ID.fullmatch(typed):
            # Not quoted: it may be anything, such as a password.
            self.fail(_("must be 12 of 0-9 and a-f, as cwtui session list prints it."), param, ctx)
        return typed


class WholeNumber(click.ParamType[int]):
    """A whole number from `least` to `most`."""

    name = "number"

    def __init__(self, least: int, most: int = 10**_MOST_DIGITS - 1) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = whole_number(str(value), _MOST_DIGITS)
        if number is None or not self._least <= number <= self._most:
            right = _(
                "Enter a number from {least} to {most}.",
                least=grouped(self._least),
                most=grouped(self._most),
            )
            self.fail(
                _("cannot be {value}. {right}", value=quoted(str(value)), right=right), param, ctx
            )
        return number
