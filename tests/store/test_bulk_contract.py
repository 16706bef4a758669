"""Many accounts are changed at once in every kind of store."""

from dataclasses import replace

import pytest

from cwtui.accounts import roles
from cwtui.accounts.account_state import Status
from cwtui.accounts.bulk import batches, plans, sentences
from cwtui.accounts.bulk.acts import Act, Change, Remove, ResetPassword, Unlock
from cwtui.accounts.bulk.batches import Report
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.listing import View
from cwtui.accounts.model import Account, Attempts, SignInRecord
from cwtui.accounts.updates import Update
from tests.accounts.world import NOW, OPERATOR, World
from tests.store.stores import Stores, put

pytestmark = pytest.mark.usefixtures("quick_disk")
NAMES = [f"user-{number}" for number in range(7)]


@pytest.fixture
def world(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("cwtui.accounts.user_list._AT_ONCE", 3)
    world = World()
    admin = world.add_admin("ada")
    people = [admin.changed(username=name, roles=(roles.MINIMUM,)) for name in NAMES]
    put(stores.accounts(), admin, *people)
    return world


def carried_out(world: World, stores: Stores, act: Act, text: str, stop_after: int = 99) -> Report:
    ports = replace(world.ports, accounts=stores.accounts(), records=stores.records())
    selection = Selection(frozenset({"user-3"}), View(text))
    world.clock.forward(1)
    report = batches.begin(ports, OPERATOR, plans.plan(ports, OPERATOR, act, selection))
    batches.carry_out(ports, OPERATOR, report, lambda *_: None, lambda: report.done < stop_after)
    return report


def test_a_batch_is_stopped_and_repeated(world: World, stores: Stores) -> None:
    act = Change(Update(mfa_required=True))
    report = carried_out(world, stores, act, "!role:admin mfa:none", stop_after=4)
    assert (report.done, report.untouched) == (4, 2)
    report = carried_out(world, stores, act, "!role:admin")
    assert sentences.summary(report) == "2 done, 4 left as they were: 4 already required."
    required = [row.username for row in stores.accounts().rows() if row.mfa_required]
    assert required == [name for name in NAMES if name != "user-3"]


def test_locked_accounts_are_found_and_unlocked(world: World, stores: Stores) -> None:
    tries = {"": Attempts(9, NOW, NOW + 300)}
    for name in ("user-1", "user-3", "user-5"):
        stores.records().update(name, lambda one: (one.changed(code_attempts=tries), None))
    report = carried_out(world, stores, Unlock(), f"status:{Status.LOCKED}")
    assert [one.username for one in report] == ["user-1", "user-5"]
    assert report.done == 2
    assert stores.records().get("user-1") == SignInRecord()


def test_passwords_are_reset_and_accounts_removed(world: World, stores: Stores) -> None:
    assert carried_out(world, stores, ResetPassword(), "!role:admin").done == 6
    account: Account | None = stores.accounts().get("user-1")
    assert account is not None
    assert account.must_change_password
    assert carried_out(world, stores, Remove(), "!role:admin").done == 6
    assert stores.accounts().names() == ["ada", "user-3"]
