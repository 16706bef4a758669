"""What is read from a table file can be refused, and is then read again if it was changed."""

from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.store.table_file import TableFile
from cwtui.store.view import View
from tests.store.table_files import change, journal_of, make_pieces_small, table, table_of_thirty

pytestmark = pytest.mark.usefixtures("quick_disk")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableFile:
    make_pieces_small(monkeypatch)
    return table_of_thirty(tmp_path)


@pytest.mark.parametrize("in_a_new_base", [False, True])
def test_a_view_that_is_refused_is_read_again_if_it_was_changed_meanwhile(
    file: TableFile, *, in_a_new_base: bool
) -> None:
    """As by a key rotation, which changes the store and then the keyring."""
    refused = []

    def check(view: View) -> None:
        if view.get("n8") != b'{"text":"new"}':
            refused.append(view)
            change(table(file.path), {"n8": {"text": "new"}})
            if in_a_new_base:
                table(file.path).compact()
            raise CannotCheck("it does not fit the keyring")

    reader = table(file.path)
    reader.check_with(check)
    assert reader.view().get("n8") == b'{"text":"new"}'
    assert len(refused) == 1


def test_changes_of_this_process_are_checked_too(file: TableFile) -> None:
    def check(view: View) -> None:
        if view.get("n8") == b"{}":
            raise CannotCheck("it does not fit the keyring")

    writer = table(file.path)
    writer.check_with(check)
    change(writer, {"n8": {}})
    for _ in range(2):
        with pytest.raises(CannotCheck, match="it does not fit the keyring"):
            writer.view()
    change(file, {"n8": {"text": "fits"}})
    assert writer.view().get("n8") == b'{"text":"fits"}'


def test_a_view_that_is_refused_is_not_read_for_ever(file: TableFile) -> None:
    def check(_: View) -> None:
        raise CannotCheck("it does not fit the keyring")

    path = journal_of(file.path)
    path.write_bytes(path.read_bytes() + b"torn")
    reader = table(file.path)
    reader.check_with(check)
    with pytest.raises(CannotCheck, match="it does not fit the keyring"):
        reader.view()
