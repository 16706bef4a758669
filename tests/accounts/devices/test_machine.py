"""Devices under arbitrary sequences of what a person, admins and restores do.

The machine knows which devices were ever registered and which of them were removed. It keeps old
sessions, unfinished enrolments and backups, and continues from any of them.
"""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cwtui.accounts import (
    account_state,
    administration,
    own_devices,
    self_service,
    sign_in,
    sign_in_enrolment,
    unlocking,
    user_mfa,
)
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import TO_EVERYTHING, AccountsError
from cwtui.accounts.model import MOST_DEVICES, Account, SignInRecord
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import PROOF_LIFETIME, Session
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import BackupCodesShown, CodeNeeded, EnrolmentNeeded, SignedIn
from cwtui.accounts.updates import Update
from cwtui.accounts.upkeep import key_rotation, restored_state
from tests.accounts.world import OPERATOR, PASSWORD, Device, World, outcome

NAME = "alice"
ANY = st.integers(0, 1 << 16)
NAMES = st.sampled_from(["Phone", "phone", "Tablet", "Laptop", "Work", "Home", "Spare", ""])


@dataclass(frozen=True)
class Backup:
    """A store as it was."""

    accounts: dict[str, Account]
    records: dict[str, SignInRecord]


class DevicesMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.secrets: dict[str, Device] = {}
        """What the person has, by the device's id; also of removed devices."""
        self.removed: set[str] = set()
        self.codes: list[Secret] = []
        self.used: set[tuple[str, int]] = set()
        self.used_codes: set[str] = set()
        self.sessions: list[Session] = []
        self.offers: list[Enrolment] = []
        self.backups: list[Backup] = []

    @initialize(required=st.booleans(), equipped=st.booleans())
    def begin(self, required: bool, equipped: bool) -> None:
        self.world.add_admin("ada")
        self.world.add(NAME, mfa_required=required)
        if equipped:
            phone = self.world.equip(NAME)
            self._new_device(phone.totp_secret, is_confirmed=False)
            self.codes = list(phone.codes)

    # What the machine knows

    def _account(self) -> Account:
        return self.world.account(NAME)

    def _ids(self) -> list[str]:
        factor = self._account().second_factor
        return [device.id for device in factor.devices] if factor is not None else []

    def _new_device(self, secret: Secret, *, is_confirmed: bool = True) -> None:
        [id_] = [id_ for id_ in self._ids() if id_ not in self.secrets]
        self.secrets[id_] = Device(secret, ())
        if is_confirmed:
            self.used.add((id_, int(self.world.clock()) // 30))

    def _note_removed(self, before: list[str]) -> None:
        self.removed |= set(before) - set(self._ids())

    def _typed(self, which: int) -> str:
        """A code of a device that is or was registered, a backup code, or a wrong code."""
        kind = which % 8
        if kind == 0 and self.codes:
            return self.codes[which // 8 % len(self.codes)].reveal()
        if kind == 1 or not self.secrets:
            return "000000"
        known = list(self.secrets)
        present = self._ids()
        pool = known if kind == 2 or not present else present
        device = self.secrets[pool[which // 8 % len(pool)]]
        return device.code(self.world.clock(), (0, 0, 0, 1, -1)[which // 64 % 5])

    def _check_proof(self, typed: str) -> None:
        """The code that was accepted is of a registered device, or unused."""
        if len(typed) > 6:
            assert typed in {code.reveal() for code in self.codes}, "of an older set"
            assert typed not in self.used_codes, "a backup code was accepted again"
            self.used_codes.add(typed)
            return
        step = int(self.world.clock()) // 30
        uses = {
            (id_, step + near)
            for id_ in self._before
            for near in (-1, 0, 1)
            if self.secrets[id_].code(self.world.clock(), near) == typed
        }
        assert uses, "a code of no registered device was accepted"
        assert uses - self.used, "a step was accepted again"
        self.used.add(min(uses - self.used))

    @property
    def _session(self) -> Session | None:
        return self.sessions[-1] if self.sessions else None

    # What the person does

    @rule(seconds=st.sampled_from([1, 29, 30, 31, 60, 700]))
    def wait(self, seconds: float) -> None:
        self.world.clock.forward(seconds)

    @rule(which=ANY)
    def come_in(self, which: int) -> None:
        self._before = self._ids()
        state: object = outcome(lambda: self.world.begin(NAME))
        if isinstance(state, CodeNeeded):
            waiting, typed = state, self._typed(which)
            state = outcome(lambda: sign_in.with_code(self.world.ports, waiting, typed, "code"))
            if not isinstance(state, AccountsError):
                self._check_proof(typed)
        if isinstance(state, EnrolmentNeeded):
            self._enrol(state)
        elif isinstance(state, SignedIn):
            must = account_state.is_required(self._account(), self.world.accounts.settings())
            assert self._before or not must, "without a required device"
            self.sessions.append(state.session)

    def _enrol(self, state: EnrolmentNeeded) -> None:
        assert not self._before
        device = Device(state.enrolment.totp_secret, ())
        code = device.code(self.world.clock())
        shown = outcome(lambda: sign_in_enrolment.register_device(self.world.ports, state, code))
        if isinstance(shown, BackupCodesShown):
            self._new_device(state.enrolment.totp_secret)
            self.codes = list(shown.codes)
            done = sign_in_enrolment.acknowledge_backup_codes(self.world.ports, shown)
            assert isinstance(done, SignedIn)
            self.sessions.append(done.session)

    @rule(which=st.sampled_from([0, 8, 3]), restored=st.booleans())
    def come_in_twice_with_the_same_code(self, which: int, restored: bool) -> None:
        self.world.clock.forward(60)
        self.back_up()
        self.come_in(which)
        if restored:
            self.restore(len(self.backups) - 1)
        self.come_in(which)

    @rule(name=NAMES, which=ANY, act=st.sampled_from(["add", "replace", "remove"]))
    def do_all_steps_right(self, name: str, which: int, act: str) -> None:
        """Sign in and add, replace or remove a device, each time with an unused code."""
        first = 3 + 8 * which
        self.world.clock.forward(60)
        self.come_in(first - first // 64 % 5 * 64)
        self.world.clock.forward(60)
        known, present = list(self.secrets), self._ids()
        if act == "remove" and present:
            self.change_something(known.index(present[which % len(present)]), 3, "remove")
        elif act != "remove":
            replaced = known.index(present[which % len(present)]) if present else 0
            self.begin_a_device(name, 3, replaced if act == "replace" else None)
            self.finish_a_device(0, right=True)

    @rule(back=st.integers(0, 3))
    def use_an_older_session(self, back: int) -> None:
        if self.sessions:
            self.sessions.append(self.sessions[-1 - back % len(self.sessions)])

    @rule()
    def type_the_password_again(self) -> None:
        session = self._session
        if session is not None:
            found = outcome(
                lambda: self_service.prove(self.world.ports, session, Secret(PASSWORD), None)
            )
            if isinstance(found, Session):
                self.sessions.append(found)

    @rule(name=NAMES, which=ANY, replaces=st.none() | ANY)
    def begin_a_device(self, name: str, which: int, replaces: int | None) -> None:
        session, known, typed = self._session, list(self.secrets), self._typed(which)
        if session is None:
            return
        self._before = self._ids()
        id_ = known[replaces % len(known)] if replaces is not None and known else None
        since = self.world.clock() - session.backup_code_at
        needed = id_ is None or not 0 <= since <= PROOF_LIFETIME
        found = outcome(lambda: own_devices.begin(self.world.ports, session, name, typed, id_))
        if isinstance(found, tuple):
            if needed:
                self._check_proof(typed)
            self.sessions.append(found[0])
            self.offers.append(found[1])

    @rule(which=ANY, right=st.booleans())
    def finish_a_device(self, which: int, right: bool) -> None:
        session = self._session
        if session is None or not self.offers:
            return
        offer = self.offers[-1 - which % len(self.offers)]
        device, before = Device(offer.totp_secret, ()), self._ids()
        now = self.world.clock()
        typed = device.code(now) if right else device.wrong_code(now)
        found = outcome(lambda: own_devices.register(self.world.ports, session, offer, typed))
        if isinstance(found, Session):
            assert right
            assert len(self._ids()) == len(before) + (offer.replaces is None)
            assert offer.replaces not in self._ids()
            self._new_device(offer.totp_secret)
            self.sessions.append(found)
        else:
            assert self._ids() == before, "an interrupted change changes nothing"
        self._note_removed(before)

    @rule(which=ANY, typed=ANY, act=st.sampled_from(["remove", "rename", "disable", "new codes"]))
    def change_something(self, which: int, typed: int, act: str) -> None:
        session, known = self._session, list(self.secrets)
        if session is None or not known:
            return
        self._before = before = self._ids()
        id_, code, ports = known[which % len(known)], self._typed(typed), self.world.ports
        must = account_state.is_required(self._account(), self.world.accounts.settings())
        found: object
        match act:
            case "remove":
                found = outcome(lambda: own_devices.remove(ports, session, id_, code))
                assert isinstance(found, AccountsError) or id_ not in self._ids()
            case "rename":
                found = outcome(lambda: own_devices.rename(ports, session, id_, f"N{which % 99}"))
            case "disable":
                found = outcome(lambda: self_service.disable_mfa(ports, session, code))
            case _:
                found = outcome(lambda: self_service.regenerate_backup_codes(ports, session, code))
        assert self._ids() or not before or not must, "a required account lost its last device"
        if isinstance(found, AccountsError):
            assert self._ids() == before
        elif act != "rename":
            self._check_proof(code)
        if isinstance(found, tuple):
            self.codes = list(found[1])
            self.sessions.append(found[0])
        elif isinstance(found, Session):
            self.sessions.append(found)
        self._note_removed(before)

    # What others do

    @rule(required=st.booleans())
    def require(self, required: bool) -> None:
        administration.update_user(
            self.world.ports, OPERATOR, NAME, Update(mfa_required=required), agreed=TO_EVERYTHING
        )

    @rule(mfa=st.sampled_from([Mfa.OPTIONAL, Mfa.REQUIRED, Mfa.OFF]))
    def decide_for_everyone(self, mfa: Mfa) -> None:
        self.world.settings(mfa=mfa)

    @rule(which=ANY, everything=st.booleans())
    def an_admin_removes_a_device(self, which: int, everything: bool) -> None:
        before, factor, ports = self._ids(), self._account().second_factor, self.world.ports
        if factor is None:
            return
        name = factor.devices[which % len(factor.devices)].name
        if everything:
            user_mfa.disable_mfa(ports, OPERATOR, NAME)
        else:
            outcome(lambda: user_mfa.remove_device(ports, OPERATOR, NAME, name))
        self._note_removed(before)

    @rule()
    def unlock(self) -> None:
        unlocking.unlock(self.world.ports, OPERATOR, NAME)

    @rule()
    def rotate_the_key(self) -> None:
        key_rotation.rotate(self.world.ports, OPERATOR, lambda *_: None)

    @rule()
    def back_up(self) -> None:
        self.backups.append(Backup({NAME: self._account()}, dict(self.world.records.kept)))

    @rule(which=ANY)
    def restore(self, which: int) -> None:
        if not self.backups:
            return
        then, world, before = self.backups[which % len(self.backups)], self.world, self._ids()
        for name, account in then.accounts.items():
            now = world.accounts.get(name)
            world.put(restored_state.account(account, now, world.keyring, world.random))
        for name, record in then.records.items():
            kept = world.records.kept.get(name, SignInRecord())
            world.records.kept[name] = restored_state.record(record, kept)
        assert self._ids() == before

    # What always holds

    @invariant()
    def devices_are_as_they_must_be(self) -> None:
        if self.world.accounts.is_empty():
            return
        ids = self._ids()
        assert len(ids) == len(set(ids)) <= MOST_DEVICES
        assert not self.removed & set(ids), "a removed device came back"
        assert set(ids) <= set(self.secrets), "a device that nobody registered"
        factor = self._account().second_factor
        names = [device.name.casefold() for device in factor.devices] if factor is not None else []
        assert len(names) == len(set(names))


TestDevices = DevicesMachine.TestCase
TestDevices.settings = settings(max_examples=60, stateful_step_count=40)
