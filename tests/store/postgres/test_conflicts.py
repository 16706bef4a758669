"""Transactions that a real server ends with 40001 or 40P01, and what becomes of them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import psycopg
import pytest

from cwtui.store.postgres import access, opening, problems, transactions
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.trips import Statement
from tests.store.postgres.test_deadlocks import until_somebody_waits
from tests.store.postgres.test_lost_connections import EVENT, count, log, state
from tests.store.samples import PLAIN
from tests.store.stores import put

_STRICT: Final = Statement("BEGIN ISOLATION LEVEL REPEATABLE READ")
"""What an engine makes of READ COMMITTED that knows nothing less strict."""
_BOB: Final = "UPDATE cwtui.record SET part = part WHERE username = 'bob'"
_END: Final = "UPDATE cwtui.audit_head SET n = n"
_ALL: Final = "UPDATE cwtui.organization SET accounts = accounts"


def change(parts: Parts) -> None:
    with parts.accounts.change() as change:
        change.put(PLAIN.changed(display_name="Bob"))
        change.prepare()
        log(parts)


def both(parts: Parts) -> None:
    def act() -> None:
        parts.records.update("bob", count)
        log(parts)

    parts.records.together(act)


@contextmanager
def refused(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the server ends meanwhile, as its codes."""
    codes = list[str]()
    cannot = problems.cannot

    def noted(error: psycopg.Error) -> Exception:
        codes.append(error.sqlstate or "")
        return cannot(error)

    with monkeypatch.context() as patch:
        patch.setattr(problems, "cannot", noted)
        yield codes


def while_others_hold(url: str, held: str, act: Callable[[], object], then: str = "SELECT") -> None:
    """Do it while another program has run a statement, which it commits after another one."""
    with (
        psycopg.connect(url) as other,
        psycopg.connect(url, autocommit=True) as watching,
        ThreadPoolExecutor(1) as thread,
    ):
        other.execute("SET deadlock_timeout = '1h'")
        other.execute(held.encode())
        done = thread.submit(act)
        until_somebody_waits(watching)
        other.execute(then.encode())
        other.commit()
        done.result()


@pytest.mark.parametrize(
    ("held", "act", "expected"),
    [
        (_BOB, lambda parts: parts.records.update("bob", count), (True, 2, 0)),
        (_END, lambda parts: parts.audit.append(EVENT), (True, 1, 1)),
        (_BOB, both, (True, 2, 1)),
        (_END, both, (True, 2, 1)),
        (_ALL, change, (True, 1, 1)),
    ],
)
def test_changes_without_a_serial_order_are_repeated(
    url: str,
    parts: Parts,
    monkeypatch: pytest.MonkeyPatch,
    held: str,
    act: Callable[[Parts], object],
    expected: tuple[bool, int, int],
) -> None:
    put(parts.accounts, PLAIN)
    parts.records.update("bob", count)
    monkeypatch.setattr(transactions, "BEGIN", _STRICT)
    monkeypatch.setattr(access, "BEGIN", _STRICT)
    with refused(monkeypatch) as codes:
        while_others_hold(url, held, lambda: act(parts))
    assert codes == ["40001"]
    assert state(parts) == expected


def test_a_sign_in_that_waits_in_a_circle_is_done_again(
    url: str, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(parts.accounts, PLAIN)
    impatient = opening.parts(f"{url}&options=-c%20deadlock_timeout%3D20ms")
    parts.records.update("bob", count)
    with refused(monkeypatch) as codes:
        while_others_hold(url, _END, lambda: both(impatient), then=_BOB)
    impatient.close()
    assert codes == ["40P01"]
    assert state(parts) == (True, 2, 1)


def test_a_read_that_cannot_be_put_in_an_order_is_repeated(
    url: str, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may be set to SERIALIZABLE, which concerns single reads as well."""
    put(parts.accounts, PLAIN)
    parts.records.update("bob", count)
    serializable = f"{url}&options=-c%20default_transaction_isolation%3Dserializable"
    reader = opening.parts(serializable)
    with (
        psycopg.connect(serializable) as pivot,
        psycopg.connect(serializable) as first,
        psycopg.connect(url, autocommit=True) as watching,
        ThreadPoolExecutor(1) as thread,
        refused(monkeypatch) as codes,
    ):
        pivot.execute("SELECT count(*) FROM cwtui.record")
        first.execute(_BOB)
        first.commit()
        pivot.execute("UPDATE cwtui.account SET enabled = false")
        pivot.execute("LOCK TABLE cwtui.account IN ACCESS EXCLUSIVE MODE")
        found = thread.submit(reader.accounts.get, "bob")
        until_somebody_waits(watching)
        pivot.commit()
        assert found.result() == PLAIN
    reader.close()
    assert codes == ["40001"]
