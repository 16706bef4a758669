"""Several processes at once, and killed processes."""

import json
import random
import time
from pathlib import Path

import pytest

from cwtui.accounts.audit.lines import START, Position, decode
from cwtui.host import reserve
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.audit.log import FileAuditLog
from cwtui.store.records import TinyRecordStore
from tests.accounts.steps import last_step
from tests.store.audit.samples import event, records, verdict
from tests.store.processes import Gate, Worker, started
from tests.store.samples import PLAIN
from tests.store.table_files import journal_of
from tests.store.worker import AUDIT_BYTES, AUDIT_FILES, ENOUGH


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    with TinyAccountStore.create(made / "accounts.json").change() as change:
        change.put(PLAIN)
    return made


def number_in(folder: Path) -> int:
    bob = TinyAccountStore(folder / "accounts.json").get("bob")
    assert bob is not None
    return bob.session_epoch


def test_concurrent_processes_lose_no_update(folder: Path) -> None:
    """DESIGN 4.7: two processes at once."""
    gate = Gate(folder / "gate")
    with started(*[("increment", folder, 15)] * 4) as workers:
        gate.open_for(workers)
        for worker in workers:
            worker.finish()
            assert worker.process.returncode == 0
    assert number_in(folder) == 60
    assert last_step(TinyRecordStore(folder).get("bob")) == 60


def test_a_reader_never_sees_a_torn_or_older_file(folder: Path) -> None:
    """DESIGN 4.7."""
    with started(("read", folder), ("write", folder)) as (reader, writer):
        assert reader.line() == "ready"
        for _ in range(60):
            assert writer.line()
        assert reader.line() == "enough"
        writer.process.kill()
        assert json.loads(reader.finish()) >= ENOUGH


def test_kill_9_loses_nothing_acknowledged(folder: Path) -> None:
    """DESIGN 4.7: nothing acknowledged is lost, nothing is half there."""
    chance = random.Random(7)  # noqa: S311  repeatable
    kills, until = 0, time.monotonic() + 3
    while kills < 3 or time.monotonic() < until:
        with Worker("write", folder) as writer:
            last = int(writer.line())
            time.sleep(chance.random() * 0.05)
            writer.process.kill()
            last = max([last, *map(int, writer.finish().split())])
        assert last <= number_in(folder) <= last + 1
        kills += 1
    before = number_in(folder)
    with TinyAccountStore(folder / "accounts.json").change() as change:
        change.put(PLAIN)
    assert before > 0
    TinyAccountStore(folder / "accounts.json").compact()
    # At most one temporary file and old journals were left, which this replaced or removed.
    names = {path.name for path in folder.iterdir()}
    journal = journal_of(folder / "accounts.json").name
    locks = {".accounts.json.lock", ".accounts.json.base.lock"}
    assert names == {"accounts.json", journal, reserve.NAME, *locks}


def numbers_written(log: FileAuditLog, position: Position) -> tuple[list[int], Position]:
    """Numbers of the events from that position on, and where it goes on."""
    numbers: list[int] = []
    for line in log.lines(position):
        record = decode(line.content)
        if record is not None and record.n is not None:
            numbers.append(record.n)
        position = line.after
    return numbers, position


def test_kill_9_loses_no_acknowledged_audit_event(folder: Path) -> None:
    """DESIGN 4.7: several processes, files of a few events, kills at any instant."""
    chance = random.Random(7)  # noqa: S311  repeatable
    acknowledged: list[tuple[str, str]] = []
    log = FileAuditLog(folder / "audit.jsonl", AUDIT_BYTES, AUDIT_FILES)
    read, position = numbers_written(log, START)
    for run in range(3):
        actors = [f"{run}-{process}" for process in range(3)]
        with started(*[("append", folder, actor) for actor in actors]) as writers:
            first = [writer.line() for writer in writers]
            until = time.monotonic() + 0.3 + chance.random() * 0.1
            while time.monotonic() < until:
                # Meanwhile a reader follows the log across all rotations.
                more, position = numbers_written(log, position)
                read += more
            for writer in writers:
                writer.process.kill()
            for actor, writer, number in zip(actors, writers, first, strict=True):
                acknowledged += [(actor, one) for one in (number, *writer.finish().split())]
    more, _ = numbers_written(log, position)
    read += more
    events = records(log)
    written = [(one.actor, one.subject) for one in events]
    assert set(acknowledged) <= set(written)
    assert len(written) == len(set(written))
    assert len(written) - len(acknowledged) <= 9
    assert len(list(folder.glob("audit-*.jsonl"))) > 3
    assert verdict(log).findings == []
    assert read == list(range(1, len(events) + 1))
    FileAuditLog(folder / "audit.jsonl").append(event())
    assert verdict(log).findings == []
