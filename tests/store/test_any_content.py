"""Any names and texts are kept, by every AccountStore and RecordStore."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.store.samples import PLAIN, RECORD
from tests.store.stores import STORES

pytestmark = pytest.mark.usefixtures("quick_disk")


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
usernames = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)


@pytest.mark.parametrize("kind", STORES)
@hypothesis_settings(max_examples=30)
@given(
    kept=st.dictionaries(
        usernames, st.builds(dict, display_name=text, enabled=st.booleans()), max_size=6
    ),
    removed=st.sets(usernames),
)
def test_any_names_and_texts_are_read_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    kept: dict[str, dict[str, object]],
    removed: set[str],
) -> None:
    folder = tmp_path_factory.mktemp("data")
    stores = STORES[kind](folder)
    expected = {name: PLAIN.changed(username=name, **fields) for name, fields in kept.items()}
    with stores.accounts().change() as change:
        for account in expected.values():
            change.put(account)
    with stores.accounts().change() as change:
        for name in removed | set(list(kept)[:1]):
            change.remove(name)
            expected.pop(name, None)
    seen = stores.accounts()
    assert {row.username: seen.get(row.username) for row in seen.rows()} == expected
    for name in kept:
        stores.records().update(name, lambda _: (RECORD, None))
        assert stores.records().get(name) == RECORD
