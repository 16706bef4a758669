"""What the directory says about a person, and the ways in which it can refuse."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec import Struct

from cwtui.accounts.errors import CannotCheck, Refused

WRONG: Final = "Username or password is wrong."
"""The same sentence for a wrong password and for a name that the directory does not have."""

_CHANGE_IT: Final = "Change it where you usually do."


class PasswordNotice(Struct, frozen=True):
    """A right password that will soon be none. One of the two is known.

    `grace_left`: it has expired, and so many more sign-ins are allowed. `expires_at` is in seconds
    since 1970.
    """

    grace_left: int | None = None
    expires_at: float | None = None

    @property
    def sentence(self) -> str:
        """For the person."""
        if self.grace_left is not None:
            left = {0: "this was the last sign-in", 1: "1 more sign-in is"}.get(
                self.grace_left, f"{self.grace_left} more sign-ins are"
            )
            allowed = "" if self.grace_left == 0 else " allowed"
            return f"Your password has expired in the directory: {left}{allowed}. {_CHANGE_IT}"
        day = datetime.fromtimestamp(self.expires_at or 0.0, UTC)
        return f"Your password expires in the directory on {day:%Y-%m-%d}. {_CHANGE_IT}"


class DirectoryUser(Struct, frozen=True):
    """One entry of the directory.

    `ids`, by attribute, never change and are never given to somebody else (`identity`); empty where
    the server has none. Names of roles may be ones that cwtui does not know.
    """

    username: str
    dn: str
    display_name: str
    roles: tuple[str, ...]
    enabled: bool
    ids: dict[str, str]
    password_notice: PasswordNotice | None = None
    """Only after a check of the password."""


class Step(Struct, frozen=True):
    """One thing that was tried, for `directory test`: `ok` says whether it went well."""

    what: str
    ok: bool
    sentence: str


Tell: TypeAlias = Callable[[Step], None]
"""Takes the steps as they happen."""


class DirectoryRefused(Refused):
    """The directory was asked, and does not let the person in.

    `password_was_right`: it says so only to whoever has the right password.
    """

    password_was_right = False


class WrongDirectoryPassword(DirectoryRefused):
    def __init__(self) -> None:
        super().__init__(WRONG)


class NoDirectoryUser(WrongDirectoryPassword):
    """There is no such person. Whoever signs in must not learn the difference."""


class DirectoryPasswordExpired(DirectoryRefused):
    """The password is too old; the directory wants another one first."""

    password_was_right = True


class DirectoryPasswordMustChange(DirectoryRefused):
    """The password was given by an administrator, and the person has to choose one."""

    password_was_right = True


class DirectoryAccountLocked(DirectoryRefused):
    """Too many wrong passwords, counted by the directory. It no longer looks at the password."""


class DirectoryAccountDisabled(DirectoryRefused):
    """Switched off, out of date, or not at this time or from this host.

    Some servers say so whatever the password is.
    """

    def __init__(self, sentence: str, *, password_was_right: bool = False) -> None:
        super().__init__(sentence)
        self.password_was_right = password_was_right


class CannotReachDirectory(CannotCheck):
    """No server answered: nobody's try, and nothing was decided. `reasons` is by server."""

    sentence = (
        "The directory cannot be reached: the password was not checked, and this does not "
        "count as a try. Try again in a minute; cwtui directory test USER says more."
    )

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(self.sentence)
        self.reasons = reasons


class CannotTrustDirectory(CannotReachDirectory):
    """No server could be used, and for one of them waiting does not help, such as a certificate
    for another host.
    """

    sentence = (
        "The directory cannot be used safely: the password was not checked, and this does not "
        "count as a try. Tell an admin: cwtui directory test USER says why."
    )


class DirectoryMisconfigured(CannotCheck):
    """The directory answers, but not in a way that decides; the operator has to mend something.

    It says what, for the operator alone.
    """


class CannotUseDirectory(CannotCheck):
    """The same for who signs in: whom the configuration is no business of."""

    def __init__(self) -> None:
        super().__init__(
            "The directory cannot be used as it is configured: the password was not checked, and "
            "this does not count as a try. Tell an admin: cwtui directory test USER says why."
        )


class CannotSearchDirectory(CannotCheck):
    """Without a bind account, the directory tells about a person only with their password."""

    def __init__(self) -> None:
        super().__init__(
            "Without bind_dn in [directory], an entry can be read with its own password only "
            "(for cwtui directory test: --password-stdin)."
        )
