"""What of an account in another program is taken over, with the rest said in notes.

An account whose second factor stays behind must not become one that a password alone opens. So it
gets an initial password or an invitation, and must register a device.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.importing.entries import Entry, entry, is_bcrypt
from cwtui.accounts.importing.places import Note, Place, Problem
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import USERNAME_LENGTH, shortened, visible
from cwtui.language import N_, _

NO_DEVICE_LEFT: Final = N_(
    "As no device is taken over, neither is the password. The user must register a device."
)


@dataclass
class Person:
    """A person of another program, while the file is read."""

    place: Place
    username: str
    display_name: str = ""
    enabled: bool = True
    mfa_required: bool = False
    password_hash: str = field(default="", repr=False)
    keys: list[Secret] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """What is left behind, each as a sentence."""
    factor_left: bool = False
    """Whether a second factor is among it."""

    def take_hash(self, hashed: str) -> None:
        """Take the password hash over if it can be checked here, and say so otherwise."""
        if is_bcrypt(hashed):
            self.password_hash = hashed
        else:
            self.left.append(
                _(
                    "The password cannot be checked here, as its hash is not bcrypt: it is not "
                    "taken over."
                )
            )

    def entries(self) -> Iterator[Entry | Problem | Note]:
        """Yield notes and the entry, or what is wrong with it."""
        shown = visible(shortened(self.username, USERNAME_LENGTH))
        if self.factor_left and not self.keys:
            self.password_hash, self.mfa_required = "", True
            self.left.append(_(NO_DEVICE_LEFT))
        for sentence in self.left:
            yield Note(self.place, sentence, shown)
        fields: dict[str, object] = {
            "username": self.username,
            "display_name": self.display_name,
            "enabled": self.enabled,
            "mfa_required": self.mfa_required or None,
            "password_hash": self.password_hash,
        }
        try:
            yield replace(entry(self.place, fields), keys=tuple(self.keys))
        except InvalidInput as error:
            yield Problem(self.place, str(error), shown)
