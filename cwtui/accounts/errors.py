"""Errors. Each has a sentence for the user that says what is wrong and what to do."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Self, TypeAlias

from cwtui.language import N_, _


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
    """A rule forbids the action.

    `reason` says why in a few words for the audit log, which has one language; by default it is
    the name of the class.
    """

    def __init__(self, sentence: str, reason: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason or type(self).__name__


class ConfirmationNeeded(Refused):
    """Show the sentence and ask `question`. On yes, repeat the call with this class in `agreed`."""

    question = ""
    act = ""
    """The question's answer on a button."""
    field = ""
    """The input field to change instead of agreeing; empty if there is none."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.question, self.act = _(self.question), _(self.act)

    def sentence(self, labels: Mapping[str, str]) -> str:
        """Return the sentence, with what a screen calls the fields."""
        del labels
        return str(self)


class LooksAlike(ConfirmationNeeded):
    """The new username looks like an existing one."""

    question = N_("Create the user anyway?")
    act = N_("Create User")
    field = "username"


class NamesUnixUser(ConfirmationNeeded):
    """The new username is that of a Unix user who can do more on this host than others."""

    question = N_("Create the user anyway?")
    act = N_("Create User")
    field = "username"


class GivesPermissions(ConfirmationNeeded):
    """The account gets permissions that it did not have; `makes_admin`: all that there are."""

    def __init__(self, username: str, granted: Sequence[str], *, makes_admin: bool) -> None:
        if makes_admin:
            super().__init__(
                _(
                    "As an admin, {username} can manage all users, roles and organization "
                    "settings, and read the audit log.",
                    username=username,
                )
            )
            self.question = _("Make {username} an admin?", username=username)
            self.act = _("Make Admin")
        else:
            super().__init__(
                _(
                    "{username} gets new permissions: {permissions}.",
                    username=username,
                    permissions=", ".join(granted),
                )
            )
            self.question = _("Give {username} these permissions?", username=username)
            self.act = _("Give Permissions")


class GivesPower(ConfirmationNeeded):
    """Accounts of a file can do more than others, here or as Unix users."""

    question = N_("Is that right?")


class Removes(ConfirmationNeeded):
    """Accounts are removed because a file does not name them."""

    question = N_("Remove them?")


class RequiresMfa(ConfirmationNeeded):
    """Everyone must have a second factor from now on, and some have none."""

    question = N_("Require multi-factor authentication for everyone?")
    act = N_("Require MFA")


class LowersMfa(ConfirmationNeeded):
    """Fewer people must have a second factor from now on, or nobody can set one up."""

    question = N_("Change that for everyone?")
    act = N_("Change")


class DisablesUnused(ConfirmationNeeded):
    """Accounts count as disabled from now on, because nobody has signed in to them for long."""

    question = N_("Disable unused accounts?")
    act = N_("Disable Unused")


class ChangedByOthers(ConfirmationNeeded):
    """Others changed the same fields since the person read them.

    `by` are their names, as far as they are known, and `values` what the fields are now. With
    `is_lost`, the person would not replace that but lose it.
    """

    question = N_("Replace that with what you entered?")
    act = N_("Replace")

    def __init__(
        self, by: Sequence[str], values: Mapping[str, str], *, is_lost: bool = False
    ) -> None:
        self.by = by
        self.values = values
        super().__init__(self.sentence({}))
        if is_lost:
            self.question, self.act = _("Continue anyway?"), _("Continue")

    def sentence(self, labels: Mapping[str, str]) -> str:
        changes = _(" and ").join(
            _("{field} to {value}", field=labels.get(field, field), value=value)
            for field, value in self.values.items()
        )
        if not self.by:
            return _("Somebody has set {changes} in the meantime.", changes=changes)
        who = _(" and ").join(self.by)
        if len(self.by) == 1:
            return _("{who} has set {changes} in the meantime.", who=who, changes=changes)
        return _("{who} have set {changes} in the meantime.", who=who, changes=changes)


class NotPermitted(Refused):
    """The session's roles do not allow the action."""


class NotFound(Refused):
    """Nothing has the name that was given."""


class AlreadyExists(Refused):
    """What was to be created is there already."""


class WrongFile(Refused):
    """A file with accounts is not as it must be, whatever the store has."""


class UnknownAccount(NotFound):
    """There is no account with this name. `gone` says it of one that was there just now."""

    def __init__(self, username: str) -> None:
        super().__init__(
            _(
                "There is no account named {username}. Check the name in the list of users.",
                username=username,
            )
        )
        self.gone = _(
            "The account {username} was removed or renamed in the meantime.", username=username
        )


class UnknownSession(NotFound):
    """There is no open session with this id."""

    def __init__(self, id_: str) -> None:
        super().__init__(
            _("There is no open session {id}. It may have ended in the meantime.", id=id_)
        )


class UnknownRole(NotFound):
    """There is no role with this name. `gone` says it of one that was there just now."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is no role named {name}. Check the list of roles.", name=name))
        self.gone = _("The role {name} was removed in the meantime.", name=name)


class NoSecondFactor(Refused):
    """The account has no second factor, and this door of the host asks for one."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(
            _(
                "You must set up multi-factor authentication first. Sign in to cwtui to register "
                "a device."
            )
            if required
            else _(
                "This needs multi-factor authentication, which is not set up for your account. "
                "Sign in to cwtui to register a device."
            )
        )


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
            _(
                "The clock of this host was ahead when you last signed in, so one-time codes do "
                "not work now. Use a backup code, or ask an admin to disable your MFA."
            ),
        )


class Throttled(SignInFailed):
    """Too many failed attempts. This one was not checked; the next is allowed at `until`."""

    TOO_MANY: ClassVar[str] = N_("Too many failed attempts.")
    until: float

    def __init__(self, field: str, sentence: str, until: float) -> None:
        super().__init__(field, sentence, 0, until)

    @classmethod
    def after(cls, failed: SignInFailed, until: float) -> Self:
        """Return what the next attempt gets after this one, which was the last before a wait."""
        return failed if isinstance(failed, cls) else cls(failed.field, _(cls.TOO_MANY), until)


class SignInEnded(Refused):
    """This sign-in cannot continue: it took too long, or the account changed meanwhile.

    `may_return`: whether the same user can sign in again at once, as far as is known.
    """

    def __init__(self, sentence: str, reason: str = "", *, may_return: bool = True) -> None:
        super().__init__(sentence, reason)
        self.may_return = may_return


class SessionEnded(Refused):
    """The session is over, and the user must sign in again. The sentence says why.

    `may_return`: whether the same user can sign in again at once, as far as is known.
    """

    def __init__(self, sentence: str, reason: str, *, may_return: bool = True) -> None:
        super().__init__(sentence, reason)
        self.may_return = may_return


class ProofNeeded(Refused):
    """The last proof is too old for this change. Ask for these factors, then repeat the change."""

    def __init__(self, *, password: bool, code: bool) -> None:
        super().__init__(_("Confirm your identity to make this change."))
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
        LowersMfa,
        RequiresMfa,
        DisablesUnused,
        ChangedByOthers,
    }
)
