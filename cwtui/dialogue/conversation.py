"""What a dialogue needs from whatever carries it: PAM, a socket or a terminal."""

from enum import Enum
from typing import NamedTuple, Protocol

from cwtui.accounts.secret import Secret


class Gone(Exception):
    """The person has left, or has not answered in time. Nothing more can be said or asked."""


class Cancelled(Exception):
    """The person does not want to answer this question, but stays."""


class Drawing(Enum):
    """How a QR code is drawn."""

    NONE = "none"
    ASCII = "ascii"
    """With letters, two for each module."""
    UTF8 = "utf8"
    """With half blocks."""


class Room(NamedTuple):
    """The columns and rows for a QR code, and how it is drawn in them."""

    columns: int
    rows: int
    drawing: Drawing = Drawing.UTF8


class Listener(Protocol):
    """Somebody who is told things. All methods raise Gone.

    Texts are shown as they are: whoever calls has made what others typed visible.
    """

    def tell(self, text: str) -> None:
        """Show one or more lines."""

    def warn(self, text: str) -> None:
        """Show what went wrong."""


class Conversation(Listener, Protocol):
    """Questions and answers. All methods raise Gone; questions may raise Cancelled."""

    @property
    def room(self) -> Room | None:
        """The room for a QR code; None if it is not known."""

    def ask(self, prompt: str) -> str:
        """Return one line, which is shown while it is typed."""

    def ask_secret(self, prompt: str) -> Secret:
        """Return one line, which is not shown."""
