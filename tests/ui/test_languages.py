"""Each scene in German: nothing is left in English, and everything fits at 80x24 and 60x20."""

from typing import Final

import pytest

from cwtui import language
from cwtui.language import Language, SpelledOut
from tests.language import Marked, german
from tests.ui.fitting import cut_off, has_to_scroll
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
SMALLEST: Final = (60, 20)
ENDS: Final = {stops[-1] for stops in JOURNEYS}
"""After these, nobody looks at the screen again."""
NARROW: Final = {
    *("first_run_wrong", "one_time_code_wrong_clock", "backup_code_wrong", "new_password"),
    *("forced_enrolment", "register_device_wrong", "save_codes", "check_saved_wrong"),
    *("unacknowledged_codes", "settings_after_failures", "device", "lost_device"),
    *("add_ssh_key_wrong", "change_password_wrong", "disable_mfa_wrong", "display_wrong", "acts"),
    *("account_locked", "disable_account", "sign_out_user", "proof_wrong", "create_user_wrong"),
    *("create_role", "batch_passwords", "batch_report", "organization_wrong", "audit_log_wrong"),
    *("audit_event", "help_account", "manual_topic", "command_palette"),
}
"""Of the scenes of each screen, those with most on it. What a dialog covers is looked at too."""


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
    if name in NARROW:
        before = person.app.size
        await person.resize(*SMALLEST)
        assert [*cut_off(person)] == [], person.text
        if name not in ENDS:
            await person.resize(*before)
