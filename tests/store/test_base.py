"""How the base of a table file is written and read, also while others change the file."""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cwtui.accounts.errors import CannotCheck, StoreDamaged
from cwtui.host.locks import exclusive
from cwtui.store import content, table_file
from cwtui.store.base_text import BaseText
from cwtui.store.content import Content
from cwtui.store.table_file import TableFile
from cwtui.store.table_reader import Read, TableReader
from tests import soak
from tests.store.table_files import (
    change,
    journal_of,
    lines_of,
    make_pieces_small,
    table,
    table_of_thirty,
)

pytestmark = pytest.mark.usefixtures("quick_disk")


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pieces_small(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> TableFile:
    return table_of_thirty(tmp_path)


def test_a_reader_that_is_in_the_middle_keeps_its_view(file: TableFile) -> None:
    view = file.view()
    rows = view.documents(dict)
    first = [next(rows)]
    other = table(file.path)
    change(other, {f"n{number}": None for number in range(30)})
    other.compact()
    assert len(first + list(rows)) == 30
    assert view.get("n7") == b'{"text":"changed"}'
    assert file.view().count == 0


def test_the_journal_is_written_into_the_base_when_it_is_long(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, "_MOST_JOURNAL", 1000)
    sizes = []
    for number in range(60):
        change(file, {"n1": {"text": f"{number:100}"}})
        sizes.append(len(lines_of(journal_of(file.path))))
    assert max(sizes) <= 1100  # a line is a little longer than its documents
    assert sizes.count(0) > 5
    assert len(list(file.path.parent.glob("*.journal"))) == 1
    assert file.view().get("n1") == msgspec.json.encode({"text": f"{59:100}"})


def during_new_base(patch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> None:
    """Call one of these while each of the next new bases is written."""
    write, left = Content.write, list(acts)

    def write_later(content: Content, descriptor: int) -> str:
        if left:
            left.pop(0)()
        return write(content, descriptor)

    patch.setattr(Content, "write", write_later)


def test_others_change_the_file_while_a_new_base_is_written(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, seen = table(file.path), []

    def act() -> None:
        change(other, {"n8": {"mark": True}, "n9": {}})
        change(other, {"n9": None, "n99": {}})
        seen.append(table(file.path).view().get("n8"))

    during_new_base(monkeypatch, act)
    inode = file.path.stat().st_ino
    assert file.compact()
    assert seen == [b'{"mark":true}']
    assert file.path.stat().st_ino != inode
    assert journal_of(file.path).read_bytes().count(b"\n") == 1
    for one in (file, other, table(file.path)):
        view = one.view()
        assert (view.count, list(view.marked)) == (30, ["n8"])
        assert view.get("n7") == b'{"text":"changed"}'
        assert [view.get(name) for name in ("n8", "n9", "n99")] == [b'{"mark":true}', None, b"{}"]
        one.verify()
    change(file, {"n9": {"text": "back"}})
    assert table(file.path).view().get("n9") == b'{"text":"back"}'


def test_a_new_base_gives_way_to_one_that_was_put_in_its_place_meanwhile(
    file: TableFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a restore."""
    (tmp_path / "restored").mkdir()
    restored = table(tmp_path / "restored" / "things.json")
    change(restored, {"n1": {"text": "restored"}})

    def act() -> None:
        with exclusive(file.path):
            for path in (journal_of(restored.path), restored.path):
                path.replace(file.path.with_name(path.name))

    during_new_base(monkeypatch, act)
    assert file.compact()
    assert list(file.view().documents(dict)) == [("n1", {"text": "restored"})]
    assert not list(file.path.parent.glob(".*.new"))
    assert len(list(file.path.parent.glob("*.journal"))) == 1
    file.verify()


def test_one_process_at_a_time_writes_a_new_base(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others go on with the journal, and try again when it is as long again."""
    monkeypatch.setattr(table_file, "_MOST_JOURNAL", 1000)
    written = []
    during_new_base(monkeypatch, lambda: written.append(1), lambda: written.append(2))
    sizes = []
    for number in range(15):
        with exclusive(file.path.with_name("things.json.base")) if number < 9 else nullcontext():
            change(file, {"n1": {"text": f"{number:100}"}})
        sizes.append(len(lines_of(journal_of(file.path))))
        assert written == ([1] if 0 in sizes else [])
    assert 1500 < sizes[8] < max(sizes) < 2000
    assert file.view().get("n1") == msgspec.json.encode({"text": f"{14:100}"})


def test_files_of_a_killed_writer_are_removed(file: TableFile) -> None:
    left = [file.path.with_name(f".things.json{kind}") for kind in (".new", ".base.new")]
    for path in left:
        path.write_bytes(b"half")
    assert file.compact()
    assert not any(path.exists() for path in left)


def test_a_damaged_base_is_never_given_a_matching_checksum(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its changes go on in the journal, and a check still finds the damage."""
    monkeypatch.setattr(table_file, "_MOST_JOURNAL", 1)
    content = file.path.read_bytes().replace(b'"text":"xx"', b'"text":"xy"')
    file.path.write_bytes(content)
    change(table(file.path), {"n8": {"text": "new"}})
    assert file.path.read_bytes() == content
    assert table(file.path).view().get("n8") == b'{"text":"new"}'
    for look in (table(file.path).verify, table(file.path).compact):
        with pytest.raises(StoreDamaged, match="the checksum does not match the content"):
            look()


def test_names_are_listed_without_reading_the_documents(file: TableFile) -> None:
    file.compact()
    content = file.path.read_bytes()
    file.path.write_bytes(content.replace(b'"n5":{"text":', b'"n5":{"text"?'))
    assert len(list(table(file.path).view().names())) == 30
    file.path.write_bytes(content.replace(b'"n5":{"text"', b'{"n5":"text"'))
    with pytest.raises(StoreDamaged, match="a document has no name"):
        list(table(file.path).view().names())


def test_a_wrong_count_does_not_keep_documents_from_being_read(file: TableFile) -> None:
    file.compact()
    content = file.path.read_bytes()
    for count in (0, 10**18):
        file.path.write_bytes(content.replace(b'"count":30', b'"count":%d' % count))
        view = table(file.path).view()
        for backward in (False, True):
            rows = view.documents(dict, backward=backward, wanted=2)
            assert len(list(islice(rows, 100))) == 30


@pytest.mark.parametrize(("name", "size"), [("n", 1 << 20), ("n" * 254, 1)])
def test_documents_too_long_to_be_found_again_are_refused(
    file: TableFile, name: str, size: int
) -> None:
    with pytest.raises(CannotCheck, match=r"is too long for .*things\.json"):
        change(file, {name: {"text": "y" * size}})
    change(file, {"longest": {"text": "y" * ((1 << 20) - 25)}, "n" * 253: {}})
    file.compact()
    kept = [*(f"n{number}" for number in range(30)), "longest", "n" * 253]
    assert list(table(file.path).view().names()) == sorted(kept)
    for one in kept:
        assert table(file.path).view().get(one) is not None


def test_a_header_that_could_not_be_read_is_not_written(
    file: TableFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The changes then stay in the journal."""
    monkeypatch.setattr(table_file, "_MOST_JOURNAL", 1)
    monkeypatch.setattr(content, "HEADER_MOST", 300)
    for number in range(30):
        change(file, {f"n{number}": {"mark": True}})
    assert len(table(file.path).view().marked) == 30
    with pytest.raises(CannotCheck, match="need more than 300 bytes"):
        file.compact()


def test_a_change_of_many_documents_is_one_new_base(file: TableFile) -> None:
    change(file, {f"m{number}": {"text": "y" * 1000} for number in range(300)})
    assert journal_of(file.path).stat().st_size == 0
    assert file.view().count == 330


def test_compacting_twice_does_nothing(file: TableFile) -> None:
    assert file.compact()
    before = file.path.stat()
    assert not file.compact()
    assert file.path.stat().st_ino == before.st_ino


def test_reading_needs_neither_a_lock_nor_a_writable_folder(file: TableFile) -> None:
    for path in file.path.parent.iterdir():
        if path.suffix == ".lock":
            path.unlink()
    assert table(file.path).view().count == 30
    assert not [path for path in file.path.parent.iterdir() if path.suffix == ".lock"]


def test_a_document_is_found_with_one_short_read_once_its_surroundings_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the usual sizes
    file = table(tmp_path / "things.json")
    change(file, {f"n{number:05}": {"text": "x" * 200} for number in range(6_000)})
    file.compact()
    view, sizes = file.view(), list[int]()
    read = BaseText.read

    def counted(text: BaseText, begin: int, end: int) -> bytes:
        sizes.append(end - begin)
        return read(text, begin, end)

    monkeypatch.setattr(BaseText, "read", counted)
    for number in range(0, 6_000, 25):
        assert view.get(f"n{number:05}") is not None
    assert max(sizes) <= 1 << 18  # of more than a megabyte
    sizes.clear()
    for number in range(30, 6_000, 120):
        assert view.get(f"n{number:05}") is not None
    assert len(sizes) <= 50
    assert max(sizes) <= (1 << 13) + 1
    # Also in the next base.
    change(file, {"n00000": None, "n00500": {"text": "y" * 300}, "n03000x": {}, "n05999": None})
    file.compact()
    view = file.view()
    sizes.clear()
    for number in range(30, 6_000, 120):
        assert view.get(f"n{number:05}") is not None
    assert len(sizes) <= 50
    assert max(sizes) <= (1 << 13) + 1


NAMES = st.integers(0, 60).map("n{:02}".format)
DOCUMENTS = st.integers(0, 200).map(lambda size: {"text": "x" * size})


@given(
    st.dictionaries(NAMES, DOCUMENTS, max_size=60),
    st.lists(st.dictionaries(NAMES, st.none() | DOCUMENTS, max_size=9), min_size=1, max_size=4),
)
@hypothesis_settings(max_examples=soak.times(60, in_a_soak=3000), deadline=None)
def test_remembered_places_are_right_in_the_next_base(
    first: dict[str, dict[str, object] | None], later: list[dict[str, dict[str, object] | None]]
) -> None:
    with TemporaryDirectory() as folder:
        file = table(Path(folder) / "things.json")
        change(file, first | {"n30": {}})
        file.compact()
        for changes in later:
            for number in range(0, 60, 3):
                file.view().get(f"n{number:02}")
            change(file, changes)
            file.compact()
            base = file.view().base
            assert base is not None
            text = file.path.read_bytes()
            for part in base.search.places.parts:
                for name, start in zip(part.names, part.starts, strict=True):
                    assert text.startswith(b'"%b' % name.encode() if name else b"", start)
                    assert text[start - 1 : start] == b"\n"


def test_nothing_is_remembered_in_a_base_that_another_process_wrote(
    file: TableFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the same size, but its lines are elsewhere."""
    (tmp_path / "other").mkdir()
    other = table(tmp_path / "other" / "things.json")
    texts: dict[str, dict[str, object] | None]
    texts = {f"n{number}": {"text": "x" * number} for number in range(30)}
    texts |= {"n7": {"text": "changed"}, "n1": {"text": "x" * 21}, "n29": {"text": "x" * 9}}
    change(other, texts)
    other.compact()
    for name in texts:
        file.view().get(name)
    renewed = TableReader.renewed

    def put_another_there(reader: TableReader, read: Read, checksum: str) -> None:
        with exclusive(file.path):
            for path in (journal_of(other.path), other.path):
                path.replace(file.path.with_name(path.name))
        renewed(reader, read, checksum)

    monkeypatch.setattr(TableReader, "renewed", put_another_there)
    assert file.compact()
    for name, document in texts.items():
        assert file.view().get(name) == msgspec.json.encode(document)


def test_nothing_is_remembered_if_the_changes_do_not_explain_the_size(file: TableFile) -> None:
    """As if the older one was not in order."""
    older = file.view().base
    assert older is not None
    for number in range(30):
        older.get(f"n{number}")
    change(file, {"n1x": {"text": "new"}})
    file.compact()
    newer = table(file.path).view().base
    assert newer is not None
    newer.follow(older, {})
    assert [part.names for part in newer.search.places.parts] == [[""]]
