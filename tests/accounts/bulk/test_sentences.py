"""What people are asked before bulk work, and told afterwards."""

import pytest

from cwtui import language
from cwtui.accounts.bulk import sentences
from cwtui.accounts.bulk.acts import (
    AddRole,
    Change,
    DisableMfa,
    Reason,
    Remove,
    RemoveRole,
    ResetPassword,
    Unlock,
)
from cwtui.accounts.bulk.batches import Report
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.listing import View
from cwtui.accounts.roles import ADMIN, MINIMUM
from cwtui.accounts.updates import Update
from cwtui.language import Language
from tests.accounts.bulk.planning import (
    DISABLE,
    EVERYBODY,
    REQUIRE,
    named,
    planned,
)
from tests.accounts.world import World
from tests.language import Marked, german, marked


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (Change(Update(expires="never")), "Change 2 accounts: no last day"),
        (Change(Update(enabled=False, disabled_reason="left")), "Disable 2 accounts"),
        (
            Change(Update(enabled=False, expires="2027-02-02", roles=("minimum-access",))),
            "Change 2 accounts: disable, roles minimum-access, last day 2027-02-02",
        ),
    ],
)
def test_no_part_of_a_change_is_left_out(act: Change, said: str) -> None:
    assert sentences.done_with(act, "2 accounts") == said


def test_the_question_says_how_many_and_who_is_excepted(world: World) -> None:
    session = world.session("ada")
    world.put(world.account("cid").changed(enabled=False))
    plan = planned(world, DISABLE, EVERYBODY, session)
    assert sentences.question(plan) == (
        "Disable 2 accounts? The users can no longer sign in, and open sessions will end. "
        "Left as they are: 1 already disabled, your own account. Selected: all users."
    )


def test_the_question_names_admins_who_would_lose_something(world: World) -> None:
    for name in ("zac", "yan", "xia"):
        world.add_admin(name)
    session = world.session("zac")
    said = sentences.question(planned(world, DISABLE, EVERYBODY, session))
    assert said.startswith("Disable 6 accounts? 3 of them are admins: ada, xia, yan. The users")
    world.add_admin("wim")
    said = sentences.question(planned(world, ResetPassword(), EVERYBODY, session))
    assert "4 of them are admins: ada, wim, xia and 1 more." in said
    said = sentences.question(planned(world, DISABLE, named("ada", "ann"), session))
    assert "1 of them is an admin: ada." in said
    said = sentences.question(planned(world, DISABLE, named("ada"), session))
    assert said.startswith("Disable ada? This is the account of an admin. ")
    assert "admin" not in sentences.question(planned(world, REQUIRE, EVERYBODY, session))


def test_the_question_and_a_dry_run_say_who_is_no_longer_an_admin(world: World) -> None:
    for act in (Change(Update(roles=("help-desk",))), RemoveRole(ADMIN)):
        world.put(world.account("ada").changed(roles=(ADMIN, "minimum-access")))
        world.add_admin("zac")
        plan = planned(world, act, named("ada", "bea"))
        said = "will lose the role connectware-admin"
        assert said in sentences.question(plan)
        assert said in sentences.foreseen(plan)
        assert said not in sentences.question(planned(world, act, named("bea")))


def test_the_question_says_what_is_gained(world: World) -> None:
    world.put(world.account("ann").changed(roles=("help-desk",)))
    plan = planned(world, AddRole("help-desk"), EVERYBODY)
    assert sentences.question(plan) == (
        "Give the role help-desk to 3 accounts? Open sessions will end. "
        "2 of them will get new permissions: read-users, manage-users. "
        "Left as it is: 1 already with this role. Selected: all users."
    )
    assert "will be able to manage all users" in sentences.question(
        planned(world, AddRole(ADMIN), named("bea"))
    )


def test_the_question_says_which_filter_selected_them(world: World) -> None:
    plan = planned(world, REQUIRE, Selection(view=View(" mfa:none ")))
    assert sentences.question(plan).endswith(" Selected: all that match mfa:none.")
    plan = planned(world, REQUIRE, Selection(frozenset({"bea"}), View("mfa:none")))
    assert sentences.question(plan).endswith(" Selected: all that match mfa:none, except 1.")
    plan = planned(world, REQUIRE, Selection(view=View("\u202e" + "x" * 100)))
    said = sentences.question(plan)
    assert "match <U+202E>xxx" in said
    assert "…" in said
    assert len(said) < 120
    said = sentences.question(planned(world, REQUIRE, Selection(frozenset({"bea"}), View(""))))
    assert said.endswith(" Selected: all users, except 1.")
    assert "Selected" not in sentences.question(planned(world, REQUIRE, named("bea")))


def test_a_single_account_is_named(world: World) -> None:
    plan = planned(world, Change(Update(enabled=False)), named("bea"))
    assert sentences.question(plan).startswith("Disable bea? The user can")


def test_the_question_says_if_there_is_nothing_to_do(world: World) -> None:
    plan = planned(world, Change(Update(enabled=True)), EVERYBODY)
    assert sentences.question(plan) == (
        "There is nothing to do. Left as they are: 4 already enabled. Selected: all users."
    )


def test_acts_have_different_texts() -> None:
    acts = [
        *(REQUIRE, Change(Update(mfa_required=False)), DISABLE, Change(Update(enabled=True))),
        *(Change(Update(roles=(MINIMUM,))), AddRole(MINIMUM), RemoveRole(MINIMUM)),
        *(DisableMfa(), Unlock(), ResetPassword(), ResetPassword(invited=True), Remove()),
    ]
    texts = {sentences.done_with(act, "2 accounts") for act in acts}
    assert len(texts) == len(acts)
    assert all("2 accounts" in text for text in texts)
    # A change of several fields and a removal have no words of their own.
    already = {sentences.why(Reason.ALREADY, act) for act in acts}
    assert len(already) == len(acts) - 1
    assert sentences.why(Reason.ALREADY, Unlock()) == "not locked"


def test_only_a_reason_is_translated_where_it_is_shown(world: World) -> None:
    report = Report(planned(world, REQUIRE, EVERYBODY), "b")
    report.add_left("ann", Reason.OWN)
    report.add_left("bob", "A sentence.")
    with german(Marked()):
        language.use(Language.GERMAN)
        said = {one.username: sentences.why(one.why, REQUIRE) for one in report}
    assert said["ann"] == marked("your own account")
    assert said["bob"] == "A sentence."
