"""Carry out a plan, account by account, and report what became of each."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias, overload

from cwtui.accounts import roles
from cwtui.accounts.bulk.acts import Doing, Reason
from cwtui.accounts.bulk.packed import Packed
from cwtui.accounts.bulk.plans import Plan
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.errors import (
    AccountsError,
    CannotCheck,
    ChangedByOthers,
    InvalidInput,
    ProofNeeded,
    Refused,
    SessionEnded,
    UnknownAccount,
)
from cwtui.accounts.listing import row_of
from cwtui.accounts.meanwhile import mark
from cwtui.accounts.new_account import HandOver
from cwtui.accounts.ports import Ports
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.session import Actor, Operator, authorise_change, in_batch
from cwtui.language import N_, _

GoesOn: TypeAlias = Callable[[], bool]
"""Asked before each account whether to go on."""


class Outcome(StrEnum):
    """What became of an account."""

    DONE = N_("done")
    ALREADY = N_("already so")
    REFUSED = N_("refused")


_REASONS: Final = {reason.value: reason for reason in Reason}


class Result(NamedTuple):
    """What became of one account. Unless it was done, `why` is a `Reason` or a sentence."""

    username: str
    outcome: Outcome
    why: Reason | str = ""


class Report(Sequence[Result]):
    """What became of each account, as far as the plan was carried out. Those done come last.

    `batch` is the id that all events of the batch have in the audit log. `reasons` counts why
    accounts were left as they are, and `refused` is how many were refused with a sentence of their
    own. `problem` is why the work ended early, unless somebody stopped it.
    """

    def __init__(self, plan: Plan, batch: str) -> None:
        self.plan = plan
        self.batch = batch
        self.reasons = Counter(plan.reasons)
        self.refused = 0
        self.problem: AccountsError | None = None
        self._left = plan.excepted.copy()
        self._done = Packed()

    @property
    def done(self) -> int:
        return len(self._done)

    @property
    def left(self) -> int:
        """How many accounts were left as they are."""
        return len(self._left)

    @property
    def untouched(self) -> int:
        """How many accounts it did not come to, because the work ended before."""
        return len(self.plan.names) + len(self.plan.excepted) - len(self)

    def rest(self) -> Selection:
        """Return the accounts that it did not come to."""
        come_to = {one.username for one in self}
        return Selection(frozenset(name for name in self.plan.names if name not in come_to))

    def add_done(self, username: str) -> None:
        self._done.append(username)

    def add_left(self, username: str, why: Reason | str) -> None:
        if isinstance(why, Reason):
            self.reasons[why] += 1
        else:
            self.refused += 1
        self._left.append(f"{username}\t{why}")

    def __len__(self) -> int:
        return len(self._left) + len(self._done)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | Sequence[Result]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if place < len(self._left):
            return _result(self._left[place])
        return Result(self._done[place - len(self._left)], Outcome.DONE)

    def __iter__(self) -> Iterator[Result]:
        yield from map(_result, self._left)
        yield from (Result(name, Outcome.DONE) for name in self._done)


def _result(line: str) -> Result:
    name, _tab, why = line.partition("\t")
    if why == Reason.ALREADY:
        return Result(name, Outcome.ALREADY, Reason.ALREADY)
    return Result(name, Outcome.REFUSED, _REASONS.get(why, why))


def begin(ports: Ports, actor: Actor, plan: Plan) -> Report:
    """Return the report of a new batch, to be carried out at once.

    Raises ProofNeeded, Refused if roles were changed since the plan was made, NotPermitted and
    SessionEnded.
    """
    authorise_change(ports, actor, plan.act.needed)
    if _roles_have_changed(ports, plan):
        raise Refused(_("Roles were changed in the meantime. Nothing was done. Try again."))
    return Report(plan, in_batch(ports).batch)


def carry_out(
    ports: Ports,
    actor: Actor,
    report: Report,
    progress: ShowProgress,
    goes_on: GoesOn = lambda: True,
    hand_over: HandOver = lambda *_: None,
) -> None:
    """Do it with one account after the other, and report each. What was done stays.

    The person has seen the plan, and agreed to it. A proof that is valid now counts until the end,
    so that nobody is asked again in the middle. An account that others have changed since the plan
    was made is left as it is if the filter does not find it any more, if it is another one now, or
    if what they changed would be replaced or lost.
    """
    plan, begun = report.plan, ports.now()
    batch = replace(ports, batch=report.batch)
    for number, (name, planned) in enumerate(zip(plan.names, plan.seen, strict=True)):
        progress(number, len(plan.names))
        if not goes_on():
            return
        acting = _still_proved(actor, ports.now() - begun)
        try:
            if _roles_have_changed(ports, plan):
                report.problem = Refused(_("Roles were changed in the meantime. Try again."))
                return
            _do(Doing(batch, acting, hand_over), report, name, planned)
        except (CannotCheck, SessionEnded, ProofNeeded) as error:
            report.problem = error
            return
    progress(len(plan.names), len(plan.names))


def _roles_have_changed(ports: Ports, plan: Plan) -> bool:
    """Whether accounts could get permissions that nobody was asked about."""
    return bool(plan.act.gives) and ports.accounts.settings().custom_roles != plan.custom_roles


def _do(doing: Doing, report: Report, name: str, planned: str) -> None:
    plan = report.plan
    created, _blank, marked = planned.partition(" ")
    seen = doing.ports.accounts.get(name)
    if seen is None or seen.created_at != float(created):
        report.add_left(name, Reason.UNKNOWN)
        return
    row = row_of(seen)
    if not plan.query.matches(row):
        report.add_left(name, Reason.NO_MATCH)
        return
    try:
        if mark(seen, plan.act.replaces) != marked:
            why = plan.act.reason_against(row, roles.ALL, doing.ports.now())
            report.add_left(name, Reason.ALREADY if why is Reason.ALREADY else Reason.CHANGED)
            return
        changed = plan.act.do(doing, seen)
    except UnknownAccount:
        report.add_left(name, Reason.UNKNOWN)
    except ChangedByOthers:
        report.add_left(name, Reason.CHANGED)
    except (SessionEnded, ProofNeeded):
        raise
    except (Refused, InvalidInput) as error:
        report.add_left(name, str(error))
    else:
        if changed:
            report.add_done(name)
        else:
            report.add_left(name, Reason.ALREADY)


def _still_proved(actor: Actor, passed: float) -> Actor:
    """Return the actor with proofs as old as they were so many seconds ago."""
    if isinstance(actor, Operator):
        return actor
    code_at = actor.code_at + passed if actor.code_at else 0.0
    return replace(actor, password_at=actor.password_at + passed, code_at=code_at)
