"""What can go wrong, each with a sentence for the person: what is wrong, what would be right."""


class AccountsError(Exception):
    """`str()` is the sentence to show; it never holds a secret."""


class InvalidInput(AccountsError):
    """What was typed cannot be taken. `field` names the input, as in `fields.py`."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Refused(AccountsError):
    """A rule forbids it."""


class LooksAlike(Refused):
    """The new username could be taken for one that exists. Ask, then do it with `look_alike_ok`."""


class NotPermitted(Refused):
    """The session's roles do not allow it."""


class UnknownAccount(Refused):
    """There is no account of that name."""

    def __init__(self, username: str) -> None:
        super().__init__(
            f"There is no account {username}. The list of users shows those that exist."
        )


class SignInFailed(Refused):
    """A factor was wrong. `field` names the input to try again; `left` counts the tries.

    `until`, in seconds since the epoch, is set when one has to wait before the next one.
    """

    def __init__(
        self, field: str, sentence: str, left: int | None = None, until: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.field = field
        self.left = left
        self.until = until


class ClockWasAhead(SignInFailed):
    """The code is right, but a later one was used: the clock was ahead then."""

    def __init__(self, field: str) -> None:
        super().__init__(
            field,
            "The clock of this host was ahead when you last signed in, so that no code can be "
            "accepted now. Use a backup code, or ask an admin to disable your MFA.",
        )


class Throttled(SignInFailed):
    """Too many wrong tries: this one was not even checked. The next one is at `until`."""

    def __init__(self, field: str, sentence: str, until: float) -> None:
        super().__init__(field, sentence, 0, until)


class SignInEnded(Refused):
    """This sign-in cannot go on: it took too long, or the account changed meanwhile."""


class SessionEnded(Refused):
    """The session is over; the sentence says why. Only a new sign-in helps.

    `reason` is the same in a few words, for the audit log.
    """

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class ProofNeeded(Refused):
    """The last proof is too long ago for this change: ask for these factors, then repeat it."""

    def __init__(self, *, password: bool, code: bool) -> None:
        super().__init__("Prove again that it is you, to make this change.")
        self.password = password
        self.code = code


class CannotCheck(AccountsError):
    """What is needed to decide cannot be read or written: treated as refused (fail closed)."""


class StoreMissing(CannotCheck):
    """There is no store where one should be, or it is gone: never the same as a new one."""


class StoreDamaged(CannotCheck):
    """A file does not hold what it should; it stays as it is."""


class StoreTooNew(CannotCheck):
    """A file was written by a later version."""


class StoreTooOld(CannotCheck):
    """A file is of a version from before the first release."""


class StoreExposed(CannotCheck):
    """A file or folder is readable or owned by others."""


class KeyringMissing(CannotCheck):
    """The keys that protect the store are not there, or not these."""
