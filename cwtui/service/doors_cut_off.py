"""The doors of a host that lets people in with local copies while it is cut off."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from cwtui.accounts import cut_off
from cwtui.accounts.cut_off import NoCopy
from cwtui.accounts.errors import AccountsError, UnknownAccount
from cwtui.accounts.ports import Ports
from cwtui.accounts.preferences import zone
from cwtui.config import ServiceConfig
from cwtui.dialogue.conversation import Conversation, Gone
from cwtui.language import Language
from cwtui.service import refusals
from cwtui.service.doors import Doors, speaking
from cwtui.service.fallback import Fallback, InUse
from cwtui.service.figures import Figures
from cwtui.service.host_sessions import HostSessions
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.service.peers import Peer

_SIGN_INS: Final = frozenset({Phase.AUTH, Phase.GATE, Phase.VERIFY})


@dataclass
class DoorsCutOff:
    """Answers requests with the database, or with local copies while it cannot be reached."""

    cut_off: Fallback
    config: ServiceConfig
    figures: Figures
    has_directory: bool = False
    language: Language | None = None
    """As in `Doors`."""
    sessions: HostSessions = field(default_factory=HostSessions)
    _doors: dict[bool, Doors] = field(default_factory=dict, init=False)
    """By whether they use the copies: a proof at the database does not count at the copies."""
    _lock: Lock = field(default_factory=Lock, init=False)

    @property
    def ports(self) -> Ports:
        return self.cut_off.current.ports

    def answer(self, request: Request, peer: Peer, person: Conversation) -> Verdict:
        """Talk to the person, and return the verdict. Raises Gone."""
        with speaking(request, self.language):
            try:
                self._act(request, peer, person)
            except Gone:
                raise
            except AccountsError as error:
                return refusals.told(person, error)
        return Verdict.ACCEPTED

    def _act(self, request: Request, peer: Peer, person: Conversation) -> None:
        is_status = request.phase is Phase.STATUS
        in_use = self.cut_off.current if is_status else self.cut_off.ports()
        doors = self._doors_of(in_use)
        if is_status or not in_use.is_copy:
            doors.act(request, peer, person)
            return
        if request.phase in _SIGN_INS:
            days = self.cut_off.days
            person.tell(cut_off.announcement(days, has_directory=self.has_directory))
        try:
            doors.act(request, peer, person)
        except UnknownAccount:
            # PAM could let in somebody whom cwtui does not know.
            raise NoCopy(self.cut_off.days) from None

    def _doors_of(self, in_use: InUse) -> Doors:
        with self._lock:
            doors = self._doors.get(in_use.is_copy)
            if doors is None or doors.ports is not in_use.ports:
                signed_in = self._explain if in_use.is_copy else self._keep
                status = self.cut_off.status
                doors = Doors(
                    in_use.ports, self.config, self.figures, signed_in, status, self.sessions
                )
                self._doors[in_use.is_copy] = doors
            return doors

    def _keep(self, username: str, _: Conversation) -> None:
        self.cut_off.keep(username)

    def _explain(self, username: str, person: Conversation) -> None:
        copies = self.cut_off.copies
        kept, copy = copies.state.kept.get(username), copies.accounts.get(username)
        if kept is not None and copy is not None:
            person.tell(cut_off.explanation(kept, zone(copy.preferences.time_zone)))
