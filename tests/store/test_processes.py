"""Several processes at once, and processes that are killed."""

import json
import random
import time
from pathlib import Path

import pytest

from cwtui.store.accounts import TinyAccountStore
from cwtui.store.records import TinyRecordStore
from tests.store.processes import Gate, Worker, started
from tests.store.samples import PLAIN
from tests.store.worker import ENOUGH


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    with TinyAccountStore(made / "accounts.json").change() as change:
        change.put(PLAIN)
    return made


def number_in(folder: Path) -> int:
    bob = TinyAccountStore(folder / "accounts.json").get("bob")
    assert bob is not None
    return bob.session_epoch


def test_processes_that_count_at_once_lose_nothing(folder: Path) -> None:
    """DESIGN 4.7: two processes at once."""
    gate = Gate(folder / "gate")
    with started(*[("increment", folder, 15)] * 4) as workers:
        gate.open_for(workers)
        for worker in workers:
            worker.finish()
            assert worker.process.returncode == 0
    assert number_in(folder) == 60
    assert TinyRecordStore(folder).get("bob").last_totp_step == 60


def test_a_reader_never_sees_a_torn_file_nor_an_older_one(folder: Path) -> None:
    """DESIGN 4.7."""
    with started(("read", folder), ("write", folder)) as (reader, writer):
        assert reader.line() == "ready"
        for _ in range(60):
            assert writer.line()
        assert reader.line() == "enough"
        writer.process.kill()
        assert json.loads(reader.finish()) >= ENOUGH


def test_kill_9_at_any_instant_loses_nothing_acknowledged(folder: Path) -> None:
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
    # One leftover at most was there, and the write has overwritten it.
    names = {path.name for path in folder.iterdir()}
    assert names == {"accounts.json", ".accounts.json.lock"}


def test_kill_9_in_the_audit_log_loses_no_line_that_was_written(folder: Path) -> None:
    """DESIGN 4.7."""
    acknowledged: list[tuple[str, str]] = []
    for run in range(3):
        with Worker("append", folder, run) as writer:
            numbers = [writer.line()]
            time.sleep(0.03)
            writer.process.kill()
            numbers += writer.finish().split()
        acknowledged += [(str(run), number) for number in numbers]
    events = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    written = [(event["actor"], event["subject"]) for event in events]
    assert set(acknowledged) <= set(written)
    assert len(written) - len(acknowledged) <= 3
