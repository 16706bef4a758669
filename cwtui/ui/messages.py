"""Messages that screens and widgets send to the router. They bubble up to the application.

A message is handled some time after it was sent, so it knows the screen it came from. If that
screen is gone by then, the message is ignored.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

if TYPE_CHECKING:
    from cwtui.accounts.enrolment import Enrolment
    from cwtui.accounts.preferences import Preferences
    from cwtui.accounts.secret import Secret
    from cwtui.accounts.sign_in import CodeNeeded
    from cwtui.ui.sections import SubPage


class LeadAway(Message):
    """Show another screen instead of the one that sends this."""

    sent_from: Screen[Any] | None = None
    is_awaited = False
    """Whether the sender does nothing until the router has answered."""

    def send(self, node: Widget) -> bool:
        """Send it from a screen or one of its widgets. Return False if the sender is closing."""
        self.sent_from = node.screen
        return node.post_message(self)


@dataclass(eq=False)
class AskFirst(LeadAway):
    """Ask the question, and follow the other message if the person agrees."""

    question: str
    act: str
    """The button that agrees."""
    stay: str
    """The button that does not."""
    then: LeadAway


# During a sign-in


@dataclass(eq=False)
class SignInStateReached(LeadAway):
    """The sign-in has reached this state."""

    state: object


@dataclass(eq=False)
class UseBackupCode(LeadAway):
    """Ask for a backup code instead of the one-time code."""

    state: "CodeNeeded"


@dataclass(eq=False)
class BackToSignIn(LeadAway):
    """Cancel everything and show the login screen with this notice."""

    notice: str = ""
    wrong: bool = False
    """Whether the notice says that something went wrong."""
    username: str = ""


# In a session


class OpenPage(LeadAway):
    """Open a page. Ignored while the current page is waiting for something."""


@dataclass(eq=False)
class OpenSection(OpenPage):
    """Open the section with this name."""

    name: str
    resume: bool = False
    """Whether the list of users keeps the filter and the row with which it was left."""


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
    """Register a device for the account of the session."""

    enrolment: "Enrolment"


@dataclass(eq=False)
class PreferencesChanged(OpenPage):
    """Apply these preferences of the session's account, and open Settings."""

    preferences: "Preferences"


@dataclass(eq=False)
class BackupCodesMade(OpenPage):
    """Show the new backup codes of the session's account. `outcome` says what was done."""

    codes: "tuple[Secret, ...]"
    outcome: str


# The end


@dataclass(eq=False)
class SessionOver(LeadAway):
    """The rules ended the session. Both fields say why: in a few words, and as a sentence."""

    reason: str
    sentence: str


class SignOut(LeadAway):
    """The person signs out."""


class Quit(LeadAway):
    """The person quits the application."""
