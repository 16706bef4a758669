"""Accounts are created from a file: all or none, once, and with what they had elsewhere."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace

import bcrypt
import pytest

from cwtui.accounts import sign_in
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import (
    TO_EVERYTHING,
    TO_NOTHING,
    Agreed,
    CannotCheck,
    GivesPower,
    NotPermitted,
    Refused,
)
from cwtui.accounts.importing import creating, formats, lines, planning
from cwtui.accounts.importing.creating import Made
from cwtui.accounts.importing.planning import Plan
from cwtui.accounts.model import Account, Attempts, Origin, PasswordHash, SignInRecord
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import Actor
from cwtui.accounts.sign_in_states import CodeNeeded, NewPasswordNeeded, SignedIn
from cwtui.accounts.unix_users import UnixUser
from tests.accounts.world import NOW, OPERATOR, PASSWORD, Device, World

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
URI = f"otpauth://totp/Example:ann?secret={KEY}&issuer=Example"
SUDO = UnixUser(1000, frozenset({"sudo"}), owns_store=False)


@pytest.fixture
def world() -> World:
    made = World()
    made.add_admin()
    return made


def planned(world: World, *given: dict[str, object], actor: Actor = OPERATOR) -> Plan:
    content = "\n".join(json.dumps(one) for one in given).encode()
    found = formats.entries(lines.lines(io.BytesIO(content)))
    return planning.plan(world.ports, actor, found)


def ann(**fields: object) -> dict[str, object]:
    return {"username": "ann", "password_hash": HASH} | fields


def create(
    world: World, plan: Plan, agreed: Agreed = TO_NOTHING, actor: Actor = OPERATOR
) -> list[Made]:
    """Create the accounts, and return those with an initial password."""
    handed_over: list[Made] = []

    def hand_over(made: Sequence[Made]) -> None:
        assert all(world.accounts.get(one.account.username) is None for one in made)
        handed_over.extend(made)

    creating.create(world.ports, actor, plan, hand_over, lambda *_: None, 2, agreed)
    return handed_over


def reasons(plan: Plan) -> list[tuple[int, str, bool]]:
    return [(one.place.number, one.reason, one.exists) for one in plan.problems]


class TestPlan:
    def test_a_username_twice_is_refused(self, world: World) -> None:
        plan = planned(world, ann(), ann(username="ANN"), ann(username="\uff41nn"))
        assert [one.username for one in plan.new] == ["ann"]
        again = "Line 1 already has this username."
        assert reasons(plan) == [(2, again, False), (3, again, False)]

    def test_an_account_that_is_as_in_the_file_is_unchanged(self, world: World) -> None:
        world.put(Account(username="ann", created_at=NOW, display_name="Ann", mfa_required=True))
        for fields in (
            {},
            {"display_name": "Ann"},
            {"mfa_required": "yes", "enabled": "yes", "roles": ["minimum-access"]},
            {"otpauth_uris": URI},
        ):
            plan = planned(world, ann(**fields))
            assert [one.username for one in plan.unchanged] == ["ann"], fields
            assert not plan.new
            assert not plan.problems

    def test_an_account_that_differs_is_refused_with_the_difference(self, world: World) -> None:
        world.put(Account(username="ann", created_at=NOW, display_name="Ann", mfa_required=True))
        plan = planned(
            world,
            ann(display_name="Bea", mfa_required=False, enabled=False, role="connectware-admin"),
        )
        differs = (
            'The account exists, and differs: display_name is "Ann", not "Bea"; roles is '
            "minimum-access, not connectware-admin; mfa_required is yes, not no; enabled is yes, "
            "not no."
        )
        assert reasons(plan) == [(1, differs, True)]

    def test_ldap_users_are_not_created(self, world: World) -> None:
        world.put(Account(username="kept", created_at=NOW, origin=Origin.LDAP))
        plan = planned(
            world,
            ann(origin="ldap"),
            {"username": "kept", "origin": "ldap"},
            {"username": "kept2", "origin": "local"},
            {"username": "ada", "origin": "ldap"},
        )
        assert [one.username for one in plan.new] == ["kept2"]
        assert [one.username for one in plan.unchanged] == ["kept"]
        assert [(line, exists) for line, _, exists in reasons(plan)] == [(1, False), (4, True)]

    def test_look_alikes_are_found_in_the_store_and_in_the_file(self, world: World) -> None:
        plan = planned(world, ann(username="4da"), ann(username="bob"), ann(username="b0b"))
        assert plan.looks_like == {"4da": ("ada",), "bob": ("b0b",), "b0b": ("bob",)}

    def test_planning_needs_the_permission_to_manage_users(self, world: World) -> None:
        world.add("bob")
        with pytest.raises(NotPermitted):
            planned(world, ann(), actor=world.session("bob"))


class TestCreate:
    def test_an_account_has_what_the_file_says(self, world: World) -> None:
        world.records.kept["ann"] = SignInRecord(password_attempts={"": Attempts(3, NOW)})
        plan = planned(world, ann(display_name="Ann", mfa_required=True, enabled=False))
        assert create(world, plan) == []
        made = world.account("ann")
        assert (made.display_name, made.mfa_required, made.enabled) == ("Ann", True, False)
        assert (made.created_at, made.roles) == (NOW, ("minimum-access",))
        assert not made.must_change_password
        assert world.records.get("ann") == SignInRecord()

    def test_a_hash_is_renewed_at_the_first_sign_in(self, world: World) -> None:
        create(world, planned(world, ann()))
        before = world.account("ann").password
        assert before is not None
        assert (before.key, before.bcrypt) == (None, HASH)
        with pytest.raises(Refused):
            world.begin("ann", password="wrong")
        assert world.account("ann").password == before
        assert isinstance(world.begin("ann"), SignedIn)
        after = world.account("ann").password
        assert after is not None
        assert after.key == world.keyring.active
        assert isinstance(world.begin("ann"), SignedIn)

    def test_a_hash_needs_no_key(self, world: World) -> None:
        create(world, planned(world, ann()))
        [row] = [row for row in world.accounts.protected() if row.username == "ann"]
        assert row.keys == frozenset()

    def test_codes_of_a_device_are_accepted(self, world: World) -> None:
        other = "K" * 32
        uris = [URI, URI.replace(KEY, other)]
        create(world, planned(world, ann(otpauth_uris=uris)))
        factor = world.account("ann").second_factor
        assert factor is not None
        assert [device.name for device in factor.devices] == ["Phone", "Phone 2"]
        for key in (KEY, other):
            state = world.begin("ann")
            assert isinstance(state, CodeNeeded)
            code = Device(Secret(key), ()).code(world.clock())
            state = sign_in.with_one_time_code(world.ports, state, code)
            assert isinstance(state, SignedIn)
        kept = str(world.accounts.get("ann"))
        assert KEY not in kept

    def test_an_initial_password_is_made_without_a_hash(self, world: World) -> None:
        plan = planned(world, ann(), {"username": "bob"}, {"username": "cho"})
        assert plan.without_password == 2
        made = create(world, plan)
        assert [one.account.username for one in made] == ["bob", "cho"]
        initial = [one.password for one in made if one.password is not None]
        assert len({one.reveal() for one in initial}) == 2
        assert isinstance(world.begin("cho", initial[1].reveal()), NewPasswordNeeded)
        world.clock.forward(8 * 24 * 3600)
        with pytest.raises(Refused):
            world.begin("bob", initial[0].reveal())

    def test_each_account_and_the_import_are_logged(self, world: World) -> None:
        world.audit.events.clear()
        plan = planned(world, ann(otpauth_uris=URI), ann(username="4da"))
        create(world, plan)
        assert world.event_types() == [
            EventType.USER_CREATE,
            EventType.USER_CREATE,
            EventType.USER_IMPORT,
        ]
        first, second, last = world.events
        batch = last.reason.split()[-1]
        assert last.reason == f"created=2 {batch}"
        assert first.reason == f"roles=minimum-access devices=1 {batch}"
        assert second.reason == f"roles=minimum-access looks_like=ada {batch}"
        assert (first.subject, second.subject, last.subject) == ("ann", "4da", "")

    def test_new_permissions_must_be_agreed_to(self, world: World) -> None:
        plan = planned(world, ann(role="connectware-admin"))
        with pytest.raises(GivesPower, match="1 new account will have permissions: ann"):
            create(world, plan)
        assert world.accounts.get("ann") is None
        create(world, plan, TO_EVERYTHING)
        assert world.account("ann").is_admin

    @pytest.mark.parametrize("names", [None, frozenset({"ann"})])
    def test_a_unix_user_must_be_agreed_to(
        self, world: World, names: frozenset[str] | None
    ) -> None:
        ports = replace(world.ports, unix_user=lambda _: SUDO, unix_names=lambda: names)
        found = formats.entries(lines.lines(io.BytesIO(json.dumps(ann()).encode())))
        plan = planning.plan(ports, OPERATOR, found)
        assert plan.powers == {"ann": "may become root (group sudo)"}
        with pytest.raises(GivesPower, match="name of a Unix user"):
            create(world, plan)

    def test_creating_needs_the_permission_to_manage_users(self, world: World) -> None:
        world.add("bob")
        plan = planned(world, ann())
        with pytest.raises(NotPermitted):
            create(world, plan, actor=world.session("bob"))
        assert world.accounts.get("ann") is None

    @pytest.mark.parametrize("others", [0, 200])
    def test_a_name_that_others_took_meanwhile_refuses_all(self, world: World, others: int) -> None:
        plan = planned(world, *(ann(username=f"new{n}") for n in range(others)), ann())
        world.audit.events.clear()
        world.accounts.before_change = lambda: world.put(Account(username="ann", created_at=1.0))
        with pytest.raises(Refused, match="Others have created ann"):
            create(world, plan)
        assert world.accounts.names() == ["ada", "ann"]
        assert not world.events

    def test_nothing_is_created_without_its_event(self, world: World) -> None:
        plan = planned(world, ann(), ann(username="bob"))
        world.audit.fails = True
        with pytest.raises(CannotCheck):
            create(world, plan)
        assert world.accounts.names() == ["ada"]


class TestForeignHashes:
    """What bcrypt does with what other programs gave it."""

    @pytest.mark.parametrize("extra", ["x", "\0x"])
    def test_characters_that_bcrypt_would_ignore_make_a_wrong_password(
        self, world: World, extra: str
    ) -> None:
        right = "p" * 72 if extra == "x" else "p" * 8
        hashed = bcrypt.hashpw(right.encode(), bcrypt.gensalt(4)).decode()
        create(world, planned(world, ann(password_hash=hashed)))
        kept = world.account("ann").password
        assert passwords.is_password(Secret(right), kept, world.keyring, 4)
        assert not passwords.is_password(Secret(right + extra), kept, world.keyring, 4)

    def test_bits_that_bcrypt_does_not_use_do_not_matter(self, world: World) -> None:
        clean = bcrypt.hashpw(PASSWORD.encode(), b"$2b$04$" + b"c" * 21 + b"O").decode()
        other = clean.replace("cO", "cS")[:-1] + chr(ord(clean[-1]) + 1)
        with pytest.raises(ValueError, match="salt"):
            bcrypt.checkpw(PASSWORD.encode(), other.encode())
        create(world, planned(world, ann(password_hash=other)))
        kept = world.account("ann").password
        assert kept is not None
        assert kept.bcrypt == clean
        # An older import stored it as it came.
        for stored in (clean, other):
            kept = PasswordHash(None, stored)
            assert passwords.is_password(Secret(PASSWORD), kept, world.keyring, 4)
            assert not passwords.is_password(Secret("wrong"), kept, world.keyring, 4)

    def test_a_hash_of_a_higher_cost_is_not_taken_over(self, world: World) -> None:
        costly = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()
        plan = planned(world, ann(), ann(username="bob", password_hash=costly))
        [note] = plan.notes
        assert (note.place.number, note.username) == (2, "bob")
        assert note.sentence == (
            "Its password hash has cost 5, above passwords.bcrypt_cost, which is 4: the password "
            "is not taken over."
        )
        assert [one.account.username for one in create(world, plan)] == ["bob"]
        assert world.account("bob").must_change_password
        world.bcrypt_cost = 5
        assert planned(world, ann(username="cho", password_hash=costly)).without_password == 0

    def test_a_wrong_password_takes_as_long_as_any(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create(world, planned(world, ann()))
        kept = world.account("ann").password
        spent: list[int] = []
        hashpw = bcrypt.hashpw

        def counted(text: bytes, salt: bytes) -> bytes:
            spent.append(1 << int(salt.split(b"$")[2]))
            return hashpw(text, salt)

        monkeypatch.setattr(bcrypt, "hashpw", counted)
        monkeypatch.setattr(bcrypt, "checkpw", lambda text, kept: counted(text, kept[:29]) == kept)
        for typed in ("wrong", "x" * 80, "a\0b"):
            assert not passwords.is_password(Secret(typed), kept, world.keyring, 6)
            assert sum(spent) == 1 << 6
            spent.clear()
