"""What all changes to one's own account have in common: a proof, a change, and an event."""

from collections.abc import Callable

from cwtui.accounts import code_factors, enrolment, tries
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import typed_codes
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.model import Account, Device
from cwtui.accounts.ports import Ports
from cwtui.accounts.session import Session, account_of, as_reason, write_audit
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import _


def claim_of(session: Session) -> tries.Claim:
    return tries.Claim(session.username, session.source, in_session=True)


def prove_code(ports: Ports, session: Session, account: Account, typed: str) -> str:
    """Use up a one-time code of any device, or a backup code. Returns which, for the audit log.

    Raises InvalidInput, SignInFailed and Throttled.
    """
    if not typed.strip():
        raise InvalidInput("code", _("Enter a one-time code or a backup code."))
    claim, factor = claim_of(session), enrolment.second_factor(account)
    if typed_codes.is_backup_code(typed):
        code_factors.use_backup_code(ports, claim, lambda: factor, typed, field="code")
        return "backup code"
    return proof_by(code_factors.check_one_time_code(ports, claim, factor, typed))


def proof_by(device: Device) -> str:
    """Return the reason of an event that a one-time code of this device allowed."""
    return f"one-time code, {as_reason({'device': device.name})}"


def change(
    ports: Ports,
    session: Session,
    event: EventType,
    after: Callable[[Account, OrganizationSettings], Account],
    reason: str = "",
) -> Session:
    """Store what `after` makes of the session's account, and return the renewed session.

    Raises what `after` raises, SessionEnded and CannotCheck.
    """
    with ports.accounts.change() as accounts:
        before = account_of(ports, session, accounts)
        changed = after(before, accounts.settings())
        accounts.put(changed)
        write_audit(ports, event, session, session.username, reason, change=accounts)
    return session.renewed(changed)
