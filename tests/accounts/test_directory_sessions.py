"""In a session of an LDAP user: proofs, and changes in the directory."""

import pytest

from cwtui.accounts import (
    administration,
    provisioning,
    roles,
    self_service,
    throttle,
    unlocking,
)
from cwtui.accounts.directory_port import (
    DirectoryMisconfigured,
)
from cwtui.accounts.errors import (
    ProofNeeded,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME
from cwtui.accounts.sign_in_states import SignedIn
from tests.accounts.erin import LDAP_PASSWORD, SECRET, begin, directory_with_erin, session_of
from tests.accounts.memory_directory import MemoryDirectory
from tests.accounts.world import OPERATOR, PASSWORD, World


@pytest.fixture
def directory(world: World) -> MemoryDirectory:
    return directory_with_erin(world)


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
    assert isinstance(state, SignedIn)
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
    unlocking.unlock(world.ports, OPERATOR, "frank")
    assert isinstance(begin(world, "frank"), SignedIn)
    administration.remove_user(world.ports, OPERATOR, "frank")
    use_up()
    world.clock.forward(throttle.LONGEST_WAIT)
    assert isinstance(begin(world, "frank"), SignedIn)
