"""A line is written over zeros that are there in advance; readers, kills and full disks cope."""

import errno
import os
import stat
import time
from itertools import compress, product
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.store.journal_file import ROOM
from cwtui.store.table_file import TableFile
from tests.store.table_files import change, journal_of, lines_of, table, table_of_thirty

pytestmark = pytest.mark.usefixtures("quick_disk")


@pytest.fixture
def file(tmp_path: Path) -> TableFile:
    return table_of_thirty(tmp_path)


def text_of(file: TableFile, name: str) -> bytes | None:
    return file.view().get(name)


def test_a_change_makes_the_journal_longer_only_if_no_zeros_are_left(file: TableFile) -> None:
    path, sizes = journal_of(file.path), set[int]()
    for number in range(150):
        change(file, {"n8": {"n": number}})
        text = path.read_bytes()
        assert len(text) % ROOM == 0
        assert text == lines_of(path) + bytes(len(text) - len(lines_of(path)))
        sizes.add(len(text))
        assert text_of(table(file.path), "n8") == b'{"n":%d}' % number
    assert sizes == {ROOM, 2 * ROOM}


def test_lines_that_end_where_the_file_ends_are_read(file: TableFile) -> None:
    path, reader = journal_of(file.path), table(file.path)
    change(file, {"n8": {"text": ""}})
    before = len(lines_of(path))
    change(file, {"n8": {"text": ""}})
    shortest = len(lines_of(path)) - before
    change(file, {"n8": {"text": "x" * (ROOM - len(lines_of(path)) - shortest)}})
    assert len(lines_of(path)) == path.stat().st_size == ROOM
    for number in range(3):
        assert text_of(reader, "n8") == text_of(table(file.path), "n8") == text_of(file, "n8")
        change(file, {"n8": {"n": number}})
    assert text_of(reader, "n8") == b'{"n":2}'


def test_a_journal_without_zeros_is_read_and_continued(file: TableFile) -> None:
    """As older versions wrote them."""
    path = journal_of(file.path)
    path.write_bytes(lines_of(path))
    for writer in (table(file.path), table(file.path)):
        assert text_of(writer, "n7") == b'{"text":"changed"}'
        change(writer, {"n8": {"text": "new"}})
    assert path.stat().st_size == ROOM
    table(file.path).verify()


def test_a_reader_sees_a_change_that_leaves_size_and_time_as_they_were(file: TableFile) -> None:
    """The time of a file has coarse steps."""
    path, reader = journal_of(file.path), table(file.path)
    for number in range(3):
        view = reader.view()
        assert reader.view() is view
        before = path.stat()
        change(file, {"n8": {"n": number}})
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size
        assert text_of(reader, "n8") == b'{"n":%d}' % number


def test_a_writer_sees_a_change_that_leaves_size_and_time_as_they_were(file: TableFile) -> None:
    path, other = journal_of(file.path), table(file.path)
    other.view()
    before = path.stat()
    change(file, {"n8": {"text": "first"}})
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    change(other, {"n9": {"text": "second"}})
    for open_file in (file, other, table(file.path)):
        assert text_of(open_file, "n8") == b'{"text":"first"}'
        assert text_of(open_file, "n9") == b'{"text":"second"}'
        open_file.verify()


@pytest.mark.parametrize("is_fresh", [False, True])
@pytest.mark.parametrize("seen", [0, 5])
def test_a_line_that_is_read_while_it_is_written_is_no_damage(
    file: TableFile, monkeypatch: pytest.MonkeyPatch, *, is_fresh: bool, seen: int
) -> None:
    """A read is not one instant: it can miss the beginning of a line and see the next one."""
    path, reader = journal_of(file.path), table(file.path)
    if not is_fresh:
        reader.view()
    begin = len(lines_of(path))
    change(file, {"n8": {"text": "first"}})
    end = len(lines_of(path)) - seen
    change(file, {"n9": {"text": "second"}})
    real, missed = os.pread, list[int]()

    def read(descriptor: int, size: int, at: int) -> bytes:
        text = real(descriptor, size, at)
        if size > 1 and not missed and os.fstat(descriptor).st_ino == path.stat().st_ino:
            missed.append(at)
            return text[: begin - at] + bytes(end - begin) + text[end - at :]
        return text

    monkeypatch.setattr(os, "pread", read)
    # A line that was missed as a whole was not there when the read began.
    assert text_of(reader, "n8") == (
        b'{"text":"first"}' if seen or not is_fresh else b'{"text":"xxxxxxxx"}'
    )
    assert text_of(reader, "n8") == b'{"text":"first"}'
    assert text_of(reader, "n9") == b'{"text":"second"}'
    assert missed == [0 if is_fresh else begin]


def test_a_prepared_line_over_zeros_is_invisible_until_it_is_committed(file: TableFile) -> None:
    change(file, {"n8": {"text": "before"}})
    size, reader = journal_of(file.path).stat().st_size, table(file.path)
    with file.transaction():
        file.put("things", {"n8": {"text": "prepared"}})
        file.prepare()
        for look in (reader, table(file.path)):
            assert text_of(look, "n8") == b'{"text":"before"}'
    assert text_of(reader, "n8") == b'{"text":"prepared"}'
    assert journal_of(file.path).stat().st_size == size


def test_a_torn_line_is_off_the_disk_before_another_is_written(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = journal_of(file.path)
    lines = lines_of(path)
    path.write_bytes(lines + b'{"sum":"torn' + bytes(ROOM))
    synced, real = list[bytes](), os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            synced.append(path.read_bytes())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    change(table(file.path), {"n8": {"text": "next"}})
    assert synced == [lines]
    assert text_of(table(file.path), "n8") == b'{"text":"next"}'


def test_a_power_failure_leaves_all_of_a_line_or_nothing(file: TableFile) -> None:
    """Whichever sectors were written before it, and also when it follows another failure."""
    path = journal_of(file.path)
    change(file, {"n8": {"text": "old"}})
    before = path.read_bytes()
    change(file, {"n8": {"text": "x" * 1200}})
    whole, kept = path.read_bytes(), range(0, len(before), 512)
    changed = [at for at in kept if before[at : at + 512] != whole[at : at + 512]]
    assert len(whole) == len(before)
    assert len(changed) >= 3
    for written in product([False, True], repeat=len(changed)):
        text = bytearray(before)
        for at in compress(changed, written):
            text[at : at + 512] = whole[at : at + 512]
        path.write_bytes(text)
        expected = b"x" * 1200 if all(written) else b"old"
        assert text_of(table(file.path), "n8") == b'{"text":"%b"}' % expected
        table(file.path).verify()
        for number in range(2):
            change(table(file.path), {"n9": {"n": number}})
            assert text_of(table(file.path), "n9") == b'{"n":%d}' % number
        assert text_of(table(file.path), "n8") == b'{"text":"%b"}' % expected


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_a_line_needs_no_room_for_the_zeros_after_it(
    file: TableFile, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """The disk is full after the line, and some of the zeros."""
    path, real, written = journal_of(file.path), os.pwrite, list[int]()
    path.write_bytes(lines_of(path))

    def write(descriptor: int, text: bytes, at: int) -> int:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(real(descriptor, text[: len(text.rstrip(b"\0")) + kept], at))
        return written[0]

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", write)
        change(file, {"n8": {"text": "kept"}})
    assert path.stat().st_size == len(lines_of(path)) + kept
    change(file, {"n9": {"text": "next"}})
    for open_file in (file, table(file.path)):
        assert text_of(open_file, "n8") == b'{"text":"kept"}'
        assert text_of(open_file, "n9") == b'{"text":"next"}'
        open_file.verify()


def broken(*_: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_an_undone_line_is_off_the_disk_and_leaves_another_time(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next line could bring the same size and time, and who saw this one keep it."""
    path, reader = journal_of(file.path), table(file.path)
    lines, done = lines_of(path), list[object]()

    def read_and_break(_: int) -> None:
        assert text_of(reader, "n8") == b'{"text":"lost"}'
        broken()

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", read_and_break)
        patch.setattr(os, "fsync", lambda _: done.append(path.read_bytes()))
        patch.setattr(time, "sleep", done.append)
        with pytest.raises(CannotCheck, match="Nothing was changed"):
            change(file, {"n8": {"text": "lost"}})
    assert done == [lines, 0.02]
    change(file, {"n8": {"text": "next"}})  # of the same length
    for open_file in (reader, table(file.path)):
        assert text_of(open_file, "n8") == b'{"text":"next"}'
    change(reader, {"n9": {"text": "after"}})
    table(file.path).verify()
