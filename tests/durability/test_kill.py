"""kill -9 at random instants, during thousands of writes by several processes."""

import json
from collections import Counter, defaultdict
from pathlib import Path

from cwtui import maintenance
from cwtui.accounts.audit.lines import START
from cwtui.accounts.model import Account
from cwtui.accounts.upkeep.findings import Severity
from cwtui.store.records import number_of
from tests import soak
from tests.accounts.steps import last_step
from tests.durability import nursery
from tests.durability.saves import connected, made_in, unwatched
from tests.store.processes import Worker


def test_kills_lose_no_acknowledged_write_and_leave_nothing_partial(tmp_path: Path) -> None:
    """DESIGN 4.7."""
    assert number_of(nursery.WRITERS[0]) == number_of(nursery.WRITERS[-1])
    config, _ = made_in(tmp_path)
    ports = connected(config)
    with ports.accounts.change() as change:
        change.remove("bob")
        change.put(*(Account(username=name, created_at=1.0) for name in nursery.WRITERS))
    seconds = soak.seconds(usually=6.0)
    with Worker(tmp_path, seconds, module="tests.durability.nursery") as nurse:
        kills = int(nurse.finish())
    lines = (tmp_path / nursery.ACKNOWLEDGED).read_text().splitlines()
    said = Counter(line.split()[1] if " " in line else line for line in lines)
    print(f"{kills} kills, {dict(said)}")  # noqa: T201  the figures of a soak
    assert [line for line in lines if line.startswith("wrong")] == []
    acknowledged: dict[tuple[str, str], list[int]] = defaultdict(list)
    for line in lines:
        if line not in {"looked", "read"}:
            name, kind, number = line.split()
            acknowledged[name, kind].append(int(number))
    findings = maintenance.check(config, unwatched).findings
    assert [f for f in findings if f.severity is not Severity.WARNING] == []
    events = {
        (event["actor"], event["subject"])
        for event in (json.loads(line.content) for line in ports.audit.lines(START))
    }
    for name in nursery.WRITERS:
        account = ports.accounts.get(name)
        assert account is not None
        assert len(account.display_name) == account.session_epoch % 90
        assert max(acknowledged[name, "account"]) <= account.session_epoch
        steps = acknowledged[name, "step"]
        assert len(set(steps)) == len(steps)
        assert max(steps) <= last_step(ports.records.get(name))
        nursery.refuse_used_step(ports, name)
        assert {(name, str(number)) for number in acknowledged[name, "event"]} <= events
    assert list(config.folder.glob("audit-*.jsonl"))


def test_a_killed_restore_can_be_run_again(tmp_path: Path) -> None:
    with Worker(tmp_path, soak.seconds(usually=3.0), module="tests.durability.restores") as worker:
        *wrong, figures = worker.finish().splitlines()
    print(f"kills of restores, with the marker, completed: {figures}")  # noqa: T201  the figures of a soak
    assert wrong == []
    kills, _, completed = map(int, figures.split())
    assert min(kills, completed) >= 2
