"""What the service does for each request."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

import msgspec

from cwtui import language
from cwtui.accounts import account_state, host_sign_in, text
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.errors import (
    AccountsError,
    InvalidInput,
    Refused,
    UnknownAccount,
)
from cwtui.accounts.model import Account
from cwtui.accounts.ports import Ports
from cwtui.accounts.recent_proofs import Place, RecentProofs
from cwtui.accounts.session import as_reason, write_audit
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.config import ServiceConfig
from cwtui.dialogue.asking import ATTEMPTS, PASSWORD, until_right
from cwtui.dialogue.conversation import Conversation, Gone
from cwtui.dialogue.signing_in import Dialogue
from cwtui.language import N_, Language, _
from cwtui.service import peers, places, refusals
from cwtui.service.figures import Figures
from cwtui.service.host_sessions import HostSessions
from cwtui.service.packets import Phase, Request, Verdict
from cwtui.service.peers import Peer

_DIGITS: Final = 4
_MOST_THROTTLED: Final = 50
"""Accounts that have to wait, in the answer to a status request."""
GATE: Final = "gate"
VERIFY: Final = "verify"
_MODES: Final = frozenset({"full", "code", "key"})
_KEY: Final = "publickey"
"""How sshd names the method in SSH_AUTH_INFO_0, which it gives to PAM (sshd_config(5))."""
_NO_KEY: Final = N_(
    "A code alone is not enough, and no SSH key was checked. Tell the operator of this host."
)
ROOT: Final = N_("Nobody becomes root with a Connectware account.")
"""Otherwise whoever may create accounts could create root."""
_NOT_ALLOWED: Final = N_("Only root may ask this.")


@dataclass(frozen=True)
class _Visitor:
    """Who writes an event at a door: the account, and where the person is."""

    actor: str
    source: str


@dataclass
class Doors:
    """Answers requests; one for all conversations."""

    ports: Ports
    config: ServiceConfig
    figures: Figures
    signed_in: Callable[[str, Conversation], None] = lambda *_: None
    """Called with whoever has proved everything that is asked."""
    about: Callable[[], Mapping[str, object]] = dict
    """Returns more fields for the status."""
    sessions: HostSessions = field(default_factory=HostSessions)
    language: Language | None = None
    """What people are asked in, unless the account's is known; None for that of the process."""
    elapsed: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    """Seconds of a clock that nobody sets, and that goes on while the host is suspended."""
    _recent: RecentProofs = field(default_factory=RecentProofs, init=False)
    _recent_at_gate: RecentProofs = field(default_factory=RecentProofs, init=False)
    """Kept apart: a gate asks for the password too, and its client says where it comes from."""
    _lock: Lock = field(default_factory=Lock, init=False)

    def answer(self, request: Request, peer: Peer, person: Conversation) -> Verdict:
        """Talk to the person, and return the verdict. Raises Gone.

        Everything that goes wrong is told to the person in one sentence, and refuses.
        """
        with speaking(request, self.language):
            try:
                self.act(request, peer, person)
            except Gone:
                raise
            except AccountsError as error:
                return refusals.told(person, error)
        return Verdict.ACCEPTED

    def act(self, request: Request, peer: Peer, person: Conversation) -> None:
        """Do what is asked. Raises AccountsError, which refuses, and Gone."""
        if not peer.is_trusted and request.phase is not Phase.GATE:
            raise Refused(_(_NOT_ALLOWED))
        self._phases[request.phase](request, peer, person)

    @property
    def _phases(self) -> dict[Phase, Callable[[Request, Peer, Conversation], None]]:
        return {
            Phase.AUTH: self._auth,
            Phase.ACCOUNT: self._account,
            Phase.OPEN: self._open,
            Phase.CLOSE: self._close,
            Phase.GATE: self._gate,
            Phase.VERIFY: self._verify,
            Phase.STATUS: self._status,
        }

    def _auth(self, request: Request, peer: Peer, person: Conversation) -> None:
        username, door = _exact_username(request), places.shown(request.get("service"))
        if peers.is_root(username):
            raise Refused(_(ROOT))
        place = places.at_door(request, peer)
        mode = request.get("mode")
        if mode not in _MODES:
            raise Refused(
                _(
                    "This service knows no mode {mode}. Start the new version.",
                    mode=places.shown(mode),
                )
            )
        if mode == "key" and request.get("method") != _KEY:
            raise Refused(_(_NO_KEY))
        is_code = mode in {"code", "key"}
        # Over the network only the host's own check of a factor says who it is.
        may_be_fresh = is_code or not request.get("rhost")
        if may_be_fresh and self._is_fresh(username, place, door):
            self._record_recent(username, place, door)
            return
        null_ok = request.get("nullok") == "1"
        dialogue = Dialogue(self.ports, person, place.source, door, null_ok)
        if is_code:
            state = host_sign_in.begin(self.ports, username, place.source, door, null_ok=null_ok)
            signed_in = dialogue.finish(state)
        else:
            signed_in = dialogue.with_password(username)
        self._remember(self._recent, signed_in, place)
        self.signed_in(username, person)

    def _is_fresh(self, username: str, place: Place, door: str) -> bool:
        minutes = self.config.fresh_minutes.get(door, 0)
        if not minutes:
            return False
        account = host_sign_in.usable_account(self.ports, username)
        return self._covers(self._recent, account, place, minutes)

    def _covers(self, proofs: RecentProofs, account: Account, place: Place, minutes: int) -> bool:
        with self._lock:
            return proofs.cover(account, place, self.elapsed(), minutes)

    def _remember(self, proofs: RecentProofs, signed_in: SignedIn, place: Place) -> None:
        session = signed_in.session
        if not session.code_at:
            return
        account = self.ports.accounts.get(session.username)
        if account is not None and account.session_epoch == session.epoch:
            with self._lock:
                proofs.remember(account, place, self.elapsed())

    def _account(self, request: Request, _: Peer, __: Conversation) -> None:
        host_sign_in.check_entry(self.ports, _exact_username(request))

    def _open(self, request: Request, peer: Peer, _: Conversation) -> None:
        visitor, door = self._write(EventType.HOST_OPEN, request, peer)
        if text.is_username(visitor.actor):
            self.sessions.begun(self.ports, visitor.actor, visitor.source, door, peer.pid)

    def _close(self, request: Request, peer: Peer, _: Conversation) -> None:
        visitor, door = self._write(EventType.HOST_CLOSE, request, peer)
        self.sessions.ended(visitor.actor, door, peer.pid)

    def _write(self, event: EventType, request: Request, peer: Peer) -> tuple[_Visitor, str]:
        username, door = _exact_username(request), places.shown(request.get("service"))
        visitor = _Visitor(username, places.at_door(request, peer).source)
        write_audit(self.ports, event, visitor, username, door)
        return visitor, door

    def _gate(self, request: Request, peer: Peer, person: Conversation) -> None:
        username, place = self._who(request, peer, person), places.at_gate(request, peer)
        # Of Unix users that several people share, an address does not say who comes again.
        may_be_fresh = username == peer.name or not request.get("rhost")
        given = text.whole_number(request.get("fresh"), _DIGITS)
        minutes = given if may_be_fresh and given is not None else 0
        account = self.ports.accounts.get(username)
        if account is not None and self._covers(self._recent_at_gate, account, place, minutes):
            host_sign_in.usable_account(self.ports, username)
            self._record_recent(username, place, GATE)
        else:
            dialogue = Dialogue(self.ports, person, place.source, GATE)
            self._remember(self._recent_at_gate, dialogue.with_password(username), place)
            self.signed_in(username, person)
        reason = as_reason({"door": GATE, "command": places.shown(request.get("command"))})
        visitor = _Visitor(username, place.source)
        write_audit(self.ports, EventType.HOST_OPEN, visitor, username, reason)
        # The client becomes the command, and keeps its process id.
        self.sessions.begun(self.ports, username, place.source, GATE, peer.pid)

    def _record_recent(self, username: str, place: Place, door: str) -> None:
        visitor, reason = _Visitor(username, place.source), as_reason({"door": door})
        write_audit(self.ports, EventType.HOST_RECENT_PROOF, visitor, username, reason)

    def _who(self, request: Request, peer: Peer, person: Conversation) -> str:
        """Return whose account the gate asks for.

        A Unix user may sign in to the account of the same name only, so that local users cannot
        try passwords of others here. Raises InvalidInput, UnknownAccount and TooManyAttempts.
        """
        name = peer.name
        if not (peer.is_trusted or name in self.config.gate_users):
            return _exact(name)
        given = request.get("user")
        if given:
            return text.username(given)
        return until_right(person, lambda: text.username(person.ask(_("Username: "))), ATTEMPTS)

    def _verify(self, request: Request, _peer: Peer, person: Conversation) -> None:
        username, given = request.get("user"), request.get("source")
        source = places.address_of(given) if given else VERIFY
        dialogue = Dialogue(self.ports, person, source, VERIFY)
        match request.get("factor"):
            case "password":
                password = person.ask_secret(_(PASSWORD))
                host_sign_in.check_password(self.ports, username, password, source, VERIFY)
            case "code":
                dialogue.finish(host_sign_in.begin(self.ports, username, source, VERIFY))
                self.signed_in(text.username(username), person)
            case "both":
                replace(dialogue, null_ok=False).with_password(username)
                self.signed_in(text.username(username), person)
            case _:
                raise Refused(_("Unknown factor."))

    def _status(self, _: Request, __: Peer, person: Conversation) -> None:
        self.ports.keyring.all_keys()  # without them nobody is let in: it raises CannotCheck
        waiting = [{"username": name, "until": until} for name, until in _throttled(self.ports)]
        fields = {
            **self.figures.as_fields(),
            **self.about(),
            "throttled": waiting,
            "pid": os.getpid(),
        }
        person.tell(msgspec.json.encode(fields).decode())


def speaking(request: Request, otherwise: Language | None) -> AbstractContextManager[None]:
    """Return the context in which the language is spoken that the client says, or another.

    Texts have the characters that the person's terminal shows.
    """
    asked = request.get("language")
    spoken = Language(asked) if asked in {*Language} else otherwise
    return language.speaking(spoken, places.charset_of(request))


def _throttled(ports: Ports) -> list[tuple[str, float]]:
    """Return the first accounts that have to wait, and until when."""
    now = ports.now()
    waits = (
        (name, account_state.locked_until(record, now))
        for name, record in ports.records.banned().items()
    )
    return sorted((name, until) for name, until in waits if until is not None)[:_MOST_THROTTLED]


def _exact_username(request: Request) -> str:
    """Return the account's name, which must be the Unix user's to the letter.

    Otherwise the Unix user Alice would get in with alice's account. Raises UnknownAccount.
    """
    return _exact(request.get("user"))


def _exact(given: str) -> str:
    try:
        is_exact = text.username(given) == given
    except InvalidInput:
        is_exact = False
    if not is_exact:
        raise UnknownAccount(places.shown(given))
    return given
