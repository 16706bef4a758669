"""The sign-in under arbitrary sequences of steps, admin changes and passing time.

The machine keeps every state it was ever handed and continues from any of them, as a person with
several terminals would, or an attacker who replays an old state. What it knows of the account
comes from its own actions, not from the states.
"""

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cwtui.accounts import (
    administration,
    organization,
    roles,
    self_service,
    sign_in,
    sign_in_enrolment,
    sign_in_new_password,
    unlocking,
    user_mfa,
)
from cwtui.accounts.errors import (
    TO_EVERYTHING,
    AccountsError,
    InvalidInput,
    SessionEnded,
    SignInFailed,
    Throttled,
)
from cwtui.accounts.new_account import NewAccount
from cwtui.accounts.secret import Secret
from cwtui.accounts.settings import Mfa
from cwtui.accounts.sign_in_states import (
    BackupCodesShown,
    BackupCodesUnacknowledged,
    CodeNeeded,
    EnrolmentNeeded,
    NewPasswordNeeded,
    SignedIn,
    State,
)
from cwtui.accounts.updates import Update
from tests.accounts.world import OPERATOR, PASSWORD, Device, World, outcome

NAME = "alice"
SOURCES = st.sampled_from(["10.0.0.1", "10.0.0.2", "198.51.100.7"])
PASSWORDS = [PASSWORD, "Another.9-Havel", "Third.11-Spree"]


@dataclass(frozen=True)
class Proved:
    """What was actually proved on the way to a state, and which generation of each factor."""

    password: int
    device: int | None = None


@dataclass
class Known:
    """What the person behind the account has."""

    password: str = PASSWORD
    passwords: int = 0
    device: Device | None = None
    devices: int = 0
    used_codes: set[str] = field(default_factory=set)
    last_step: int = 0
    failures: dict[str, int] = field(default_factory=lambda: {"password": 0, "code": 0})


class SignInMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.known = Known()
        self.states: list[tuple[State, Proved]] = []

    @initialize(
        required=st.booleans(), initial=st.booleans(), equipped=st.booleans(), saved=st.booleans()
    )
    def begin_with_some_account(
        self, required: bool, initial: bool, equipped: bool, saved: bool
    ) -> None:
        self.world.add_admin("ada")
        self.world.add(NAME, mfa_required=required, must_change_password=initial)
        if equipped:
            self.known.device = self.world.equip(NAME, acknowledged=saved)
            self.known.devices += 1

    # What people do

    @rule(source=SOURCES, times=st.integers(0, 5))
    def come_in(self, source: str, times: int) -> None:
        """The right password, then the right answer, several times."""
        self._password(self.known.password, source)
        for _ in range(times):
            self.resume(0)

    @rule(source=SOURCES, steps=st.sampled_from([0, -1, 1]))
    def come_in_again_at_once(self, source: str, steps: int) -> None:
        """With a code that may have been used."""
        self._password(self.known.password, source)
        if self.states:
            self._go_on(*self.states[-1], steps, used=False, typed=self._other_password())

    @rule(back=st.integers(0, 5))
    def resume(self, back: int) -> None:
        """The right answer in one of the latest states, with an unused code."""
        if self.states:
            if int(self.world.clock()) // 30 <= self.known.last_step:
                self.world.clock.forward(30)
            state, proved = self.states[-1 - back % len(self.states)]
            self._go_on(state, proved, 0, used=False, typed=self._other_password())

    @rule(typed=st.sampled_from([*PASSWORDS, "wrong"]), source=SOURCES)
    def type_some_password(self, typed: str, source: str) -> None:
        self._password(typed, source)

    @rule(
        back=st.integers(0, 5),
        steps=st.sampled_from([0, 1, -1, 2, -2, 50, None]),
        used=st.booleans(),
        typed=st.sampled_from([*PASSWORDS, "x", ""]),
    )
    def do_something(self, back: int, steps: int | None, used: bool, typed: str) -> None:
        """Act in one of the latest states; `steps` None is a wrong code."""
        if self.states:
            state, proved = self.states[-1 - back % len(self.states)]
            self._go_on(state, proved, steps, used=used, typed=typed)

    @rule(source=SOURCES, used=st.sampled_from([[False], [False, True], [None]]))
    def come_in_with_a_backup_code(self, source: str, used: list[bool | None]) -> None:
        """An unused code, the same code again, or a wrong one."""
        for which in used:
            self._password(self.known.password, source)
            state, proved = self.states[-1] if self.states else (None, Proved(-1))
            if isinstance(state, CodeNeeded):
                self._backup_code(state, proved, which)

    # What admins do

    @rule(
        act=st.sampled_from(
            ["enable"] * 3 + ["disable", "require", "require not", "promote", "demote"]
        )
    )
    def admin_updates(self, act: str) -> None:
        administration.update_user(
            self.world.ports,
            OPERATOR,
            NAME,
            Update(
                enabled={"enable": True, "disable": False}.get(act),
                mfa_required={"require": True, "require not": False}.get(act),
                roles={"promote": (roles.ADMIN,), "demote": (roles.MINIMUM,)}.get(act),
            ),
            agreed=TO_EVERYTHING,
        )

    @rule(mfa=st.sampled_from(list(Mfa)))
    def organization(self, mfa: Mfa) -> None:
        organization.update_settings(self.world.ports, OPERATOR, {"mfa": mfa.value}, TO_EVERYTHING)

    @rule(
        act=st.sampled_from(["unlock", "unlock", "reset MFA", "reset password", "invite", "anew"])
    )
    def admin_helps(self, act: str) -> None:
        ports = self.world.ports
        match act:
            case "unlock":
                unlocking.unlock(ports, OPERATOR, NAME)
                self.known.failures = {"password": 0, "code": 0}
            case "reset MFA" if self.known.device is not None:
                user_mfa.disable_mfa(ports, OPERATOR, NAME)
                self.known.device = None
                self.known.failures["code"] = 0
            case "reset password" | "invite":
                invited = act == "invite"
                made = administration.reset_password(ports, OPERATOR, NAME, invited=invited)
                self._new_password(made.password.reveal())
                self.known.failures["password"] = 0
            case "anew":
                administration.remove_user(ports, OPERATOR, NAME)
                made = administration.create_user(ports, OPERATOR, NewAccount(NAME))
                self.known = Known(passwords=self.known.passwords, devices=self.known.devices)
                self._new_password(made.password.reveal())

    @rule(seconds=st.sampled_from([1, 30, 30, 60, 301]))
    def wait(self, seconds: int) -> None:
        self.world.clock.forward(seconds)

    # The steps, and what must hold after each

    def _password(self, typed: str, source: str) -> None:
        found = outcome(lambda: self.world.begin(NAME, typed, source))
        self._count("password", found)
        if not isinstance(found, AccountsError):
            assert typed == self.known.password
            self._reached(found, Proved(self.known.passwords))

    def _go_on(
        self,
        state: State,
        proved: Proved,
        steps: int | None,
        *,
        used: bool,
        typed: str,
    ) -> None:
        match state:
            case CodeNeeded() if used:
                self._backup_code(state, proved, used)
            case CodeNeeded():
                self._one_time_code(state, proved, steps)
            case NewPasswordNeeded():
                self._choose_password(state, proved, typed)
            case EnrolmentNeeded():
                self._register(state, proved, steps)
            case SignedIn():
                self._use_session(state, proved)
            case BackupCodesShown() | BackupCodesUnacknowledged():
                self._save_codes(state, proved, keep=used)

    def _one_time_code(self, state: CodeNeeded, proved: Proved, steps: int | None) -> None:
        device, now = self.known.device, self.world.clock()
        if device is None:
            typed = "000000"
        else:
            typed = device.wrong_code(now) if steps is None else device.code(now, steps)
        found = outcome(lambda: sign_in.with_one_time_code(self.world.ports, state, typed))
        self._count("code", found)
        if not isinstance(found, AccountsError):
            assert device is not None
            assert steps in {-1, 0, 1}
            self._step_used(steps)
            self._reached(found, replace(proved, device=self.known.devices))

    def _backup_code(self, state: CodeNeeded, proved: Proved, used: bool | None) -> None:
        codes = [code.reveal() for code in self.known.device.codes] if self.known.device else []
        fitting = [code for code in codes if (code in self.known.used_codes) is used]
        typed = fitting[0] if fitting else "0" * 16
        found = outcome(lambda: sign_in.with_backup_code(self.world.ports, state, typed))
        self._count("code", found)
        if not isinstance(found, AccountsError):
            assert typed in codes
            assert typed not in self.known.used_codes, "a backup code was accepted again"
            self.known.used_codes.add(typed)
            self._reached(found, replace(proved, device=self.known.devices))

    def _choose_password(self, state: NewPasswordNeeded, proved: Proved, typed: str) -> None:
        new = Secret(typed)
        found = outcome(lambda: sign_in_new_password.choose(self.world.ports, state, new, new))
        if not isinstance(found, AccountsError):
            assert typed in PASSWORDS
            assert typed != self.known.password
            self._proved_so_far(proved)
            self._new_password(typed)
            self._reached(found, replace(proved, password=self.known.passwords))

    def _register(self, state: EnrolmentNeeded, proved: Proved, steps: int | None) -> None:
        offer, now = Device(state.enrolment.totp_secret, ()), self.world.clock()
        typed = offer.wrong_code(now) if steps is None else offer.code(now, steps)
        found = outcome(lambda: sign_in_enrolment.register_device(self.world.ports, state, typed))
        if isinstance(found, BackupCodesShown):
            assert steps in {-1, 0, 1}
            assert self.known.device is None
            self._proved_so_far(proved)
            # A new secret: the steps of the device before it say nothing about its codes.
            self.known.last_step = 0
            self._step_used(steps)
            self.known.device = replace(offer, codes=found.codes)
            self.known.devices += 1
            self.known.used_codes = set()
            self._reached(found, replace(proved, device=self.known.devices))

    def _save_codes(
        self,
        state: BackupCodesShown | BackupCodesUnacknowledged,
        proved: Proved,
        *,
        keep: bool,
    ) -> None:
        ports = self.world.ports
        if isinstance(state, BackupCodesShown):
            found = outcome(lambda: sign_in_enrolment.acknowledge_backup_codes(ports, state))
        elif keep:
            found = outcome(lambda: sign_in_enrolment.keep_backup_codes(ports, state))
        else:
            found = outcome(lambda: sign_in_enrolment.make_new_backup_codes(ports, state))
        if isinstance(found, BackupCodesShown):
            assert self.known.device is not None
            self.known.device = replace(self.known.device, codes=found.codes)
            self.known.used_codes = set()
        if not isinstance(found, AccountsError):
            self._proved_so_far(proved)
            self._reached(found, proved)

    def _use_session(self, state: SignedIn, proved: Proved) -> None:
        found = outcome(lambda: self_service.overview(self.world.ports, state.session))
        if isinstance(found, self_service.Overview):
            account = self.world.account(NAME)
            assert account.enabled
            assert account.roles == state.session.roles
            assert proved.password == self.known.passwords
        else:
            assert isinstance(found, SessionEnded)

    def _proved_so_far(self, proved: Proved) -> None:
        """The account changes only for someone who proved all of its factors."""
        assert proved.password == self.known.passwords, "without the current password"
        if self.known.device is not None:
            assert proved.device == self.known.devices, "without the second factor"

    def _step_used(self, steps: int) -> None:
        step = int(self.world.clock()) // 30 + steps
        assert step > self.known.last_step, "a time step was accepted again"
        self.known.last_step = step

    def _other_password(self) -> str:
        return next(password for password in PASSWORDS if password != self.known.password)

    # What always holds

    @invariant()
    def an_admin_is_left(self) -> None:
        assert self.world.accounts.is_empty() or self.world.accounts.enabled_local_admins()

    @invariant()
    def failures_are_bounded(self) -> None:
        assert max(self.known.failures.values()) <= 100

    @invariant()
    def nothing_secret_is_in_the_audit_log(self) -> None:
        written = repr(self.world.events)
        secrets = [*PASSWORDS, self.known.password]
        if self.known.device is not None:
            secrets += [
                s.reveal() for s in (self.known.device.totp_secret, *self.known.device.codes)
            ]
        assert not [secret for secret in secrets if secret in written]

    def _reached(self, state: State, proved: Proved) -> None:
        self.states.append((state, proved))
        if isinstance(state, SignedIn):
            self._check_signed_in(proved)

    def _check_signed_in(self, proved: Proved) -> None:
        account, organization = self.world.account(NAME), self.world.accounts.settings()
        assert account.enabled, "a disabled account came in"
        assert not account.must_change_password, "an initial password was kept"
        must = organization.mfa is not Mfa.OFF and (
            account.mfa_required or organization.mfa is Mfa.REQUIRED
        )
        assert account.second_factor is not None or not must, "without the required factor"
        assert (account.second_factor is None) is (self.known.device is None)
        self._proved_so_far(proved)

    def _count(self, kind: str, found: object) -> None:
        """Consecutive failed attempts that were really checked."""
        if isinstance(found, SignInFailed):
            self.known.failures[kind] += not isinstance(found, Throttled)
        elif not isinstance(found, InvalidInput):
            self.known.failures[kind] = 0

    def _new_password(self, password: str) -> None:
        self.known.password = password
        self.known.passwords += 1


TestSignIn = SignInMachine.TestCase
TestSignIn.settings = settings(max_examples=60, stateful_step_count=30)
