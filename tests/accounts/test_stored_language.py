"""What is stored is the same in every language: accounts, sign-in records and the audit log."""

from contextlib import suppress

import pytest

from cwtui import language
from cwtui.accounts.errors import AccountsError
from cwtui.language import Language
from tests.accounts.public_actions import CHANGES_OF_ADMINS, OF_ALICE, scene_of
from tests.accounts.world import World
from tests.language import MARKED, Marked, german

pytestmark = pytest.mark.usefixtures("remembered_hashes")


@pytest.mark.parametrize("act", CHANGES_OF_ADMINS | OF_ALICE)
def test_no_action_stores_words_of_a_language(world: World, act: str) -> None:
    scene = scene_of(world)
    with german(Marked()):
        language.use(Language.GERMAN)
        if act in CHANGES_OF_ADMINS:
            CHANGES_OF_ADMINS[act](scene, scene.admin)
        else:
            with suppress(AccountsError):  # refusals are recorded, too
                OF_ALICE[act](scene, scene.user)
    stored = f"{world.events} {world.accounts._committed} {world.records.kept}"
    assert set(stored).isdisjoint(MARKED)
