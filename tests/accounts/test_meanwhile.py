"""Nobody replaces unknowingly what somebody else changed since a page was opened."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from cwtui.accounts import administration, organization, public_keys, roles, user_mfa
from cwtui.accounts.errors import TO_EVERYTHING, ChangedByOthers, UnknownAccount
from cwtui.accounts.model import SshKey
from cwtui.accounts.session import Session
from cwtui.accounts.updates import Update
from tests.accounts.ssh_lines import ED25519
from tests.accounts.world import OPERATOR, World

SSH_KEY = SshKey("0a1b2c3d", "laptop", public_keys.parse(ED25519).key, 0)
AGREED = frozenset({ChangedByOthers})


@pytest.fixture
def ada(world: World) -> Session:
    world.add_admin("ada")
    world.add_admin("eve")
    world.add("bob", display_name="Bob")
    return world.session("ada")


def test_a_setting_that_somebody_else_changed_is_asked_about(world: World, ada: Session) -> None:
    seen = organization.show_settings(world.ports, ada)
    eve = world.session("eve")
    organization.update_settings(world.ports, eve, {"password_min": "12"})
    organization.update_settings(world.ports, OPERATOR, {"password_numeric": "2"})
    organization.update_settings(world.ports, eve, {"issuer": "a password_min=3"})
    world.session("bob")  # other events come between
    values = {"password_min": "8", "password_numeric": "1"}
    with pytest.raises(ChangedByOthers) as asked:
        organization.update_settings(world.ports, ada, values, seen=seen)
    assert str(asked.value) == (
        "eve and operator:root have set password_min to 12 and password_numeric to 2 in the "
        "meantime."
    )
    assert asked.value.sentence(
        {"password_min": "Minimum length", "password_numeric": "Digits"}
    ) == ("eve and operator:root have set Minimum length to 12 and Digits to 2 in the meantime.")
    assert world.accounts.settings().password_min == 12
    saved = organization.update_settings(world.ports, ada, values, AGREED, seen)
    assert (saved.settings.password_min, saved.settings.password_numeric) == (8, 1)
    assert saved.settings.issuer == "a password_min=3"


def test_other_settings_and_the_same_value_are_not_asked_about(world: World, ada: Session) -> None:
    seen = organization.show_settings(world.ports, ada)
    organization.update_settings(world.ports, OPERATOR, {"password_min": "12", "code_limit": "3"})
    saved = organization.update_settings(
        world.ports, ada, {"password_min": "12", "code_ban_minutes": "9"}, seen=seen
    )
    expected = {"password_min": 12, "code_limit": 3, "code_ban_minutes": 9}
    assert saved.settings == replace(seen, **expected)
    # Commands write what they are told, without having seen anything.
    organization.update_settings(world.ports, OPERATOR, {"code_limit": "4"}, TO_EVERYTHING)
    assert world.accounts.settings().code_limit == 4


def test_the_person_who_changed_it_may_be_unknown(world: World, ada: Session) -> None:
    seen = organization.show_settings(world.ports, ada)
    world.settings(password_min=12)
    with pytest.raises(ChangedByOthers, match=r"^Somebody has set password_min to 12 in"):
        organization.update_settings(world.ports, ada, {"password_min": "8"}, seen=seen)


def _roles(world: World) -> None:
    administration.update_user(
        world.ports, world.session("eve"), "bob", Update(roles=(roles.ADMIN,)), agreed=TO_EVERYTHING
    )


def _mfa(world: World) -> None:
    administration.update_user(world.ports, OPERATOR, "bob", Update(mfa_required=True))
    administration.update_user(world.ports, OPERATOR, "bob", Update(display_name="mfa_required="))


def _name(world: World) -> None:
    administration.update_user(world.ports, world.session("eve"), "bob", Update(display_name=""))


@pytest.mark.parametrize(
    ("change", "wanted", "said"),
    [
        (
            _roles,
            Update(roles=(roles.ADMIN, roles.MINIMUM)),
            "eve has set roles to connectware-admin",
        ),
        (_name, Update(display_name="Robert"), "eve has set display_name to nothing"),
    ],
)
def test_an_account_that_somebody_else_changed_is_asked_about(
    world: World, ada: Session, change: Callable[[World], None], wanted: Update, said: str
) -> None:
    seen = world.account("bob")
    change(world)
    before = world.account("bob")

    def update(agreed: frozenset[type[ChangedByOthers]] = frozenset()) -> bool:
        return administration.update_user(
            world.ports, ada, "bob", wanted, agreed=agreed, seen=seen
        ).changed

    with pytest.raises(ChangedByOthers, match=f"^{said} in the meantime"):
        update()
    assert world.account("bob") == before
    assert update(AGREED)


def test_a_flag_that_is_already_so_or_untouched_is_not_asked_about(
    world: World, ada: Session
) -> None:
    seen = world.account("bob")
    _mfa(world)
    assert not administration.update_user(
        world.ports, ada, "bob", Update(mfa_required=True), seen=seen
    ).changed
    administration.update_user(world.ports, ada, "bob", Update(roles=(roles.MINIMUM,)), seen=seen)
    bob = world.account("bob")
    assert (bob.mfa_required, bob.display_name) == (True, "mfa_required=")


def test_a_name_that_somebody_else_has_now_is_another_account(world: World, ada: Session) -> None:
    seen = world.account("bob")
    administration.check_is_still_there(world.ports, ada, seen)
    administration.remove_user(world.ports, OPERATOR, "bob")
    with pytest.raises(UnknownAccount):
        administration.check_is_still_there(world.ports, ada, seen)
    world.clock.forward(1)
    world.add("bob")
    with pytest.raises(UnknownAccount) as unknown:
        administration.check_is_still_there(world.ports, ada, seen)
    assert unknown.value.gone == "The account bob was removed or renamed in the meantime."


def test_a_reason_that_somebody_else_gave_is_not_replaced_unasked(
    world: World, ada: Session
) -> None:
    seen = world.account("bob")
    theirs = Update(enabled=False, disabled_reason="Reason A")
    administration.update_user(world.ports, OPERATOR, "bob", theirs)
    for mine in (Update(enabled=False, disabled_reason="Reason B"), Update(enabled=True)):
        with pytest.raises(ChangedByOthers) as asked:
            administration.update_user(
                world.ports, ada, "bob", mine, seen=seen.changed(enabled=False)
            )
        assert str(asked.value) == (
            "operator:root has set disabled_reason to Reason A in the meantime."
        )
    # Whoever saw no other reason enables the account, whenever it was enabled before.
    seen = world.account("bob")
    world.put(seen.changed(enabled_at=world.clock()))
    assert administration.update_user(world.ports, ada, "bob", mine, seen=seen).changed


def test_another_account_of_the_name_is_never_changed(world: World, ada: Session) -> None:
    seen = world.account("bob")
    world.put(seen.changed(created_at=seen.created_at + 1))
    with pytest.raises(UnknownAccount):
        administration.update_user(
            world.ports, ada, "bob", Update(enabled=False), agreed=AGREED, seen=seen
        )
    with pytest.raises(UnknownAccount):
        administration.remove_user(world.ports, ada, "bob", agreed=AGREED, seen=seen)


class TestLosses:
    """What others did to an account is not undone or lost unknowingly."""

    def test_a_password_that_somebody_else_has_just_reset(self, world: World, ada: Session) -> None:
        seen = world.account("bob")
        theirs = administration.reset_password(world.ports, world.session("eve"), "bob")
        with pytest.raises(ChangedByOthers) as asked:
            administration.reset_password(world.ports, ada, "bob", seen=seen)
        assert str(asked.value) == "eve has set password to a new one in the meantime."
        assert (asked.value.question, asked.value.act) == ("Continue anyway?", "Continue")
        assert world.begin("bob", theirs.password.reveal()) is not None
        administration.reset_password(world.ports, ada, "bob", agreed=AGREED, seen=seen)
        assert world.account("bob").password != theirs.account.password

    def test_a_device_that_the_user_has_added(self, world: World, ada: Session) -> None:
        world.equip("bob")
        seen = world.account("bob")
        world.equip_too("Tablet", "bob")
        with pytest.raises(ChangedByOthers, match=r"has set devices to .*, Tablet in the meantime"):
            user_mfa.disable_mfa(world.ports, ada, "bob", seen=seen)
        assert world.account("bob").second_factor is not None
        user_mfa.disable_mfa(world.ports, ada, "bob", seen=world.account("bob"))
        assert world.account("bob").second_factor is None

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"display_name": "Bob Reed"}, "display_name to Bob Reed"),
            ({"roles": ("connectware-admin",)}, "roles to connectware-admin"),
            ({"mfa_required": True}, "mfa_required to yes"),
            ({"enabled": False}, "enabled to no"),
            ({"disabled_reason": "Away"}, "disabled_reason to Away"),
            ({"ssh_keys": (SSH_KEY,)}, "ssh_keys to laptop"),
            ({"password": None}, "password to a new one"),
            ({}, "devices to"),
        ],
    )
    def test_an_account_is_not_removed_after_any_change(
        self, world: World, ada: Session, fields: dict[str, object], told: str
    ) -> None:
        seen = world.account("bob")
        world.put(seen.changed(**fields))
        if not fields:
            world.equip("bob")
        with pytest.raises(ChangedByOthers, match=f"Somebody has set {told}"):
            administration.remove_user(world.ports, ada, "bob", seen=seen)
        administration.remove_user(world.ports, ada, "bob", agreed=AGREED, seen=seen)
        assert world.accounts.get("bob") is None
