"""After a cut: write to the database what happened on the host meanwhile (see cut_off).

The used codes, the failed attempts and the events of one person are one change of the database. The
host notes in its state whose change begins and when it is done. If it fails in between, the log of
the database is asked whether it happened: each event in it says which one of which host it is. So
nothing is written twice, and no code that the host itself has used up seems to be used by another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from cwtui.accounts import cut_off, made_up, merging
from cwtui.accounts.audit import late
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import START, Record, decode
from cwtui.accounts.cut_off import LocalCopies, State
from cwtui.accounts.errors import StoreTooNew
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.ports import AccountsChange, Ports
from cwtui.accounts.session import as_reason, write_audit
from cwtui.accounts.times import utc_minute
from cwtui.language import _

_AT_ONCE: Final = 50
"""Events of one person that are written in one change."""
_CLOCKS_DIFFER: Final = 60.0
"""Seconds. Hosts do not know the database's time to the millisecond."""


@dataclass(frozen=True)
class _UsedTwice:
    """What was used here and, meanwhile, elsewhere too."""

    spent_codes: int
    devices: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.spent_codes or self.devices)


@dataclass(frozen=True)
class Reconciling:
    """Writes what the copies of `host` have to the database `online`."""

    copies: LocalCopies
    online: Ports
    host: str

    def run(self) -> int:
        """Write everything, and return how many events there were. Raises CannotCheck.

        If it raises, run it again; what was written is not written twice.
        """
        self._resolve()
        events, unreadable = self._events()
        for name, of_person in events.items():
            written = self.copies.state.written.get(name, 0)
            rest = [one for one in of_person if one.n > written]
            for at in range(0, len(rest), _AT_ONCE):
                self._write(name, rest[at : at + _AT_ONCE])
        self._count_made_up()
        count = sum(map(len, events.values()))
        if count or unreadable:
            self._end(count, unreadable)
        state = self.copies.state
        self.copies.start_log(replace(state, since=None, writing="", written={}))
        return count

    @property
    def actor(self) -> str:
        """Who writes the events of what was found, as in `Acting`."""
        return f"host:{self.host}"

    @property
    def source(self) -> str:
        """Where from, as in `Acting`."""
        return self.host

    def _events(self) -> tuple[dict[str, list[Record]], int]:
        """Return the events of the local log by whom they concern, and how many are unreadable."""
        found: dict[str, list[Record]] = {}
        unreadable = 0
        for line in self.copies.audit.lines(START):
            record = decode(line.content)
            if record is None:
                unreadable += 1
            else:
                found.setdefault(record.subject, []).append(record)
        return found, unreadable

    def _write(self, name: str, events: Sequence[Record]) -> None:
        self._begin(name)
        with self.online.accounts.change() as change:
            local = self.copies.records.get(name)
            account = change.get(name)
            twice_codes = self._use_up(change, account, name)
            change.prepare()
            twice_devices: tuple[str, ...] = ()
            if account is not None:
                twice_devices = self.online.records.update(
                    name, lambda record: merging.merged(record, local, account)
                )
            self.online.audit.append(*map(self._as_written, events))
            twice = _UsedTwice(twice_codes, twice_devices)
            if twice:
                self._report(name, twice, events[-1].n)
        self._done(name, events[-1].n)

    def _use_up(self, change: AccountsChange, account: Account | None, name: str) -> int:
        """Remove the backup codes that were used here. Returns how many had been used elsewhere."""
        kept = self.copies.state.kept.get(name)
        if kept is None or account is None or account.second_factor is None:
            return 0
        codes = account.second_factor.backup_codes
        if kept.codes is None or codes.salt != kept.codes.salt:
            return 0  # there are new ones since
        used = cut_off.used_codes(kept, self.copies.accounts.get(name))
        unused = tuple(one for one in codes.hashes if one not in used)
        if unused != codes.hashes:
            factor = replace(account.second_factor, backup_codes=replace(codes, hashes=unused))
            change.put(account.changed(second_factor=factor))
        return len(used - frozenset(codes.hashes))

    def _begin(self, name: str) -> None:
        state = replace(self.copies.state, writing=name, writing_since=self.online.now())
        self.copies.save(state)

    def _done(self, name: str, n: int) -> None:
        """Note that the events of this person, up to this number, are in the database."""
        self.copies.records.update(
            name, lambda record: (record.changed(last_sign_in=None, failed=None), None)
        )
        state, local = self.copies.state, self.copies.accounts.get(name)
        kept = state.kept.get(name)
        if kept is not None:
            kept = replace(kept, codes=cut_off.codes_of(local), used=())
            state = state.with_kept(name, kept)
        written = {**state.written, name: n}
        self.copies.save(replace(state, writing="", written=written))

    def _resolve(self) -> None:
        """Find out whether the change that was begun last did happen."""
        state = self.copies.state
        if not state.writing:
            return
        with self.online.accounts.change() as change:
            change.is_empty()  # waits until that change, if it still goes on, has ended
            n = self._last_written(state)
        if n:
            self._done(state.writing, n)

    def _last_written(self, state: State) -> int:
        """Return the number of the last event of this person that the database has; 0 if none."""
        before = state.writing_since - _CLOCKS_DIFFER
        for line in self.online.audit.lines_before(None):
            record = decode(line.content)
            if record is None:
                continue
            number = late.number(record, self.host, state.log)
            if number is not None and record.subject == state.writing:
                return number
            if not late.is_late(record) and record.at.timestamp() < before:
                break  # all others are older
        return 0

    def _mark(self, number: int) -> str:
        return f"{late.mark(self.host, self.copies.state.log)}{number}"

    def _as_written(self, record: Record) -> Event:
        try:
            event, outcome = EventType(record.event), Outcome(record.outcome)
        except ValueError:
            raise StoreTooNew(
                _("The local log was written by a newer version of cwtui. Install that version.")
            ) from None
        mark = self._mark(record.n)
        return Event(
            at=record.at.timestamp(),
            event=event,
            actor=record.actor,
            subject=record.subject,
            source=record.source,
            outcome=outcome,
            reason=f"{record.reason}, {mark}" if record.reason else mark,
        )

    def _report(self, name: str, twice: _UsedTwice, n: int) -> None:
        fields: dict[str, object] = {}
        if twice.spent_codes:
            fields["backup_codes"] = twice.spent_codes
        if twice.devices:
            fields["devices"] = twice.devices
        reason = f"{as_reason(fields)}, {self._mark(n)}"
        event = EventType.CUT_OFF_USED_TWICE
        write_audit(self.online, event, self, name, reason, outcome=Outcome.FAILURE)

    def _end(self, count: int, unreadable: int) -> None:
        """Log the end of the cut, once."""
        state = self.copies.state
        if self.actor in state.written:
            return
        fields: dict[str, object] = {"events": count}
        if state.since is not None:
            fields["since"] = utc_minute(state.since)
        if unreadable:
            fields["unreadable"] = unreadable
        self._begin(self.actor)
        reason = f"{as_reason(fields)}, {self._mark(count)}"
        write_audit(self.online, EventType.CUT_OFF_END, self, self.actor, reason)
        self._done(self.actor, count)

    def _count_made_up(self) -> None:
        """Count guesses at names without an account together with those on other hosts."""
        for name, local in self.copies.records.banned().items():
            if made_up.is_made_up(name):
                self._count(name, local)
                self.copies.records.remove(name)

    def _count(self, name: str, local: SignInRecord) -> None:
        def count(record: SignInRecord) -> tuple[SignInRecord, None]:
            # A new one has no known sources yet, by which the attempts are counted.
            is_new = record == SignInRecord()
            return (local if is_new else merging.with_attempts(record, local)), None

        self.online.records.update(name, count, made_up.CROWDED_OUT)
