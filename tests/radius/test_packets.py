"""Packets of RADIUS, against another implementation and the example of RFC 2865."""

import contextlib
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtui.accounts.secret import Secret
from cwtui.service.radius import packets
from cwtui.service.radius.packets import Attribute, Code, Dropped, NotUtf8, Reason, SignedRequest
from tests.radius import wire
from tests.radius.wire import SECRET

EXAMPLE = bytes.fromhex(
    "010000380f403f9473978057bd83d5cb98f4227a01066e656d6f02120dbe708d93d413ce3196e43f782a0aee"
    "0406c0a80110050600000003"
)
"""RFC 2865 section 7.1: nemo with the password arctangent."""
EXAMPLE_SECRET = "xyzzy5461"
SIGNATURE = (Attribute.MESSAGE_AUTHENTICATOR, bytes(16))


def read(packet: bytes, secret: str = SECRET) -> SignedRequest:
    return packets.request(packet).signed(Secret(secret))


def why(packet: bytes, secret: str = SECRET) -> Reason:
    with pytest.raises(Dropped) as dropped:
        read(packet, secret)
    return dropped.value.reason


def test_the_example_of_the_rfc_is_read_once_it_is_signed() -> None:
    assert why(EXAMPLE, EXAMPLE_SECRET) is Reason.UNSIGNED
    authenticator, attributes = EXAMPLE[4:20], [(1, b"nemo"), (2, EXAMPLE[28:44])]
    packet = wire.signed(attributes, authenticator=authenticator, secret=EXAMPLE_SECRET)
    read_ = read(packet, EXAMPLE_SECRET)
    assert (read_.username, read_.password) == ("nemo", Secret("arctangent"))


@pytest.mark.parametrize("password", ["x", "x" * 16, "x" * 17, "Grüße, Ærøskøbing " * 5, "a\0b"])
def test_passwords_of_any_length_are_read(password: str) -> None:
    assert read(wire.asked(password.encode())).password == Secret(password)
    padded = password.encode().ljust(128, b"\0")  # as some clients do
    assert read(wire.asked(padded)).password == Secret(password)


@pytest.mark.parametrize(
    "password", [b"p\xe4ssword", b"password\xff", b"x" * 16 + b"\xff" * 16, b"\xff"]
)
def test_passwords_that_are_not_utf8_are_not_read_as_others(password: bytes) -> None:
    with pytest.raises(NotUtf8):
        _ = read(wire.asked(password)).password


def test_the_attributes_of_a_request_are_read() -> None:
    attributes = [
        (Attribute.USER_NAME, b"\xff"),
        (Attribute.CALLING_STATION_ID, b"203.0.113.7"),
        (Attribute.STATE, b"state"),
    ]
    read_ = read(wire.signed(attributes))
    assert (read_.username, read_.calling_station) == ("\N{REPLACEMENT CHARACTER}", "203.0.113.7")
    assert (read_.state, read_.password, read_.other_method) == (b"state", None, "")


@pytest.mark.parametrize(
    ("attribute", "value", "method"),
    [
        (Attribute.CHAP_PASSWORD, bytes(17), "CHAP"),
        (Attribute.EAP_MESSAGE, bytes(10), "EAP"),
        (Attribute.VENDOR_SPECIFIC, bytes.fromhex("00000137010a") + bytes(8), "MS-CHAP"),
        (Attribute.VENDOR_SPECIFIC, bytes.fromhex("00000009010a") + bytes(8), ""),
    ],
)
def test_other_methods_are_recognized(attribute: int, value: bytes, method: str) -> None:
    assert read(wire.signed([(1, b"alice"), (attribute, value)])).other_method == method


def test_replies_are_signed_first_and_carry_what_they_must() -> None:
    proxies = [(Attribute.PROXY_STATE, b"one"), (Attribute.PROXY_STATE, b"two")]
    request = wire.signed([(1, b"alice"), *proxies], id_=200)
    content = read(request).reply(Code.ACCESS_CHALLENGE, "Code? ", b"state")
    reply = wire.reply(content, request)
    assert (reply.code, reply.id) == (Code.ACCESS_CHALLENGE, 200)
    assert (reply.message, reply.value(Attribute.STATE)) == ("Code? ", b"state")
    assert [one for one in reply.attributes if one[0] == Attribute.PROXY_STATE] == proxies
    bare = wire.reply(read(request).reply(Code.ACCESS_REJECT), request)
    assert [kind for kind, _ in bare.attributes] == [80, 33, 33]


def test_messages_fit_into_an_attribute_and_stay_utf8() -> None:
    request = wire.signed([(1, b"alice")])
    reply = wire.reply(read(request).reply(Code.ACCESS_REJECT, "x" + "ü" * 200), request)
    assert reply.message == "x" + "ü" * 126


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", Reason.MALFORMED),
        (wire.packet([SIGNATURE])[:-1], Reason.MALFORMED),
        (wire.packet([(1, b"alice")], code=4), Reason.MALFORMED),  # accounting
        (wire.packet([(1, b"alice")], code=Code.ACCESS_ACCEPT), Reason.MALFORMED),
        (wire.packet([(1, b"alice")]), Reason.UNSIGNED),
        (wire.packet([], code=Code.STATUS_SERVER), Reason.UNSIGNED),
        (wire.packet([SIGNATURE]), Reason.WRONGLY_SIGNED),
        (wire.signed([SIGNATURE]), Reason.MALFORMED),  # twice
        (wire.packet([(80, bytes(15))]), Reason.MALFORMED),
        (wire.signed([(1, b"alice"), (1, b"bob")]), Reason.MALFORMED),
        (wire.with_signature(wire.packet([]) + b"\1\0"), Reason.MALFORMED),
        (wire.with_signature(wire.packet([]) + b"\1\1"), Reason.MALFORMED),
        (wire.packet([SIGNATURE])[:-17] + b"\x13" + bytes(16), Reason.MALFORMED),  # too long
        (wire.signed([(2, bytes(15))]), Reason.MALFORMED),
        (wire.signed([(2, bytes(144))]), Reason.MALFORMED),
        (wire.signed([(6, b"1234")] * 64), Reason.MALFORMED),
        (wire.signed([(33, bytes(253))] * 9), Reason.MALFORMED),
        (wire.signed([(6, bytes(253))] * 16), Reason.MALFORMED),  # 4,096 bytes
        (wire.signed([(1, b"alice")], secret="another secret than ours"), Reason.WRONGLY_SIGNED),
    ],
)
def test_bad_packets_are_dropped(packet: bytes, reason: Reason) -> None:
    assert why(packet) is reason


def test_padding_after_a_packet_is_ignored() -> None:
    assert read(wire.asked(b"x") + b"padding").username == "alice"


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda end: b"\1\7\0\x80" + end))
def test_any_bytes_are_dropped(content: bytes) -> None:
    with pytest.raises(Dropped):
        read(content)


VALID = wire.asked(b"right", state=b"state")


@given(st.integers(0, len(VALID) - 1), st.integers(1, 255))
def test_a_packet_that_was_changed_anywhere_is_dropped(at: int, change: int) -> None:
    changed = bytearray(VALID)
    changed[at] ^= change
    with pytest.raises(Dropped):
        read(bytes(changed))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=253)), max_size=12))
def test_any_attributes_of_a_client_are_read_without_an_error(
    attributes: list[tuple[int, bytes]],
) -> None:
    try:
        read_ = read(wire.signed(attributes, authenticator=hashlib.sha256().digest()[:16]))
    except Dropped as dropped:
        assert dropped.reason is Reason.MALFORMED  # noqa: PT017  other packets are read
        return
    assert isinstance(read_.username + read_.calling_station + read_.other_method, str)
    with contextlib.suppress(NotUtf8):
        _ = read_.password
    assert len(read_.reply(Code.ACCESS_REJECT, "x" * 300, bytes(16))) <= packets.MOST
