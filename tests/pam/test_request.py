"""What the module tells the service about a sign-in."""

import os

import pytest

from tests.pam.scripted import AUTH_ERR, PERM_DENIED, SESSION_ERR, SUCCESS, Host, Service

PHASES = ("auth", "account", "open", "close")
LONGEST = "x" * 1024


def request(host: Host, *options: str | bytes, user: str | bytes = "ada") -> bytes:
    with Service(host.socket, [b"A"]) as service:
        assert host.sign_in(*options, user=user).result == SUCCESS
    host.socket.unlink()
    (packet,) = service.requests
    return packet


def test_a_request_holds_what_pam_knows(host: Host) -> None:
    who = ["rhost=192.0.2.7", "tty=ssh", "ruser=bob", "env=SSH_AUTH_INFO_0=publickey k AA\nmore"]
    fields = [
        "cwtui1", "auth", "user=ada", "service=cwtui-test", "rhost=192.0.2.7", "tty=ssh",
        "ruser=bob", f"uid={os.getuid()}", "mode=full", "method=publickey", "",
    ]  # fmt: skip
    assert request(host, *who, "auth").decode().split("\0") == fields


@pytest.mark.parametrize("mode", ["full", "code", "key"])
def test_the_mode_is_sent_as_it_is_written(host: Host, mode: str) -> None:
    host.arguments(f"mode={mode}")
    assert f"\0mode={mode}\0".encode() in request(host, "auth")


@pytest.mark.parametrize("phase", PHASES)
def test_empty_values_are_left_out_and_only_auth_has_a_mode(host: Host, phase: str) -> None:
    mode = ["mode=code"] if phase == "auth" else []
    host.arguments("mode=code")
    fields = ["cwtui1", phase, "user=ada", "service=cwtui-test", f"uid={os.getuid()}", *mode, ""]
    options = ["rhost=", "tty=", "env=SSH_AUTH_INFO_0=\n", phase]
    assert request(host, *options).decode().split("\0") == fields


def test_nullok_is_sent_only_if_it_is_written(host: Host) -> None:
    assert b"nullok" not in request(host, "auth")
    host.arguments("nullok")
    assert b"\0nullok=1\0" in request(host, "auth")


def test_bytes_that_are_no_text_arrive_unchanged(host: Host) -> None:
    name = b"\xff\xc3%s%n\n=\x1b[2J\xe2\x80\xae"
    assert b"\0user=" + name + b"\0" in request(host, "auth", user=name)


def test_the_longest_values_arrive_whole(host: Host) -> None:
    packet = request(host, f"rhost={LONGEST}", "auth", user=LONGEST)
    assert f"\0user={LONGEST}\0".encode() in packet
    assert f"\0rhost={LONGEST}\0".encode() in packet


@pytest.mark.parametrize("methods", ["publickey " + "k" * 100_000, "publickey k\npassword"])
def test_only_the_first_method_that_sshd_has_checked_is_sent(host: Host, methods: str) -> None:
    """Keys can be certificates longer than a request."""
    packet = request(host, f"env=SSH_AUTH_INFO_0={methods}", "auth")
    assert packet.endswith(b"\0method=publickey\0")


def test_the_longest_request_is_4096_bytes(host: Host) -> None:
    longest = [f"rhost={LONGEST}", f"tty={LONGEST}", "ruser=r"]
    short = len(request(host, *longest, "auth", user=LONGEST))
    longest[-1] += "r" * (4096 - short)
    assert len(request(host, *longest, "auth", user=LONGEST)) == 4096
    longest[-1] += "r"
    with Service(host.socket, [b"A"]) as service:
        assert host.sign_in(*longest, "auth", user=LONGEST).result == AUTH_ERR
        assert not service.requests


@pytest.mark.parametrize(
    ("user", "options"),
    [
        ("", []),
        (LONGEST + "x", []),
        ("x" * 100_000, []),
        ("ada", [f"rhost={LONGEST}x"]),
        ("ada", [f"tty={LONGEST}x"]),
        ("ada", [f"ruser={LONGEST}x"]),
        ("ada", [f"env=SSH_AUTH_INFO_0={LONGEST}x"]),
        (LONGEST, [f"rhost={LONGEST}", f"tty={LONGEST}", f"ruser={LONGEST}"]),
    ],
)
def test_a_value_that_is_too_long_is_denied_without_asking(
    host: Host, user: str, options: list[str]
) -> None:
    with Service(host.socket, [b"A"]) as service:
        happened = host.sign_in(*options, *PHASES, user=user)
        assert not service.requests
    assert [code for _, code in happened.results] == [
        AUTH_ERR, PERM_DENIED, SESSION_ERR, SESSION_ERR,
    ]  # fmt: skip
