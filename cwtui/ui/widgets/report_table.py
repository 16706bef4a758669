"""Which accounts a plan leaves as they are, or what became of each account of a batch."""

from typing import Final

from rich.cells import cell_len
from textual.message import Message

from cwtui.accounts.bulk import sentences
from cwtui.accounts.bulk.batches import Outcome, Report, Result
from cwtui.accounts.text import visible
from cwtui.language import _
from cwtui.ui.widgets.columns import Column
from cwtui.ui.widgets.virtual_table import VirtualTable

_MARKS: Final = {Outcome.DONE: "✓", Outcome.ALREADY: "●", Outcome.REFUSED: "✗"}


class ReportTable(VirtualTable[Result]):
    """A row for each account."""

    class Moved(Message):
        """The cursor is on another row. `cut_off` is the text that its column has no room for."""

        def __init__(self, cut_off: str) -> None:
            super().__init__()
            self.cut_off = cut_off

    def __init__(self, excepted: Report) -> None:
        super().__init__(excepted)
        self._act = excepted.plan.act
        self._columns: tuple[Column[Result], ...] = (_username(), self._left())

    def columns(self) -> tuple[Column[Result], ...]:
        return self._columns

    def show_report(self, report: Report) -> None:
        self._columns = (_username(), _outcome(), self._why())
        self.show_rows(report)
        self._tell_moved()

    def watch_cursor(self) -> None:
        super().watch_cursor()
        self._tell_moved()

    def on_resize(self) -> None:
        self._tell_moved()

    def _tell_moved(self) -> None:
        why = self._said(self.rows[self.cursor]) if self.rows else ""
        self.post_message(self.Moved(why if cell_len(why) > self.shown[-1].width else ""))

    def _said(self, one: Result) -> str:
        return visible(sentences.why(one.why, self._act))

    def _left(self) -> Column[Result]:
        return Column(_("Left as it is"), 40, self._said, least=20, most=200)

    def _why(self) -> Column[Result]:
        return Column(_("Why"), 40, self._said, least=20, most=200)


def _username() -> Column[Result]:
    return Column(_("Username"), 24, lambda one: visible(one.username), least=14, most=64)


def _outcome() -> Column[Result]:
    longest = max(cell_len(sentences.outcome(outcome)) for outcome in Outcome)
    return Column(
        _("Outcome"),
        2 + longest,
        lambda one: f"{_MARKS[one.outcome]} {sentences.outcome(one.outcome)}",
    )
