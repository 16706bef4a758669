"""What arrives, who may ask, and what is answered again."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.sign_in_progress import LIFETIME
from cwtui.service.figures import Figures
from cwtui.service.radius import clients, replies, server
from cwtui.service.radius.clients import Clients
from cwtui.service.radius.door import Answer, Question, RadiusDoor
from cwtui.service.radius.drops import Drops
from cwtui.service.radius.packets import Attribute, Code, Reason
from cwtui.service.radius.replies import Key, Replies
from cwtui.service.radius.server import RadiusServer
from cwtui.service.service_log import QUIET_SECONDS
from tests.accounts.world import NOW, PASSWORD, World
from tests.radius import wire

OTHER_SECRET = "another-secret-than-ours"


def secret_file(folder: Path, secret: str, mode: int = 0o600) -> str:
    path = folder / hashlib.sha256(secret.encode()).hexdigest()[:8]
    path.write_text(f"{secret}\n")
    path.chmod(mode)
    return str(path)


@dataclass
class Desk:
    """A server on loopback without threads, and a client that it knows."""

    server: RadiusServer
    client: socket.socket
    log: list[str] = field(default_factory=list)

    def send(self, packet: bytes, one: socket.socket | None = None) -> None:
        (one or self.client).sendto(packet, self.server.listening.getsockname())
        self.server.receive()

    def work(self) -> int:
        """Answer what is waiting; return how many requests that was."""
        done = 0
        while not self.server._jobs.empty():
            job = self.server._jobs.get_nowait()
            assert job is not None
            self.server._handle(job)
            done += 1
        return done

    def heard(self, one: socket.socket | None = None) -> bytes:
        """The next reply; empty if there is none."""
        try:
            return (one or self.client).recv(5000)
        except BlockingIOError:
            return b""

    def ask(self, packet: bytes) -> wire.Reply:
        self.send(packet)
        assert self.work() == 1
        return wire.reply(self.heard(), packet)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Iterator[Desk]:
    known = Clients.load({"127.0.0.1": secret_file(tmp_path, wire.SECRET)})
    listening = server.listen("127.0.0.1", 0)
    with listening, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.setblocking(False)
        log: list[str] = []
        made = RadiusServer(RadiusDoor(world.ports), known, listening, Figures(NOW), log.append)
        yield Desk(made, client, log)


def test_a_sign_in_with_a_code(world: World, desk: Desk) -> None:
    world.add()
    device = world.equip()
    challenge = desk.ask(wire.asked(PASSWORD.encode(), id_=1))
    assert challenge.code == Code.ACCESS_CHALLENGE
    code = device.code(world.clock()).encode()
    state = challenge.value(Attribute.STATE)
    assert desk.ask(wire.asked(code, state=state, id_=2)).code == Code.ACCESS_ACCEPT
    assert desk.ask(wire.asked(b"wrong", id_=3)).message.startswith("Username or password")
    desk.send(b"junk")
    status = wire.signed([(6, bytes(200))] * 19, code=Code.STATUS_SERVER)  # a large packet
    desk.send(status)
    told = wire.reply(desk.heard(), status)
    assert told.code == Code.ACCESS_ACCEPT
    assert told.message == "accept 1, challenge 1, reject 1, dropped 1"


def test_a_repeated_request_gets_the_same_reply_and_counts_once(world: World, desk: Desk) -> None:
    world.settings(password_limit=2)
    world.add()
    packet = wire.asked(b"wrong")
    desk.send(packet)
    desk.send(packet)  # before there is an answer
    assert desk.work() == 1
    first = desk.heard()
    assert wire.reply(first, packet).message == "Username or password is wrong. 1 attempt left."
    assert desk.heard() == b""
    for _ in range(3):
        desk.send(packet)
        assert desk.work() == 0
        assert desk.heard() == first
    # Another id, authenticator or port is another request.
    assert "No attempts left" in desk.ask(wire.asked(b"wrong", id_=8)).message


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", Reason.MALFORMED),
        (bytes(5000), Reason.MALFORMED),
        (wire.packet([(1, b"alice"), (2, wire.hidden(b"x"))]), Reason.UNSIGNED),
        (wire.signed([(1, b"alice")], secret=OTHER_SECRET), Reason.WRONGLY_SIGNED),
    ],
)
def test_a_malformed_or_wrongly_signed_packet_gets_no_answer(
    desk: Desk, packet: bytes, reason: Reason
) -> None:
    desk.send(packet)
    assert (desk.work(), desk.heard(), desk.server.drops.total) == (0, b"", 1)
    (line,) = desk.log
    assert line == f"RADIUS: A packet from 127.0.0.1 was dropped: {reason.value}"


def test_unknown_clients_get_no_answer(desk: Desk) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))
        other.setblocking(False)
        desk.send(wire.asked(b"right"), other)
        assert (desk.work(), desk.heard(other)) == (0, b"")
    assert Reason.UNKNOWN_CLIENT.value in desk.log[0]


@given(content=st.binary(max_size=300))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_are_answered(desk: Desk, content: bytes) -> None:
    desk.send(content)
    assert (desk.work(), desk.heard()) == (0, b"")


def test_more_than_the_queue_holds_is_dropped_and_may_be_repeated(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add()
    monkeypatch.setattr(desk.server, "_jobs", type(desk.server._jobs)(1))
    first, second = wire.asked(PASSWORD.encode(), id_=1), wire.asked(PASSWORD.encode(), id_=2)
    desk.send(first)
    desk.send(second)
    assert desk.work() == 1
    assert desk.log[0].endswith(Reason.BUSY.value)
    assert wire.reply(desk.heard(), first).code == Code.ACCESS_ACCEPT
    assert desk.ask(second).code == Code.ACCESS_ACCEPT


def test_other_methods_and_passwords_that_are_no_text_are_rejected(
    world: World, desk: Desk
) -> None:
    world.add()
    only = "Only sign-ins with a plain password (PAP) are possible here."
    for id_ in (1, 2):
        chap = desk.ask(wire.signed([(1, b"alice"), (3, bytes(17))], id_=id_))
        assert (chap.code, chap.message) == (Code.ACCESS_REJECT, only)
    assert [line.partition(",")[0] for line in desk.log] == ["RADIUS: 127.0.0.1 asks with CHAP"]
    assert desk.ask(wire.signed([(1, b"alice")], id_=9)).message == only
    assert "not sent as UTF-8" in desk.ask(wire.asked(b"\xff")).message
    assert world.events == []


def test_an_unexpected_error_rejects_and_the_next_request_is_answered(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: RadiusDoor, __: Question) -> Answer:
        raise ZeroDivisionError

    world.add()
    with monkeypatch.context() as patch:
        patch.setattr(RadiusDoor, "answer", fails)
        broken = desk.ask(wire.asked(PASSWORD.encode(), id_=1))
    assert broken.code == Code.ACCESS_REJECT
    assert broken.message == "Cannot check this now. Tell the operator of this host."
    assert "ZeroDivisionError" in desk.log[0]
    assert desk.ask(wire.asked(PASSWORD.encode(), id_=2)).code == Code.ACCESS_ACCEPT


def test_workers_answer_until_the_end(world: World, desk: Desk) -> None:
    world.add()
    packet = wire.asked(PASSWORD.encode())
    desk.send(packet)
    worker = threading.Thread(target=desk.server._work, daemon=True)
    worker.start()
    desk.server._finish([worker])
    assert not worker.is_alive()
    assert wire.reply(desk.heard(), packet).code == Code.ACCESS_ACCEPT


def test_replies_are_kept_for_a_while_and_are_limited() -> None:
    kept = Replies()
    key = Key("192.0.2.1", 1, 1, b"a")
    assert kept.begin(key, NOW) is None
    assert kept.begin(key, NOW) == b""
    kept.finish(key, b"reply")
    assert kept.begin(key, NOW + replies.SECONDS) == b"reply"
    assert kept.begin(key, NOW + replies.SECONDS + 1) is None
    for number in range(replies.MOST + 5):
        kept.begin(Key("192.0.2.1", number, 1, b"b"), NOW)
    assert len(kept._kept) == replies.MOST
    kept.finish(key, b"late")
    kept.forget(key)
    assert kept.begin(key, NOW) is None
    assert LIFETIME <= replies.SECONDS  # a state is not asked for with an old request


def test_the_log_names_each_reason_once_a_minute() -> None:
    lines: list[str] = []
    drops = Drops(lines.append)
    for second in range(int(QUIET_SECONDS) + 1):
        drops.count(Reason.BUSY, "192.0.2.1", NOW + second)
    drops.count(Reason.MALFORMED, "192.0.2.2", NOW)
    assert drops.total == 62
    assert lines[1] == (
        "RADIUS: 60 packets were dropped, the last from 192.0.2.1: too many requests are waiting."
    )
    assert len(lines) == 3


def test_the_smallest_network_decides_which_secret_counts(tmp_path: Path) -> None:
    ours, other = secret_file(tmp_path, wire.SECRET), secret_file(tmp_path, OTHER_SECRET)
    known = Clients.load(
        {"192.0.2.0/24": ours, "192.0.2.8/29": other, "192.0.2.9": ours, "2001:db8::/32": other}
    )

    def secret(address: str) -> str:
        found = known.secret_of(clients.plain(address))
        return found.reveal() if found is not None else ""

    assert secret("192.0.2.7") == secret("192.0.2.9") == secret("::ffff:192.0.2.7") == wire.SECRET
    assert secret("192.0.2.10") == secret("2001:db8::1") == OTHER_SECRET
    assert secret("192.0.3.1") == secret("::1") == secret("fe80::1%eth0") == ""


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (b"x" * 15, 0o600, "the secret needs 16 to 128 characters, because"),
        (b"x" * 129, 0o600, "the secret needs 16 to 128 characters"),
        (b"two lines of\na secret", 0o600, "only the secret, on one line without spaces"),
        (b"spaces are not kept by all", 0o600, "on one line without spaces"),
        ("Grüße von der Elbe".encode(), 0o600, "only ASCII"),
        (b"x" * 16, 0o644, "Other users can access"),
    ],
)
def test_secrets_that_are_weak_or_open_are_refused(
    tmp_path: Path, content: bytes, mode: int, sentence: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(CannotCheck, match=sentence):
        Clients.load({"192.0.2.1": str(file)})


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "RADIUS has no clients"),
        (["host.example"], "host.example is neither an address nor a network"),
        (["192.0.2.1/24"], "neither an address nor a network"),
        (["192.0.2.1", "192.0.2.1/32"], "192.0.2.1/32 twice"),
    ],
)
def test_clients_that_are_no_addresses_are_refused(
    tmp_path: Path, names: list[str], sentence: str
) -> None:
    file = secret_file(tmp_path, wire.SECRET)
    with pytest.raises(CannotCheck, match=sentence):
        Clients.load(dict.fromkeys(names, file))


def test_an_address_that_cannot_be_listened_on_is_said() -> None:
    with pytest.raises(CannotCheck, match=r"radius\.address must be an address"):
        server.listen("host.example", 0)
    with server.listen("127.0.0.1", 0) as one:
        port = one.getsockname()[1]
        with pytest.raises(CannotCheck, match=f"Cannot listen on 127.0.0.1, port {port}"):
            server.listen("127.0.0.1", port)
