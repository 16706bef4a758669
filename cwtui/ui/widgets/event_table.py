"""The list of events of the audit log."""

from typing import Final

from cwtui.accounts.audit.events import Outcome
from cwtui.accounts.audit.reading import Entry
from cwtui.accounts.text import visible
from cwtui.accounts.wording import who
from cwtui.ui.widgets.virtual_table import VirtualTable

_MARKS: Final = {Outcome.SUCCESS.value: "●", Outcome.FAILURE.value: "✗"}


def marked(outcome: str) -> str:
    """Return the outcome with a mark before it. An outcome of a newer version gets a plain mark."""
    return f"{_MARKS.get(outcome, '○')} {visible(outcome)}"


class EventTable(VirtualTable[Entry]):
    """A row for each event, newest first, and one for each line that is not a valid event."""

    def head(self) -> tuple[str, ...]:
        names = ("Time (UTC)", "Outcome", "Event", "Who")
        return (*names, "Source", "Reason") if self.is_wide else names

    def cells(self, row: Entry) -> tuple[str, ...]:
        record = row.record
        if record is None:
            return (f"✗ {row.damage}",)
        at = f"{record.at:%Y-%m-%d %H:%M:%S}" if self.is_wide else f"{record.at:%Y-%m-%d %H:%M}"
        cells = (at, marked(record.outcome), visible(record.event), who(record, "→"))
        return (*cells, visible(record.source), visible(record.reason)) if self.is_wide else cells

    def widths(self) -> tuple[int, ...]:
        if not self.is_wide:
            rest = self.row_width - (16 + 9) - 3
            event = max(8, rest * 3 // 5)
            return (16, 9, event, max(4, rest - event))
        rest = self.row_width - (19 + 9 + 23) - 5
        actor, source = rest // 2, rest * 3 // 10
        return (19, 9, 23, actor, source, rest - actor - source)
