"""Which store the doors ask: the database, or local copies while it cannot be reached.

See `accounts.cut_off`. When the database answers again, what happened meanwhile is written to it
before anything else is answered.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Final, NamedTuple, Protocol

from msgspec import to_builtins
from msgspec.structs import replace

from cwtui.accounts import cut_off
from cwtui.accounts.cut_off import LocalCopies, NotUsable
from cwtui.accounts.errors import CannotCheck, StoreUnreachable
from cwtui.accounts.local_copies import Keeper
from cwtui.accounts.ports import Clock, Ports
from cwtui.accounts.reconciling import Reconciling
from cwtui.accounts.text import counted
from cwtui.host import crash
from cwtui.language import N_, _
from cwtui.service import service_log

CONFIRM_SECONDS: Final = 120.0
"""How often copies are brought up to date: an account that was disabled has none after that."""
RETURN_SECONDS: Final = 15.0
"""How often a host that is cut off tries to reach the database."""
_AT_ONCE: Final = 20
"""Copies that are brought up to date before a sign-in may go on."""
_AGAIN: Final = N_("This host can reach the account database again. Start again.")


class OpenLocal(Protocol):
    """Opens ports on the copies. `check` raises CannotCheck when nothing may be written."""

    def __call__(self, now: Clock, check: Callable[[], None]) -> Ports: ...


class InUse(NamedTuple):
    """The ports that a conversation uses: of the database, or of the copies."""

    ports: Ports
    is_copy: bool


class _Local:
    """Ports on the copies, and why they must not be used any more, if so."""

    def __init__(self, open_local: OpenLocal, now: Clock) -> None:
        self._closed: tuple[type[CannotCheck], str] | None = None
        self.ports = open_local(now, self.check)

    def check(self) -> None:
        if self._closed is not None:
            # A new error each time: one that is kept would keep what conversations know.
            kind, sentence = self._closed
            raise kind(_(sentence))

    def close(self, kind: type[CannotCheck], sentence: str) -> None:
        self._closed = kind, sentence

    @property
    def is_closed(self) -> bool:
        return self._closed is not None


@dataclass
class Fallback:
    """The database, or the copies while the host is cut off. Several threads may use it.

    `store` names the database, and `host` this host in its log. `connect` raises CannotCheck.
    """

    copies: LocalCopies
    connect: Callable[[], Ports]
    open_local: OpenLocal
    store: str
    host: str
    days: int
    host_clock: Clock = time.time
    _online: Ports | None = field(default=None, init=False)
    _local: _Local | None = field(default=None, init=False)
    """The copies, while the host is cut off."""
    _lock: Lock = field(default_factory=Lock, init=False)
    _not_kept: dict[str, object] = field(default_factory=dict, init=False)
    """Who signed in since the copy was made, so that the copy lacks a code that was used."""
    _names: Lock = field(default_factory=Lock, init=False)
    """Guards `_not_kept`, only for a moment: a sign-in waits for it."""
    _wake: Event = field(default_factory=Event, init=False)
    _is_ending: bool = field(default=False, init=False)
    _told: str = field(default="", init=False)
    """The last problem that was logged."""

    def start(self) -> None:
        """Connect to the database, or begin without it. Raises CannotCheck if it refuses."""
        try:
            self.go_back()
        except StoreUnreachable:
            self._begin()

    def watch(self) -> None:
        """Look after the copies and the database in a thread, until `end`."""
        Thread(target=self._watch, name="database", daemon=True).start()

    def end(self) -> None:
        self._is_ending = True
        self._wake.set()

    @property
    def current(self) -> InUse:
        """What is used now, for looking at it."""
        local, online = self._local, self._online
        if local is not None:
            return InUse(local.ports, is_copy=True)
        if online is None:
            message = "it was not started"
            raise RuntimeError(message)
        return InUse(online, is_copy=False)

    @property
    def is_cut_off(self) -> bool:
        return self._local is not None

    def ports(self) -> InUse:
        """Return what one conversation asks. Raises CannotCheck."""
        while True:
            if self._local is None and self._online is not None:
                if _reaches(self._online):
                    return InUse(self._online, is_copy=False)
                self._begin()
            with self._lock:
                if self._local is not None:
                    self._local.check()
                    cut_off.open_copies(self.copies, self.store, self.days, self._now())
                    return InUse(self._local.ports, is_copy=True)

    def keep(self, username: str) -> None:
        """Let the thread keep a copy of somebody whom the database has just let in."""
        with self._names:
            self._not_kept[username] = object()
        self._wake.set()

    def _keep(self) -> None:
        """Keep copies of those who have signed in. Raises CannotCheck."""
        for username, sign_in in self._waiting():
            with self._lock:
                if self._local is not None or self._online is None:
                    return
                self._keeper(self._online).keep(username, self._ahead(self._online))
            with self._names:
                if self._not_kept.get(username) is sign_in:  # else there was another one meanwhile
                    del self._not_kept[username]

    def _waiting(self) -> list[tuple[str, object]]:
        with self._names:
            return list(self._not_kept.items())

    def confirm(self) -> None:
        """Bring all copies up to date. Raises CannotCheck."""
        online = self._online
        if online is None:
            return
        online.accounts.is_empty()  # whether it can be reached
        names = list(self.copies.state.kept)
        for at in range(0, len(names), _AT_ONCE):
            with self._lock:
                if self._local is None:
                    some = names[at : at + _AT_ONCE]
                    self._keeper(online).confirm(some, self._ahead(online))

    def go_back(self) -> None:
        """Go back to the database, after writing to it what happened. Raises CannotCheck."""
        online = self._online or self.connect()
        online.accounts.is_empty()
        with self._lock:
            since = self.copies.state.since
            # Conversations that go on with the copies cannot write to them any more.
            self._close(NotUsable, _AGAIN)
            count = Reconciling(self.copies, online, self.host).run()
            self._online, self._local = online, None
        if since is not None:
            service_log.log(
                f"The database can be reached again. {counted(count, 'event')} of the meantime "
                "were written to its log."
            )

    def status(self) -> dict[str, object]:
        """Return what there is to say of the copies, for JSON. Raises CannotCheck."""
        return {"cut_off": to_builtins(cut_off.about(self.copies))}

    def _begin(self) -> None:
        """Use the copies from now on, or again."""
        with self._lock:
            # The database has accepted a code that these copies would accept again.
            for username, _sign_in in self._waiting():
                cut_off.drop(self.copies, username)
            if self._local is not None and not self._local.is_closed:
                return
            # Conversations with copies that were closed stay refused: a code that they used up
            # now would not be written to the database.
            state = self.copies.state
            if state.since is None:
                self.copies.save(replace(state, since=self._now()))
            self._local = _Local(self.open_local, self._now)
        service_log.log("The database cannot be reached. People are checked with local copies.")

    def _close(self, kind: type[CannotCheck], sentence: str) -> None:
        if self._local is not None:
            self._local.close(kind, sentence)

    def _now(self) -> float:
        """Return the database's time, as far as it is known."""
        if self._online is not None:
            return self._online.now()
        return self.host_clock() + self.copies.state.ahead

    def _ahead(self, online: Ports) -> float:
        return online.now() - self.host_clock()

    def _keeper(self, online: Ports) -> Keeper:
        return Keeper(self.copies, online, self.store, self.days)

    def _watch(self) -> None:
        due = 0.0
        while not self._is_ending:
            now = time.monotonic()
            self._wake.wait(RETURN_SECONDS if self.is_cut_off else max(due - now, 0.0))
            self._wake.clear()
            is_due = self.is_cut_off or time.monotonic() >= due
            try:
                self.look_after(confirm=is_due)
            except Exception as error:  # noqa: BLE001  outermost layer of a thread
                crash.keep(crash.places(error))
                service_log.log(f"An unexpected error occurred ({type(error).__name__}).")
            if is_due:
                due = time.monotonic() + CONFIRM_SECONDS

    def look_after(self, *, confirm: bool = True) -> None:
        """Keep new copies, and bring the others up to date, or go back to the database."""
        try:
            if self.is_cut_off:
                self.go_back()
            self._keep()
            if confirm:
                self.confirm()
        except StoreUnreachable:
            self._begin()
        except CannotCheck as error:
            # A database that answers decides alone, even if it cannot be used.
            with self._lock:
                self._close(CannotCheck, str(error))
            if str(error) != self._told:
                service_log.log(str(error))
            self._told = str(error)
        else:
            self._told = ""


def _reaches(online: Ports) -> bool:
    """Whether the database answers. What else is wrong, the conversation says."""
    try:
        online.accounts.is_empty()
    except StoreUnreachable:
        return False
    except CannotCheck:
        return True
    return True
