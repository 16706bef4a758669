"""What signed-in users do with their devices. Each call re-reads the account.

Every change takes a one-time code of any device or a backup code: the product text asks for the
app, but somebody who has lost it needs a way back in. A lost device is replaced in one step, when
the new one has given its first code, so that there is always a second factor.
"""

from dataclasses import dataclass, replace

from cwtui.accounts import devices, enrolment, own_changes
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import typed_codes
from cwtui.accounts.enrolment import Enrolment
from cwtui.accounts.errors import Refused
from cwtui.accounts.model import Account, Device
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import (
    Session,
    account_of,
    as_reason,
    is_fresh,
    proved_account_of,
    write_audit,
)
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import _


def needs_code(session: Session, now: float, replaces: str | None = None) -> bool:
    """Whether `begin` takes a code.

    A backup code that was just used, at the sign-in or to begin a replacement, is enough to replace
    one device, so that this does not cost a second one.
    """
    return replaces is None or not is_fresh(session.backup_code_at, now)


@dataclass(frozen=True)
class Plan:
    """What a page shows that asks for the name of a further device.

    `name` is a suggestion: after an enrolment that can be continued, the name from there, so that
    the same key is offered again.
    """

    account: Account
    name: str
    replaced: Device | None


def plan(
    ports: Ports, session: Session, replaces: str | None = None, earlier: Enrolment | None = None
) -> Plan:
    """Return what to ask before `begin`. Raises Refused and SessionEnded."""
    account = account_of(ports, session)
    enrolment.check_another_offered(account, ports.accounts.settings(), replaces)
    factor = enrolment.second_factor(account)
    replaced = None if replaces is None else devices.with_id(factor, replaces)
    first = _(devices.FIRST_NAME)
    name = devices.new_name(factor.devices, first) if replaced is None else replaced.name
    if earlier is not None and earlier.is_for(account, ports.now()):
        name = earlier.device
    return Plan(account, name, replaced)


def begin(
    ports: Ports,
    session: Session,
    name: str,
    typed: str,
    replaces: str | None = None,
    earlier: Enrolment | None = None,
) -> tuple[Session, Enrolment]:
    """Check a code, and return the session with this proof and the enrolment of a device.

    `replaces` is the id of the device that the new one takes the place of. `typed` is not used if
    no code is needed. Raises InvalidInput, SignInFailed, Throttled, Refused, ProofNeeded (for the
    password) and SessionEnded.
    """
    account = proved_account_of(ports, session, code_follows=True)
    # Before the code is used up.
    enrolment.check_another(account, ports.accounts.settings(), name, replaces)
    if needs_code(session, ports.now(), replaces):
        proof = own_changes.prove_code(ports, session, account, typed)
        session = replace(session, code_at=ports.now())
        if replaces is not None and typed_codes.is_backup_code(typed):
            # If the person leaves half-way, coming back does not cost another one.
            session = replace(session, backup_code_at=ports.now())
        write_audit(ports, EventType.PROOF, session, session.username, proof)
    return session, enrolment.begin_another(ports, account, name, replaces, earlier)


def register(ports: Ports, session: Session, offered: Enrolment, typed: str) -> Session:
    """Store the offered device, and return the renewed session.

    `typed` is the first code of the new device. Raises InvalidInput, Refused and SessionEnded.
    """
    account = account_of(ports, session)
    enrolment.check_not_expired(offered, ports.now())
    registered = enrolment.confirm(ports, account, offered, typed)
    with ports.accounts.change() as change:
        before = account_of(ports, session, change)
        after = enrolment.register_another(ports, change, session, before, offered, registered)
    return replace(session.renewed(after), code_at=ports.now(), backup_code_at=0.0)


def remove(ports: Ports, session: Session, id_: str, typed: str) -> Session:
    """Remove a device, and return the renewed session.

    Raises InvalidInput, SignInFailed, Throttled, Refused (for the only device), ProofNeeded (for
    the password) and SessionEnded.
    """

    def removed(before: Account, settings: OrganizationSettings) -> Account:
        refusal = enrolment.refusal_of_removal(before, settings)
        if refusal:
            raise Refused(refusal)
        factor = enrolment.second_factor(before)
        left = devices.without(factor, devices.with_id(factor, id_))
        return before.changed_ending_sessions(second_factor=left)

    account = proved_account_of(ports, session, code_follows=True)
    removed(account, ports.accounts.settings())  # before the code is used up
    name = devices.with_id(enrolment.second_factor(account), id_).name
    proof = own_changes.prove_code(ports, session, account, typed)
    proved = replace(session, code_at=ports.now())
    reason = f"{as_reason({'removed': name})}, by {proof}"
    return own_changes.change(ports, proved, EventType.DEVICE_REMOVE, removed, reason)


def rename(ports: Ports, session: Session, id_: str, typed: str) -> str:
    """Give a device another name, which needs no proof, and return it as it is stored.

    Writes nothing if the name stays the same. Raises InvalidInput, Refused and SessionEnded.
    """
    with ports.accounts.change() as change:
        account = account_of(ports, session, change)
        factor = enrolment.second_factor(account)
        device = devices.with_id(factor, id_)
        others = [other for other in factor.devices if other != device]
        name = devices.checked_name(typed, others)
        if name == device.name:
            return name
        change.put(account.changed(second_factor=devices.with_name(factor, device, name)))
        reason = as_reason({"before": device.name, "device": name})
        event = EventType.DEVICE_RENAME
        write_audit(ports, event, session, session.username, reason, change=change)
    return name
