"""This host as the doctor sees it. Tests put another one in its place."""

import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from cwtui.accounts.text import whole_number
from cwtui.doctor import programs
from cwtui.doctor.programs import Answer, CannotRun, NotInstalled
from cwtui.language import _

Run: TypeAlias = Callable[[str, Sequence[str]], Answer]
"""Runs a program to its end. Raises NotInstalled and CannotRun."""

_NO_SHELLS: Final = ("nologin", "false", "sync", "halt", "shutdown")
_FIRST_PERSON: Final = 1000
"""The smallest uid of a person (UID_MIN in login.defs(5))."""
_FIELDS: Final = 7
"""The fields of a line of passwd(5)."""
_ID_DIGITS: Final = 10


@dataclass(frozen=True)
class UnixUser:
    """A line of passwd(5)."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str

    @property
    def is_person(self) -> bool:
        """Whether somebody can probably sign in as this user, and it is not the system's own."""
        return self.uid >= _FIRST_PERSON and Path(self.shell).name not in _NO_SHELLS


@dataclass(frozen=True)
class Machine:
    """`root` is the folder with /etc and /usr. Programs run on the real host."""

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    euid: int = field(default_factory=os.geteuid)
    run: Run = programs.run
    now: Callable[[], float] = time.time
    system_uid: int = 0
    """Who must own the files that decide who gets in: root."""
    _answers: dict[tuple[str, tuple[str, ...]], Answer] = field(default_factory=dict, init=False)
    _users: dict[int, UnixUser | None] = field(default_factory=dict, init=False)
    _stopped: set[str] = field(default_factory=set, init=False)

    @property
    def is_root(self) -> bool:
        return self.euid == 0

    def path(self, absolute: str) -> Path:
        """Return where a path is that a file of the host names; no path can contain NUL."""
        return self.root / absolute.lstrip("/").replace("\0", "\ufffd")

    def ask(self, name: str, *arguments: str) -> Answer:
        """Run a program once, and not again with other arguments if it hung. Raises CannotRun."""
        if name in self._stopped:
            raise CannotRun(_("{name} did not end before", name=name))
        if (name, arguments) not in self._answers:
            try:
                self._answers[name, arguments] = self.run(name, arguments)
            except NotInstalled:
                raise
            except CannotRun:
                self._stopped.add(name)
                raise
        return self._answers[name, arguments]

    def unix_users(self, *names: str) -> list[UnixUser]:
        """Return the Unix users with these names, or all that this host lists.

        NSS may ask a server, which may hang; so another program asks. Raises CannotRun.
        """
        answer = self.ask("getent", "passwd", *names)
        found = (_unix_user(line) for line in answer.out.splitlines())
        # getent takes a number for a uid.
        return [one for one in found if one is not None and (not names or one.name in names)]

    def groups(self, name: str) -> frozenset[str]:
        """Return the names of the groups of this Unix user. Raises CannotRun."""
        answer = self.ask("id", "-Gn", "--", name)
        if answer.status:
            raise CannotRun(_("the groups of {name} are not known", name=name))
        return frozenset(answer.out.split())

    def user_of(self, uid: int) -> UnixUser | None:
        """Return the Unix user with this uid; None if there is none, or NSS does not answer."""
        if uid not in self._users:
            try:
                found = self.ask("getent", "passwd", str(uid)).out.splitlines()
            except CannotRun:
                found = []
            self._users[uid] = _unix_user(found[0]) if found else None
        return self._users[uid]

    def name_of(self, uid: int) -> str:
        """Return the name of a Unix user, or # and its uid."""
        user = self.user_of(uid)
        return user.name if user is not None else f"#{uid}"

    def becoming(self, uid: int) -> str:
        """Return how to begin a command that runs as this Unix user."""
        user = self.user_of(uid)
        if user is None:
            return f"setpriv --reuid={uid} --clear-groups --"
        name, home = shlex.quote(user.name), shlex.quote(user.home)
        if self.is_root:  # runuser keeps root's HOME, where the configuration would be looked for
            return f"runuser -u {name} -- env HOME={home}"
        return f"sudo -H -u {name}"


def _unix_user(line: str) -> UnixUser | None:
    parts = line.split(":")
    if len(parts) != _FIELDS:
        return None
    uid, gid = (whole_number(one, _ID_DIGITS) for one in parts[2:4])
    if uid is None or gid is None:
        return None
    return UnixUser(parts[0], uid, gid, parts[5], parts[6])
