"""What a dialogue needs from whatever carries it: PAM, a socket or a terminal."""

from typing import Protocol

from cwtui.accounts.secret import Secret


class Gone(Exception):
    """The person has left, or has not answered in time. Nothing more can be said or asked."""


class Listener(Protocol):
    """Somebody who is told things. All methods raise Gone.

    Texts are shown as they are: whoever calls has made what others typed visible.
    """

    def tell(self, text: str) -> None:
        """Show one or more lines."""

    def warn(self, text: str) -> None:
        """Show what went wrong."""


class Conversation(Listener, Protocol):
    """Questions and answers. All methods raise Gone."""

    @property
    def room(self) -> tuple[int, int] | None:
        """Columns and rows for a drawing of block characters; (0, 0) for none, None if unknown."""

    def ask(self, prompt: str) -> str:
        """Return one line, which is shown while it is typed."""

    def ask_secret(self, prompt: str) -> Secret:
        """Return one line, which is not shown."""
