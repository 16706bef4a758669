"""What people are asked and told about an act on many accounts, on screens and in commands."""

from collections.abc import Iterator
from pathlib import Path

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
from cwtui.accounts.bulk.batches import Outcome, Report
from cwtui.accounts.bulk.plans import Plan
from cwtui.accounts.roles import Permission
from cwtui.accounts.text import listed, shortened, visible
from cwtui.accounts.updates import Update
from cwtui.language import N_, _, grouped, ngettext

_LONGEST_FILTER = 40
"""Characters of a filter that are shown: more would push the question off a small screen."""
_MOST_NAMES = 3
_OF_ONE = {Reason.OWN, Reason.LAST_ADMIN}
"""Reasons that name the account, so that `1` before them would be odd."""


def title(act: Act) -> str:
    """Return the act in a few words, for a button, such as `Require MFA`."""
    match act:
        case Change(Update(mfa_required=bool(required)) as to) if to == Update(
            mfa_required=required
        ):
            said = _("Require MFA") if required else _("Stop Requiring MFA")
        case Change(Update(enabled=bool(enabled)) as to) if _only_enables(to):
            said = _("Enable Account") if enabled else _("Disable Account")
        case AddRole():
            said = _("Add Role")
        case RemoveRole():
            said = _("Remove Role")
        case DisableMfa():
            said = _("Disable MFA")
        case Unlock():
            said = _("Unlock")
        case ResetPassword(invited=True):
            said = _("Invite")
        case ResetPassword():
            said = _("Reset Password")
        case Remove():
            said = _("Remove")
        case _:
            said = _("Change")
    return said


def _only_enables(to: Update) -> bool:
    """Whether it only enables or disables, with or without a reason."""
    return to == Update(enabled=to.enabled, disabled_reason=to.disabled_reason)


def destroys(act: Act) -> bool:
    """Whether something is lost that cannot be restored, or somebody is locked out."""
    return isinstance(act, DisableMfa | ResetPassword | Remove) or (
        isinstance(act, Change) and act.to.enabled is False
    )


def done_with(act: Act, accounts: str) -> str:
    """Return the act with these accounts, such as `Require MFA for 12 accounts`."""
    match act:
        case Change(Update(mfa_required=bool(required)) as to) if to == Update(
            mfa_required=required
        ):
            on, off = N_("Require MFA for {accounts}"), N_("Stop requiring MFA for {accounts}")
            said = _(on if required else off, accounts=accounts)
        case Change(Update(enabled=bool(enabled)) as to) if _only_enables(to):
            on, off = N_("Enable {accounts}"), N_("Disable {accounts}")
            said = _(on if enabled else off, accounts=accounts)
        case Change(to):
            said = _(
                "Change {accounts}: {changes}", accounts=accounts, changes=", ".join(_changes(to))
            )
        case AddRole(role):
            said = _("Give the role {role} to {accounts}", role=visible(role), accounts=accounts)
        case RemoveRole(role):
            said = _("Take the role {role} from {accounts}", role=visible(role), accounts=accounts)
        case DisableMfa():
            said = _("Disable the MFA of {accounts}", accounts=accounts)
        case Unlock():
            said = _("Unlock {accounts}", accounts=accounts)
        case ResetPassword(invited):
            invite = N_("Invite {accounts} to choose a new password")
            reset = N_("Reset the password of {accounts}")
            said = _(invite if invited else reset, accounts=accounts)
        case Remove():
            said = _("Remove {accounts}", accounts=accounts)
        case _:
            raise NotImplementedError
    return said


def _changes(to: Update) -> Iterator[str]:
    if to.mfa_required is not None:
        yield _("require MFA") if to.mfa_required else _("stop requiring MFA")
    if to.enabled is not None:
        yield _("enable") if to.enabled else _("disable")
    if to.roles is not None:
        yield _("roles {roles}", roles=", ".join(map(visible, to.roles)))
    if to.expires is not None:
        no_day = expiry.end_of(to.expires) is None
        yield _("no last day") if no_day else _("last day {day}", day=visible(to.expires))
    if to.display_name is not None:
        if to.display_name:
            yield _("display name {name}", name=visible(to.display_name))
        else:
            yield _("no display name")


def _then(act: Act, *, is_one: bool) -> str:
    """Return what follows for the users, or the one user; empty if nothing."""
    match act:
        case Change(Update(enabled=False)):
            said = (
                _("The user can no longer sign in, and open sessions will end.")
                if is_one
                else _("The users can no longer sign in, and open sessions will end.")
            )
        case Change(Update(roles=tuple())) | AddRole() | RemoveRole():
            said = _("Open sessions will end.")
        case Change(Update(mfa_required=True)):
            said = _("Whoever has no device must register one at the next sign-in.")
        case DisableMfa():
            said = _(
                "All devices and backup codes will no longer work. If MFA is required, it must be "
                "set up again at the next sign-in. Until then, anybody who knows the password can "
                "do that instead."
            )
        case ResetPassword(invited=True) if is_one:
            said = _("The user can sign in only with the invitation code. Open sessions will end.")
        case ResetPassword(invited=True):
            said = _(
                "The users can sign in only with their invitation codes. Open sessions will end."
            )
        case ResetPassword():
            said = (
                _("The user can sign in only with a new initial password. Open sessions will end.")
                if is_one
                else _(
                    "The users can sign in only with a new initial password. Open sessions will "
                    "end."
                )
            )
        case Remove():
            said = _(
                "This cannot be undone. LDAP users who are still in the directory get a new "
                "account, enabled and without MFA, when they sign in again."
            )
        case _:
            said = ""
    return said


def question(plan: Plan) -> str:
    """Return what is asked before the plan is carried out, or told if there is nothing to do."""
    if not plan.names:
        said = (_("There is nothing to do."), _excepted(plan), _from_filter(plan))
        return " ".join(filter(None, said))
    is_one = len(plan.names) == 1
    number = ngettext("{number} account", "{number} accounts", len(plan.names))
    who = visible(plan.names[0]) if is_one else number
    asked = f"{done_with(plan.act, who)}?"
    then, excepted = _then(plan.act, is_one=is_one), _excepted(plan)
    follows = (_admins(plan), _demoted(plan), then, _gained(plan), excepted, _from_filter(plan))
    return " ".join(filter(None, (asked, *follows)))


def _admins(plan: Plan) -> str:
    """Return which admins would lose something; empty if none."""
    if not plan.admins or not destroys(plan.act):
        return ""
    if len(plan.names) == 1:
        return _("This is the account of an admin.")
    return ngettext(
        "{number} of them is an admin: {names}.",
        "{number} of them are admins: {names}.",
        len(plan.admins),
        names=visible(listed(plan.admins, _MOST_NAMES)),
    )


def _demoted(plan: Plan) -> str:
    """Return which admins are no longer admins then; empty if none."""
    if not plan.demoted:
        return ""
    if len(plan.names) == 1:
        return _("It will lose the role {role}.", role=roles.ADMIN)
    return ngettext(
        "{number} of them will lose the role {role}: {names}.",
        "{number} of them will lose the role {role}: {names}.",
        len(plan.demoted),
        role=roles.ADMIN,
        names=visible(listed(plan.demoted, _MOST_NAMES)),
    )


def foreseen(plan: Plan) -> str:
    """Return how many accounts the plan would change, and what else is asked before that."""
    number = ngettext(
        "{number} account would be changed. Nothing was changed.",
        "{number} accounts would be changed. Nothing was changed.",
        len(plan.names),
    )
    more = (_admins(plan), _demoted(plan), _gained(plan), _excepted(plan))
    return " ".join(filter(None, (number, *more)))


def _from_filter(plan: Plan) -> str:
    view = plan.selection.view
    if view is None:
        return ""
    typed, without = view.filter.strip(), len(plan.selection.names)
    shown = visible(shortened(typed, _LONGEST_FILTER))
    match bool(typed), bool(without):
        case True, True:
            return _(
                "Selected: all that match {filter}, except {number}.",
                filter=shown,
                number=grouped(without),
            )
        case True, False:
            return _("Selected: all that match {filter}.", filter=shown)
        case False, True:
            return _("Selected: all users, except {number}.", number=grouped(without))
        case _:
            return _("Selected: all users.")


def _gained(plan: Plan) -> str:
    if not plan.gaining:
        return ""
    is_one = plan.gaining == len(plan.names) == 1
    if roles.ADMIN in plan.act.gives:
        if is_one:
            return _("It will be able to manage all users, roles and organization settings.")
        return ngettext(
            "{number} of them will be able to manage all users, roles and organization settings.",
            "{number} of them will be able to manage all users, roles and organization settings.",
            plan.gaining,
        )
    gained = ", ".join(one for one in Permission if one in plan.gained)
    if is_one:
        return _("It will get new permissions: {permissions}.", permissions=gained)
    return ngettext(
        "{number} of them will get new permissions: {permissions}.",
        "{number} of them will get new permissions: {permissions}.",
        plan.gaining,
        permissions=gained,
    )


def _excepted(plan: Plan) -> str:
    if not plan.reasons:
        return ""
    return ngettext(
        "Left as it is: {reasons}.",
        "Left as they are: {reasons}.",
        sum(plan.reasons.values()),
        reasons=", ".join(_counted(plan)),
    )


def _counted(of: Plan | Report) -> list[str]:
    """Return each reason, with the number of accounts unless it can only be one."""
    counts = [(reason, of.reasons.get(reason, 0)) for reason in Reason]
    act = of.act if isinstance(of, Plan) else of.plan.act
    return [
        why(reason, act)
        if number == 1 and reason in _OF_ONE
        else f"{grouped(number)} {why(reason, act)}"
        for reason, number in counts
        if number
    ]


def summary(report: Report) -> str:
    """Return what was done, what was left and why, and what was not begun, as sentences."""
    done, why = grouped(report.done), _counted(report)
    if report.refused:
        why.append(f"{grouped(report.refused)} {_('refused')}")
    if report.left:
        said = ngettext(
            "{done} done, {number} left as it was: {reasons}.",
            "{done} done, {number} left as they were: {reasons}.",
            report.left,
            done=done,
            reasons=", ".join(why),
        )
    else:
        said = _("{done} done.", done=done)
    if not report.untouched:
        return said
    stopped = _(
        "Stopped before the other {number}: repeat it to go on.", number=grouped(report.untouched)
    )
    return f"{said} {stopped}"


def outcome(of: Outcome) -> str:
    """Return what became of an account, in a word."""
    return _("unchanged") if of is Outcome.ALREADY else _(of.value)


def why(reason: Reason | str, act: Act) -> str:
    """Return why the act leaves an account as it is. Only a `Reason` is not translated yet."""
    if reason is Reason.ALREADY:
        return _already(act)
    return _(reason.value) if isinstance(reason, Reason) else reason


def _already(act: Act) -> str:
    """Return how accounts are that the act would not change, such as `not locked`."""
    match act:
        case Change(Update(mfa_required=bool(required)) as to) if to == Update(
            mfa_required=required
        ):
            said = _("already required") if required else _("not required")
        case Change(Update(enabled=bool(enabled)) as to) if _only_enables(to):
            said = _("already enabled") if enabled else _("already disabled")
        case AddRole():
            said = _("already with this role")
        case RemoveRole():
            said = _("without this role")
        case DisableMfa():
            said = _("without MFA")
        case Unlock():
            said = _("not locked")
        case ResetPassword(invited=True):
            said = _("already invited")
        case ResetPassword():
            said = _("already with an initial password")
        case _:
            said = _("already so")
    return said


def passwords_in(path: Path, number: int, *, invited: bool) -> str:
    """Return how many initial passwords or invitation codes a file has, as two sentences."""
    if invited:
        return ngettext(
            "{number} invitation in {path}. Remove the file once the code is handed over.",
            "{number} invitations in {path}. Remove the file once the codes are handed over.",
            number,
            path=path,
        )
    return ngettext(
        "{number} initial password in {path}, valid for seven days. Remove the file once it is "
        "handed over.",
        "{number} initial passwords in {path}, valid for seven days. Remove the file once they are "
        "handed over.",
        number,
        path=path,
    )
