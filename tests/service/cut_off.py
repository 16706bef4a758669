"""A host whose database can be cut off."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from cwtui.accounts.ports import Clock, Ports
from cwtui.config import ServiceConfig
from cwtui.dialogue.conversation import Gone
from cwtui.service.doors_cut_off import DoorsCutOff
from cwtui.service.fallback import Fallback
from cwtui.service.figures import Figures
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.service.peers import Peer
from cwtui.store.local_copies import FileCopies
from tests.accounts.far import Line
from tests.accounts.world import NOW
from tests.dialogue.scripted import Answer, Scripted

ROOT = Peer(1, 0)
DAYS = 7


@dataclass
class CutOffHost:
    """A host of this database, with copies in a folder. Its clock goes with the database's."""

    database: Ports
    folder: Path
    name: str = "plant7"
    days: int = DAYS
    store: str = "postgresql://db/accounts"
    line: Line = field(default_factory=Line)
    ahead: float = 0.0
    """How many seconds the host's clock is ahead of the database's."""
    keeps: bool = True
    """Whether the thread has kept its copies before the next act."""

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the service, or start it again."""
        self.copies = FileCopies.create(self.folder)
        self.cut_off = Fallback(
            self.copies,
            connect=self._connect,
            open_local=self._open_local,
            store=self.store,
            host=self.name,
            days=self.days,
            host_clock=lambda: self.database.now() + self.ahead,
        )
        self.cut_off.start()
        self.doors = DoorsCutOff(self.cut_off, ServiceConfig(), Figures(NOW))

    def _connect(self) -> Ports:
        self.line.pass_()
        return self.line.ports(self.database)

    def _open_local(self, now: Clock, check: Callable[[], None]) -> Ports:
        parts = self.copies.parts(check)
        return replace(
            self.database,
            accounts=parts.accounts,
            records=parts.records,
            audit=parts.audit,
            now=now,
            directory=None,
        )

    def ask(self, phase: Phase, *answers: Answer, **fields: str) -> tuple[Verdict | None, Scripted]:
        """The verdict; None if there was one more question."""
        person = Scripted([*answers])
        request = Request(phase, {"user": "alice", **fields})
        try:
            verdict = self.doors.answer(request, ROOT, person)
        except Gone:
            return None, person
        if self.keeps and not self.cut_off.is_cut_off:
            self.cut_off.look_after(confirm=False)  # as the thread does
        return verdict, person

    def sign_in(self, *answers: Answer, user: str = "alice") -> tuple[Verdict | None, Scripted]:
        """Sign in through sshd with the password and the code, if there is a second factor."""
        where = {"service": "sshd", "rhost": "203.0.113.7"}
        return self.ask(Phase.AUTH, *answers, user=user, mode="full", nullok="1", **where)

    def warned(self, *answers: Answer, user: str = "alice") -> str:
        """What a sign-in that does not succeed says last."""
        verdict, person = self.sign_in(*answers, user=user)
        assert verdict is not Verdict.ACCEPTED
        return person.all("warn")[-1]

    def back(self) -> None:
        """The database can be reached again, and the service has noticed."""
        self.line.mend()
        self.cut_off.look_after()
        assert not self.cut_off.is_cut_off
