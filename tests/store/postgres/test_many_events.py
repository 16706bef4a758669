"""Many events at once in the database: in one chain, and with the change that they are about."""

import pytest
from msgspec.structs import replace

from cwtui.accounts.audit import chain
from cwtui.accounts.audit.lines import START, decode
from cwtui.store.postgres import account_changes, audit
from cwtui.store.postgres.opening import Parts
from tests.store.postgres.counting import trips
from tests.store.postgres.test_lost_connections import EVENT
from tests.store.samples import PLAIN

MANY = [replace(EVENT, subject=f"new{number}") for number in range(300)]


def subjects(parts: Parts) -> list[str]:
    records = [decode(line.content) for line in parts.audit.lines(START)]
    return [record.subject for record in records if record is not None]


def test_many_events_are_chained_in_their_order(parts: Parts) -> None:
    copied: list[bytes] = []
    parts.audit._copy = copied.append
    parts.audit.append(EVENT)
    parts.audit.append(*MANY)
    parts.audit.append(EVENT)
    assert subjects(parts) == ["bob", *(event.subject for event in MANY), "bob"]
    verdict = chain.verify(parts.audit.lines(START), parts.audit.ends())
    assert (verdict.findings, verdict.first) == ([], 1)
    assert verdict.last is not None
    assert verdict.last.n == 302
    assert copied == [line.content for line in parts.audit.lines(START)]


@pytest.mark.parametrize("at_once", [1000, 10])
def test_many_events_are_undone_with_their_change(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Also in many trips, as the answer to one may take only so long."""
    for module in (audit, account_changes):
        monkeypatch.setattr(module, "_AT_ONCE", at_once)
    accounts = [PLAIN.changed(username=f"new{number:02d}") for number in range(25)]

    def act(*, fails: bool) -> None:
        with parts.accounts.change() as change:
            change.put(*accounts)
            change.prepare()
            parts.audit.append(*MANY)
            if fails:
                raise LookupError

    with pytest.raises(LookupError):
        act(fails=True)
    assert subjects(parts) == []
    assert parts.accounts.names() == []
    with trips(parts, 2 if at_once == 1000 else 7):
        act(fails=False)
    assert subjects(parts) == [event.subject for event in MANY]
    assert parts.accounts.names() == [one.username for one in accounts]
