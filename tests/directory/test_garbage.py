"""A server that answers with garbage is reported and lets nobody in."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.accounts.directory_port import CannotReachDirectory, DirectoryMisconfigured
from cwtui.accounts.secret import Secret
from cwtui.directory import channel as channel_module
from cwtui.directory import transport
from cwtui.directory.answers import POLICY_CONTROL, Policy
from cwtui.directory.channel import Channel
from cwtui.directory.client import LdapDirectory
from cwtui.directory.transport import Unreachable
from tests.directory.memory_wire import MemoryWire, open_channel
from tests.directory.people import PEOPLE, config, speaking
from tests.servers import ber, odd_servers

Answer = Callable[[ber.Request], bytes]


def refused(request: ber.Request) -> bytes:
    """A refused bind with a password policy control."""
    control = ber.tlv(
        ber.SEQUENCE, ber.octets(POLICY_CONTROL), ber.tlv(ber.OCTETS, bytes.fromhex("3003810101"))
    )
    content = (ber.integer(49, ber.ENUMERATED), ber.octets(""), ber.octets("said"))
    return ber.tlv(
        ber.SEQUENCE,
        ber.integer(request.id),
        ber.tlv(ber.BOUND, *content),
        ber.tlv(0xA0, control),
    )


def found(request: ber.Request) -> bytes:
    entry = ber.entry(request.id, f"uid=a,{PEOPLE}", {"uid": [b"a"], "cn": [b"A", b"\xff"]})
    return entry + ber.result(request.id, ber.DONE)


def spoilt(answer: Answer, spoils: list[tuple[int, int]], cut: int) -> Answer:
    def spoil(request: ber.Request) -> bytes:
        data = bytearray(answer(request))
        for at, value in spoils:
            data[at % len(data)] = value
        return bytes(data[: len(data) - cut])

    return spoil


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch, library: str) -> Iterator[tuple[Channel, MemoryWire]]:
    assert library
    with open_channel(monkeypatch) as opened:
        yield opened


def ask(library: str, answer: Answer) -> list[object]:
    """The result or cwtui error of each operation; other exceptions are raised."""
    results: list[object] = []
    operations: list[Callable[[Channel], object]] = [
        lambda channel: channel.bind("cn=a", Secret("secret")),
        lambda channel: channel.first_two(PEOPLE, "(uid=a)", ["uid"]),
        lambda channel: channel.read(PEOPLE, "(uid=a)"),
        lambda channel: list(channel.pages(PEOPLE, "(uid=a)", ["uid"])),
    ]
    for operation in operations:
        with (
            speaking(library),
            pytest.MonkeyPatch.context() as monkeypatch,
            open_channel(monkeypatch) as (channel, wire),
        ):
            wire.answer = answer
            try:
                results.append(operation(channel))
            except (Unreachable, DirectoryMisconfigured) as error:
                results.append(error)
    return results


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_give_an_error(each_library: str, data: bytes) -> None:
    results = ask(each_library, lambda _request: data)
    assert all(isinstance(result, Exception) for result in results)


@given(
    answer=st.sampled_from([refused, found]),
    spoils=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 20),
)
def test_corrupted_answers_raise_no_foreign_error(
    each_library: str, answer: Answer, spoils: list[tuple[int, int]], cut: int
) -> None:
    ask(each_library, spoilt(answer, spoils, cut))


def test_the_same_answers_work_when_intact(channel: tuple[Channel, MemoryWire]) -> None:
    opened, wire = channel
    wire.answer = refused
    said = opened.bind("cn=a", Secret("secret"))
    assert (said.code, said.message, said.policy) == (49, "said", Policy(error=1))
    wire.answer = found
    (entry,) = opened.first_two(PEOPLE, "(uid=a)", ["uid"])
    assert entry.texts("CN") == ["A"]
    assert entry.attributes["cn"] == (b"A", b"\xff")


def test_an_entry_without_a_dn_is_ignored(channel: tuple[Channel, MemoryWire]) -> None:
    """Binding with an empty DN would be anonymous."""
    opened, wire = channel
    wire.answer = lambda request: (
        ber.entry(request.id, "", {"uid": [b"a"]}) + ber.result(request.id, ber.DONE)
    )
    assert opened.first_two(PEOPLE, "(uid=a)", ["uid"]) == []


def test_an_answer_to_another_request_is_rejected(channel: tuple[Channel, MemoryWire]) -> None:
    """Otherwise someone who guesses the next request could answer before the server."""
    opened, wire = channel
    wire.answer = lambda request: ber.result(request.id + 1, ber.BOUND)
    with pytest.raises(Unreachable):
        opened.bind("cn=a", Secret("secret"))


def test_a_bind_answered_like_a_search_is_rejected(channel: tuple[Channel, MemoryWire]) -> None:
    opened, wire = channel
    wire.answer = lambda request: ber.result(request.id, ber.DONE)
    with pytest.raises(Unreachable):
        opened.bind("cn=a", Secret("secret"))


@pytest.mark.parametrize(("dn", "password"), [("", "secret"), ("cn=a", "")])
def test_an_anonymous_bind_is_never_sent(
    channel: tuple[Channel, MemoryWire], dn: str, password: str
) -> None:
    opened, wire = channel
    sent: list[ber.Request] = []

    def answer(request: ber.Request) -> bytes:
        sent.append(request)
        return b""

    wire.answer = answer
    with pytest.raises(ValueError, match="needs a DN and a password"):
        opened.bind(dn, Secret(password))
    assert not sent


def test_a_very_long_value_is_read(
    channel: tuple[Channel, MemoryWire],
) -> None:
    opened, wire = channel
    value = b"x" * 1_000_000
    wire.answer = lambda request: (
        ber.entry(request.id, f"uid=a,{PEOPLE}", {"uid": [value]})
        + ber.result(request.id, ber.DONE)
    )
    (entry,) = opened.first_two(PEOPLE, "(uid=a)", ["uid"])
    assert entry.attributes["uid"] == (value,)


def test_an_endless_answer_is_refused(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the size limit, before the time limit."""
    assert library
    monkeypatch.setattr(transport, "ANSWER_MOST", 100_000)
    monkeypatch.setattr(channel_module, "ANSWER_MOST", 100_000)

    def flood(connection: socket.socket) -> None:
        while request := ber.received(connection):
            if request.operation.tag == ber.BIND:
                connection.sendall(ber.result(request.id, ber.BOUND))
            else:
                entry = ber.entry(request.id, f"uid=a,{PEOPLE}", {"uid": [b"a"]})
                while True:
                    connection.sendall(entry * 100)

    with odd_servers.answering(flood) as port:
        settings = config(tmp_path, f"ldap://127.0.0.1:{port}", unsafe_plain_ldap_on_loopback=True)
        with pytest.raises(CannotReachDirectory) as unreachable:
            LdapDirectory(settings).find("alice")
    assert "in answer to one request" in unreachable.value.reasons[0]
