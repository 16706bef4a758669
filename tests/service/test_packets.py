"""Packets that the service and its clients exchange."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtui.service import packets
from cwtui.service.packets import BadPacket, Phase, Request, Shown, Verdict

names = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=16)
values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300)


@given(st.sampled_from(Phase), st.dictionaries(names, values, max_size=3))
def test_requests_arrive_as_they_were_sent(phase: Phase, fields: dict[str, str]) -> None:
    given_fields = {name: value for name, value in fields.items() if value}
    assert packets.request(Request(phase, fields).encoded()) == Request(phase, given_fields)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"cwtui1\0auth\0" + rest))
def test_any_bytes_are_a_request_or_refused(packet: bytes) -> None:
    try:
        read = packets.request(packet)
    except BadPacket:
        return
    assert packets.request(read.encoded()).fields == {k: v for k, v in read.fields.items() if v}


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"cwtui1",
        b"cwtui1\0",
        b"cwtui2\0auth\0",
        b"cwtui1\0auth",  # cut
        b"cwtui1\0auth\0user=alice",
        b"cwtui1\0other\0",
        b"cwtui1\0auth\0user\0",
        b"cwtui1\0auth\0USER=alice\0",
        b"cwtui1\0auth\0user=alice\0user=root\0",
        b"cwtui1\0auth\0user=\xff\0",
        b"cwtui1\0auth\0user=" + b"a" * 1025 + b"\0",
        b"cwtui1\0auth\0" + b"".join(b"a%c=1\0" % letter for letter in range(97, 114)),
        b"cwtui1\0auth\0" + b"".join(b"%c=" % letter + b"a" * 999 + b"\0" for letter in b"abcde"),
    ],
)
def test_a_malformed_request_is_refused(packet: bytes) -> None:
    with pytest.raises(BadPacket):
        packets.request(packet)


@pytest.mark.parametrize("value", ["a" * 1025, "é" * 513, "a\0b", "\udcff"])
def test_a_value_that_would_be_refused_is_not_sent(value: str) -> None:
    """The last one is what Python makes of an argument that is not UTF-8."""
    with pytest.raises(BadPacket):
        Request(Phase.VERIFY, {"user": value}).encoded()
    assert Request(Phase.VERIFY, {"user": "a" * 1024}).encoded()


@given(st.sampled_from(Shown), st.text(max_size=100))
def test_texts_arrive_without_nul(kind: Shown, text: str) -> None:
    expected = text.encode(errors="replace").decode().replace("\0", "")
    assert packets.from_service(packets.shown(kind, text)) == (kind, expected)


def test_a_text_that_is_too_long_is_cut_between_characters() -> None:
    packet = packets.shown(Shown.TEXT, "█" * 3000)
    assert packets.MOST_SHOWN - 3 < len(packet) <= packets.MOST_SHOWN
    assert packets.from_service(packet) == (Shown.TEXT, "█" * 2730)


@given(st.sampled_from(Verdict))
def test_verdicts_arrive(verdict: Verdict) -> None:
    assert packets.from_service(packets.verdict(verdict)) is verdict


@pytest.mark.parametrize("packet", [b"", b"Ax", b"z", b"i\xff", b"i" * 8193])
def test_a_malformed_packet_of_the_service_is_refused(packet: bytes) -> None:
    with pytest.raises(BadPacket):
        packets.from_service(packet)


@given(st.binary(max_size=1024))
def test_answers_arrive_byte_for_byte(content: bytes) -> None:
    text = content.replace(b"\0", b"").decode(errors="surrogateescape")
    assert packets.answered(packets.answer(text)) == text


@pytest.mark.parametrize("packet", [b"", b"b123", b"a1\x002", b"a" * 1026])
def test_a_malformed_answer_is_refused(packet: bytes) -> None:
    with pytest.raises(BadPacket):
        packets.answered(packet)
    if packet.startswith(b"a"):
        with pytest.raises(BadPacket):
            packets.answer(packet[1:].decode())
