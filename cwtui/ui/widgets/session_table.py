"""The list of open sessions."""

from collections.abc import Sequence
from typing import Final

from cwtui.accounts import sources, times
from cwtui.accounts.model import OpenSession
from cwtui.accounts.text import visible
from cwtui.language import _
from cwtui.ui.context import context_of
from cwtui.ui.widgets.columns import Column, Short
from cwtui.ui.widgets.virtual_table import VirtualTable

_IDLE_FROM: Final = 60
"""Seconds. A shorter time is no sign that nobody is there."""


class SessionTable(VirtualTable[OpenSession]):
    """A row for each session, oldest first. `own` is the id of the person's own session."""

    def __init__(
        self,
        rows: Sequence[OpenSession],
        own: str,
        now: float,
        nothing: str,
        *,
        may_open: bool,
    ) -> None:
        super().__init__(rows, nothing)
        self._may_open = may_open
        self._own = own
        self.now = now
        """When the rows were read, in seconds since the epoch."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open" and not self._may_open:
            return False
        return super().check_action(action, parameters)

    def name_of(self, row: OpenSession) -> str:
        return row.id

    def columns(self) -> tuple[Column[OpenSession], ...]:
        zone = context_of(self).zone
        return (
            Column(_("From"), 15, lambda one: sources.shown(one.source), least=12, most=39),
            Column(_("State"), 13, self._state),
            Column(
                _("Since ({zone})", zone=times.place(zone)),
                16,
                lambda one: times.minute(one.started_at, zone),
                short=Short(11, lambda one: times.minute(one.started_at, zone)[5:], _("Since")),
            ),
            Column(
                _("Door"),
                8,
                lambda one: visible(one.door),
                least=5,
                most=16,
                value=lambda one: one.door,
                optional=True,
            ),
            Column(
                _("Host"),
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
            return f"● {_('this one')}"
        if not one.is_ours:
            return f"○ {_('open')}"
        if one.is_ending:
            return f"◐ {_('ending')}"
        if self.now - one.active_at < _IDLE_FROM:
            return f"● {_('active')}"
        return f"○ {_('idle {time}', time=times.ago(one.active_at, self.now))}"
