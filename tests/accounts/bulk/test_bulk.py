"""The same is done with many accounts, one by one, and whoever is excepted is told why."""

from collections import Counter

import pytest
from msgspec import structs

from cwtui.accounts import administration, expiry
from cwtui.accounts.account_state import PasswordState, password_state
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.bulk import batches, sentences
from cwtui.accounts.bulk.acts import (
    Act,
    AddRole,
    Change,
    DisableMfa,
    Doing,
    Reason,
    Remove,
    RemoveRole,
    ResetPassword,
    Unlock,
)
from cwtui.accounts.bulk.batches import Outcome, Report
from cwtui.accounts.bulk.packed import Packed
from cwtui.accounts.bulk.selections import Selection
from cwtui.accounts.errors import (
    CannotCheck,
    ChangedByOthers,
    NotPermitted,
    ProofNeeded,
    Refused,
    SessionEnded,
)
from cwtui.accounts.model import Attempts, Origin, SignInRecord
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.roles import ADMIN, MINIMUM, Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.accounts.unix_users import UnixUser
from cwtui.accounts.updates import Update
from tests.accounts.bulk.planning import (
    DISABLE,
    EVERYBODY,
    HELP_DESK,
    REQUIRE,
    carried_out,
    matching,
    named,
    planned,
)
from tests.accounts.world import NOW, OPERATOR, World

BECAUSE = Change(Update(enabled=False, disabled_reason="Left"))


def locked(world: World, name: str) -> None:
    attempts = {"": Attempts(9, world.clock(), world.clock() + 300)}
    world.records.update(name, lambda _: (SignInRecord(code_attempts=attempts), None))


class TestSelection:
    def test_users_are_selected_by_name_or_by_a_filter_with_exceptions(self, world: World) -> None:
        assert [*planned(world, REQUIRE, named("ann", "cid")).names] == ["ann", "cid"]
        assert [*planned(world, REQUIRE, EVERYBODY).names] == ["ada", "ann", "bea", "cid"]
        assert [*planned(world, REQUIRE, matching("!role:admin", "bea")).names] == ["ann", "cid"]

    def test_selecting_and_deselecting_a_name_changes_nothing(self) -> None:
        for selection in (named("ann"), matching("", "ann")):
            changed = selection.with_changed("ann")
            assert changed.has("ann") is not selection.has("ann")
            assert changed.with_changed("ann") == selection
        assert named("ann", "bea").size(9) == 2
        assert matching("", "ann").size(9) == 8

    def test_all_users_are_found_however_many_are_read_at_once(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cwtui.accounts.user_list._AT_ONCE", 2)
        assert [*planned(world, REQUIRE, EVERYBODY).names] == ["ada", "ann", "bea", "cid"]


class TestExceptions:
    @pytest.mark.parametrize(
        ("act", "fields", "reason"),
        [
            (REQUIRE, {"mfa_required": True}, Reason.ALREADY),
            (Change(Update(mfa_required=False)), {}, Reason.ALREADY),
            (DISABLE, {"enabled": False}, Reason.ALREADY),
            (Change(Update(enabled=True)), {}, Reason.ALREADY),
            (Change(Update(roles=(MINIMUM,))), {}, Reason.ALREADY),
            (Change(Update(roles=("help-desk",))), {"origin": Origin.LDAP}, Reason.DIRECTORY),
            (AddRole(MINIMUM), {}, Reason.ALREADY),
            (AddRole("help-desk"), {"origin": Origin.LDAP}, Reason.DIRECTORY),
            (RemoveRole("help-desk"), {}, Reason.ALREADY),
            (RemoveRole(MINIMUM), {}, Reason.ONLY_ROLE),
            (
                RemoveRole(MINIMUM),
                {"origin": Origin.LDAP, "roles": ("help-desk", MINIMUM)},
                Reason.DIRECTORY,
            ),
            (DisableMfa(), {}, Reason.ALREADY),
            (Unlock(), {}, Reason.ALREADY),
            (ResetPassword(), {"origin": Origin.LDAP, "password": None}, Reason.DIRECTORY),
            (ResetPassword(), {"initial_password_expires_at": NOW + 100}, Reason.ALREADY),
            (
                ResetPassword(invited=True),
                {"initial_password_expires_at": NOW + 100, "invited": True},
                Reason.ALREADY,
            ),
        ],
    )
    def test_an_account_stays_as_it_is_with_a_reason(
        self, world: World, act: Act, fields: dict[str, object], reason: Reason
    ) -> None:
        world.put(world.account("ann").changed(**fields))
        report = carried_out(world, act, named("ann"))
        outcome = Outcome.ALREADY if reason is Reason.ALREADY else Outcome.REFUSED
        assert list(report) == [("ann", outcome, reason)]
        assert not world.events

    @pytest.mark.parametrize(
        ("act", "is_excepted"),
        [
            (DISABLE, True),
            (AddRole("help-desk"), True),
            (RemoveRole(MINIMUM), True),
            (Change(Update(roles=(ADMIN,))), True),
            (ResetPassword(), True),
            (Remove(), True),
            (REQUIRE, False),
        ],
    )
    def test_dangerous_acts_leave_out_the_account_of_the_admin(
        self, world: World, act: Act, is_excepted: bool
    ) -> None:
        world.put(world.account("ada").changed(roles=(ADMIN, MINIMUM)))
        plan = planned(world, act, named("ada"), world.session("ada"))
        assert dict(plan.exceptions()) == ({"ada": Reason.OWN} if is_excepted else {})

    def test_accounts_that_may_do_more_than_the_person_are_left_out(self, world: World) -> None:
        world.add("dan", roles=("help-desk",))
        plan = planned(world, REQUIRE, EVERYBODY, world.session("dan"))
        assert dict(plan.exceptions()) == {"ada": Reason.BEYOND}
        assert [*plan.names] == ["ann", "bea", "cid", "dan"]

    def test_accounts_that_a_help_desk_may_not_touch_are_left_out(self, world: World) -> None:
        world.add("dan", roles=("help-desk",))
        world.equip("ann")
        world.unix_users = {"bea": UnixUser(0, frozenset(), owns_store=False)}
        plan = planned(world, Remove(), named("ann", "bea", "cid"), world.session("dan"))
        assert dict(plan.exceptions()) == {"ann": Reason.HAS_MFA, "bea": Reason.POWERFUL}
        assert len(planned(world, Remove(), named("ann", "bea", "cid")).names) == 3

    @pytest.mark.parametrize(
        "act", [DISABLE, RemoveRole(ADMIN), Remove(), Change(Update(roles=(MINIMUM,)))]
    )
    def test_the_last_admin_is_left_out(self, world: World, act: Act) -> None:
        world.put(world.account("ada").changed(roles=(ADMIN, MINIMUM)))
        world.put(world.add("bob").changed(roles=(ADMIN, MINIMUM)))
        report = carried_out(world, act, named("ada", "bob"))
        assert dict(report.plan.exceptions()) == {"bob": Reason.LAST_ADMIN}
        assert [one.username for one in report if one.outcome is Outcome.DONE] == ["ada"]

    def test_an_admin_may_get_a_later_last_day(self, world: World) -> None:
        end = expiry.end_of("2027-03-31")
        world.put(world.account("ada").changed(expires_at=end))
        later = Change(Update(expires="2027-04-30"))
        assert not list(planned(world, later, named("ada")).exceptions())
        earlier = Change(Update(expires="2027-02-28"))
        assert dict(planned(world, earlier, named("ada")).exceptions()) == {
            "ada": Reason.LAST_ADMIN
        }

    def test_a_report_begins_with_what_the_plan_has_packed(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A page is made with it, of a plan that may leave a million accounts as they are."""
        plan = planned(world, DISABLE, named("ada", "nobody"))
        monkeypatch.setattr(Packed, "append", lambda *_: pytest.fail("all were packed again"))
        assert [one.username for one in Report(plan, "")] == ["ada", "nobody"]

    def test_a_plan_takes_no_lock(self, world: World) -> None:
        world.accounts.before_change = lambda: pytest.fail("the lock was taken")
        planned(world, Remove(), named("ada"))

    def test_a_name_without_an_account_is_refused(self, world: World) -> None:
        assert list(carried_out(world, Remove(), named("nobody"))) == [
            ("nobody", Outcome.REFUSED, Reason.UNKNOWN)
        ]

    def test_nobody_gives_permissions_that_they_do_not_have(self, world: World) -> None:
        world.add("dan", roles=("help-desk",))
        for act in (AddRole(ADMIN), Change(Update(roles=(ADMIN,)))):
            with pytest.raises(NotPermitted, match="only permissions that you have"):
                planned(world, act, named("ann"), world.session("dan"))

    def test_the_permission_is_needed(self, world: World) -> None:
        world.add("dan", roles=("help-desk",))
        with pytest.raises(NotPermitted):
            planned(world, DisableMfa(), named("ann"), world.session("dan"))
        with pytest.raises(NotPermitted):
            planned(world, REQUIRE, named("ann"), world.session("ann"))


class TestCarryingOut:
    @pytest.mark.parametrize(
        ("act", "event"),
        [
            (REQUIRE, EventType.USER_UPDATE),
            (DISABLE, EventType.USER_UPDATE),
            (AddRole("help-desk"), EventType.USER_UPDATE),
            (DisableMfa(), EventType.USER_RESET_MFA),
            (ResetPassword(), EventType.USER_RESET_PASSWORD),
            (Unlock(), EventType.USER_UNLOCK),
            (Remove(), EventType.USER_REMOVE),
        ],
    )
    def test_each_act_is_logged_with_its_batch_and_repeated_without_effect(
        self, world: World, act: Act, event: EventType
    ) -> None:
        for name in ("ann", "bea"):
            world.equip(name)
            locked(world, name)
        report = carried_out(world, act, named("ann", "bea"))
        assert [(one.username, one.outcome) for one in report] == [
            ("ann", Outcome.DONE),
            ("bea", Outcome.DONE),
        ]
        assert [(one.event, one.subject) for one in world.events] == [
            (event, "ann"),
            (event, "bea"),
        ]
        ends = {one.reason.split(" ")[-1] for one in world.events}
        assert ends == {f"batch={report.batch}"}
        again = carried_out(world, act, named("ann", "bea"))
        assert again.done == 0
        assert len(world.events) == 2

    def test_roles_are_added_to_those_there_are(self, world: World) -> None:
        world.settings(custom_roles={"help-desk": HELP_DESK, "auditor": ()})
        world.put(world.account("bea").changed(roles=("auditor",)))
        carried_out(world, AddRole("help-desk"), named("ann", "bea"))
        assert world.account("ann").roles == ("help-desk", MINIMUM)
        assert world.account("bea").roles == ("auditor", "help-desk")
        carried_out(world, RemoveRole("help-desk"), named("ann", "bea"))
        assert world.account("ann").roles == (MINIMUM,)
        assert world.account("bea").roles == ("auditor",)

    def test_initial_passwords_are_kept_before_they_are_valid(self, world: World) -> None:
        kept: dict[str, Secret] = {}

        def keep(name: str, password: Secret) -> None:
            assert world.account(name).initial_password_expires_at is None
            kept[name] = password

        report = batches.begin(
            world.ports, OPERATOR, planned(world, ResetPassword(), named("ann", "bea"))
        )
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None, hand_over=keep)
        assert [*kept] == ["ann", "bea"]
        for name, password in kept.items():
            state = password_state(world.account(name), world.clock())
            assert state is PasswordState.INITIAL
            assert world.begin(name, password.reveal()) is not None

    def test_if_a_password_cannot_be_kept_the_old_one_stays(self, world: World) -> None:
        before = world.account("ann")

        def fail(*_: object) -> None:
            message = "The disk is full."
            raise CannotCheck(message)

        report = batches.begin(world.ports, OPERATOR, planned(world, ResetPassword(), EVERYBODY))
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None, hand_over=fail)
        assert str(report.problem) == "The disk is full."
        assert (report.done, report.untouched) == (0, 4)
        assert world.account("ann") == before

    def test_a_batch_can_be_stopped_and_repeated(self, world: World) -> None:
        report = batches.begin(world.ports, OPERATOR, planned(world, REQUIRE, EVERYBODY))
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None, lambda: report.done < 2)
        assert (report.done, report.left, report.untouched) == (2, 0, 2)
        assert report.rest().names == {*report.plan.names[2:]}
        assert sentences.summary(report) == (
            "2 done. Stopped before the other 2: repeat it to go on."
        )
        again = carried_out(world, REQUIRE, EVERYBODY)
        assert sentences.summary(again) == "2 done, 2 left as they were: 2 already required."
        assert len({one.subject for one in world.events}) == 4

    def test_progress_is_shown(self, world: World) -> None:
        seen: list[tuple[int, int]] = []
        report = batches.begin(world.ports, OPERATOR, planned(world, REQUIRE, named("ann", "bea")))
        batches.carry_out(world.ports, OPERATOR, report, lambda *at: seen.append(at))
        assert seen == [(0, 2), (1, 2), (2, 2)]

    def test_a_proof_counts_until_the_end(self, world: World) -> None:
        session = world.session("ada")
        report = batches.begin(world.ports, session, planned(world, REQUIRE, EVERYBODY, session))
        batches.carry_out(
            world.ports, session, report, lambda *_: world.clock.forward(PROOF_LIFETIME)
        )
        assert report.done == 4
        assert report.problem is None
        with pytest.raises(ProofNeeded):
            batches.begin(world.ports, session, report.plan)

    def test_a_batch_ends_with_its_session(self, world: World) -> None:
        world.add_admin("bob")
        session = world.session("ada")
        report = batches.begin(world.ports, session, planned(world, REQUIRE, EVERYBODY, session))

        def disable(done: int, _of: int) -> None:
            if done == 2:
                administration.update_user(world.ports, OPERATOR, "ada", Update(enabled=False))

        batches.carry_out(world.ports, session, report, disable)
        assert isinstance(report.problem, SessionEnded)
        assert (report.done, report.untouched) == (2, 3)


class TestOthersMeanwhile:
    def test_a_user_who_no_longer_matches_is_left(self, world: World) -> None:
        plan = planned(world, Remove(), matching("status:enabled !role:admin"))
        world.put(world.account("bea").changed(enabled=False))
        report = batches.begin(world.ports, OPERATOR, plan)
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None)
        assert report[0] == ("bea", Outcome.REFUSED, Reason.NO_MATCH)
        assert world.accounts.names() == ["ada", "bea"]

    def test_a_new_account_of_the_same_name_is_left(self, world: World) -> None:
        report = batches.begin(world.ports, OPERATOR, planned(world, Remove(), named("ann", "bea")))
        world.clock.forward(1)
        administration.remove_user(world.ports, OPERATOR, "ann")
        administration.remove_user(world.ports, OPERATOR, "bea")
        administration.create_user(world.ports, OPERATOR, NewAccount("bea"))
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None)
        assert Counter(one.why for one in report) == {Reason.UNKNOWN: 2}
        assert "bea" in world.accounts.names()

    def test_roles_that_others_set_after_they_were_read_are_not_replaced(
        self, world: World
    ) -> None:
        world.settings(custom_roles={"help-desk": HELP_DESK, "auditor": ()})
        seen = world.account("ann")
        world.put(seen.changed(roles=("auditor",)))
        doing = Doing(world.ports, OPERATOR, lambda *_: None)
        for act in (AddRole("help-desk"), Change(Update(roles=("help-desk",)))):
            with pytest.raises(ChangedByOthers, match="has set roles to auditor in the meantime"):
                act.do(doing, seen)
        assert world.account("ann").roles == ("auditor",)

    def test_a_role_that_permits_more_by_now_is_not_given(self, world: World) -> None:
        plan = planned(world, AddRole("help-desk"), named("ann"))
        world.settings(custom_roles={"help-desk": tuple(Permission)})
        with pytest.raises(Refused, match="Roles were changed in the meantime"):
            batches.begin(world.ports, OPERATOR, plan)

    def test_a_role_that_gets_permissions_meanwhile_is_not_given(self, world: World) -> None:
        world.settings(custom_roles={"team": ()})
        plan = planned(world, AddRole("team"), named("ann", "bea"))
        report = batches.begin(world.ports, OPERATOR, plan)

        def permit(done: int, _of: int) -> None:
            if done == 1:
                world.settings(custom_roles={"team": tuple(Permission)})

        batches.carry_out(world.ports, OPERATOR, report, permit)
        assert isinstance(report.problem, Refused)
        assert (report.done, report.untouched) == (1, 1)
        with pytest.raises(Refused, match="Roles were changed in the meantime"):
            batches.begin(world.ports, OPERATOR, plan)

    @pytest.mark.parametrize("chosen", [named("ann", "bea"), matching("!role:admin", "cid")])
    @pytest.mark.parametrize(
        ("act", "theirs"),
        [
            (BECAUSE, {"enabled": False, "disabled_reason": "Away"}),
            (Change(Update(enabled=True)), {"enabled": False, "disabled_reason": "Away"}),
            (Change(Update(expires="2027-03-31")), {"expires_at": NOW + 86400}),
            (Change(Update(roles=("help-desk",))), {"roles": ("auditor",)}),
            (AddRole("help-desk"), {"roles": ("auditor",)}),
            (RemoveRole(MINIMUM), {"roles": ("auditor", MINIMUM)}),
            (DisableMfa(), {"second_factor": None}),
            (ResetPassword(), {"password": None}),
            (ResetPassword(invited=True), {"password": None}),
            (Remove(), {"mfa_required": True}),
            (Remove(), {"disabled_reason": "Away"}),
            (Remove(), {"password": None}),
            (Remove(), {"second_factor": None}),
        ],
    )
    def test_what_others_did_since_the_plan_is_left_until_it_is_repeated(
        self, world: World, act: Act, theirs: dict[str, object], chosen: Selection
    ) -> None:
        world.settings(custom_roles={"help-desk": HELP_DESK, "auditor": ()})
        for name in ("ann", "bea", "cid"):
            world.equip(name)
            fields: dict[str, object] = {"roles": ("auditor", "help-desk", MINIMUM)}
            if isinstance(act, AddRole):
                fields = {}
            if act == Change(Update(enabled=True)):
                fields = {"enabled": False, "disabled_reason": "Late"}
            world.put(world.account(name).changed(**fields))
        plan = planned(world, act, chosen)
        bea, others = world.account("bea"), world.account("cid")
        # What they set is somebody else's, wherever the account has such a part.
        set_ = {k: getattr(others, k) if v is None else v for k, v in theirs.items()}
        world.put(bea.changed(**set_))
        changed = world.account("bea")
        report = batches.begin(world.ports, OPERATOR, plan)
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None)
        assert list(report) == [
            ("bea", Outcome.REFUSED, Reason.CHANGED),
            ("ann", Outcome.DONE, ""),
        ]
        assert world.account("bea") == changed
        assert "1 changed by others since" in sentences.summary(report)
        assert carried_out(world, act, named("bea")).done == 1

    def test_what_others_did_in_the_same_way_is_so_already(self, world: World) -> None:
        plan = planned(world, DISABLE, named("ann"))
        world.put(world.account("ann").changed(enabled=False, disabled_reason="Away"))
        report = batches.begin(world.ports, OPERATOR, plan)
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None)
        assert [one.outcome for one in report] == [Outcome.ALREADY]

    def test_what_the_act_does_not_touch_may_have_changed(self, world: World) -> None:
        world.equip("ann")
        plan = planned(world, DisableMfa(), named("ann"))
        world.put(world.account("ann").changed(display_name="Ann", mfa_required=True))
        report = batches.begin(world.ports, OPERATOR, plan)
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None)
        assert report.done == 1

    @pytest.mark.parametrize("act", [DisableMfa(), ResetPassword(), Remove()])
    def test_what_others_do_in_the_last_moment_is_not_lost(self, world: World, act: Act) -> None:
        for name in ("ann", "bea"):
            world.equip(name)
        seen, bea = world.account("ann"), world.account("bea")
        world.put(seen.changed(password=bea.password, second_factor=bea.second_factor))
        with pytest.raises(ChangedByOthers):
            act.do(Doing(world.ports, OPERATOR, lambda *_: None), seen)

    def test_an_older_account_that_was_renamed_to_the_name_is_left(self, world: World) -> None:
        report = batches.begin(world.ports, OPERATOR, planned(world, Remove(), named("ann")))
        older = structs.replace(world.account("ann"), created_at=world.clock() - 1000)
        world.put(older)
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None)
        assert Counter(one.why for one in report) == {Reason.UNKNOWN: 1}
        assert world.account("ann") == older

    def test_the_last_admin_stays_even_if_the_plan_did_not_know(self, world: World) -> None:
        world.add_admin("bob")
        report = batches.begin(world.ports, OPERATOR, planned(world, DISABLE, named("ada")))
        administration.remove_user(world.ports, OPERATOR, "bob")
        batches.carry_out(world.ports, OPERATOR, report, lambda *_: None)
        (result,) = report
        assert result.why.startswith("ada is the last enabled admin.")
        assert sentences.summary(report) == "0 done, 1 left as it was: 1 refused."
