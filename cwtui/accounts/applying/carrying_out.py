"""Make the store as it is declared: roles first, then accounts one by one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from cwtui.accounts import administration, custom_roles
from cwtui.accounts.applying.differences import Difference, Kind, Plan
from cwtui.accounts.bulk.batches import Outcome
from cwtui.accounts.errors import TO_EVERYTHING, Agreed, InvalidInput, Refused
from cwtui.accounts.importing import creating
from cwtui.accounts.importing.creating import New
from cwtui.accounts.ports import Ports
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.session import Operator, in_batch
from cwtui.accounts.updates import Update


class Applied(NamedTuple):
    """What became of one difference. If it was refused, `why` is a sentence."""

    difference: Difference
    outcome: Outcome
    why: str = ""


def carry_out(
    ports: Ports,
    operator: Operator,
    plan: Plan,
    hand_over: Callable[[Sequence[New]], None],
    progress: ShowProgress,
    workers: int,
    agreed: Agreed,
) -> Iterator[Applied]:
    """Do it, and yield what became of each: roles first, those to be removed last.

    What was done stays. `hand_over` keeps initial passwords before they are valid. Raises
    GivesPower and Removes unless `agreed`, and CannotCheck.
    """
    plan.check(agreed)
    ports = in_batch(ports)
    gone = [one for one in plan.roles if one.kind is Kind.REMOVE]
    done, total = 0, len(plan.roles) + len(plan.accounts)
    new = len(plan.new.new)

    def created(part: int, of: int) -> None:
        progress(done + new * part // max(of, 1), total)

    for one in plan.roles:
        if one not in gone:
            yield _tried(one, ports, operator, _role)
            done += 1
    if new:
        yield from _created(ports, operator, plan, hand_over, created, workers)
        done += new
    changed = [one for one in plan.accounts if one.kind is not Kind.CREATE]
    for one in [*changed, *gone]:
        yield _tried(one, ports, operator, _role if one.is_role else _account)
        done += 1
        progress(done, total)


def _created(
    ports: Ports,
    operator: Operator,
    plan: Plan,
    hand_over: Callable[[Sequence[New]], None],
    progress: ShowProgress,
    workers: int,
) -> Iterator[Applied]:
    """Create all new accounts or none."""
    outcome, why = Outcome.DONE, ""
    try:
        creating.create(ports, operator, plan.new, hand_over, progress, workers, TO_EVERYTHING)
    except (Refused, InvalidInput) as error:
        outcome, why = Outcome.REFUSED, str(error)
    yield from (Applied(o, outcome, why) for o in plan.accounts if o.kind is Kind.CREATE)


def _tried(
    one: Difference,
    ports: Ports,
    operator: Operator,
    act: Callable[[Difference, Ports, Operator], None],
) -> Applied:
    try:
        act(one, ports, operator)
    except (Refused, InvalidInput) as error:
        return Applied(one, Outcome.REFUSED, str(error))
    return Applied(one, Outcome.DONE)


def _role(one: Difference, ports: Ports, operator: Operator) -> None:
    if one.kind is Kind.REMOVE:
        custom_roles.remove_role(ports, operator, one.name)
        return
    permissions: Any = one.fields["permissions"][1]
    if one.kind is Kind.CREATE:
        custom_roles.create_role(ports, operator, one.name, permissions)
    else:
        custom_roles.update_role(ports, operator, one.name, permissions, TO_EVERYTHING)


def _account(one: Difference, ports: Ports, operator: Operator) -> None:
    if one.kind is Kind.REMOVE:
        administration.remove_user(ports, operator, one.name)
        return
    wanted: dict[str, Any] = {field: after for field, (_, after) in one.fields.items()}
    administration.update_user(ports, operator, one.name, Update(**wanted), agreed=TO_EVERYTHING)
