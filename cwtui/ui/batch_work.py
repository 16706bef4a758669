"""A batch that is being carried out, or was: what the thread and the pages tell each other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwtui.accounts.bulk import batches, sentences
from cwtui.accounts.bulk.acts import ResetPassword
from cwtui.accounts.bulk.batches import Report
from cwtui.accounts.secret import Secret
from cwtui.host.passwords_file import PasswordsFile
from cwtui.language import _

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports
    from cwtui.accounts.session import Session


@dataclass
class BatchWork:
    """The thread writes `done` and the report, the event loop the rest."""

    report: Report
    passwords: PasswordsFile | None
    began: float
    """By the monotonic clock, in seconds."""
    done: int = 0
    is_stopped: bool = False
    is_reported: bool = False
    """Whether the person has seen what became of it."""
    row: int = 0
    """The row of the report from which the person went on to an account."""

    def carry_out(self, ports: "Ports", session: "Session") -> None:
        try:
            batches.carry_out(
                ports, session, self.report, self._progress, self._goes_on, self._hand_over
            )
        finally:
            if self.passwords is not None:
                self.passwords.close()

    def outcome(self) -> str:
        """Return what was done and left, and where the rest is, in sentences."""
        said = [sentences.summary(self.report)]
        if self.report.done:
            said.append(_("In the audit log: batch={id}.", id=self.report.batch))
        if self.passwords is not None and self.passwords.count:
            path, number = self.passwords.path, self.passwords.count
            invited = self.report.plan.act == ResetPassword(invited=True)
            said.append(sentences.passwords_in(path, number, invited=invited))
        return " ".join(said)

    def _progress(self, done: int, of: int) -> None:
        del of
        self.done = done

    def _goes_on(self) -> bool:
        return not self.is_stopped

    def _hand_over(self, username: str, password: Secret) -> None:
        if self.passwords is not None:
            self.passwords.add([(username, password)])
