"""What screens and widgets ask of the router: the messages that bubble up to the application.

A message is handled some time after it was sent. So each knows the screen it came from: if that
one is gone by then, the message came too late and does nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

if TYPE_CHECKING:
    from cwtui.accounts.enrolment import Enrolment
    from cwtui.accounts.secret import Secret
    from cwtui.accounts.sign_in import CodeNeeded
    from cwtui.ui.sections import SubPage


class LeadAway(Message):
    """Show another screen instead of the one that sends this."""

    sent_from: Screen[Any] | None = None
    is_awaited = False
    """Whether that screen does nothing until the router has answered."""

    def send(self, node: Widget) -> bool:
        """Send it from a screen or a widget on it. False if that is closing."""
        self.sent_from = node.screen
        return node.post_message(self)


# During a sign-in


@dataclass(eq=False)
class SignInStateReached(LeadAway):
    """The sign-in went on to this state."""

    state: object


@dataclass(eq=False)
class UseBackupCode(LeadAway):
    """A backup code is to be entered instead of the one-time code."""

    state: "CodeNeeded"


@dataclass(eq=False)
class BackToSignIn(LeadAway):
    """Give up whatever is going on; show the login screen with this notice."""

    notice: str = ""
    wrong: bool = False
    """Whether the notice says that something went wrong."""
    username: str = ""


# In a session


class OpenPage(LeadAway):
    """Open a page. It is ignored while the page that is shown waits for something."""


@dataclass(eq=False)
class OpenSection(OpenPage):
    """Open the section of that name."""

    name: str
    resume: bool = False
    """Whether the list of users is shown as it was left: its filter, and the row."""


@dataclass(eq=False)
class OpenAccount(OpenPage):
    """Open the page of this account."""

    username: str


@dataclass(eq=False)
class OpenSubPage(OpenPage):
    """Open this page below a section."""

    page: "SubPage"


@dataclass(eq=False)
class EnrolmentBegun(OpenPage):
    """A device is to be registered for the account of the session."""

    enrolment: "Enrolment"


@dataclass(eq=False)
class BackupCodesMade(OpenPage):
    """The account of the session has new backup codes; `outcome` says what was done."""

    codes: "tuple[Secret, ...]"
    outcome: str


# The end


@dataclass(eq=False)
class SessionOver(LeadAway):
    """The rules ended the session: why, in a few words and as a sentence."""

    reason: str
    sentence: str


class SignOut(LeadAway):
    """The person ends the session."""


class Quit(LeadAway):
    """The person ends the application."""
