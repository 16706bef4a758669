"""The sign-in over RADIUS, one request at a time.

name and password --no code needed--> accepted
        | code needed
        v
    challenge with a state  <--wrong code, tries left--
        | code and the same state                     |
        '---------------------------------------------'--> accepted or rejected
"""

from dataclasses import dataclass, field
from typing import Final

from cwtui import language
from cwtui.accounts import sign_in, sign_in_enrolment, sign_in_progress, text
from cwtui.accounts.credentials import typed_codes
from cwtui.accounts.errors import (
    AccountsError,
    InvalidInput,
    NoSecondFactor,
    Refused,
    SignInEnded,
    SignInFailed,
)
from cwtui.accounts.host_sign_in import INITIAL, INVITED
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import (
    BackupCodesUnacknowledged,
    CodeNeeded,
    EnrolmentNeeded,
    NewPasswordNeeded,
    SignedIn,
    State,
)
from cwtui.dialogue.asking import ATTEMPTS, CODE
from cwtui.dialogue.signing_in import tell_of
from cwtui.language import N_, Language, _
from cwtui.service import doors, peers, refusals
from cwtui.service.radius.challenges import Challenges, Held
from cwtui.service.radius.packets import MOST_VALUE, Code, cut

DOOR: Final = "radius"
_MOST_STATION: Final = 64
_OVER: Final = N_("This sign-in has ended. Start again.")


@dataclass(frozen=True)
class Question:
    """What a client asks. `typed` is a password or, with a state, a code."""

    client: str
    """The address of the client."""
    station: str
    """Where the person is, as the client says (Calling-Station-Id); empty if it does not."""
    username: str
    typed: Secret
    state: bytes = b""

    @property
    def source(self) -> str:
        """Where the person is, for throttling and for the audit log.

        All people at a VPN or switch come from its address, so without the station they would
        share one count of wrong attempts, and one known place. A client is trusted as far as its
        secret: it may invent stations, but not pass for another client. Others who can choose
        their station, such as a hardware address, only choose which count they use up.
        """
        station = text.visible(self.station.strip())[:_MOST_STATION]
        return f"{station} through {self.client}" if station else self.client


@dataclass(frozen=True)
class Answer:
    code: Code
    message: str = ""
    state: bytes = b""


@dataclass
class RadiusDoor:
    """Answers questions; one for all threads."""

    ports: Ports
    separator: str = ""
    """What stands between password and code in one request; empty if that is off."""
    language: Language | None = None
    """What people are answered in; None for the language of the process."""
    challenges: Challenges = field(init=False)

    def __post_init__(self) -> None:
        self.challenges = Challenges(self.ports.random)

    def answer(self, question: Question) -> Answer:
        """Return the answer. What goes wrong is said in one sentence, and rejects."""
        with language.speaking(self.language):
            try:
                if question.state:
                    return self._with_code(question)
                return self._with_password(question)
            except AccountsError as error:
                return Answer(Code.ACCESS_REJECT, refusals.sentence(error))

    def _with_password(self, question: Question) -> Answer:
        _check_name(question.username)
        password, code = self._parts(question.typed)
        state = sign_in.with_password(
            self.ports, question.username, password, question.source, door=DOOR
        )
        if code and isinstance(state, CodeNeeded):
            state = sign_in.with_code(self.ports, state, code, "code")
        return self._after(question, state)

    def _parts(self, typed: Secret) -> tuple[Secret, str]:
        """Return the password, and the code after it if that is how it looks.

        Passwords may contain the separator too, so only the last one counts. Codes have none.
        """
        if not self.separator:
            return typed, ""
        password, separator, code = typed.reveal().rpartition(self.separator)
        return (Secret(password), code) if separator and _is_code(code) else (typed, "")

    def _with_code(self, question: Question) -> Answer:
        held = self.challenges.take(question.state, question.client, question.username)
        if held is None:
            raise SignInEnded(_(_OVER))
        try:
            state = sign_in.with_code(self.ports, held.waiting, question.typed.reveal(), "code")
        except (InvalidInput, SignInFailed) as error:
            is_last = isinstance(error, SignInFailed) and not error.left
            if is_last or held.wrong + 1 >= ATTEMPTS:
                raise
            return self._challenge(question, held.waiting, held.wrong + 1, str(error))
        return self._after(question, state)

    def _after(self, question: Question, state: State) -> Answer:
        """Return the answer in this state. Raises Refused for what RADIUS cannot do."""
        if isinstance(state, BackupCodesUnacknowledged):
            state = sign_in_enrolment.ask_about_backup_codes_later(self.ports, state)
        match state:
            case SignedIn():
                heard = _Heard()
                tell_of(heard, state, question.source)
                return Answer(Code.ACCESS_ACCEPT, " ".join(heard.texts))
            case CodeNeeded():
                wait = sign_in_progress.code_wait(self.ports, state.progress, "code")
                if wait is not None:
                    raise wait
                return self._challenge(question, state)
            case NewPasswordNeeded():
                raise Refused(_(INVITED if state.invited else INITIAL))
            case EnrolmentNeeded():
                raise NoSecondFactor(required=True)
        raise Refused(_("This account cannot sign in here. Sign in to cwtui."))

    def _challenge(
        self, question: Question, waiting: CodeNeeded, wrong: int = 0, why: str = ""
    ) -> Answer:
        held = Held(question.client, question.username, waiting, wrong)
        state = self.challenges.hold(held, self.ports.now())
        ask = _(CODE)
        message = f"{cut(why, MOST_VALUE - len(ask.encode()) - 1)} {ask}" if why else ask
        return Answer(Code.ACCESS_CHALLENGE, message, state)


@dataclass
class _Heard:
    """Somebody who is told things, and keeps them."""

    texts: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.texts.append(text)

    warn = tell


def _is_code(typed: str) -> bool:
    return (
        typed_codes.is_one_time_code(typed)
        or typed_codes.is_emergency_code(typed)
        or len(typed_codes.characters(typed)) == typed_codes.BACKUP_CODE_LENGTH
    )


def _check_name(given: str) -> None:
    """Check that the name is the account's to the letter, and not root's.

    The client decides by the name that it has sent what the person may do, and Alice and alice can
    be two users there. That is said before anything is checked, so it tells nothing.

    Raises InvalidInput and Refused.
    """
    name = text.username(given)
    if name != given:
        raise InvalidInput("username", _("Type your username as {name}.", name=name))
    if peers.is_root(name):
        raise Refused(_(doors.ROOT))
