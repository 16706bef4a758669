"""The sign-in as a dialogue: ask for what the state needs, until it is complete or refused."""

from dataclasses import dataclass

from cwtui import language
from cwtui.accounts import (
    failed_sign_in_words,
    failed_sign_ins,
    sign_in,
    sign_in_enrolment,
    sign_in_new_password,
    sign_in_progress,
    wording,
)
from cwtui.accounts.credentials import backup_codes
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.ports import Ports
from cwtui.accounts.preferences import zone
from cwtui.accounts.sign_in_states import (
    BackupCodesShown,
    BackupCodesUnacknowledged,
    CodeNeeded,
    EnrolmentNeeded,
    NewPasswordNeeded,
    PasswordNeeded,
    SignedIn,
    State,
    language_of,
)
from cwtui.accounts.times import full_minute
from cwtui.dialogue import enrolling
from cwtui.dialogue.asking import ATTEMPTS, CODE, PASSWORD, until_right
from cwtui.dialogue.conversation import Conversation, Listener
from cwtui.language import _


@dataclass(frozen=True)
class Dialogue:
    """Who is asked, and on whose behalf. `source` is where the person is (see `accounts`)."""

    ports: Ports
    person: Conversation
    source: str
    door: str = ""
    null_ok: bool = True
    """See `accounts.sign_in.with_password`."""

    def with_password(self, username: str) -> SignedIn:
        """Sign in with the password and all that follows, in the language of the moment.

        That is not the account's at first, which would tell that it exists, and then it stays.

        Raises Refused, TooManyAttempts, CannotCheck and Gone.
        """
        return self._told(self._finished(self._password(username)))

    def finish(self, state: State) -> SignedIn:
        """Ask for everything that is missing after this state, in the account's language.

        Raises as `with_password`.
        """
        language.speak(language_of(state))
        return self._told(self._finished(state))

    def _told(self, signed_in: SignedIn) -> SignedIn:
        tell_of(self.person, signed_in, self.source)
        return signed_in

    def try_password(self, username: str) -> State:
        """Ask for the password once. Raises SignInFailed, and as `with_password`."""
        password = self.person.ask_secret(_(PASSWORD))
        return sign_in.with_password(
            self.ports, username, password, self.source, door=self.door, null_ok=self.null_ok
        )

    def into_session(self, state: State) -> SignedIn:
        """Like `finish`, for a session: it exists before the person is told anything."""
        language.speak(language_of(state))
        return self._finished(state)

    def _finished(self, state: State) -> SignedIn:
        while not isinstance(state, SignedIn):
            state = self._next(state)
        return state

    def _next(self, state: State) -> State:
        """Ask for what this state needs, and return the next one."""
        after: State = state
        match state:
            case PasswordNeeded():
                self.person.tell(_("You must register a device. Confirm your identity first."))
                after = self._password(state.progress.username)
            case CodeNeeded():
                after = self._code(state)
            case NewPasswordNeeded():
                after = self._new_password(state)
            case EnrolmentNeeded():
                after = self._enrolment(state)
            case BackupCodesUnacknowledged():
                after = self._unacknowledged(state)
            case BackupCodesShown():
                after = self._backup_codes(state)
        return after

    def _password(self, username: str) -> State:
        return until_right(self.person, lambda: self.try_password(username), ATTEMPTS)

    def _code(self, state: CodeNeeded) -> State:
        wait = sign_in_progress.code_wait(self.ports, state.progress, "code")
        if wait is not None:
            raise wait
        return until_right(
            self.person,
            lambda: sign_in.with_code(self.ports, state, self.person.ask(_(CODE)), "code"),
            ATTEMPTS,
        )

    def _new_password(self, state: NewPasswordNeeded) -> State:
        self.person.tell(
            _(
                "Choose a password. Your invitation code works until you have chosen one.\n"
                "It needs {rules}.",
                rules=state.rules,
            )
            if state.invited
            else _(
                "Choose a new password. Your initial password is for the first sign-in only.\n"
                "The new one needs {rules}.",
                rules=state.rules,
            )
        )

        def ask() -> State:
            new = self.person.ask_secret(_("New Password: "))
            confirmation = self.person.ask_secret(_("Confirm Password: "))
            return sign_in_new_password.choose(self.ports, state, new, confirmation)

        return until_right(self.person, ask)

    def _enrolment(self, state: EnrolmentNeeded) -> State:
        shown = enrolling.Enrolling(self.person, state.enrolment)
        shown.begin()
        return until_right(
            self.person,
            lambda: sign_in_enrolment.register_device(self.ports, state, shown.ask_code()),
        )

    def _backup_codes(self, state: BackupCodesShown) -> State:
        enrolling.show_backup_codes(self.person, state.codes)
        until_right(self.person, lambda: enrolling.ask_for_one(self.person, state.codes))
        return sign_in_enrolment.acknowledge_backup_codes(self.ports, state)

    def _unacknowledged(self, state: BackupCodesUnacknowledged) -> State:
        if state.created_at:
            told = _(
                "You have not confirmed that you saved your newest backup codes, created on "
                "{date}. None of them has been used yet. Without backup codes you cannot sign in "
                "if you lose your device.",
                date=full_minute(state.created_at, zone(state.progress.preferences.time_zone)),
            )
        else:
            told = _(
                "You have not confirmed that you saved your newest backup codes. None of them has "
                "been used yet. Without backup codes you cannot sign in if you lose your device."
            )
        self.person.tell(told)

        def ask() -> State:
            new, have = _("new"), _("have")
            question = _(
                "Show new backup codes ({new}), I have the codes ({have}), or ask me next time "
                "(Enter)? ",
                new=new,
                have=have,
            )
            answer = self.person.ask(question).strip().casefold()
            if answer in {"new", new}:
                return sign_in_enrolment.make_new_backup_codes(self.ports, state)
            if answer in {"have", have}:
                return sign_in_enrolment.keep_backup_codes(self.ports, state)
            if not answer:
                return sign_in_enrolment.ask_about_backup_codes_later(self.ports, state)
            wrong = _("Type {new} or {have}, or only press Enter.", new=new, have=have)
            raise InvalidInput("answer", wrong)

        return until_right(self.person, ask)


def tell_of(person: Listener, state: SignedIn, source: str, *, has_told_last: bool = False) -> None:
    """Tell what the person should know now, as the page Settings does. Raises Gone.

    `has_told_last`: the person knows already when the last sign-in was.
    """
    before, there = state.before, zone(state.session.preferences.time_zone)
    left = state.backup_codes_left
    if left is not None:
        counted = wording.backup_codes_left(left)
        person.tell(
            _("You used a backup code. Only {left}.", left=counted)
            if left <= backup_codes.WARN_AT
            else _("You used a backup code. {left}.", left=counted)
        )
    if before.failed is not None and failed_sign_ins.is_alarming(before.failed, source):
        told = failed_sign_in_words.sentence(
            before.failed,
            there,
            here=source,
            is_first_sign_in=before.last_sign_in is None,
            password_changed=state.password_changed,
        )
        if before.last_sign_in is not None and not has_told_last:
            person.tell(_("Last sign-in: {last}", last=wording.last_sign_in(before, there)))
        person.warn(told)
    for change in state.changes.sentences():
        person.warn(change)
    for warning in state.warnings:
        person.warn(warning)
    if state.password_notice is not None:
        person.warn(state.password_notice.sentence())
