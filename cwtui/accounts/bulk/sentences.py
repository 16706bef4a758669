"""What people are asked and told about an act on many accounts, on screens and in commands."""

from collections.abc import Iterator

from cwtui.accounts import expiry, roles
from cwtui.accounts.bulk.acts import (
    Act,
    AddRole,
    Change,
    DisableMfa,
    Reason,
    Remove,
    RemoveRole,
    ResetPassword,
    Unlock,
)
from cwtui.accounts.bulk.batches import Report
from cwtui.accounts.bulk.plans import Plan
from cwtui.accounts.roles import Permission
from cwtui.accounts.text import counted, visible
from cwtui.language import _


def title(act: Act) -> str:
    """Return the act in a few words, for a button, such as `Require MFA`."""
    match act:
        case Change(mfa_required=bool(required), enabled=None, display_name=None, roles=None):
            said = "Require MFA" if required else "Stop Requiring MFA"
        case Change(mfa_required=None, enabled=bool(enabled), display_name=None, roles=None):
            said = "Enable Account" if enabled else "Disable Account"
        case AddRole():
            said = "Add Role"
        case RemoveRole():
            said = "Remove Role"
        case DisableMfa():
            said = "Disable MFA"
        case Unlock():
            said = "Unlock"
        case ResetPassword(invited=True):
            said = _("Invite")
        case ResetPassword():
            said = "Reset Password"
        case Remove():
            said = "Remove"
        case _:
            said = "Change"
    return said


def destroys(act: Act) -> bool:
    """Whether something is lost that cannot be restored, or somebody is locked out."""
    return isinstance(act, DisableMfa | ResetPassword | Remove) or (
        isinstance(act, Change) and act.enabled is False
    )


def done_with(act: Act, accounts: str) -> str:
    """Return the act with these accounts, such as `Require MFA for 12 accounts`."""
    match act:
        case Change(mfa_required=bool(required)) if act == Change(mfa_required=required):
            said = f"{'Require' if required else 'Stop requiring'} MFA for {accounts}"
        case Change(enabled=bool(enabled), disabled_reason=reason) if act == Change(
            enabled=enabled, disabled_reason=reason
        ):
            said = f"{'Enable' if enabled else 'Disable'} {accounts}"
        case Change():
            said = f"Change {accounts}: {', '.join(_changes(act))}"
        case AddRole(role):
            said = f"Give the role {visible(role)} to {accounts}"
        case RemoveRole(role):
            said = f"Take the role {visible(role)} from {accounts}"
        case DisableMfa():
            said = f"Disable the MFA of {accounts}"
        case Unlock():
            said = f"Unlock {accounts}"
        case ResetPassword(invited):
            invite = _("Invite {accounts} to choose a new password", accounts=accounts)
            said = invite if invited else f"Reset the password of {accounts}"
        case Remove():
            said = f"Remove {accounts}"
        case _:
            raise NotImplementedError
    return said


def _changes(act: Change) -> Iterator[str]:
    if act.mfa_required is not None:
        yield "require MFA" if act.mfa_required else "stop requiring MFA"
    if act.enabled is not None:
        yield "enable" if act.enabled else "disable"
    if act.roles is not None:
        yield f"roles {', '.join(map(visible, act.roles))}"
    if act.expires is not None:
        no_day = expiry.end_of(act.expires) is None
        yield "no last day" if no_day else f"last day {visible(act.expires)}"
    if act.display_name is not None:
        yield f"display name {visible(act.display_name)}" if act.display_name else "no display name"


def _then(act: Act, *, is_one: bool) -> str:
    """Return what follows for the users, or the one user; empty if nothing."""
    user = "The user" if is_one else "The users"
    match act:
        case Change(enabled=False):
            said = f"{user} can no longer sign in, and open sessions will end."
        case Change(roles=tuple()) | AddRole() | RemoveRole():
            said = "Open sessions will end."
        case Change(mfa_required=True):
            said = "Whoever has no device must register one at the next sign-in."
        case DisableMfa():
            said = (
                "All devices and backup codes will no longer work. If MFA is required, it must be "
                "set up again at the next sign-in. Until then, anybody who knows the password can "
                "do that instead."
            )
        case ResetPassword(invited=True) if is_one:
            said = _(
                "The user can sign in only with the code of the invitation. Open sessions will end."
            )
        case ResetPassword(invited=True):
            said = _(
                "The users can sign in only with the codes of their invitations. Open sessions "
                "will end."
            )
        case ResetPassword():
            said = f"{user} can sign in only with a new initial password. Open sessions will end."
        case Remove():
            said = (
                "This cannot be undone. LDAP users who are still in the directory get a new "
                "account, enabled and without MFA, when they sign in again."
            )
        case _:
            said = ""
    return said


def question(plan: Plan) -> str:
    """Return what is asked before the plan is carried out, or told if there is nothing to do."""
    if not plan.names:
        return f"There is nothing to do. {_excepted(plan)}"
    is_one = len(plan.names) == 1
    who = visible(plan.names[0]) if is_one else counted(len(plan.names), "account")
    asked = f"{done_with(plan.act, who)}?"
    return " ".join(
        filter(None, (asked, _then(plan.act, is_one=is_one), _gained(plan), _excepted(plan)))
    )


def _gained(plan: Plan) -> str:
    if not plan.gaining:
        return ""
    who = "It" if plan.gaining == len(plan.names) == 1 else f"{plan.gaining:,} of them"
    if roles.ADMIN in plan.act.gives:
        return f"{who} will be able to manage all users, roles and organization settings."
    gained = ", ".join(one for one in Permission if one in plan.gained)
    return f"{who} will get new permissions: {gained}."


def _excepted(plan: Plan) -> str:
    if not plan.reasons:
        return ""
    return f"Left as they are: {_listed([(n, str(reason)) for reason, n in _sorted(plan)])}."


def _sorted(of: Plan | Report) -> list[tuple[Reason, int]]:
    return [(reason, of.reasons[reason]) for reason in Reason if of.reasons.get(reason)]


def _listed(parts: list[tuple[int, str]]) -> str:
    return ", ".join(f"{number:,} {what}" for number, what in parts)


def summary(report: Report) -> str:
    """Return what was done, what was left and why, and what was not begun, as sentences."""
    said = f"{report.done:,} done"
    if report.left:
        why = [(number, str(reason)) for reason, number in _sorted(report)]
        if report.refused:
            why.append((report.refused, "refused"))
        said += f", {report.left:,} left as they were: {_listed(why)}"
    if report.untouched:
        said += f". Stopped before the other {report.untouched:,}: repeat it to go on"
    return f"{said}."
