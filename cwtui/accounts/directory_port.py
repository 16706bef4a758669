"""The port to the directory: its Protocol, what it reports about a person, and its errors."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from cwtui.accounts.errors import CannotCheck, Refused
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.secret import Secret
from cwtui.accounts.times import day
from cwtui.language import N_, _, ngettext

WRONG: Final = N_("Username or password is wrong.")
"""The same sentence for a wrong password and for a name that is not in the directory."""


class PasswordNotice(Struct, frozen=True):
    """A correct password that has expired or will soon. Exactly one of the fields is set.

    `grace_left`: it has expired, and this many more sign-ins are allowed. `expires_at` is in
    seconds since the epoch.
    """

    grace_left: int | None = None
    expires_at: float | None = None

    def sentence(self, zone: tzinfo = UTC) -> str:
        """Return the notice to show to the user."""
        if self.grace_left is not None:
            return _expired(self.grace_left)
        return _(
            "Your directory password expires on {day}. Change it where you usually change your "
            "password.",
            day=day(self.expires_at, zone),
        )


def _expired(grace_left: int) -> str:
    if not grace_left:
        return _(
            "Your directory password has expired. This was the last sign-in allowed. Change it "
            "where you usually change your password."
        )
    return ngettext(
        "Your directory password has expired. {number} more sign-in is allowed. Change it where "
        "you usually change your password.",
        "Your directory password has expired. {number} more sign-ins are allowed. Change it where "
        "you usually change your password.",
        grace_left,
    )


class DirectoryUser(Struct, frozen=True):
    """A person's entry in the directory.

    `ids` maps attribute names to ids that never change and are never reused (see `identity`); it
    is empty if the server has none. `roles` may contain roles that cwtui does not know.
    """

    username: str
    dn: str
    display_name: str
    roles: tuple[str, ...]
    enabled: bool
    ids: dict[str, str]
    password_notice: PasswordNotice | None = None
    """Set only after a password check."""


class Step(Struct, frozen=True):
    """One step of `directory test`; `ok` says whether it succeeded."""

    what: str
    ok: bool
    sentence: str


Tell: TypeAlias = Callable[[Step], None]
"""Called with each step as it happens."""


class DirectoryRefused(Refused):
    """The directory refused the sign-in.

    `password_was_right`: the directory gives this answer only after a correct password.
    """

    password_was_right = False


class WrongDirectoryPassword(DirectoryRefused):
    def __init__(self) -> None:
        super().__init__(_(WRONG))


class NoDirectoryUser(WrongDirectoryPassword):
    """There is no such person. Sign-in screens must show the same message as a wrong password."""


class DirectoryPasswordExpired(DirectoryRefused):
    """The password has expired and must be changed in the directory first."""

    password_was_right = True


class DirectoryPasswordMustChange(DirectoryRefused):
    """An administrator set the password, and the user must choose a new one."""

    password_was_right = True


class DirectoryAccountLocked(DirectoryRefused):
    """The directory counted too many wrong passwords and no longer checks this user's password."""


class DirectoryAccountDisabled(DirectoryRefused):
    """The account is disabled or expired, or may not sign in at this time or from this host.

    Some servers say so even if the password is wrong.
    """

    def __init__(self, sentence: str, *, password_was_right: bool = False) -> None:
        super().__init__(sentence)
        self.password_was_right = password_was_right


class CannotReachDirectory(CannotCheck):
    """No server answered, so the password was not checked. `reasons` has one entry per server."""

    sentence = N_(
        "The directory cannot be reached. Your password was not checked, and this does not count "
        "as a failed attempt. Try again in a minute; for details: cwtui directory test USER"
    )

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(_(self.sentence))
        self.reasons = reasons


class CannotTrustDirectory(CannotReachDirectory):
    """No server could be used, and for at least one, waiting does not help: for example, its
    certificate is for another host.
    """

    sentence = N_(
        "The connection to the directory is not secure. Your password was not checked, and this "
        "does not count as a failed attempt. Ask an admin to run: cwtui directory test USER"
    )


class DirectoryMisconfigured(CannotCheck):
    """The directory answers, but cwtui cannot use the answer until the operator fixes something.

    The sentence says what. It is for the operator only.
    """


class CannotUseDirectory(CannotCheck):
    """DirectoryMisconfigured as shown to users: it hides configuration details."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The directory is not configured correctly. Your password was not checked, and "
                "this does not count as a failed attempt. Ask an admin to run: cwtui directory "
                "test USER"
            )
        )


class CannotSearchDirectory(CannotCheck):
    """There is no bind account, so an entry can be read only with its own password."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Without bind_dn in [directory], an entry can be read only with its own password "
                "(for cwtui directory test: --password-stdin)."
            )
        )


class Directory(Protocol):
    """The LDAP server, or several of which one is used.

    All methods raise CannotReachDirectory and DirectoryMisconfigured, which are CannotCheck and
    do not count as attempts, and InvalidInput for a name that no account can have. Each call ends
    within the configured total time; in `find_all`, each search does. Usernames are normalized as
    by `text.username`; entries with another name are not found.
    """

    def check_password(self, username: str, password: Secret) -> DirectoryUser:
        """Return the person if the password is theirs. Raises a subclass of DirectoryRefused.

        An empty password is refused without asking, because servers treat it as an anonymous bind
        (RFC 4513 section 5.1.2).
        """

    def find(self, username: str) -> DirectoryUser | None:
        """Return the person, disabled or not, without a password. Raises CannotSearchDirectory."""

    def find_all(
        self, usernames: Iterable[str], progress: ShowProgress
    ) -> dict[str, DirectoryUser | None]:
        """Like `find` for many usernames, in few searches. Raises CannotSearchDirectory.

        A name that two entries share is left out, because it is ambiguous.
        """

    def find_by_ids(
        self, people: Sequence[Mapping[str, str]], progress: ShowProgress
    ) -> list[DirectoryUser | None]:
        """Return the person for each of these sets of ids, whatever their username is.

        None means nobody, more than one entry, or an entry whose name is not a valid username.
        Raises CannotSearchDirectory.
        """

    def explain(self, username: str, password: Secret | None, tell: Tell) -> DirectoryUser:
        """Like `check_password`, or `find` without a password, but reports each step to `tell`.

        Raises what they raise, and DirectoryRefused for a missing or disabled person. The error
        itself is not reported as a step.
        """
