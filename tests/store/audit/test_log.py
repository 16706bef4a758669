"""The audit log on disk: one line per event, whatever it contains."""

import errno
import json
import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cwtui.accounts.audit.lines import LONGEST, START
from cwtui.accounts.errors import CannotCheck, StoreExposed
from cwtui.store.audit import files as audit_files
from cwtui.store.audit import log as audit_log
from cwtui.store.audit.log import FileAuditLog
from tests.store.audit.samples import event, findings, quick, records, verdict


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder / "audit.jsonl"


def test_an_event_is_a_json_line_with_a_readable_time(file: Path) -> None:
    FileAuditLog(file).append(event(reason="9 left"))
    assert file.read_text() == (
        f'{{"n":1,"previous":"{"0" * 64}",'
        '"at":"2027-01-15T08:00:00.125+00:00","event":"sign_in.complete","actor":"ada",'
        '"subject":"ada","source":"10.0.0.1","outcome":"success","reason":"9 left"}\n'
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_events_are_appended(file: Path) -> None:
    for number in range(3):
        FileAuditLog(file).append(event(subject=str(number)))
    subjects = [json.loads(line)["subject"] for line in file.read_text().splitlines()]
    assert subjects == ["0", "1", "2"]


def test_many_events_are_written_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "_EVENTS_AT_ONCE", 4)
    copied: list[bytes] = []
    log = FileAuditLog(file, copy=copied.append)
    log.append(event(subject="first"))
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    log.append(*(event(subject=str(number)) for number in range(7)))
    assert len(synced) == 2
    log.append(event(subject="last"))
    assert [one.subject for one in records(log)] == ["first", *map(str, range(7)), "last"]
    assert findings(log) == []
    assert b"\n".join(copied) + b"\n" == file.read_bytes()


def test_many_events_fill_several_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "_EVENTS_AT_ONCE", 4)
    log = FileAuditLog(file, max_bytes=1500)
    log.append(*(event(subject=str(number)) for number in range(30)))
    assert [one.subject for one in records(log)] == [*map(str, range(30))]
    assert findings(log) == []
    assert len(list(file.parent.glob("audit-*.jsonl"))) == 3


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@hypothesis_settings(max_examples=60)
@given(actor=texts, source=texts, reason=texts)
def test_typed_text_cannot_forge_a_line(
    tmp_path_factory: pytest.TempPathFactory, actor: str, source: str, reason: str
) -> None:
    """DESIGN 4.3; OWASP ASVS 16.4.1."""
    file = tmp_path_factory.mktemp("log") / "audit.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        FileAuditLog(file).append(event(actor=actor, source=source, reason=reason))
        FileAuditLog(file).append(event())
    content = file.read_bytes()
    assert content.count(b"\n") == 2
    first, second = content.splitlines()
    assert json.loads(first)["actor"] == actor
    assert json.loads(first).get("reason", "") == reason
    assert json.loads(second)["actor"] == "ada"
    assert not any(byte < 32 for byte in first)


def test_a_log_that_cannot_be_written_is_reported(file: Path) -> None:
    """DESIGN 4.10: the caller then does not carry out the action."""
    file.mkdir(mode=0o700)
    with pytest.raises(CannotCheck, match="it is a folder, not a regular file"):
        FileAuditLog(file).append(event())


def test_an_exposed_log_is_not_written(file: Path) -> None:
    """DESIGN 4.7."""
    FileAuditLog(file).append(event())
    file.chmod(0o640)
    with pytest.raises(StoreExposed):
        FileAuditLog(file).append(event())
    assert len(file.read_text().splitlines()) == 1


def test_each_line_contains_the_hash_of_the_line_before(file: Path) -> None:
    for _ in range(3):
        FileAuditLog(file).append(event())
    lines = file.read_bytes().splitlines()
    fields = [json.loads(line) for line in lines]
    assert [one["n"] for one in fields] == [1, 2, 3]
    hashes = [sha256(line).hexdigest() for line in lines]
    assert [one["previous"] for one in fields] == ["0" * 64, *hashes[:2]]
    head = file.with_name("audit.head")
    assert json.loads(head.read_bytes()) == {
        "first": {"n": 1, "hash": "0" * 64},
        "last": {"n": 3, "hash": hashes[2]},
    }
    assert stat.S_IMODE(head.stat().st_mode) == 0o600


def test_one_event_costs_one_fsync(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FileAuditLog(file).append(event())
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    FileAuditLog(file).append(event())
    assert len(synced) == 1


def test_an_exposed_head_file_is_refused(file: Path) -> None:
    """DESIGN 4.7."""
    FileAuditLog(file).append(event())
    file.with_name("audit.head").chmod(0o644)
    with pytest.raises(StoreExposed):
        FileAuditLog(file).append(event())
    with pytest.raises(StoreExposed):
        FileAuditLog(file).ends()


def test_an_exposed_log_is_not_read(file: Path) -> None:
    """DESIGN 4.7."""
    FileAuditLog(file).append(event())
    file.chmod(0o640)
    with pytest.raises(StoreExposed):
        list(FileAuditLog(file).lines(START))
    with pytest.raises(StoreExposed):
        list(FileAuditLog(file).lines_before(None))


def test_a_failed_head_write_keeps_the_event(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = FileAuditLog(file)
    log.append(event())
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fails)
        log.append(event())
    assert findings(log) == []
    log.append(event())
    assert [record.n for record in records(log)] == [1, 2, 3]
    assert findings(log) == []


def fails(*_: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_lost_or_damaged_head_file_is_rebuilt(file: Path) -> None:
    log = FileAuditLog(file)
    for _ in range(3):
        log.append(event())
    before = log.ends()
    assert before is not None
    far = file.with_name("audit.head").read_bytes().replace(b'"n":3', b'"n":9007199254740993')
    for damage in (b"", b"{", b"[" * 100_000, b"\xff", b" " * 1000 + b"{}", far):
        file.with_name("audit.head").write_bytes(damage)
        assert log.ends() is None
        assert findings(log)
        log.append(event())
        after = log.ends()
        assert after is not None
        assert after.first == before.first
        assert findings(log) == []
    file.with_name("audit.head").unlink()
    log.append(event())
    assert findings(log) == []


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match=r"The folder .* is missing"):
        list(FileAuditLog(tmp_path / "none" / "audit.jsonl").lines(START))


# Reading


def test_lines_are_read_forwards_and_backwards(file: Path) -> None:
    log = FileAuditLog(file)
    assert list(log.lines(START)) == list(log.lines_before(None)) == []
    for number in range(500):
        quick(log, subject=f"{number} {'x' * (number % 90)}")
    forward = list(log.lines(START))
    assert [line.position.line for line in forward] == list(range(500))
    assert list(log.lines_before(None)) == forward[::-1]
    for at in (0, 1, 250, 499):
        assert list(log.lines(forward[at].position)) == forward[at:]
        assert list(log.lines(forward[at].after)) == forward[at + 1 :]
        assert list(log.lines_before(forward[at].position)) == forward[:at][::-1]


def test_appending_to_a_large_log_reads_little(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Appending must stay cheap: the other files are not even listed."""
    log = FileAuditLog(file)
    for number in range(200):
        quick(log, subject=str(number))
    read: list[int] = []
    pread = os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        read.append(size)
        return pread(descriptor, size, offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", counted)
        patch.setattr(audit_files.AuditFiles, "rotated", None)
        quick(log)
    assert 0 < sum(read) < 5000
    assert findings(log) == []


@pytest.mark.parametrize("length", [0, 3000, 4096 - 267, 5000, 20_000])
def test_the_chain_goes_on_after_a_line_of_any_length(file: Path, length: int) -> None:
    log = FileAuditLog(file)
    for reason in ("x" * length, "y", "z" * length, ""):
        log.append(event(reason=reason))
        last = file.read_bytes().splitlines()[-1]
        newest = audit_files.AuditFiles(file).newest()
        assert newest is not None
        os.close(newest.file.descriptor)
        assert newest.line == (last if len(last) < 4095 else None)
        assert newest.file[1:] == (file.stat().st_size, False)
    assert [len(one.reason) for one in records(log)] == [length, 1, length, 0]
    assert findings(log) == []


def test_an_unfinished_line_is_not_read(file: Path) -> None:
    log = FileAuditLog(file)
    log.append(event())
    with file.open("ab") as half:
        half.write(b'{"n":2,"previous":')
    assert len(list(log.lines(START))) == len(list(log.lines_before(None))) == 1
    log.append(event())
    assert [line.content[:6] for line in log.lines(START)] == [b'{"n":1', b'{"n":2', b'{"n":2']
    assert list(log.lines_before(None)) == list(log.lines(START))[::-1]
    assert findings(log) == []
    assert len(verdict(log).notes) == 1


@pytest.mark.parametrize("length", [LONGEST - 1, LONGEST, LONGEST + 1, 5 * LONGEST, 40 * LONGEST])
def test_an_oversized_line_is_one_line_and_not_kept_in_memory(file: Path, length: int) -> None:
    log = FileAuditLog(file)
    log.append(event())
    with file.open("ab") as junk:
        junk.write(b"x" * length + b"\n")
    log.append(event())
    forward, backward = list(log.lines(START)), list(log.lines_before(None))[::-1]
    assert [line.position for line in backward] == [line.position for line in forward]
    assert [line.length for line in backward] == [line.length for line in forward]
    assert forward[1].length == length + 1
    assert all(len(line.content) <= 2 * LONGEST for line in (*forward, *backward))
    assert [line.content for line in forward[::2]] == [line.content for line in backward[::2]]
    assert list(log.lines(forward[1].after)) == forward[2:]


def test_empty_lines_count_as_lines(file: Path) -> None:
    log = FileAuditLog(file)
    log.append(event())
    with file.open("ab") as junk:
        junk.write(b"\n\n")
    log.append(event())
    assert [line.position.line for line in log.lines(START)] == [0, 1, 2, 3]
    assert list(log.lines_before(None)) == list(log.lines(START))[::-1]
    assert findings(log) == []
