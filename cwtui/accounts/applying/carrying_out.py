"""Make the store as it is declared, so that nobody has more in between than before or after.

    create roles --> narrow roles --> create, change and remove accounts --> widen roles
    --> remove roles

So what is interrupted leaves no account with more than it had, or is to have.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from cwtui.accounts import administration, custom_roles
from cwtui.accounts.applying.differences import Difference, Kind, Plan
from cwtui.accounts.bulk.batches import Outcome
from cwtui.accounts.errors import TO_EVERYTHING, Agreed, InvalidInput, Refused
from cwtui.accounts.importing import creating
from cwtui.accounts.importing.creating import Made
from cwtui.accounts.ports import Ports
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Operator, in_batch


class Applied(NamedTuple):
    """What became of one difference. If it was refused, `why` is a sentence."""

    difference: Difference
    outcome: Outcome
    why: str = ""


def carry_out(
    ports: Ports,
    operator: Operator,
    plan: Plan,
    hand_over: Callable[[Sequence[Made]], None],
    progress: ShowProgress,
    workers: int,
    agreed: Agreed,
) -> Iterator[Applied]:
    """Do it, and yield what became of each, in the order that the module describes.

    What was done stays. `hand_over` keeps initial passwords before they are valid. Raises
    GivesPower and Removes unless `agreed`, and CannotCheck.
    """
    plan.check(agreed)
    ports = in_batch(ports)
    done, total = 0, len(plan.roles) + len(plan.accounts)
    new = len(plan.new.new)

    def created(part: int, of: int) -> None:
        progress(done + new * part // max(of, 1), total)

    def told(applied: Applied) -> Applied:
        nonlocal done
        done += 1
        progress(done, total)
        return applied

    for one in _of_kind(plan.roles, Kind.CREATE):
        yield told(_tried(one, ports, operator, _role))
    narrowed = {one.name: _kept(one) for one in _of_kind(plan.roles, Kind.CHANGE)}
    widened = []
    for one in _of_kind(plan.roles, Kind.CHANGE):
        applied = _tried(one, ports, operator, partial(_permit, permissions=narrowed[one.name]))
        if applied.outcome is Outcome.REFUSED or narrowed[one.name] == _permitted(one):
            yield told(applied)
        else:
            widened.append(one)
    if new:
        there = replace(plan.new, custom_roles={**plan.new.custom_roles, **narrowed})
        at_first = replace(plan, new=there)
        yield from _created(ports, operator, at_first, hand_over, created, workers)
        done += new
    for one in plan.accounts:
        if one.kind is not Kind.CREATE:
            yield told(_tried(one, ports, operator, _account))
    for one in (*widened, *_of_kind(plan.roles, Kind.REMOVE)):
        yield told(_tried(one, ports, operator, _role))


def _of_kind(roles: Sequence[Difference], kind: Kind) -> list[Difference]:
    return [one for one in roles if one.kind is kind]


def _permitted(role: Difference) -> tuple[Permission, ...]:
    permissions: Any = role.fields["permissions"].after
    return tuple(permissions)


def _kept(role: Difference) -> tuple[Permission, ...]:
    """Return the permissions that the role has both before and after; there may be none."""
    before: Any = role.fields["permissions"].before
    return tuple(one for one in _permitted(role) if one in before)


def _created(
    ports: Ports,
    operator: Operator,
    plan: Plan,
    hand_over: Callable[[Sequence[Made]], None],
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
    elif one.kind is Kind.CREATE:
        custom_roles.create_role(ports, operator, one.name, _permitted(one))
    else:
        _permit(one, ports, operator, _permitted(one))


def _permit(
    one: Difference, ports: Ports, operator: Operator, permissions: tuple[Permission, ...]
) -> None:
    custom_roles.update_role(
        ports, operator, one.name, permissions, TO_EVERYTHING, may_be_none=True
    )


def _account(one: Difference, ports: Ports, operator: Operator) -> None:
    if one.kind is Kind.REMOVE:
        administration.remove_user(ports, operator, one.name)
        return
    administration.update_user(ports, operator, one.name, one.update, agreed=TO_EVERYTHING)
