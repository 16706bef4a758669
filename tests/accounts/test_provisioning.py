"""LDAP users: the directory checks the password; account and MFA are kept here."""

import json
from dataclasses import replace

import pytest

from cwtui.accounts import (
    administration,
    provisioning,
    roles,
    self_service,
    sign_in,
    synchronising,
    throttle,
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
    ProofNeeded,
    Refused,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME, Session
from cwtui.accounts.settings import Mfa
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import HERE, OPERATOR, PASSWORD, Device, World

LDAP_PASSWORD = "Havel-7.Ketzin"
SECRET = Secret(LDAP_PASSWORD)


@pytest.fixture
def directory(world: World) -> MemoryDirectory:
    """A directory with erin; the store has a local admin."""
    found = MemoryDirectory()
    found.add("erin", LDAP_PASSWORD, display_name="Erin Example")
    world.directory = found
    world.add_admin("ada")
    return found


def begin(world: World, username: str = "erin", password: str = LDAP_PASSWORD) -> sign_in.State:
    return sign_in.with_password(world.ports, username, Secret(password), HERE)


def session_of(world: World) -> Session:
    state = begin(world)
    assert isinstance(state, sign_in.SignedIn)
    return state.session


# The first sign-in


def test_the_first_sign_in_creates_the_account(world: World, directory: MemoryDirectory) -> None:
    directory.add("erin", LDAP_PASSWORD, (roles.ADMIN, "unknown-role"), "Erin Example")
    state = begin(world)
    assert isinstance(state, sign_in.SignedIn)
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
    assert isinstance(begin(world, "frank"), sign_in.EnrolmentNeeded)
    assert world.account("frank").mfa_required
    # Existing users are not new.
    assert isinstance(begin(world), sign_in.SignedIn)
    administration.update_user(world.ports, OPERATOR, "frank", mfa_required=False)
    assert isinstance(begin(world, "frank"), sign_in.SignedIn)


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
    for fields in ({"chosen_roles": [roles.ADMIN]}, {"display_name": "Other"}):
        with pytest.raises(Refused, match="come from the directory"):
            administration.update_user(world.ports, OPERATOR, "erin", **fields)
    administration.update_user(world.ports, OPERATOR, "erin", mfa_required=True, enabled=False)
    assert world.account("erin").mfa_required


@pytest.mark.usefixtures("directory")
def test_a_locally_disabled_ldap_user_cannot_sign_in(world: World) -> None:
    session_of(world)
    administration.update_user(world.ports, OPERATOR, "erin", enabled=False)
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
    assert isinstance(state, sign_in.CodeNeeded)
    state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, sign_in.SignedIn)
    state = begin(world)
    assert isinstance(state, sign_in.CodeNeeded)
    assert isinstance(
        sign_in.with_backup_code(world.ports, state, codes[0].reveal()), sign_in.SignedIn
    )


# The same name twice


def test_a_local_account_wins_and_its_password_stays_here(
    world: World, directory: MemoryDirectory
) -> None:
    world.add("erin")
    assert isinstance(begin(world, "erin", PASSWORD), sign_in.SignedIn)
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
        assert event.reason == "correct, refused: The directory says why."
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
    assert isinstance(begin(world, "ada", PASSWORD), sign_in.SignedIn)
    directory.down = False
    assert isinstance(begin(world), sign_in.SignedIn)


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


# In a session


@pytest.mark.usefixtures("directory")
def test_a_proof_is_checked_by_the_directory(world: World) -> None:
    session = session_of(world)
    world.clock.forward(PROOF_LIFETIME + 1)
    with pytest.raises(ProofNeeded):
        self_service.begin_enrolment(world.ports, session)
    with pytest.raises(SignInFailed, match="The password is wrong"):
        self_service.prove(world.ports, session, Secret("wrong"), None)
    proved = self_service.prove(world.ports, session, SECRET, None)
    self_service.begin_enrolment(world.ports, proved)


@pytest.mark.usefixtures("directory")
def test_the_overview_sends_ldap_users_to_the_directory(world: World) -> None:
    """The seed: LDAP users cannot change their password here."""
    session = session_of(world)
    overview = self_service.overview(world.ports, session)
    assert "LDAP user" in overview.change_password_refusal


@pytest.mark.parametrize("what", ["removed", "disabled", "somebody else"])
def test_a_user_gone_from_the_directory_loses_the_session(
    world: World, directory: MemoryDirectory, what: str
) -> None:
    session = session_of(world)
    provisioning.check_session(world.ports, session)
    match what:
        case "removed":
            del directory.people["erin"]
        case "disabled":
            directory.add("erin", LDAP_PASSWORD, enabled=False)
        case _:
            directory.add("erin", LDAP_PASSWORD, id_="other")
    with pytest.raises(SessionEnded) as over:
        provisioning.check_session(world.ports, session)
    assert (str(over.value), over.value.reason) == (
        (
            "Your account was removed, renamed or disabled in the directory. Sign in again, or "
            "ask an admin."
        ),
        "gone from the directory",
    )


def test_changed_roles_in_the_directory_end_the_session(
    world: World, directory: MemoryDirectory
) -> None:
    session = session_of(world)
    directory.add("erin", LDAP_PASSWORD, (roles.ADMIN,))
    with pytest.raises(SessionEnded) as over:
        provisioning.check_session(world.ports, session)
    assert (str(over.value), over.value.reason) == (
        "Your roles were changed in the directory. Sign in again to use your new roles.",
        "roles changed",
    )


def test_a_directory_outage_ends_no_session(world: World, directory: MemoryDirectory) -> None:
    session = session_of(world)
    directory.down = True
    provisioning.check_session(world.ports, session)


def test_a_misconfigured_directory_ends_no_session(
    world: World, directory: MemoryDirectory
) -> None:
    session = session_of(world)
    directory.broken = DirectoryMisconfigured("The directory answers with an error.")
    provisioning.check_session(world.ports, session)


def test_a_local_session_does_not_ask_the_directory(
    world: World, directory: MemoryDirectory
) -> None:
    directory.down = True
    state = begin(world, "ada", PASSWORD)
    assert isinstance(state, sign_in.SignedIn)
    provisioning.check_session(world.ports, state.session)
    assert directory.looked_up == []


def test_a_proof_ends_the_session_of_a_reassigned_name(
    world: World, directory: MemoryDirectory
) -> None:
    """The name now belongs to someone else; the old session is not theirs."""
    directory.add("erin", LDAP_PASSWORD, (roles.ADMIN,))
    session = session_of(world)
    directory.add("erin", "another's", id_="somebody else")
    with pytest.raises(SessionEnded):
        self_service.prove(world.ports, session, Secret("another's"), None)


def test_early_failed_attempts_lock_nobody_out_for_good(
    world: World, directory: MemoryDirectory
) -> None:
    """Before an account exists, an admin can unlock the name, and so does waiting a day."""

    def use_up() -> None:
        failures = 0
        while failures < throttle.MOST + 10:
            with pytest.raises(SignInFailed) as failed:
                begin(world, "frank", "wrong")
            if isinstance(failed.value, Throttled):
                assert failed.value.until is not None
                world.clock.at = failed.value.until
            else:
                failures += 1
        with pytest.raises(Throttled):
            begin(world, "frank")

    directory.add("frank", LDAP_PASSWORD)
    use_up()
    administration.unlock(world.ports, OPERATOR, "frank")
    assert isinstance(begin(world, "frank"), sign_in.SignedIn)
    administration.remove_user(world.ports, OPERATOR, "frank")
    use_up()
    world.clock.forward(throttle.LONGEST_WAIT)
    assert isinstance(begin(world, "frank"), sign_in.SignedIn)


# Synchronizing


def sync(world: World, *, force: bool = False) -> synchronising.Synchronised:
    directory = provisioning.directory_of(world.ports)
    return synchronising.sync(
        world.ports, directory, OPERATOR, lambda _done, _of: None, force=force
    )


def ldap_account(world: World, username: str) -> Account:
    return world.put(
        Account(
            username=username,
            created_at=world.clock(),
            origin=Origin.LDAP,
            directory_ids={"entryUUID": f"id-{username}"},
        )
    )


def test_sync_marks_missing_users_and_name_conflicts(
    world: World, directory: MemoryDirectory
) -> None:
    session_of(world)
    ldap_account(world, "gone")
    ldap_account(world, "frank")
    directory.add("frank", LDAP_PASSWORD, id_="somebody else")
    world.add("henry")
    directory.add("henry", LDAP_PASSWORD)
    found = sync(world)
    assert found == synchronising.Synchronised(("frank", "gone"), (), ("henry",))
    assert world.account("gone").gone_since == world.clock()
    assert world.account("henry").in_directory_too
    assert world.account("erin").gone_since is None
    assert world.event_types()[-3:] == [EventType.USER_UPDATE] * 3
    written = len(world.events)
    world.clock.forward(60)
    again = sync(world)
    assert again == found
    assert len(world.events) == written
    assert world.account("gone").gone_since == world.clock() - 60


def test_a_user_marked_missing_by_sync_cannot_act(world: World, directory: MemoryDirectory) -> None:
    """The next check of an open session may be minutes away."""
    session = session_of(world)
    sync(world)
    self_service.overview(world.ports, session)
    del directory.people["erin"]
    sync(world, force=True)
    with pytest.raises(SessionEnded):
        self_service.overview(world.ports, session)


def test_sync_clears_marks_that_no_longer_apply(world: World, directory: MemoryDirectory) -> None:
    ldap_account(world, "gone")
    world.add("henry", in_directory_too=True)
    sync(world, force=True)
    directory.add("gone", LDAP_PASSWORD)
    found = sync(world)
    assert found == synchronising.Synchronised((), ("gone",), ())
    assert world.account("gone").gone_since is None
    assert not world.account("henry").in_directory_too


@pytest.mark.usefixtures("directory")
def test_a_sign_in_clears_the_missing_mark(world: World) -> None:
    session_of(world)
    world.put(world.account("erin").changed(gone_since=world.clock()))
    session_of(world)
    assert world.account("erin").gone_since is None


@pytest.mark.usefixtures("directory")
def test_sync_works_in_batches(world: World) -> None:
    for number in range(synchronising.BATCH + 3):
        ldap_account(world, f"a{number:04d}")
    commits = world.accounts.commits
    found = sync(world, force=True)
    assert len(found.gone) == synchronising.BATCH + 3
    assert world.accounts.commits == commits + 2


def test_sync_during_an_outage_marks_nobody(world: World, directory: MemoryDirectory) -> None:
    ldap_account(world, "gone")
    directory.down = True
    with pytest.raises(CannotReachDirectory):
        sync(world)
    assert world.account("gone").gone_since is None


@pytest.mark.usefixtures("directory")
def test_disabled_mfa_applies_to_ldap_users_too(world: World) -> None:
    world.settings(mfa=Mfa.OFF, mfa_required_for_new_ldap_users=True)
    assert isinstance(begin(world), sign_in.SignedIn)


def test_a_missing_directory_is_explained(world: World) -> None:
    ports: Ports = replace(world.ports, directory=None)
    with pytest.raises(CannotCheck) as refused:
        provisioning.directory_of(ports)
    assert str(refused.value) == (
        "No directory is configured: the configuration has no [directory] section."
    )
