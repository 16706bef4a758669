"""Errors. Each has a sentence for the user that says what is wrong and what to do."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Self, TypeAlias


class AccountsError(Exception):
    """Base of all errors. `str()` is the sentence to show; it never contains a secret."""


class InvalidInput(AccountsError):
    """The input is not valid. `field` names the input field."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Taken(InvalidInput):
    """The input is valid, but what it names exists already."""


class Unknown(InvalidInput):
    """The input is valid, but nothing has the name that it gives."""


class Refused(AccountsError):
    """A rule forbids the action."""


class ConfirmationNeeded(Refused):
    """Show the sentence and ask `question`. On yes, repeat the call with this class in `agreed`."""

    question = ""
    act = ""
    """The question's answer on a button."""
    field = ""
    """The input field to change instead of agreeing; empty if there is none."""

    def sentence(self, labels: Mapping[str, str]) -> str:
        """Return the sentence, with what a screen calls the fields."""
        del labels
        return str(self)


class LooksAlike(ConfirmationNeeded):
    """The new username looks like an existing one."""

    question = "Create the user anyway?"
    act = "Create User"
    field = "username"


class NamesUnixUser(ConfirmationNeeded):
    """The new username is that of a Unix user who can do more on this host than others."""

    question = "Create the user anyway?"
    act = "Create User"
    field = "username"


class GivesPermissions(ConfirmationNeeded):
    """The account gets permissions that it did not have; `makes_admin`: all that there are."""

    def __init__(self, username: str, granted: Sequence[str], *, makes_admin: bool) -> None:
        if makes_admin:
            super().__init__(
                f"As an admin, {username} can manage all users, roles and organization settings, "
                "and read the audit log."
            )
            self.question, self.act = f"Make {username} an admin?", "Make Admin"
        else:
            super().__init__(f"{username} gets new permissions: {', '.join(granted)}.")
            self.question, self.act = f"Give {username} these permissions?", "Give Permissions"


class GivesPower(ConfirmationNeeded):
    """Accounts of a file can do more than others, here or as Unix users."""

    question = "Is that right?"


class Removes(ConfirmationNeeded):
    """Accounts are removed because a file does not name them."""

    question = "Remove them?"


class RequiresMfa(ConfirmationNeeded):
    """Everyone must have a second factor from now on, and some have none."""

    question = "Require multi-factor authentication for everyone?"
    act = "Require MFA"


class DisablesUnused(ConfirmationNeeded):
    """Accounts count as disabled from now on, because nobody has signed in to them for long."""

    question = "Disable unused accounts?"
    act = "Disable Unused"


class ChangedByOthers(ConfirmationNeeded):
    """Others changed the same fields since the person read them.

    `by` are their names, as far as they are known, and `values` what the fields are now. With
    `is_lost`, the person would not replace that but lose it.
    """

    question = "Replace that with what you entered?"
    act = "Replace"

    def __init__(
        self, by: Sequence[str], values: Mapping[str, str], *, is_lost: bool = False
    ) -> None:
        self.by = by
        self.values = values
        if is_lost:
            self.question, self.act = "Go on all the same?", "Go On"
        super().__init__(self.sentence({}))

    def sentence(self, labels: Mapping[str, str]) -> str:
        who = " and ".join(self.by) or "Somebody"
        set_to = " and ".join(
            f"{labels.get(field, field)} to {value}" for field, value in self.values.items()
        )
        return f"{who} {'have' if len(self.by) > 1 else 'has'} set {set_to} in the meantime."


class NotPermitted(Refused):
    """The session's roles do not allow the action."""


class NotFound(Refused):
    """Nothing has the name that was given."""


class AlreadyExists(Refused):
    """What was to be created is there already."""


class UnknownAccount(NotFound):
    """There is no account with this name. `gone` says it of one that was there just now."""

    def __init__(self, username: str) -> None:
        super().__init__(
            f"There is no account named {username}. Check the name in the list of users."
        )
        self.gone = f"The account {username} was removed or renamed in the meantime."


class UnknownSession(NotFound):
    """There is no open session with this id."""

    def __init__(self, id_: str) -> None:
        super().__init__(f"There is no open session {id_}. It may have ended in the meantime.")


class UnknownRole(NotFound):
    """There is no role with this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no role named {name}. Check the list of roles.")


class NoSecondFactor(Refused):
    """The account has no second factor, and this door of the host asks for one."""

    def __init__(self, *, required: bool = False) -> None:
        why = (
            "You must set up multi-factor authentication first"
            if required
            else ("This needs multi-factor authentication, which is not set up for your account")
        )
        super().__init__(f"{why}. Sign in to cwtui to register a device.")


class SignInFailed(Refused):
    """A factor was wrong. `field` names the input field; `left` is the number of attempts left.

    If the user must wait, `until` is when the next attempt is allowed, in seconds since the epoch.
    """

    def __init__(
        self, field: str, sentence: str, left: int | None = None, until: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.field = field
        self.left = left
        self.until = until


class ClockWasAhead(SignInFailed):
    """The code is correct, but a later one was already used: the clock was ahead then."""

    def __init__(self, field: str) -> None:
        super().__init__(
            field,
            "The clock of this host was ahead when you last signed in, so one-time codes do not "
            "work now. Use a backup code, or ask an admin to disable your MFA.",
        )


class Throttled(SignInFailed):
    """Too many failed attempts. This one was not checked; the next is allowed at `until`."""

    TOO_MANY: ClassVar[str] = "Too many failed attempts."
    until: float

    def __init__(self, field: str, sentence: str, until: float) -> None:
        super().__init__(field, sentence, 0, until)

    @classmethod
    def after(cls, failed: SignInFailed, until: float) -> Self:
        """Return what the next attempt gets after this one, which was the last before a wait."""
        return failed if isinstance(failed, cls) else cls(failed.field, cls.TOO_MANY, until)


class SignInEnded(Refused):
    """This sign-in cannot continue: it took too long, or the account changed meanwhile.

    `may_return`: whether the same user can sign in again at once, as far as is known.
    """

    def __init__(self, sentence: str, *, may_return: bool = True) -> None:
        super().__init__(sentence)
        self.may_return = may_return


class SessionEnded(Refused):
    """The session is over, and the user must sign in again. The sentence says why.

    `reason` says the same in a few words, for the audit log. `may_return`: whether the same user
    can sign in again at once, as far as is known.
    """

    def __init__(self, sentence: str, reason: str, *, may_return: bool = True) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.may_return = may_return


class ProofNeeded(Refused):
    """The last proof is too old for this change. Ask for these factors, then repeat the change."""

    def __init__(self, *, password: bool, code: bool) -> None:
        super().__init__("Confirm your identity to make this change.")
        self.password = password
        self.code = code


class CannotCheck(AccountsError):
    """Something needed for the decision cannot be read or written: treat as refused."""


class StoreMissing(CannotCheck):
    """The store that should be here is missing. It is never treated as a new one."""


class StoreUnreachable(CannotCheck):
    """No server of the store's database answers, not even to refuse."""


class StoreDamaged(CannotCheck):
    """A file has invalid content. It is left unchanged."""


class StoreTooNew(CannotCheck):
    """A file was written by a newer version of cwtui."""


class StoreTooOld(CannotCheck):
    """A file was written by a version from before the first release."""


class StoreExposed(CannotCheck):
    """Other users can read a file or folder, or own it."""


class KeyringMissing(CannotCheck):
    """The keyring is missing, or lacks a key that the store needs."""


Agreed: TypeAlias = frozenset[type[ConfirmationNeeded]]
"""What the person has agreed to."""

TO_NOTHING: Final[Agreed] = frozenset()
TO_EVERYTHING: Final[Agreed] = frozenset(
    {
        LooksAlike,
        NamesUnixUser,
        GivesPermissions,
        GivesPower,
        Removes,
        RequiresMfa,
        DisablesUnused,
        ChangedByOthers,
    }
)
