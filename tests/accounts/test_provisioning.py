"""LDAP users: the directory checks the password; account and MFA are kept here."""

import json

import pytest

from cwtui.accounts import (
    administration,
    provisioning,
    roles,
    self_service,
    sign_in,
)
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.directory_port import (
    CannotReachDirectory,
    CannotUseDirectory,
    DirectoryAccountLocked,
    DirectoryMisconfigured,
    DirectoryPasswordExpired,
)
from cwtui.accounts.errors import (
    CannotCheck,
    InvalidInput,
    Refused,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.model import Origin
from cwtui.accounts.roles import Permission
from cwtui.accounts.sign_in_states import CodeNeeded, EnrolmentNeeded, SignedIn
from cwtui.accounts.updates import Update
from tests.accounts.erin import LDAP_PASSWORD, SECRET, begin, directory_with_erin, session_of
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World

HELP_DESK = (Permission.READ_USERS, Permission.RESET_MFA)


@pytest.fixture
def directory(world: World) -> MemoryDirectory:
    return directory_with_erin(world)


# The first sign-in


def test_the_first_sign_in_creates_the_account(world: World, directory: MemoryDirectory) -> None:
    directory.add("erin", LDAP_PASSWORD, (roles.ADMIN, "unknown-role"), "Erin Example")
    state = begin(world)
    assert isinstance(state, SignedIn)
    account = world.account("erin")
    assert (account.origin, account.display_name) == (Origin.LDAP, "Erin Example")
    assert account.roles == (roles.ADMIN,)
    assert (account.password, account.directory_ids) == (None, {"entryUUID": "id-erin"})
    assert not account.mfa_required
    made = next(event for event in world.events if event.event is EventType.USER_CREATE)
    assert (made.actor, made.subject, made.source) == ("erin", "erin", HERE)
    assert made.reason.startswith('from the directory: display_name="Erin Example" roles=')


def test_mfa_can_be_required_from_the_first_sign_in(
    world: World, directory: MemoryDirectory
) -> None:
    """The seed: a flag for all new LDAP users."""
    session_of(world)
    world.settings(mfa_required_for_new_ldap_users=True)
    directory.add("frank", LDAP_PASSWORD)
    assert isinstance(begin(world, "frank"), EnrolmentNeeded)
    assert world.account("frank").mfa_required
    # Existing users are not new.
    assert isinstance(begin(world), SignedIn)
    administration.update_user(world.ports, OPERATOR, "frank", Update(mfa_required=False))
    assert isinstance(begin(world, "frank"), SignedIn)


@pytest.mark.parametrize("held", [(), ("unknown-role",)])
def test_no_account_is_created_without_a_role(
    world: World, directory: MemoryDirectory, held: tuple[str, ...]
) -> None:
    directory.add("erin", LDAP_PASSWORD, held)
    with pytest.raises(Refused) as refused:
        begin(world)
    assert str(refused.value) == (
        "You have no Connectware role in the directory. Ask an admin for one."
    )
    assert world.accounts.get("erin") is None


@pytest.mark.usefixtures("directory")
def test_a_wrong_password_creates_no_account(world: World) -> None:
    for name in ("erin", "nobody"):
        with pytest.raises(SignInFailed, match=r"^Username or password is wrong\.$"):
            begin(world, name, "wrong")
        assert world.accounts.get(name) is None
    assert {(event.subject, event.reason) for event in world.events} == {
        ("(no such account)", "wrong")
    }


@pytest.mark.parametrize("shown", ["\x1b[31mred", "x" * 300, "a\u202eb", "  two  words "])
def test_an_odd_display_name_is_kept_as_far_as_it_can_be_shown(
    world: World, directory: MemoryDirectory, shown: str
) -> None:
    directory.add("erin", LDAP_PASSWORD, display_name=shown)
    session_of(world)
    kept = world.account("erin").display_name
    assert kept
    assert len(kept) <= 100
    for written in (kept, *(event.reason for event in world.events)):
        assert "\x1b" not in written
        assert "\u202e" not in written


@pytest.mark.parametrize("quote", ["", '"', '\\"', "\u2003", "\u00a0"])
def test_a_display_name_cannot_forge_another_audit_field(
    world: World, directory: MemoryDirectory, quote: str
) -> None:
    """People may set their own display name, and auditors search for roles."""
    shown = f"E{quote} roles=connectware-admin"
    directory.add("erin", LDAP_PASSWORD, display_name=shown)
    session_of(world)
    made = world.events[0].reason
    name, end = json.JSONDecoder().raw_decode(made.partition("display_name=")[2])
    assert name == world.account("erin").display_name
    assert made.partition("display_name=")[2][end:].startswith(" roles=minimum-access ")


@pytest.mark.usefixtures("directory")
def test_a_name_with_a_realm_gets_a_hint_for_everyone(world: World) -> None:
    """Local account, LDAP user or nobody: the message is the same."""
    world.add("ann@plant.example")
    for name in ("ann@plant.example", "erin@plant.example", "nobody@plant.example"):
        with pytest.raises(SignInFailed) as refused:
            begin(world, name, "wrong")
        assert str(refused.value) == (
            "Username or password is wrong. Try your username without the @ and what follows it."
        )


def test_no_realm_hint_is_given_without_a_directory(world: World) -> None:
    with pytest.raises(SignInFailed, match=r"^Username or password is wrong\.$"):
        begin(world, "ann@plant.example", "wrong")


@pytest.mark.usefixtures("directory")
def test_a_domain_before_the_name_is_not_counted_as_an_attempt(world: World) -> None:
    with pytest.raises(InvalidInput, match="without a domain") as refused:
        begin(world, "PLANT\\erin")
    assert refused.value.field == "username"
    assert world.events == []
    assert world.records.kept == {}


@pytest.mark.parametrize("name", ["o'hara", "john doe", "r&d", "svc$"])
def test_ldap_names_and_made_up_names_are_treated_alike(
    world: World, directory: MemoryDirectory, name: str
) -> None:
    """With an account, without one yet, for an unknown name, and without a directory."""

    def sentences(typed: str) -> list[str]:
        found = []
        for _ in range(7):
            with pytest.raises(SignInFailed) as refused:
                begin(world, typed, "wrong")
            found.append(str(refused.value))
        return found

    directory.add(name, LDAP_PASSWORD)
    directory.add("b b", LDAP_PASSWORD)
    begin(world, name)
    known = sentences(name)
    assert known == sentences("b b") == sentences("c c")
    world.directory = None
    assert sentences("d d") == known


# At each sign-in


def test_each_sign_in_updates_roles_and_name(world: World, directory: MemoryDirectory) -> None:
    before = session_of(world)
    directory.add("erin", LDAP_PASSWORD, (roles.ADMIN,), "Erin Other")
    after = session_of(world)
    assert after.roles == (roles.ADMIN,)
    account = world.account("erin")
    assert account.display_name == "Erin Other"
    assert world.events[-2].reason == (
        'from the directory: display_name="Erin Other" roles=connectware-admin'
    )
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, before)


@pytest.mark.usefixtures("directory")
def test_an_unchanged_user_causes_no_write(world: World) -> None:
    session_of(world)
    commits = world.accounts.commits
    before = world.account("erin")
    session_of(world)
    assert world.account("erin") == before
    assert world.accounts.commits == commits  # and nobody was kept waiting for the lock
    assert world.event_types()[-2:] == [EventType.SIGN_IN, EventType.SIGN_IN]


@pytest.mark.usefixtures("directory")
def test_roles_and_name_of_ldap_users_cannot_be_edited(world: World) -> None:
    session_of(world)
    for update in (Update(roles=(roles.ADMIN,)), Update(display_name="Other")):
        with pytest.raises(Refused, match="come from the directory"):
            administration.update_user(world.ports, OPERATOR, "erin", update)
    administration.update_user(
        world.ports, OPERATOR, "erin", Update(mfa_required=True, enabled=False)
    )
    assert world.account("erin").mfa_required


@pytest.mark.usefixtures("directory")
def test_a_locally_disabled_ldap_user_cannot_sign_in(world: World) -> None:
    session_of(world)
    administration.update_user(world.ports, OPERATOR, "erin", Update(enabled=False))
    with pytest.raises(Refused, match="Your account is disabled"):
        begin(world)


def test_another_person_of_the_same_name_is_refused(
    world: World, directory: MemoryDirectory
) -> None:
    """entryUUID shows that the name was given to someone else."""
    session_of(world)
    directory.add("erin", LDAP_PASSWORD, (roles.ADMIN,), id_="somebody else")
    with pytest.raises(Refused) as refused:
        begin(world)
    assert str(refused.value) == (
        "This account was created for another person of the same name in the directory. Ask an "
        "admin to remove the account here."
    )
    assert world.account("erin").roles == (roles.MINIMUM,)


@pytest.mark.usefixtures("directory")
def test_mfa_works_as_for_local_users(world: World) -> None:
    session = session_of(world)
    offered = self_service.begin_enrolment(world.ports, session)
    device = Device(offered.totp_secret, ())
    session, codes = self_service.register_device(
        world.ports, session, offered, device.code(world.clock())
    )
    self_service.acknowledge_backup_codes(world.ports, session)
    world.clock.forward(30)
    state = begin(world)
    assert isinstance(state, CodeNeeded)
    state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, SignedIn)
    state = begin(world)
    assert isinstance(state, CodeNeeded)
    assert isinstance(sign_in.with_backup_code(world.ports, state, codes[0].reveal()), SignedIn)


# The same name twice


def test_a_local_account_wins_and_its_password_stays_here(
    world: World, directory: MemoryDirectory
) -> None:
    world.add("erin")
    assert isinstance(begin(world, "erin", PASSWORD), SignedIn)
    with pytest.raises(SignInFailed):
        begin(world)
    assert directory.asked == []
    assert world.account("erin").origin is Origin.LOCAL


@pytest.mark.usefixtures("directory")
def test_a_local_account_created_meanwhile_is_kept(world: World) -> None:
    world.accounts.before_change = lambda: world.add("erin")
    with pytest.raises(Refused) as refused:
        begin(world)
    assert str(refused.value) == "A local account now has this name. Start again."
    assert world.account("erin").origin is Origin.LOCAL


# What the directory refuses, and when it is down


@pytest.mark.parametrize("refusal", [DirectoryPasswordExpired, DirectoryAccountLocked])
def test_a_refusal_by_the_directory_is_passed_on(
    world: World, directory: MemoryDirectory, refusal: type[DirectoryPasswordExpired]
) -> None:
    directory.refusal = refusal("The directory says why.")
    with pytest.raises(SignInFailed, match=r"The directory says why\."):
        begin(world)
    assert world.accounts.get("erin") is None
    event = world.events[-1]
    if refusal is DirectoryPasswordExpired:  # only a right password gets this, so the name exists
        assert event.reason == f"correct, refused: {refusal.__name__}"
        assert (event.actor, event.subject) == ("erin", "erin")
    else:
        assert event.reason == refusal.__name__
        assert event.subject == "(no such account)"


def test_directory_configuration_is_hidden_from_users(
    world: World, directory: MemoryDirectory
) -> None:
    directory.broken = DirectoryMisconfigured("The directory refuses cn=reader,dc=example.")
    with pytest.raises(CannotUseDirectory) as refused:
        begin(world)
    assert "cn=reader" not in str(refused.value)
    assert "cwtui directory test USER" in str(refused.value)
    assert world.records.get("erin").password_attempts == {}


def test_attempts_during_a_directory_outage_do_not_count(
    world: World, directory: MemoryDirectory
) -> None:
    session_of(world)
    directory.down = True
    for _ in range(12):
        with pytest.raises(CannotReachDirectory):
            begin(world)
    assert world.records.get("erin").password_attempts == {}
    assert isinstance(begin(world, "ada", PASSWORD), SignedIn)
    directory.down = False
    assert isinstance(begin(world), SignedIn)


def test_failed_attempts_before_an_outage_still_count(
    world: World, directory: MemoryDirectory
) -> None:
    session_of(world)
    for _ in range(4):
        with pytest.raises(SignInFailed):
            begin(world, password="wrong")
    directory.down = True
    with pytest.raises(CannotReachDirectory):
        begin(world)
    directory.down = False
    with pytest.raises(SignInFailed):
        begin(world, password="wrong")
    asked = len(directory.asked)
    with pytest.raises(Throttled):
        begin(world)
    assert len(directory.asked) == asked  # it is not asked either


@pytest.mark.usefixtures("directory")
def test_attempts_at_unknown_names_are_throttled(world: World) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            begin(world, "nobody", "wrong")
    with pytest.raises(Throttled):
        begin(world, "nobody", "wrong")


@pytest.mark.usefixtures("directory")
def test_an_ldap_user_needs_a_configured_directory(world: World) -> None:
    session = session_of(world)
    world.directory = None
    with pytest.raises(SignInFailed):
        begin(world)
    provisioning.check_session(world.ports, session)  # nobody can be asked
    with pytest.raises(CannotCheck, match="No directory is configured"):
        self_service.prove(world.ports, session, SECRET, None)


def test_a_custom_role_of_the_directory_is_given_and_taken(
    world: World, directory: MemoryDirectory
) -> None:
    world.settings(custom_roles={"help-desk": HELP_DESK})
    directory.add("erin", LDAP_PASSWORD, ("help-desk",))
    session = session_of(world)
    assert world.account("erin").roles == ("help-desk",)
    assert session.permissions == {*HELP_DESK}
    provisioning.check_session(world.ports, session)
    directory.add("erin", LDAP_PASSWORD, (roles.MINIMUM,))
    with pytest.raises(SessionEnded):
        provisioning.check_session(world.ports, session)
    assert session_of(world).permissions == frozenset()


def test_a_custom_role_of_the_directory_must_be_one_here(
    world: World, directory: MemoryDirectory
) -> None:
    directory.add("erin", LDAP_PASSWORD, ("help-desk",))
    with pytest.raises(Refused, match="You have no Connectware role in the directory"):
        begin(world)
    assert world.accounts.get("erin") is None


def test_a_role_that_is_removed_during_a_sign_in_is_not_given(
    world: World, directory: MemoryDirectory
) -> None:
    world.settings(custom_roles={"help-desk": (Permission.READ_USERS,)})
    directory.add("erin", LDAP_PASSWORD, ("help-desk", roles.MINIMUM))
    world.accounts.before_change = lambda: world.settings(custom_roles={})
    begin(world)
    assert world.account("erin").roles == (roles.MINIMUM,)
