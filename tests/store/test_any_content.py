"""Any names and texts are kept, by every AccountStore and RecordStore."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cwtui.accounts.errors import CannotCheck
from tests.store.samples import PLAIN, RECORD
from tests.store.stores import STORES

pytestmark = pytest.mark.usefixtures("quick_disk")


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUL_IS_REFUSED = {"postgres"}
"""Rules let no control character into a text, so nothing is lost there."""
usernames = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)


@pytest.mark.parametrize("store_kind", STORES)
@hypothesis_settings(max_examples=30)
@given(
    kept=st.dictionaries(
        usernames, st.builds(dict, display_name=text, enabled=st.booleans()), max_size=6
    ),
    removed=st.sets(usernames),
)
def test_any_names_and_texts_are_read_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory,
    store_kind: str,
    kept: dict[str, dict[str, object]],
    removed: set[str],
) -> None:
    texts = [*removed, *kept, *(str(fields["display_name"]) for fields in kept.values())]
    assume(store_kind not in NUL_IS_REFUSED or "\0" not in "".join(texts))
    folder = tmp_path_factory.mktemp("data")
    stores = STORES[store_kind](folder)
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


@pytest.mark.parametrize("store_kind", sorted(NUL_IS_REFUSED))
def test_the_character_nul_is_refused(tmp_path: Path, store_kind: str) -> None:
    stores = STORES[store_kind](tmp_path)
    accounts, records = stores.accounts(), stores.records()
    refused = partial(pytest.raises, CannotCheck, match="the character NUL")
    with refused(), accounts.change() as change:
        change.put(PLAIN.changed(display_name="a\0b"))
    with refused():
        accounts.get("a\0b")
    with refused():
        records.get("a\0b")
    with refused():
        records.update("a\0b", lambda record: (record, None))
    assert accounts.names() == []
