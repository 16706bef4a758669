"""Several servers: tried in order, dead ones skipped for a while, one definite answer."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui.accounts.directory_port import CannotReachDirectory, WrongDirectoryPassword
from cwtui.accounts.errors import CannotCheck
from cwtui.directory.client import LdapDirectory
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.servers import SKIP_SECONDS, Server, Servers
from tests.accounts.world import Clock
from tests.directory.people import LDIF, PASSWORD, WRONG, config, direct, plain, steps
from tests.servers import ber, odd_servers
from tests.servers import slapd as servers
from tests.servers.certificates import Certificate
from tests.servers.ports import free_port
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.usefixtures("library")

A, B, C = (Server(f"ldaps://{name}", name, 636, "ldaps") for name in "abc")


@pytest.fixture
def mortal(tmp_path: Path, certificate: Certificate) -> Iterator[Slapd]:
    """A server that the test may kill."""
    folder = tmp_path / "mortal"
    folder.mkdir()
    with servers.start(folder, certificate, LDIF) as running:
        yield running


def asked(directory: LdapDirectory) -> list[str]:
    """The servers asked when looking up alice, in order."""
    told = steps(directory, "alice")
    return [step.sentence.split()[0] for step in told if step.what == "server"]


def test_servers_are_tried_in_order_and_dead_ones_skipped() -> None:
    clock = Clock(1000.0)
    some = Servers((A, B, C), clock)
    assert list(some.in_turn()) == [(A, 3), (B, 2), (C, 1)]
    some.did_not_answer(A)
    assert list(some.in_turn()) == [(B, 2), (C, 1)]
    clock.forward(SKIP_SECONDS - 1)
    some.did_not_answer(B)
    assert list(some.in_turn()) == [(C, 1)]
    clock.forward(1)
    assert list(some.in_turn()) == [(A, 2), (C, 1)]
    some.did_not_answer(A)
    some.did_not_answer(C)
    # None is left, so all are asked.
    assert list(some.in_turn()) == [(A, 3), (B, 2), (C, 1)]
    some.answered(C)
    assert list(some.in_turn()) == [(C, 1)]


def test_the_second_server_answers_if_the_first_is_dead(
    tmp_path: Path, slapd: Slapd, ca_file: Path
) -> None:
    clock = Clock()
    dead = f"ldaps://127.0.0.1:{free_port()}"
    settings = config(tmp_path, dead, slapd.ldaps, ca_file=str(ca_file))
    directory = LdapDirectory(settings, clock=clock)
    assert directory.check_password("alice", PASSWORD).username == "alice"
    assert asked(directory) == [slapd.ldaps]
    clock.forward(SKIP_SECONDS)
    assert asked(directory) == [dead, slapd.ldaps]


def test_a_server_without_tls_does_not_affect_the_others(
    tmp_path: Path, slapd: Slapd, ca_file: Path
) -> None:
    """ldaps:// to an ldap:// port; StartTLS applies to the second server, not the first."""
    mistaken = f"ldaps://127.0.0.1:{slapd.port}"
    settings = config(tmp_path, mistaken, slapd.ldap, starttls=True, ca_file=str(ca_file))
    directory = LdapDirectory(settings)
    assert asked(directory) == [mistaken, slapd.ldap]
    told = {step.what: step for step in steps(directory, "alice")}
    assert told["tls"].ok


def test_a_hanging_first_server_leaves_time_for_the_second(tmp_path: Path, slapd: Slapd) -> None:
    with odd_servers.silent() as port:
        settings = config(
            tmp_path,
            f"ldap://127.0.0.1:{port}",
            slapd.ldap,
            unsafe_plain_ldap_on_loopback=True,
            bind_seconds=0.2,
        )
        assert LdapDirectory(settings).check_password("alice", PASSWORD).username == "alice"


def test_if_all_servers_are_dead_each_reason_is_given(tmp_path: Path) -> None:
    urls = [f"ldaps://127.0.0.1:{free_port()}" for _ in range(2)]
    directory = LdapDirectory(config(tmp_path, *urls))
    for call in (
        lambda: directory.check_password("alice", PASSWORD),
        lambda: directory.find("alice"),
        lambda: directory.find_all(["alice"], lambda _done, _of: None),
    ):
        with pytest.raises(CannotReachDirectory) as unreachable:
            call()
        assert unreachable.value.reasons == tuple(f"{url} connection refused" for url in urls)


@pytest.mark.parametrize("bind", ["search", "direct"])
def test_a_connection_cut_during_a_search_is_handled(
    tmp_path: Path, slapd: Slapd, bind: str
) -> None:
    with odd_servers.cut_in_search(slapd.port) as port:
        broken = f"ldap://127.0.0.1:{port}"
        plainly = {"unsafe_plain_ldap_on_loopback": True}

        def directory(*urls: str) -> LdapDirectory:
            settings = (
                config(tmp_path, *urls, **plainly) if bind == "search" else direct(*urls, **plainly)
            )
            return LdapDirectory(settings)

        with pytest.raises(CannotReachDirectory) as unreachable:
            directory(broken).check_password("alice", PASSWORD)
        assert unreachable.value.reasons == (f"{broken} closed the connection early",)
        user = directory(broken, slapd.ldap).check_password("alice", PASSWORD)
        assert user.username == "alice"


def test_a_server_killed_during_a_search_is_skipped(
    tmp_path: Path, mortal: Slapd, slapd: Slapd
) -> None:
    with odd_servers.cut_in_search(mortal.port, mortal.kill) as port:
        settings = config(
            tmp_path,
            f"ldap://127.0.0.1:{port}",
            mortal.ldap,
            slapd.ldap,
            unsafe_plain_ldap_on_loopback=True,
        )
        assert LdapDirectory(settings).find("alice") is not None
    assert mortal.process.returncode == -9


def test_a_server_that_returns_is_used_again(tmp_path: Path, mortal: Slapd) -> None:
    directory = LdapDirectory(plain(tmp_path, mortal))
    assert directory.find("alice") is not None
    mortal.kill()
    with pytest.raises(CannotReachDirectory):
        directory.find("alice")
    again = mortal.start_again()
    with again:
        # The only server was skipped a moment ago, but is asked anyway.
        assert directory.check_password("alice", PASSWORD).username == "alice"


def test_a_definite_answer_is_not_asked_for_twice(tmp_path: Path, slapd: Slapd) -> None:
    """The second server would count a second wrong password."""
    urls = (slapd.ldap, slapd.ldap.replace("127.0.0.1", "localhost"))
    directory = LdapDirectory(config(tmp_path, *urls, unsafe_plain_ldap_on_loopback=True))
    with pytest.raises(WrongDirectoryPassword):
        directory.check_password("alice", WRONG)
    assert asked(directory) == [slapd.ldap]


def test_the_next_server_is_asked_if_one_is_busy(tmp_path: Path, slapd: Slapd) -> None:
    def busy(connection: socket.socket) -> None:
        while request := ber.received(connection):
            connection.sendall(ber.result(request.id, ber.BOUND, 51, "later"))

    with odd_servers.answering(busy) as port:
        settings = config(
            tmp_path,
            f"ldap://127.0.0.1:{port}",
            slapd.ldap,
            unsafe_plain_ldap_on_loopback=True,
        )
        told = steps(LdapDirectory(settings), "alice")
    assert any("cannot answer now (51 busy: later)" in step.sentence for step in told)
    assert told[-1].ok


@pytest.mark.parametrize(
    "at",
    [ber.BIND, ber.SEARCH],
)
def test_referrals_are_not_followed(tmp_path: Path, at: int, library: str) -> None:
    """Otherwise the password would be sent wherever the answer says."""
    # ldap3 cannot read a referral of a bind at all.
    unreadable = (at, library) == (ber.BIND, "ldap3")
    says = "cannot be reached" if unreadable else "does not follow referrals"
    strangers: list[socket.socket] = []
    with odd_servers.answering(strangers.append) as stranger:
        elsewhere = f"ldap://127.0.0.1:{stranger}/dc=example,dc=com"

        def refer(connection: socket.socket) -> None:
            while request := ber.received(connection):
                tag = ber.BOUND if request.operation.tag == ber.BIND else ber.DONE
                code = 10 if request.operation.tag == at else 0
                said = ber.result(request.id, tag, code, referral=elsewhere if code else "")
                connection.sendall(said)

        with odd_servers.answering(refer) as port:
            settings = config(
                tmp_path, f"ldap://127.0.0.1:{port}", unsafe_plain_ldap_on_loopback=True
            )
            directory = LdapDirectory(settings)
            with pytest.raises(CannotCheck, match=says):
                directory.check_password("alice", PASSWORD)
    assert not strangers


def test_loading_the_configuration_asks_no_server() -> None:
    LdapDirectory(
        DirectoryConfig(
            servers=("ldaps://none.invalid",), base="dc=x", roles={"minimum-access": ("cn=a",)}
        )
    )
