"""What signed-in users do with their own account. Each call re-reads the account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from msgspec.structs import replace as replace_fields

from cwtui.accounts import (
    account_state,
    code_factors,
    devices,
    enrolment,
    factors,
    failed_sign_ins,
    provisioning,
    throttle,
    tries,
)
from cwtui.accounts.account_state import Requirement
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.devices import DeviceState
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import InvalidInput, Refused, Throttled
from cwtui.accounts.model import Account, Origin
from cwtui.accounts.own_changes import change, claim_of, proof_by, prove_code
from cwtui.accounts.ports import Ports
from cwtui.accounts.preferences import LanguageChoice, Preferences, Theme, zone_name
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import (
    Session,
    account_of,
    proved_account_of,
    update_record,
    write_audit,
)
from cwtui.accounts.settings import Mfa, OrganizationSettings
from cwtui.language import _


@dataclass(frozen=True)
class Overview:
    """What the Settings page shows. A refusal says why an action is unavailable; empty if not."""

    account: Account
    mfa: Mfa
    requirement: Requirement
    backup_codes_left: int
    devices: tuple[DeviceState, ...]
    change_password_refusal: str
    enable_mfa_refusal: str
    disable_mfa_refusal: str
    add_device_refusal: str
    replace_device_refusal: str
    remove_device_refusal: str


def overview(ports: Ports, session: Session) -> Overview:
    """Return the current state of the session's account. Raises SessionEnded."""
    account = account_of(ports, session)
    settings = ports.accounts.settings()
    factor = account.second_factor
    return Overview(
        account=account,
        mfa=settings.mfa,
        requirement=account_state.requirement(account, settings),
        backup_codes_left=len(factor.backup_codes.hashes) if factor is not None else 0,
        devices=devices.states(factor, ports.records.get(account.username)),
        change_password_refusal=_change_password_refusal(account),
        enable_mfa_refusal=enrolment.refusal(account, settings),
        disable_mfa_refusal=_disable_refusal(account, settings),
        add_device_refusal=enrolment.refusal_of_another(account, settings),
        replace_device_refusal=enrolment.refusal_of_replacement(account),
        remove_device_refusal=enrolment.refusal_of_removal(account, settings),
    )


def device(ports: Ports, session: Session, id_: str) -> tuple[Overview, DeviceState]:
    """Return the overview and the state of one device. Raises Refused and SessionEnded."""
    found = overview(ports, session)
    for state in found.devices:
        if state.id == id_:
            return found, state
    raise Refused(_(devices.GONE))


def password_rules(ports: Ports, session: Session) -> str:
    """Return what a new password needs. Raises SessionEnded."""
    account_of(ports, session)
    return passwords.rules(ports.accounts.settings())


def change_password(
    ports: Ports, session: Session, current: Secret, new: Secret, confirmation: Secret
) -> Session:
    """Change the password, end the account's other sessions, and return the renewed session.

    Raises InvalidInput, SignInFailed, Throttled, Refused and SessionEnded.
    """
    account = account_of(ports, session)
    _refuse(_change_password_refusal(account))
    if not current:
        raise InvalidInput("current_password", _("Enter your current password."))
    passwords.check_new(new, ports.accounts.settings(), account.username)
    passwords.check_confirmation(new, confirmation)
    factors.check_password(ports, claim_of(session), account, current, field="current_password")
    if passwords.is_same(new, current):
        raise InvalidInput("new_password", _("This is your current password. Choose a new one."))
    hashed = passwords.hash_password(new, ports.keyring, ports.bcrypt_cost)
    proved = replace(session, password_at=ports.now())
    with ports.accounts.change() as change:
        after = account_of(ports, session, change).changed_ending_sessions(password=hashed)
        change.put(after)
        change.prepare()
        update_record(
            ports,
            after.username,
            lambda record: failed_sign_ins.with_old_password(record, ports.now()),
            lambda: write_audit(
                ports, EventType.PASSWORD_CHANGE, session, after.username, change=change
            ),
        )
    return proved.renewed(after)


def prove(ports: Ports, session: Session, password: Secret | None, code: str | None) -> Session:
    """Check the given factors again, and return the session with the new proof.

    The code is a one-time code or a backup code. Raises InvalidInput, SignInFailed, Throttled and
    SessionEnded.
    """
    account = account_of(ports, session)
    claim = claim_of(session)
    proofs = []
    if password is not None:
        if not password:
            raise InvalidInput("password", _("Enter your password."))
        if account.origin is Origin.LDAP:
            directory = provisioning.directory_of(ports)
            user = factors.check_directory_password(ports, directory, claim, password, "password")
            provisioning.check_still(ports, account, user)
        else:
            factors.check_password(ports, claim, account, password, field="password")
        session = replace(session, password_at=ports.now())
        proofs.append("password")
    if code is not None:
        proofs.append(prove_code(ports, session, account, code))
        session = replace(session, code_at=ports.now())
    write_audit(ports, EventType.PROOF, session, session.username, ", ".join(proofs))
    return session


def wait(ports: Ports, session: Session, fields: Mapping[throttle.Tries, str]) -> Throttled | None:
    """Return the error that one of these fields would get now, whatever is typed; or None.

    To be shown before anything is typed. Raises SessionEnded.
    """
    account_of(ports, session)
    waits = (tries.wait(ports, claim_of(session), *each) for each in fields.items())
    return next((each for each in waits if each is not None), None)


def begin_enrolment(ports: Ports, session: Session, earlier: Enrolment | None = None) -> Enrolment:
    """Return a new enrolment, or the earlier one if it can be continued.

    Raises ProofNeeded, Refused and SessionEnded.
    """
    return enrolment.begin(ports, proved_account_of(ports, session), earlier)


def register_device(
    ports: Ports, session: Session, offered: Enrolment, typed: str
) -> tuple[Session, tuple[Secret, ...]]:
    """Enable MFA, and return the renewed session and the backup codes to show.

    Raises InvalidInput, SessionEnded, and Refused if the enrolment began longer ago than a proof
    is valid.
    """
    account = account_of(ports, session)
    enrolment.check_offered(account, ports.accounts.settings())
    enrolment.check_not_expired(offered, ports.now())
    registered = enrolment.confirm(ports, account, offered, typed)
    with ports.accounts.change() as change:
        before = account_of(ports, session, change)
        after = enrolment.register(ports, change, session, before, registered)
    return replace(session.renewed(after), code_at=ports.now()), registered.codes


def acknowledge_backup_codes(ports: Ports, session: Session) -> None:
    """Record that the user has saved the backup codes. Raises SessionEnded."""
    with ports.accounts.change() as change:
        enrolment.acknowledge(ports, change, session, account_of(ports, session, change))


def check_proof_before_code(ports: Ports, session: Session) -> None:
    """Raise ProofNeeded or SessionEnded before the user types a code, which would expire meanwhile.

    For changes that ask for a code themselves.
    """
    proved_account_of(ports, session, code_follows=True)


def disable_mfa(ports: Ports, session: Session, typed: str) -> Session:
    """Disable MFA, and return the renewed session.

    Raises InvalidInput, SignInFailed, Throttled, Refused (if MFA is required), ProofNeeded (for
    the password) and SessionEnded.
    """
    account = proved_account_of(ports, session, code_follows=True)
    _refuse(_disable_refusal(account, ports.accounts.settings()))
    factor = enrolment.second_factor(account)
    device = code_factors.check_one_time_code(ports, claim_of(session), factor, typed)

    def disabled(before: Account, settings: OrganizationSettings) -> Account:
        _refuse(_disable_refusal(before, settings))
        return before.changed_ending_sessions(second_factor=None)

    return change(ports, session, EventType.MFA_DISABLE, disabled, proof_by(device))


def regenerate_backup_codes(
    ports: Ports, session: Session, typed: str
) -> tuple[Session, tuple[Secret, ...]]:
    """Replace the backup codes, and return the renewed session and the new codes.

    Takes a one-time code or a backup code. Raises the same errors as `disable_mfa`.
    """
    account = proved_account_of(ports, session, code_follows=True)
    proof = prove_code(ports, session, account, typed)
    proved = replace(session, code_at=ports.now())
    hashed, codes = enrolment.new_backup_codes(ports)

    def regenerated(before: Account, _: OrganizationSettings) -> Account:
        factor = enrolment.second_factor(before)
        renewed = replace_fields(factor, backup_codes=hashed)
        return before.changed_ending_sessions(second_factor=renewed)

    event = EventType.BACKUP_CODES_REGENERATE
    return change(ports, proved, event, regenerated, proof), codes


def update_preferences(
    ports: Ports,
    session: Session,
    *,
    theme: Theme | None = None,
    time_zone: str | None = None,
    mouse: bool | None = None,
    language: LanguageChoice | None = None,
) -> Preferences:
    """Change the given preferences of the session's account, and return all of them.

    None leaves a preference unchanged; `time_zone` is as typed. Needs no new proof and writes no
    event (see `preferences`). Raises InvalidInput and SessionEnded.
    """
    given = {
        "theme": theme,
        "time_zone": zone_name(time_zone) if time_zone is not None else None,
        "mouse": mouse,
        "language": language,
    }
    fields = {name: value for name, value in given.items() if value is not None}
    before = account_of(ports, session).preferences
    if replace_fields(before, **fields) == before:
        return before
    with ports.accounts.change() as change:
        account = account_of(ports, session, change)
        after = replace_fields(account.preferences, **fields)
        change.put(account.changed(preferences=after))
    return after


def _refuse(reason: str) -> None:
    if reason:
        raise Refused(reason)


def _change_password_refusal(account: Account) -> str:
    if account.origin is Origin.LDAP:
        return _("You are an LDAP user. Change your password in your organization's directory.")
    return ""


def _disable_refusal(account: Account, settings: OrganizationSettings) -> str:
    if account.second_factor is None:
        return _(enrolment.NOT_ENABLED)
    if settings.mfa is Mfa.REQUIRED:
        return _("Your organization requires multi-factor authentication for everyone.")
    if account_state.is_required(account, settings):
        return _("An admin made multi-factor authentication mandatory for your account.")
    return ""
