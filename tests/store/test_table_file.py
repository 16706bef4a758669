"""A table file behaves like a dictionary that is sorted, whatever is in base and journal."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cwtui.accounts.errors import CannotCheck, StoreDamaged, StoreExposed
from cwtui.host.files import version_of
from cwtui.store import journal, journal_file, table_file
from cwtui.store.table_file import TableFile
from tests import soak
from tests.store.table_files import (
    change,
    is_marked,
    journal_of,
    lines_of,
    make_pieces_small,
    table,
    table_of_thirty,
)

pytestmark = pytest.mark.usefixtures("quick_disk")

NAMES = st.one_of(
    st.sampled_from(["a", "a!", "a ", 'a"', "a\\", 'a":{', "b", "\n", "é", "e\u0301", "中", "😀"]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
)
DOCUMENTS = st.integers(0, 400).map(lambda size: {"mark": size % 3 == 0, "text": "x" * size})
CHANGES = st.dictionaries(NAMES, st.none() | DOCUMENTS, max_size=12)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pieces_small(monkeypatch)


@given(st.lists(st.tuples(CHANGES, st.booleans()), max_size=6), NAMES)
@hypothesis_settings(max_examples=soak.times(40, in_a_soak=3000), deadline=None)
def test_a_table_file_agrees_with_a_dictionary(
    steps: list[tuple[dict[str, dict[str, object] | None], bool]], probe: str
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "things.json"
        writer, reader = table(path), table(path)
        expected: dict[str, object] = {}
        for changes, in_a_new_base in steps:
            most = 1 if in_a_new_base else 1 << 20
            patch.setattr(table_file, "_MOST_JOURNAL", most)
            change(writer, changes)
            for name, document in changes.items():
                expected.pop(name, None)
                if document is not None:
                    expected[name] = document
            for file in (writer, reader, table(path)):
                check(file, expected, probe)
        if path.exists():
            table(path).verify()


def check(file: TableFile, expected: dict[str, object], probe: str) -> None:
    view = file.view()
    ordered = sorted(expected)
    assert view.count == len(ordered)
    for name in (probe, *expected):  # before all of the journal is needed
        found = view.get(name)
        assert (None if found is None else msgspec.json.decode(found)) == expected.get(name)
    assert list(view.documents(dict)) == [(name, expected[name]) for name in ordered]
    backward = view.documents(dict, backward=True, wanted=3)
    assert [name for name, _ in backward] == ordered[::-1]
    assert [name for name, _ in view.documents(dict, wanted=1)] == ordered
    for name in {*ordered, probe}:
        assert list(view.names(name)) == [other for other in ordered if other > name]
        before = [other for other, _ in view.documents(dict, name, backward=True)]
        assert before == [other for other in reversed(ordered) if other < name]
    marked = {name for name in ordered if is_marked(msgspec.json.encode(expected[name]))}
    assert view.marked == marked
    assert [name for name, _ in view.mentioning(b'"mark":true', b"nowhere")] == sorted(marked)
    assert {view.name_at(number * 37) for number in range(400)} <= {*ordered} or ordered == []
    assert (view.name_at(5) is None) == (ordered == [])


@pytest.fixture
def file(tmp_path: Path) -> TableFile:
    return table_of_thirty(tmp_path)


# The journal


def texts_of(path: Path) -> Iterator[bytes]:
    """The journal, with each possible torn end, without zeros in advance and with them."""
    whole = lines_of(path)
    assert whole.count(b"\n") == 2
    start = whole.index(b"\n") + 1
    for end in range(start, len(whole) - 1):
        yield whole[: end + 1]
        # A file system that had extended the file, but not written all of its content.
        yield whole[:end] + bytes(len(whole) - end)
        yield whole[:end] + bytes(journal_file.ROOM)
        # The disk had written the end of the line before its beginning.
        late = end + 1 - start
        yield whole[:start] + bytes(late) + whole[start + late :] + bytes(journal_file.ROOM)
    yield whole[:start] + bytes(len(whole) - start - 1) + b"\n"


def test_a_torn_last_line_is_ignored_and_overwritten(file: TableFile) -> None:
    path = journal_of(file.path)
    change(file, {"n8": {"text": "torn"}})
    for text in texts_of(path):
        path.write_bytes(text)
        again = table(file.path)
        assert again.view().get("n8") == b'{"text":"xxxxxxxx"}'
        assert again.view().get("n7") == b'{"text":"changed"}'
        again.verify()
        # Neither is longer than the torn line.
        for number in range(2):
            change(again, {"n9": {"n": number}})
            assert table(file.path).view().get("n9") == b'{"n":%d}' % number
        table(file.path).verify()


def test_a_key_of_a_document_is_not_taken_for_a_name(file: TableFile) -> None:
    change(file, {"n8": {"text": "other"}, "n9": None})
    change(file, {"n1": {"n8": {"n7": {}}, "n9": {}, "things": {"n7": {}}, "small": {}}})
    for name, text in {"n7": "changed", "n8": "other", "n6": "xxxxxx"}.items():
        assert table(file.path).view().get(name) == b'{"text":"%b"}' % text.encode()
    assert table(file.path).view().get("n9") is None
    assert table(file.path).view().table("small") == {}


def test_all_of_a_journal_is_decoded_once_if_many_documents_are_read(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = list[bytes]()

    def decode(text: bytes) -> object:
        decoded.append(text)
        return real(text)

    real = journal._decode_lines
    monkeypatch.setattr(journal, "_decode_lines", decode)
    view = table(file.path).view()
    assert view.get("n7") == b'{"text":"changed"}'
    assert not decoded
    assert all(view.get(f"n{number}") for number in range(30))
    assert len(decoded) == 1


@pytest.mark.parametrize("end", [b'"', b',"small":7', b"}}}", b',"other":{"a":1}'])
def test_an_invalid_line_with_the_right_sum_is_damage_and_kept(file: TableFile, end: bytes) -> None:
    """Only another program can have written it."""
    path, base = journal_of(file.path), file.view().base
    assert base is not None
    whole, start = lines_of(path), journal.beginning(base.meta.sha256)
    point = journal.committed(whole, start, path).end
    rest = b'","count":30,"set":{"things":{}%b}}' % end
    line = b'{"sum":"%b' % journal._sum(point.hash, rest) + rest
    point.hash.update(line + b"\n")
    text = whole + line + b"\n" + journal.line({"things": {"n1": None}}, 29, point) + b"\n"
    path.write_bytes(text)
    with pytest.raises(StoreDamaged, match=r"journal is damaged at line 2: "):
        table(file.path).view().names()
    with pytest.raises(StoreDamaged, match=r"journal is damaged at line 2: "):
        change(table(file.path), {"n9": {}})
    assert path.read_bytes() == text


def test_damage_before_the_last_line_is_reported_and_kept(file: TableFile) -> None:
    path = journal_of(file.path)
    change(file, {"n8": {"text": "last"}})
    whole = path.read_bytes()
    first = whole.index(b"\n")
    for at in range(first + 1):
        text = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        path.write_bytes(text)
        with pytest.raises(StoreDamaged, match="at line 1"):
            table(file.path).view()
        with pytest.raises(StoreDamaged):
            change(table(file.path), {"n9": {}})
        assert path.read_bytes() == text


def test_a_complete_last_line_that_was_changed_is_damage(file: TableFile) -> None:
    """It was acknowledged, so it is not torn."""
    path = journal_of(file.path)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"changed", b"chanted"))
    with pytest.raises(StoreDamaged, match="the checksum does not match the line"):
        table(file.path).view()


def test_a_journal_that_others_can_read_is_neither_read_nor_written(file: TableFile) -> None:
    path = journal_of(file.path)
    before, seen = lines_of(path), version_of(path.stat())
    file.view()
    path.chmod(0o640)
    for refused in (file, table(file.path)):
        with pytest.raises(StoreExposed, match="journal"):
            refused.view()
        with pytest.raises(StoreExposed, match="journal"):
            change(refused, {"n9": {}})
    with pytest.raises(StoreExposed):  # at the last moment
        journal_file.append(path, len(before), b"{}", seen=seen, is_torn=False, is_committed=True)
    assert lines_of(path) == before


def test_a_journal_of_another_base_is_damage(file: TableFile, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = table(tmp_path / "other" / "things.json")
    change(other, {"n1": {"text": "other"}})
    change(other, {"n2": {"text": "other"}})
    journal_of(file.path).write_bytes(journal_of(other.path).read_bytes())
    with pytest.raises(StoreDamaged, match="the checksum does not match the line"):
        table(file.path).view()


def test_a_removed_line_is_damage(file: TableFile) -> None:
    path = journal_of(file.path)
    change(file, {"n8": {"text": "last"}})
    path.write_bytes(path.read_bytes().split(b"\n")[1] + b"\n")
    with pytest.raises(StoreDamaged, match="the checksum does not match the line"):
        table(file.path).view()


def test_a_new_journal_never_replaces_another(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the new base is in its place, the old journal is needed."""
    mine = int(journal_of(file.path).name[len("things-") :][:9])
    numbers = iter([mine, mine, 7])
    monkeypatch.setattr(os, "urandom", lambda size: next(numbers).to_bytes(size))
    file.compact()
    assert journal_of(file.path).name == "things-000000007.journal"
    assert table(file.path).view().get("n7") == b'{"text":"changed"}'


def test_files_of_others_are_not_removed(file: TableFile) -> None:
    copy = file.path.with_name("things-copy.journal")
    copy.write_bytes(b"kept by somebody")
    assert file.compact()
    assert copy.exists()


def test_a_missing_journal_is_damage(file: TableFile) -> None:
    path = journal_of(file.path)
    path.unlink()
    for open_file in (file, table(file.path)):
        with pytest.raises(StoreDamaged, match=f"{path} is missing, the journal of things.json"):
            open_file.view()


def test_a_journal_that_was_renamed_is_missing(file: TableFile) -> None:
    path = journal_of(file.path)
    while time.time_ns() - path.stat().st_ctime_ns <= 1e9 * journal_file.TICK:
        time.sleep(0.001)  # until a change gives it another time
    before = file.view().get("n7")
    away = path.rename(path.with_suffix(".away"))
    for act in (file.view, lambda: change(file, {"n7": {}}), file.view):
        with pytest.raises(StoreDamaged, match=f"{path} is missing, the journal of things.json"):
            act()
    away.rename(path)
    assert file.view().get("n7") == before


def test_a_journal_that_was_renamed_when_it_was_just_written_is_missing(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 6.13, a file that is changed twice within a tick of the clock keeps its time."""
    path, now, found = journal_of(file.path), time.time_ns(), os.fstat

    def in_this_tick(descriptor: int) -> SimpleNamespace:
        state = found(descriptor)
        fields = {name: getattr(state, name) for name in dir(state) if name.startswith("st_")}
        return SimpleNamespace(**fields | {"st_ctime_ns": now})

    monkeypatch.setattr(os, "fstat", in_this_tick)
    monkeypatch.setattr(time, "time_ns", lambda: now)
    change(file, {"n7": {}})
    file.view()
    path.rename(path.with_suffix(".away"))
    with pytest.raises(StoreDamaged, match=f"{path} is missing"):
        file.view()


def test_a_missing_base_is_not_treated_as_a_new_file(file: TableFile) -> None:
    """Else its journal would be removed."""
    path = journal_of(file.path)
    text = path.read_bytes()
    file.path.unlink()
    acts: tuple[Callable[[], object], ...] = (
        lambda: change(file, {"n8": {}}),
        file.create,
        file.verify,
    )
    for act in acts:
        with pytest.raises(StoreDamaged, match=r"things\.json is missing, the file to which"):
            act()
    assert path.read_bytes() == text
    path.write_bytes(b"")  # left by a writer that was killed
    file.verify()
    change(file, {"n8": {"text": "new"}})
    assert list(file.view().names()) == ["n8"]


def test_a_new_file_never_replaces_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    """Its disk may not be mounted."""
    path = tmp_path / "things.json"
    path.symlink_to("nothing")
    with pytest.raises(CannotCheck, match="already exists"):
        table(path).create()
    assert path.readlink() == Path("nothing")


@pytest.mark.parametrize("name", ["../x-123456789.journal", "x-123456789.journal", "/etc/passwd"])
def test_a_base_cannot_name_another_file_as_its_journal(file: TableFile, name: str) -> None:
    content = file.path.read_bytes()
    mine = journal_of(file.path).name
    file.path.write_bytes(content.replace(mine.encode(), name.encode()))
    with pytest.raises(StoreDamaged, match="is not the name of a journal"):
        table(file.path).view()


def test_a_prepared_change_is_invisible_to_others(file: TableFile) -> None:
    with file.transaction():
        file.put("things", {"n8": {"text": "prepared"}})
        file.prepare()
        assert table(file.path).view().get("n8") == b'{"text":"xxxxxxxx"}'
    assert table(file.path).view().get("n8") == b'{"text":"prepared"}'


def test_a_prepared_change_is_cut_by_an_error(file: TableFile) -> None:
    before = lines_of(journal_of(file.path))
    with suppress(ZeroDivisionError), file.transaction():
        file.put("things", {"n8": {"text": "prepared"}})
        file.prepare()
        raise ZeroDivisionError
    assert journal_of(file.path).read_bytes() == before
    assert file.view().get("n8") == b'{"text":"xxxxxxxx"}'


def test_changes_after_preparing_are_written_too(file: TableFile) -> None:
    with file.transaction():
        file.put("things", {"n8": {"text": "one"}})
        file.prepare()
        file.put("things", {"n9": {"text": "two"}})
    view = table(file.path).view()
    assert (view.get("n8"), view.get("n9")) == (b'{"text":"one"}', b'{"text":"two"}')


def broken(*_: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_line_that_does_not_get_onto_the_disk_is_undone_for_readers_too(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = table(file.path)

    def read_and_break(_: int) -> None:
        assert reader.view().get("n8") == b'{"text":"lost"}'
        broken()

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", read_and_break)
        with pytest.raises(CannotCheck, match="Nothing was changed"):
            change(file, {"n8": {"text": "lost"}})
    change(file, {"n9": {"text": "longer than the one that was lost"}})
    for open_file in (reader, table(file.path)):
        assert open_file.view().get("n8") == b'{"text":"xxxxxxxx"}'
        assert open_file.view().get("n9") == b'{"text":"longer than the one that was lost"}'


def test_nobody_is_told_that_nothing_changed_if_it_cannot_be_undone(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        for name in ("fdatasync", "ftruncate"):
            patch.setattr(os, name, broken)
        with pytest.raises(CannotCheck, match="The last change may be lost"):
            change(file, {"n8": {"text": "kept"}})
    assert table(file.path).view().get("n8") == b'{"text":"kept"}'


@pytest.mark.parametrize("size", [journal_file.MOST + 1])
def test_a_journal_that_is_too_large_is_refused(file: TableFile, size: int) -> None:
    os.truncate(journal_of(file.path), size)
    with pytest.raises(Exception, match="larger than"):
        table(file.path).view()
