"""The port Directory, in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from cwtui.accounts import identity
from cwtui.accounts.directory_port import (
    CannotReachDirectory,
    CannotSearchDirectory,
    DirectoryRefused,
    DirectoryUser,
    NoDirectoryUser,
    Tell,
    WrongDirectoryPassword,
)
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.secret import Secret


@dataclass
class MemoryDirectory:
    """People by name. `down`: no server answers. `broken`: what it raises instead of answering.
    `refusal`: what it answers to a correct password.
    """

    people: dict[str, tuple[str, DirectoryUser]] = field(default_factory=dict)
    down: bool = False
    broken: CannotCheck | None = None
    refusal: DirectoryRefused | None = None
    has_bind_account: bool = True
    asked: list[str] = field(default_factory=list)
    """Whose password was sent to it."""
    looked_up: list[str] = field(default_factory=list)

    def add(
        self,
        username: str,
        password: str,
        roles: tuple[str, ...] = ("minimum-access",),
        display_name: str = "",
        id_: str = "",
        *,
        enabled: bool = True,
        ids: dict[str, str] | None = None,
    ) -> DirectoryUser:
        dn = f"uid={username},dc=example"
        known = {"entryUUID": id_ or f"id-{username}"} if ids is None else ids
        user = DirectoryUser(username, dn, display_name, roles, enabled, known)
        self.people[username] = (password, user)
        return user

    def rename(self, **names: str) -> None:
        """Give people other names, all at once: old=new."""
        moved = {new: self.people.pop(old) for old, new in names.items()}
        for new, (password, user) in moved.items():
            self.people[new] = password, replace(user, username=new, dn=f"uid={new},dc=example")

    def check_password(self, username: str, password: Secret) -> DirectoryUser:
        self._answer()
        self.asked.append(username)
        if username not in self.people:
            raise NoDirectoryUser
        right, user = self.people[username]
        if password.reveal() != right:
            raise WrongDirectoryPassword
        if self.refusal is not None:
            raise self.refusal
        return user

    def find(self, username: str) -> DirectoryUser | None:
        self._answer()
        self._search()
        self.looked_up.append(username)
        return self.people[username][1] if username in self.people else None

    def find_all(
        self, usernames: Iterable[str], progress: ShowProgress
    ) -> dict[str, DirectoryUser | None]:
        names = list(usernames)
        found = {name: self.find(name) for name in names}
        progress(len(names), len(names))
        return found

    def find_by_ids(
        self, people: Sequence[Mapping[str, str]], progress: ShowProgress
    ) -> list[DirectoryUser | None]:
        self._answer()
        self._search()
        progress(len(people), len(people))
        return [self._only(ids) for ids in people]

    def _only(self, ids: Mapping[str, str]) -> DirectoryUser | None:
        found = [user for _, user in self.people.values() if identity.is_same(ids, user.ids)]
        return found[0] if len(found) == 1 else None

    def explain(self, username: str, password: Secret | None, tell: Tell) -> DirectoryUser:
        raise NotImplementedError

    def _search(self) -> None:
        if not self.has_bind_account:
            raise CannotSearchDirectory

    def _answer(self) -> None:
        if self.broken is not None:
            raise self.broken
        if self.down:
            raise CannotReachDirectory(("ldaps://one: no answer",))
