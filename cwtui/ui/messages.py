"""Messages that screens and widgets send to the router. They bubble up to the application.

A message is handled some time after it was sent, so it knows the screen it came from. If that
screen is gone by then, the message is ignored.

They are no dataclasses: the login screen would wait 3 ms until Python has made so many.
"""

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

if TYPE_CHECKING:
    from cwtui.accounts.bulk.acts import Act
    from cwtui.accounts.bulk.selections import Selection
    from cwtui.accounts.enrolment import Enrolment
    from cwtui.accounts.preferences import Preferences
    from cwtui.accounts.secret import Secret
    from cwtui.accounts.sign_in_states import CodeNeeded
    from cwtui.ui.batch_work import BatchWork
    from cwtui.ui.sections import DeviceTask, SubPage


class LeadAway(Message):
    """Show another screen instead of the one that sends this."""

    sent_from: Screen[Any] | None = None
    is_awaited = False
    """Whether the sender does nothing until the router has answered."""

    def send(self, node: Widget) -> bool:
        """Send it from a screen or one of its widgets. Return False if the sender is closing."""
        self.sent_from = node.screen
        return node.post_message(self)


class AskFirst(LeadAway):
    """Ask the question, and follow the other message if the person agrees."""

    def __init__(self, question: str, act: str, stay: str, then: LeadAway) -> None:
        super().__init__()
        self.question = question
        self.act = act
        """The button that agrees."""
        self.stay = stay
        """The button that does not."""
        self.then = then


# During a sign-in


class SignInStateReached(LeadAway):
    """The sign-in has reached this state."""

    def __init__(self, state: object) -> None:
        super().__init__()
        self.state = state


class UseBackupCode(LeadAway):
    """Ask for a backup code instead of the one-time code."""

    def __init__(self, state: "CodeNeeded") -> None:
        super().__init__()
        self.state = state


class BackToSignIn(LeadAway):
    """Cancel everything and show the login screen with this notice."""

    def __init__(self, notice: str = "", wrong: bool = False, username: str = "") -> None:
        super().__init__()
        self.notice = notice
        self.wrong = wrong
        """Whether the notice says that something went wrong."""
        self.username = username
        """Who is expected to sign in next."""


# In a session


class OpenPage(LeadAway):
    """Open a page. Ignored while the current page is waiting for something."""


class OpenSection(OpenPage):
    """Open the section with this name."""

    def __init__(self, name: str, resume: bool = False) -> None:
        super().__init__()
        self.name = name
        self.resume = resume
        """Whether the person comes back, and finds filter, row and focus as they were left."""


class OpenAccount(OpenPage):
    """Open the page of this account."""

    def __init__(self, username: str, resume: bool = False) -> None:
        super().__init__()
        self.username = username
        self.resume = resume
        """Whether it was open just now, and is only read anew."""


class OpenRolePage(OpenPage):
    """Open the page of this role, or with `copies`, the page that creates one like it."""

    def __init__(self, name: str, *, copies: bool = False) -> None:
        super().__init__()
        self.name = name
        self.copies = copies


class OpenBatch(OpenPage):
    """Open the page that does this with all accounts of the selection."""

    def __init__(self, act: "Act", selection: "Selection") -> None:
        super().__init__()
        self.act = act
        self.selection = selection


class OpenReport(OpenPage):
    """Go back to the report of this batch."""

    def __init__(self, batch: "BatchWork") -> None:
        super().__init__()
        self.batch = batch


class OpenSubPage(OpenPage):
    """Open this page below a section."""

    def __init__(self, page: "SubPage") -> None:
        super().__init__()
        self.page = page


class OpenUserSessions(OpenPage):
    """Open the page with the open sessions of this account."""

    def __init__(self, username: str) -> None:
        super().__init__()
        self.username = username


class OpenDevicePage(OpenPage):
    """Open the page for this task. `device` is the id of the device, if it is about one."""

    def __init__(self, task: "DeviceTask", device: str = "") -> None:
        super().__init__()
        self.task = task
        self.device = device


class OpenSshKeyPage(OpenPage):
    """Open the page of the person's SSH key with this id."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class EnrolmentBegun(OpenPage):
    """Register the first device of the session's account."""

    def __init__(self, enrolment: "Enrolment") -> None:
        super().__init__()
        self.enrolment = enrolment


class DeviceOffered(OpenPage):
    """Register a further device for the account of the session. `outcome` says what was done."""

    def __init__(self, enrolment: "Enrolment", outcome: str) -> None:
        super().__init__()
        self.enrolment = enrolment
        self.outcome = outcome


class PreferencesChanged(OpenPage):
    """Apply these preferences of the session's account, and open Settings."""

    def __init__(self, preferences: "Preferences") -> None:
        super().__init__()
        self.preferences = preferences


class BackupCodesMade(OpenPage):
    """Show the new backup codes of the session's account. `outcome` says what was done."""

    def __init__(self, codes: "tuple[Secret, ...]", outcome: str) -> None:
        super().__init__()
        self.codes = codes
        self.outcome = outcome


# The end


class SessionOver(LeadAway):
    """The rules ended the session. Two fields say why: in a few words, and as a sentence."""

    def __init__(self, reason: str, sentence: str, may_return: bool) -> None:
        super().__init__()
        self.reason = reason
        self.sentence = sentence
        self.may_return = may_return
        """Whether the same user can sign in again at once."""


class Ending(Enum):
    """How the person ends the session."""

    SIGN_OUT = auto()
    QUIT = auto()


class SignOut(LeadAway):
    """The person signs out. `notice` is what the login screen then says, if it is special."""

    def __init__(self, notice: str = "") -> None:
        super().__init__()
        self.notice = notice


class Quit(LeadAway):
    """The person quits the application."""
