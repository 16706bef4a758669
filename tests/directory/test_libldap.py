"""What only libldap needs: no configuration of its own, and only valid messages to read."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ldap3.core.results import RESULT_CODES

from cwtui.accounts.directory_port import CannotReachDirectory, DirectoryMisconfigured
from cwtui.accounts.secret import Secret
from cwtui.directory import messages
from cwtui.directory.channel import Channel
from cwtui.directory.client import LdapDirectory
from cwtui.directory.result_names import RESULT_NAMES
from cwtui.directory.transport import Unreachable
from tests.directory import people, python_ldap
from tests.directory.memory_wire import MemoryWire, open_channel
from tests.directory.people import PASSWORD, PEOPLE, config, direct, plain
from tests.servers import ber, odd_servers
from tests.servers.slapd import Slapd


@pytest.fixture(scope="module")
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    python_ldap.require(tmp_path_factory.mktemp("python-ldap"))


@pytest.fixture
def _libldap(_loaded: None) -> Iterator[None]:
    with people.speaking("libldap"):
        yield


@pytest.fixture
def channel(
    _libldap: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Channel, MemoryWire]]:
    with open_channel(monkeypatch) as opened:
        yield opened


_LOAD = """
import json, os, sys
sys.path[:0] = sys.argv[1:]
before = dict(os.environ)
import cwtui.directory.libldap_channel
import ldap
options = [ldap.OPT_SIZELIMIT, ldap.OPT_DEREF, ldap.OPT_X_TLS_REQUIRE_CERT]
print(json.dumps([os.environ == before, *map(ldap.get_option, options)]))
"""


def test_environment_and_ldap_conf_are_ignored(tmp_path: Path) -> None:
    """See ldap.conf(5). python-ldap could also log passwords to a file."""
    python_ldap.require(tmp_path)
    (tmp_path / "conf").write_text("SIZELIMIT 7\nDEREF always\nTLS_REQCERT never\n")
    trace = tmp_path / "trace"
    hostile = {
        "LDAPCONF": str(tmp_path / "conf"),
        "LDAPSIZELIMIT": "7",
        "LDAPTLS_REQCERT": "never",
        "PYTHON_LDAP_TRACE_LEVEL": "9",
        "PYTHON_LDAP_TRACE_FILE": str(trace),
    }
    where = [str(Path.cwd()), *(path for path in sys.path if "python-ldap" in path), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, *where],
        env=os.environ | hostile,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    is_restored, size_limit, aliases, certificates = json.loads(done.stdout)
    assert is_restored
    assert (size_limit, aliases) == (0, 0)
    assert certificates != 0  # OPT_X_TLS_NEVER
    assert not trace.exists()


def test_a_missing_python_ldap_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cwtui.directory.libldap_channel", raising=False)
    monkeypatch.setitem(sys.modules, "ldap", None)
    directory = LdapDirectory(direct("ldaps://none.invalid", library="libldap"))
    with pytest.raises(DirectoryMisconfigured, match="python-ldap, which is not installed"):
        directory.check_password("alice", PASSWORD)


@pytest.mark.usefixtures("_libldap")
def test_extra_data_after_the_starttls_answer_is_refused(tmp_path: Path, ca_file: Path) -> None:
    """An attacker on the network could answer later requests with it."""
    seen: list[ber.Request] = []

    def answer_too_much(connection: socket.socket) -> None:
        while request := ber.received(connection):
            seen.append(request)
            extended = ber.result(request.id, ber.EXTENDED_DONE)
            connection.sendall(extended + ber.result(request.id + 1, ber.BOUND))

    with odd_servers.answering(answer_too_much) as port:
        settings = config(tmp_path, f"ldap://127.0.0.1:{port}", starttls=True, ca_file=str(ca_file))
        with pytest.raises(CannotReachDirectory) as unreachable:
            LdapDirectory(settings).find("alice")
    (reason,) = unreachable.value.reasons
    assert "sent more than the answer to StartTLS" in reason
    assert len(seen) == 1


@pytest.mark.usefixtures("_libldap")
def test_all_sockets_are_closed(tmp_path: Path, slapd: Slapd) -> None:
    def opened() -> int:
        return len([*Path("/proc/self/fd").iterdir()])

    directory = LdapDirectory(plain(tmp_path, slapd))
    directory.find("alice")
    before = opened()
    for _ in range(3):
        directory.find("alice")
    assert opened() == before


@pytest.mark.usefixtures("_libldap")
def test_many_threads_can_check_passwords_at_once(tmp_path: Path, slapd: Slapd) -> None:
    directory = LdapDirectory(plain(tmp_path, slapd))
    names = ["alice", "bob", "carol"] * 8
    with ThreadPoolExecutor(len(names)) as pool:
        found = pool.map(lambda name: directory.check_password(name, PASSWORD).username, names)
        assert [*found] == names


def test_a_deeply_nested_filter_is_refused(channel: tuple[Channel, MemoryWire]) -> None:
    """libldap parses filters by recursion in C."""
    opened, _ = channel
    deep = 100_000
    with pytest.raises(DirectoryMisconfigured, match="search_filter"):
        opened.first_two(PEOPLE, "(!" * deep + "(a=b)" + ")" * deep, ["uid"])


def test_a_message_of_two_gigabytes_is_refused_early(
    channel: tuple[Channel, MemoryWire],
) -> None:
    opened, wire = channel
    wire.answer = lambda _request: b"\x30\x84\x7f\xff\xff\xff\x02"
    with pytest.raises(Unreachable, match="more than 32 MB"):
        opened.bind("cn=a", Secret("secret"))


def test_result_codes_have_the_names_that_ldap3_uses() -> None:
    differ = {54, 71}  # ldap3 spells these differently from RFC 4511
    shared = RESULT_NAMES.keys() & RESULT_CODES.keys() - differ
    assert {code: RESULT_NAMES[code] for code in shared} == {
        code: RESULT_CODES[code] for code in shared
    }


def _message(*parts: bytes) -> bytes:
    return ber.tlv(messages.SEQUENCE, ber.integer(1), *parts)


_PAGES = ber.octets("1.2.840.113556.1.4.319")


@pytest.mark.parametrize(
    "message",
    [
        ber.result(1, ber.BOUND),
        ber.result(1, ber.DONE, 10, referral="ldap://b"),
        ber.entry(1, f"uid=ä,{PEOPLE}", {"uid": [b"a", b"\xff"], "cn": []}),
        _message(ber.tlv(messages.REFERENCE, b"")),
        ber.result(1, ber.BOUND, 49, "80090308: data 775, v4563\0"),
    ],
)
def test_valid_messages_reach_libldap(message: bytes) -> None:
    number, _ = messages.checked(message)
    assert number == 1
    assert messages.size(message) == len(message)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        ber.result(1, ber.BOUND)[:-1],
        ber.result(1, ber.BOUND) + b"\0",
        _message(),
        _message(ber.tlv(0x60, b"")),
        _message(ber.tlv(ber.BOUND, ber.integer(0), ber.octets(""), ber.octets(""))),
        ber.result(1, ber.BOUND).replace(b"\x0a\x01\x00", b"\x0a\x01\x80"),
        ber.entry(1, "uid=a", {"uid": [b"a"]}).replace(b"uid=a", b"uid=\xff"),
        ber.entry(1, "uid=a", {"uid": [b"a"]}).replace(b"uid=a", b"u\0d=a"),
        _message(
            ber.tlv(
                ber.DONE, ber.integer(0, ber.ENUMERATED), ber.octets(""), ber.octets(""), b"\xa3\1x"
            )
        ),
    ],
)
def test_invalid_messages_never_reach_libldap(message: bytes) -> None:
    """Some of these crash the process with Debian's python-ldap 3.4.3."""
    with pytest.raises(messages.NotAMessage):
        messages.checked(message)


@pytest.mark.parametrize("value", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x00", b"0"])
def test_an_invalid_paging_control_is_refused(
    channel: tuple[Channel, MemoryWire], value: bytes
) -> None:
    opened, wire = channel
    control = ber.tlv(messages.SEQUENCE, _PAGES, ber.tlv(ber.OCTETS, value))
    done = ber.tlv(ber.DONE, ber.integer(0, ber.ENUMERATED), ber.octets(""), ber.octets(""))
    wire.answer = lambda request: ber.tlv(
        ber.SEQUENCE, ber.integer(request.id), done, ber.tlv(0xA0, control)
    )
    with pytest.raises(Unreachable, match="not valid LDAP"):
        list(opened.pages(PEOPLE, "(uid=a)", ["uid"]))
