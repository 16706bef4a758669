"""Selections, plans and batches for tests of bulk work."""

from cwtui.accounts.bulk import batches, plans
from cwtui.accounts.bulk.acts import (
    Act,
    Change,
)
from cwtui.accounts.bulk.batches import Report
from cwtui.accounts.bulk.plans import Plan
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.listing import View
from cwtui.accounts.roles import Permission
from cwtui.accounts.session import Actor
from cwtui.accounts.updates import Update
from tests.accounts.world import OPERATOR, World

REQUIRE = Change(Update(mfa_required=True))
DISABLE = Change(Update(enabled=False))
HELP_DESK = (Permission.READ_USERS, Permission.MANAGE_USERS)
EVERYBODY = Selection(view=View())


def named(*names: str) -> Selection:
    return Selection(frozenset(names))


def matching(text: str, *without: str) -> Selection:
    return Selection(frozenset(without), View(text))


def planned(world: World, act: Act, selection: Selection, actor: Actor = OPERATOR) -> Plan:
    return plans.plan(world.ports, actor, act, selection)


def carried_out(world: World, act: Act, selection: Selection, actor: Actor = OPERATOR) -> Report:
    report = batches.begin(world.ports, actor, planned(world, act, selection, actor))
    batches.carry_out(world.ports, actor, report, lambda *_: None)
    return report
