"""The list of open sessions."""

from collections.abc import Sequence
from typing import Final

from cwtui.accounts import times
from cwtui.accounts.model import OpenSession
from cwtui.accounts.text import visible
from cwtui.ui.context import context_of
from cwtui.ui.widgets.columns import Column, Short
from cwtui.ui.widgets.virtual_table import VirtualTable

_NOW: Final = "now"


class SessionTable(VirtualTable[OpenSession]):
    """A row for each session, oldest first. `own` is the id of the person's own session."""

    def __init__(self, rows: Sequence[OpenSession], own: str, now: float, nothing: str) -> None:
        super().__init__(rows, nothing)
        self._own = own
        self.now = now
        """When the rows were read, in seconds since the epoch."""

    def name_of(self, row: OpenSession) -> str:
        return row.id

    def columns(self) -> tuple[Column[OpenSession], ...]:
        zone = context_of(self).zone
        return (
            Column("From", 15, lambda one: visible(one.source), least=12, most=39),
            Column("State", 13, self._state),
            Column(
                f"Since ({times.place(zone)})",
                16,
                lambda one: times.minute(one.started_at, zone),
                short=Short(11, lambda one: times.minute(one.started_at, zone)[5:], "Since"),
            ),
            Column(
                "Door",
                8,
                lambda one: visible(one.door),
                least=5,
                most=16,
                value=lambda one: one.door,
                optional=True,
            ),
            Column(
                "Host",
                12,
                lambda one: visible(one.host),
                least=8,
                most=30,
                value=lambda one: one.host,
                optional=True,
            ),
        )

    def _state(self, one: OpenSession) -> str:
        if one.id == self._own:
            return "● this one"
        if not one.is_ours:
            return "○ open"
        if one.is_ending:
            return "◐ ending"
        idle = times.ago(one.active_at, self.now)
        return "● active" if idle == _NOW else f"○ idle {idle}"
