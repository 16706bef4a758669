"""The step of a sign-in that replaces an initial password, or an invitation code."""

from msgspec import structs

from cwtui.accounts import failed_sign_ins
from cwtui.accounts.audit.events import EventType
from cwtui.accounts.credentials import passwords
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.session import as_reason, update_record, write_audit
from cwtui.accounts.sign_in import advance
from cwtui.accounts.sign_in_progress import current
from cwtui.accounts.sign_in_states import NewPasswordNeeded, State
from cwtui.language import _


def choose(ports: Ports, state: NewPasswordNeeded, new: Secret, confirmation: Secret) -> State:
    """Replace the initial password. Raises InvalidInput and SignInEnded."""
    progress = state.progress
    account = current(ports, progress)
    passwords.check_new(new, ports.accounts.settings(), account.username)
    passwords.check_confirmation(new, confirmation)
    as_initial = passwords.initial(new)
    if passwords.is_password(as_initial, account.password, ports.keyring, ports.bcrypt_cost):
        raise InvalidInput(
            "new_password",
            _("This is your invitation code. Choose a password of your own.")
            if account.invited
            else _("This is the initial password. Choose your own."),
        )
    hashed = passwords.hash_password(new, ports.keyring, ports.bcrypt_cost)
    name = progress.username
    with ports.accounts.change() as change:
        before = current(ports, progress, change)
        after = before.changed_ending_sessions(
            password=hashed,
            must_change_password=False,
            initial_password_expires_at=None,
            invited=False,
        )
        reason = as_reason({"invitation": "used"} if before.invited else {})
        change.put(after)
        change.prepare()
        update_record(
            ports,
            name,
            failed_sign_ins.with_own_new_password,
            lambda: write_audit(
                ports, EventType.PASSWORD_CHANGE, progress, name, reason, change=change
            ),
        )
    return advance(
        ports, structs.replace(progress, epoch=after.session_epoch, password_changed=True)
    )
