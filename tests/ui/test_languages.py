"""Each scene in German: nothing is left in English, and everything fits at 80x24 and 60x20."""

from typing import Final

import pytest

from cwtui import language
from cwtui.language import Language, SpelledOut
from tests.language import Marked, german
from tests.ui.fitting import check_smallest, cut_off, has_to_scroll
from tests.ui.harness import Person
from tests.ui.plants import Plant
from tests.ui.scenes import JOURNEYS, play_through
from tests.ui.unmarked import marked_in_store, unmarked

CATALOG: Final = language.catalog_of(Language.GERMAN)
SCROLLED: Final = {
    *("account_devices", "account_invited", "account_locked", "account_roles", "account_ssh_keys"),
    *("settings_after_failures", "settings_after_stop", "settings_devices", "settings_few_codes"),
    *("settings_required", "help", "help_account", "manual_topic", "organization_wrong"),
}
"""Pages that are longer than 80x24 in English too."""
ENDS: Final = {stops[-1] for stops in JOURNEYS}
"""After these, nobody looks at the screen again."""


@pytest.mark.parametrize("stops", JOURNEYS, ids="-".join)
async def test_each_scene_is_translated_and_fits(stops: list[str]) -> None:
    assert CATALOG is not None
    # Without umlauts it is longest.
    with german(Marked(SpelledOut(CATALOG))):
        language.use(Language.GERMAN)
        await play_through(stops, check)


async def check(name: str, person: Person, there: Plant) -> None:
    assert unmarked(person, there) == [], person.text
    assert marked_in_store(there) == []
    if person.app.size == (80, 24):
        assert [*cut_off(person)] == [], person.text
        assert not has_to_scroll(person) or name in SCROLLED, person.text
    await check_smallest(name, person, is_last=name in ENDS)
