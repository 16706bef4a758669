"""The whole application as a dialogue: sign in, choose what to do, sign out."""

from collections.abc import Callable
from typing import Protocol

from cwtui import language
from cwtui.accounts import first_admin, text, wording
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import CannotCheck, Refused, SessionEnded
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.ports import Ports
from cwtui.accounts.preferences import zone
from cwtui.accounts.session import Operator, sign_out
from cwtui.accounts.settings import OrganizationSettings
from cwtui.accounts.sign_in_states import SignedIn, State
from cwtui.dialogue.asking import ATTEMPTS, CANCELLED, PASSWORD, choice, until_right
from cwtui.dialogue.conversation import Cancelled, Conversation, Gone
from cwtui.dialogue.managing import Managing
from cwtui.dialogue.own_account import OwnAccount
from cwtui.dialogue.session import SessionDialogue
from cwtui.dialogue.session_watch import SessionWatch
from cwtui.dialogue.signing_in import Dialogue, tell_of
from cwtui.language import _


class Here(Protocol):
    """The person at a terminal of this process."""

    def signed_in(self) -> None:
        """Know that a session begins."""

    def idle(self) -> float:
        """Return for how many seconds the person has done nothing."""

    def leave(self) -> None:
        """Let whatever is said or asked now or later raise Gone. Called in another thread."""


def run(ports: Ports, person: Conversation, source: str, here: Here, process: Process) -> bool:
    """Let one person sign in and do what the account allows, until they sign out.

    Returns whether the session ended with the person's own sign-out. Raises SessionEnded if others
    ended it, and Gone if nobody answers; the session has then ended.
    """
    with language.speaking(None):
        return _run(ports, person, source, here, process)


def _run(ports: Ports, person: Conversation, source: str, here: Here, process: Process) -> bool:
    person.tell(_("Sign in to Your Account"))
    entry = Dialogue(ports, person, source)
    state: SignedIn | None = None
    try:
        while state is None:
            try:
                state = entry.into_session(_identified(entry))
            except Cancelled:
                person.warn(_(CANCELLED))
    except (Refused, CannotCheck) as error:
        person.warn(str(error))
        person.tell(_("You are not signed in. To try again, start cwtui again."))
        return False
    here.signed_in()
    watch = SessionWatch(ports, state.session, here.idle, here.leave)
    try:
        return _session(entry, state, watch, process)
    finally:
        watch.stop()


def create_first_admin(
    create_store: Callable[[], Ports], person: Conversation, source: str
) -> None:
    """Create the store with its first admin, once the answers are right.

    Raises CannotCheck and Gone.
    """
    first = _("There are no accounts yet. Create the first administrator.")
    needs = _("The password needs {rules}.", rules=passwords.rules(OrganizationSettings()))
    person.tell(f"{first}\n{needs}")

    def ask() -> str:
        username = person.ask(_("Username: "))
        password = person.ask_secret(_(PASSWORD))
        confirmation = person.ask_secret(_("Confirm Password: "))
        first_admin.check(username, password, confirmation)  # before anything is created
        operator, ports = Operator("first run", source), create_store()
        return first_admin.create(ports, username, password, confirmation, operator).username

    username = ""
    while not username:
        try:
            username = until_right(person, ask)
        except Cancelled:
            person.warn(_(CANCELLED))
    person.tell(_("The administrator {name} was created.", name=username))


def _identified(entry: Dialogue) -> State:
    """Ask for username and password until they are right. Raises TooManyAttempts too.

    The username may be the one that was mistyped, so it is asked for again and only offered.
    """
    person, offered = entry.person, ""

    def username() -> str:
        prompt = _("Username: ")
        if offered:
            prompt = _("Username (Enter: {name}): ", name=text.visible(offered))
        typed = person.ask(prompt)
        return text.username(typed if typed.strip() or not offered else offered)

    def ask() -> State:
        nonlocal offered
        offered = until_right(person, username)
        return entry.try_password(offered)

    return until_right(person, ask, ATTEMPTS)


def _session(entry: Dialogue, signed_in: SignedIn, watch: SessionWatch, process: Process) -> bool:
    ports, person, session = entry.ports, entry.person, signed_in.session
    dialogue = SessionDialogue(ports, person, session, zone(session.preferences.time_zone))
    try:
        try:
            watch.begin(process)
        except CannotCheck as problem:
            missing = _("This session is missing from the list of open sessions.")
            person.warn(f"{missing} {problem}")
        last = wording.last_sign_in(signed_in.before, dialogue.zone)
        signed_in_as = _("Signed in as {name}.", name=session.username)
        person.tell(f"{signed_in_as}\n{_('Last sign-in: {last}', last=last)}")
        tell_of(person, signed_in, entry.source, has_told_last=True)
        while _act(dialogue):
            pass
    except SessionEnded as ended:
        person.warn(str(ended))
        sign_out(ports, dialogue.session, ended.reason)
        return False
    except Gone:
        if watch.ended is None:
            sign_out(ports, dialogue.session, "no answer")
            raise
        sign_out(ports, dialogue.session, watch.ended.reason)
        raise watch.ended from None
    sign_out(ports, dialogue.session)
    person.tell(_("You are signed out."))
    return True


def _act(dialogue: SessionDialogue) -> bool:
    """Do one thing that the person chooses. Returns False to sign out."""
    acts = [*OwnAccount(dialogue).acts(), *Managing(dialogue).acts()]
    try:
        chosen = choice(dialogue.person, [label for label, _act in acts], _("Sign Out"))
    except Cancelled:
        dialogue.person.warn(_(CANCELLED))
        return True
    if chosen is None:
        return False
    _label, act = acts[chosen]
    dialogue.attempt(act)
    return True
