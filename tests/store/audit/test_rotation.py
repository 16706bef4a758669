"""Rotation keeps the log within its size limit and in one chain, even when killed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from cwtui.accounts.audit.lines import START, Line
from cwtui.store.audit import log as store_audit
from cwtui.store.audit.log import FileAuditLog
from tests.store.audit.samples import event, findings, quick, records, verdict

BOUND = 1000
"""Bytes, about five events per file."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder / "audit.jsonl"


def log_at(file: Path, keep_files: int = 100) -> FileAuditLog:
    return FileAuditLog(file, BOUND, keep_files)


def fill(log: FileAuditLog, events: int) -> None:
    for number in range(events):
        quick(log, subject=str(number))


def names(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir() if path.name[0] != ".")


def test_a_full_file_is_renamed_and_the_chain_continues(file: Path) -> None:
    log = log_at(file)
    fill(log, 20)
    assert names(file) == [
        "audit-000001.jsonl",
        "audit-000002.jsonl",
        "audit-000003.jsonl",
        "audit.head",
        "audit.jsonl",
    ]
    sizes = [path.stat().st_size for path in sorted(file.parent.glob("audit-*.jsonl"))]
    assert all(BOUND <= size < BOUND + 400 for size in sizes)
    assert {oct(path.stat().st_mode & 0o777) for path in file.parent.glob("audit*")} == {"0o600"}
    assert [record.n for record in records(log)] == list(range(1, 21))
    assert findings(log) == []
    assert list(log.lines_before(None)) == list(log.lines(START))[::-1]


def test_verify_accepts_old_files_removed_by_rotation(file: Path) -> None:
    log = log_at(file, keep_files=2)
    fill(log, 40)
    assert names(file)[:2] == ["audit-000006.jsonl", "audit-000007.jsonl"]
    said = verdict(log)
    kept = [record.n for record in records(log)]
    assert (said.first, said.findings) == (kept[0], [])
    assert kept[0] is not None
    assert kept[0] > 20
    assert kept == list(range(kept[0], 41))


def test_a_manually_removed_oldest_file_is_reported(file: Path) -> None:
    log = log_at(file, keep_files=3)
    fill(log, 40)
    first = records(log)[0].n
    (file.parent / names(file)[0]).unlink()
    after = records(log)[0].n
    assert first is not None
    assert after is not None
    assert findings(log) == [f"Events {first} to {after - 1} are missing at the beginning."]


def test_file_numbers_can_exceed_six_digits(file: Path) -> None:
    fill(log_at(file), 6)
    (file.parent / "audit-000001.jsonl").rename(file.parent / "audit-999999.jsonl")
    log = log_at(file)
    fill(log, 8)
    assert names(file)[:2] == ["audit-1000000.jsonl", "audit-999999.jsonl"]
    assert [record.n for record in records(log)] == list(range(1, 15))


def test_other_files_are_left_alone(file: Path) -> None:
    others = [
        "audit-1.jsonl",
        "audit-000001.jsonl.bak",
        "audit-00000a.jsonl",
        "xaudit-000001.jsonl",
    ]
    for name in others:
        (file.parent / name).write_text("mine")
    log = log_at(file, keep_files=1)
    fill(log, 20)
    assert {(file.parent / name).read_text() for name in others} == {"mine"}
    assert findings(log) == []


def test_a_cut_short_line_at_the_end_of_a_file_stays_chained(file: Path) -> None:
    log = log_at(file)
    fill(log, 4)
    with file.open("ab") as half:
        half.write(b'{"n":5' + b"x" * BOUND)
    fill(log, 3)
    assert len(list(file.parent.glob("audit-*"))) == 1
    said = verdict(log)
    assert (said.findings, len(said.notes)) == ([], 1)
    rotated = file.parent / "audit-000001.jsonl"
    rotated.write_bytes(rotated.read_bytes() + b"x")
    assert findings(log)


def test_a_cut_short_first_line_of_a_file_stays_chained(file: Path) -> None:
    log = log_at(file)
    fill(log, 5)
    file.rename(file.parent / "audit-000001.jsonl")
    file.write_bytes(b'{"n":6,"pre')
    file.chmod(0o600)
    fill(log, 3)
    said = verdict(log)
    assert (said.findings, len(said.notes)) == ([], 1)
    assert [record.n for record in records(log)] == list(range(1, 9))


def test_a_failed_rotation_loses_no_event(file: Path) -> None:
    """An oversized file is better than a lost event or a blocked sign-in."""
    log = log_at(file)
    fill(log, 5)
    with patch.object(Path, "rename", side_effect=OSError(30, "Read-only file system")):
        fill(log, 5)
    assert names(file) == ["audit.head", "audit.jsonl"]
    fill(log, 1)
    assert names(file)[0] == "audit-000001.jsonl"
    assert [record.n for record in records(log)] == list(range(1, 12))
    assert findings(log) == []


# Killed at any point


class Killed(BaseException):
    """Stands in for kill -9, apart from locks."""


@contextmanager
def killed_at(step: int) -> Iterator[list[str]]:
    """Stop before the given file-changing call; yields the calls made so far."""
    made: list[str] = []

    def stopping(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def stop(*arguments: Any, **named: Any) -> Any:
            if len(made) == step:
                raise Killed
            made.append(name)
            return call(*arguments, **named)

        return stop

    with (
        patch.object(Path, "rename", stopping("rename", Path.rename)),
        patch.object(Path, "replace", stopping("replace", Path.replace)),
        patch.object(Path, "unlink", stopping("unlink", Path.unlink)),
        patch.object(os, "open", stopping("open", os.open)),
        patch.object(os, "write", stopping("write", os.write)),
        patch.object(os, "pwrite", stopping("pwrite", os.pwrite)),
        patch.object(os, "ftruncate", stopping("ftruncate", os.ftruncate)),
        patch.object(os, "fsync", stopping("fsync", lambda _: None)),
    ):
        yield made


def prepared(file: Path) -> FileAuditLog:
    """A log whose next event causes a rotation that removes a file."""
    log = log_at(file, keep_files=2)
    while len(list(file.parent.glob("audit-*"))) < 2 or file.stat().st_size < BOUND:
        quick(log)
    return log


def test_a_rotation_makes_the_expected_calls(file: Path) -> None:
    log = prepared(file)
    with killed_at(1000) as made:
        log.append(event())
    changes = [call for call in made if call not in {"open", "fsync", "ftruncate"}]
    assert changes == ["rename", "unlink", "write", "replace", "unlink", "write", "pwrite"]


@pytest.mark.parametrize("step", range(20))
def test_a_kill_at_any_step_loses_nothing(file: Path, step: int) -> None:
    log = prepared(file)
    before = [record.n for record in records(log)]
    with killed_at(step) as made:
        try:
            log.append(event(reason="while it was killed"))
        except Killed:
            assert len(made) == step
        else:
            assert len(made) <= step
    last = before[-1]
    assert last is not None
    for checked in (log, log_at(file, 2)):
        kept = [record.n for record in records(checked)]
        assert kept[-1] in {last, last + 1}
        assert findings(checked) == []
    again = log_at(file, 2)
    for _ in range(20):
        quick(again)
    assert findings(again) == []
    assert len(list(file.parent.glob("audit-*"))) == 2
    numbers = [record.n for record in records(again)]
    assert numbers[0] is not None
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


# Reading during a rotation


def rotate(log: FileAuditLog) -> None:
    """Append until a file is full and the next one has begun."""
    before = len(list(log._path.parent.glob("audit-*")))
    while len(list(log._path.parent.glob("audit-*"))) == before:
        quick(log)


def numbers_of(lines: list[Line]) -> list[int]:
    return [int(line.content.split(b",")[0].removeprefix(b'{"n":')) for line in lines]


@pytest.mark.parametrize("read_before", range(8))
def test_reading_forwards_continues_across_a_rotation(file: Path, read_before: int) -> None:
    log = log_at(file)
    fill(log, 7)
    reading = log.lines(START)
    found = [next(reading) for _ in range(min(read_before, 7))]
    rotate(log)
    rotate(log)
    found += reading
    found += log.lines(found[-1].after)
    assert numbers_of(found) == list(range(1, len(records(log)) + 1))


@pytest.mark.parametrize("read_before", range(1, 8))
def test_reading_backwards_continues_across_a_rotation(file: Path, read_before: int) -> None:
    log = log_at(file)
    fill(log, 7)
    reading = log.lines_before(None)
    found = [next(reading) for _ in range(read_before)]
    rotate(log)
    found += log.lines_before(found[-1].position)
    assert numbers_of(found) == list(range(7, 0, -1))


def test_a_rotation_while_opening_the_current_file_is_noticed(file: Path) -> None:
    """Otherwise the reader would mistake the new file for the one it wanted."""
    log = log_at(file)
    fill(log, 7)
    ways: list[Callable[[], list[Line]]] = [
        lambda: list(log.lines(START)),
        lambda: list(log.lines_before(None))[::-1],
    ]
    for read in ways:
        open_file = log._files._content
        left = 2

        def rotating(path: Path) -> Any:
            nonlocal left
            if path == file and left:
                left -= 1
                rotate(log_at(file))
            return open_file(path)  # noqa: B023  used within this round

        with patch.object(log._files, "_content", rotating):
            found = read()
        assert left == 0
        assert numbers_of(found) == list(range(1, len(records(log)) + 1))


def test_a_file_removed_while_opening_it_is_skipped(file: Path) -> None:
    log = log_at(file)
    fill(log, 20)
    open_file = log._files._content
    oldest = file.parent / "audit-000001.jsonl"
    count = len(oldest.read_bytes().splitlines())

    def removing(path: Path) -> Any:
        if path == oldest:
            oldest.unlink(missing_ok=True)
        return open_file(path)

    with patch.object(log._files, "_content", removing):
        assert numbers_of(list(log.lines(START))) == list(range(count + 1, 21))


def test_reading_can_start_at_a_rotated_out_place(file: Path) -> None:
    log = log_at(file, keep_files=1)
    fill(log, 7)
    position = next(iter(log.lines(START))).after
    fill(log, 20)
    assert numbers_of(list(log.lines(position))) == [record.n for record in records(log)]
    assert list(log.lines_before(position)) == []


def test_a_megabyte_is_a_million_bytes() -> None:
    assert store_audit.MEGABYTE == 1_000_000
