"""The contract of every RecordStore. The stores are in stores.py."""

from collections.abc import Mapping
from hashlib import sha256
from itertools import permutations
from threading import Barrier, Thread
from typing import NoReturn

import pytest
from msgspec.structs import replace

from cwtui.accounts.model import Attempts, SignInRecord
from cwtui.accounts.ports import Others, RecordStore
from tests.accounts.steps import at_step, last_step
from tests.store.samples import FULL, RECORD
from tests.store.stores import Stores

pytestmark = pytest.mark.usefixtures("quick_disk")


def test_a_missing_record_reads_as_empty(records: RecordStore) -> None:
    assert records.get("nobody") == SignInRecord()
    records.remove("nobody")


def test_many_records_are_removed_at_once(stores: Stores) -> None:
    for name in ("ada", "bob", "cho"):
        stores.records().update(name, lambda _: (RECORD, None))
    stores.records().remove("bob", "nobody", "ada")
    stores.records().remove()
    found = [stores.records().get(name) for name in ("ada", "bob", "cho")]
    assert found == [SignInRecord(), SignInRecord(), RECORD]


def test_an_update_replaces_the_record_and_returns_the_result(stores: Stores) -> None:
    def step(before: SignInRecord) -> tuple[SignInRecord, str]:
        assert before == SignInRecord()
        return RECORD, "result"

    assert stores.records().update("ada", step) == "result"
    assert stores.records().get("ada") == RECORD
    assert stores.records().get("bob") == SignInRecord()
    stores.records().update("ada", lambda before: (at_step(7, before), None))
    assert stores.records().get("ada") == at_step(7, RECORD)


def test_an_exception_in_an_update_keeps_the_record(records: RecordStore) -> None:
    records.update("ada", lambda _: (RECORD, None))

    def fail(_: SignInRecord) -> NoReturn:
        raise LookupError

    with pytest.raises(LookupError):
        records.update("ada", fail)
    assert records.get("ada") == RECORD


def test_last_sign_ins_are_looked_up_in_any_order(stores: Stores) -> None:
    for name in ("ada", "bob"):
        stores.records().update(name, lambda r: (r.changed(last_sign_in=7.5), None))
    stores.records().update("cho", lambda r: (r.changed(last_source="console"), None))
    expected = {"ada": 7.5, "bob": 7.5, "cho": None, "dan": None}
    for names in permutations(expected):
        look_up = stores.records().last_sign_ins()
        assert [look_up(name) for name in names] == [expected[name] for name in names]


def test_records_with_a_wait_are_found_among_all(stores: Stores) -> None:
    tried = SignInRecord(password_attempts={"": Attempts(3, 1.5)})
    waits = SignInRecord(password_attempts={"": Attempts(5, 1.5, 301.5)})
    records = stores.records()
    for number in range(200):
        records.update(f"u{number}", lambda _: (tried, None))
    assert records.banned() == {}
    stores.records().update("u7", lambda _: (waits, None))
    stores.records().update("u8", lambda _: (RECORD, None))
    assert records.banned() == {"u7": waits, "u8": RECORD}
    records.get("u7")
    stores.records().update("u7", lambda _: (tried, None))
    assert records.banned() == {"u8": RECORD}


def test_removing_a_record_keeps_the_others(stores: Stores) -> None:
    for name in ("ada", "bob"):
        stores.records().update(name, lambda _: (RECORD, None))
    stores.records().remove("ada")
    assert stores.records().get("ada") == SignInRecord()
    assert stores.records().get("bob") == RECORD


@pytest.mark.parametrize("changes", [True, False])
def test_an_update_can_change_other_records_too(stores: Stores, changes: bool) -> None:
    """They are removed, replaced or left alone; the updated record is not among them."""
    filled = stores.records()
    for number in range(300):
        filled.update(f"u{number}", lambda _: (RECORD, None))
    asked: list[str] = []

    def others(records: Mapping[str, SignInRecord]) -> dict[str, SignInRecord | None]:
        assert all(record == RECORD for record in records.values())
        asked.extend(records)
        return {asked[0]: None, asked[1]: at_step(5, RECORD)}

    def step(before: SignInRecord) -> tuple[SignInRecord, None]:
        return (at_step(7, before) if changes else before), None

    stores.records().update("u1", step, Others("v", 0, others))
    stores.records().update("u1", step, Others("u", 300, others))
    assert asked == []
    stores.records().update("u1", step, Others("u", 1, others))
    assert len(asked) > 2
    assert "u1" not in asked
    assert stores.records().get("u1") == (at_step(7, RECORD) if changes else RECORD)
    assert stores.records().get(asked[0]) == SignInRecord()
    assert stores.records().get(asked[1]) == at_step(5, RECORD)
    assert stores.records().get(asked[2]) == RECORD


def test_username_at_accepts_any_number(stores: Stores) -> None:
    assert stores.accounts().username_at(7) is None
    with stores.accounts().change() as change:
        change.put(*(replace(FULL, username=f"u{number}") for number in range(3)))
    numbers = [int(sha256(b"%d" % at).hexdigest(), 16) for at in range(50)]
    seen = {stores.accounts().username_at(number) for number in (0, 1, 2**128, *numbers)}
    assert seen == {"u0", "u1", "u2"}


def test_concurrent_updates_by_threads_lose_nothing(stores: Stores) -> None:
    records = stores.records()
    gate = Barrier(6)

    def count(before: SignInRecord) -> tuple[SignInRecord, int]:
        after = last_step(before) + 1
        return at_step(after, before), after

    seen: list[int] = []

    def work() -> None:
        gate.wait(10)
        seen.extend(records.update("ada", count) for _ in range(5))

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(seen) == list(range(1, 31))
    assert last_step(stores.records().get("ada")) == 30
