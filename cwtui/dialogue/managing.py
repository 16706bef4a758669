"""User Management as a dialogue: what admins and help desks do most often."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from cwtui.accounts import (
    account_state,
    administration,
    roles,
    unlocking,
    user_list,
    user_mfa,
    wording,
)
from cwtui.accounts.account_state import Status
from cwtui.accounts.administration import Details
from cwtui.accounts.errors import ConfirmationNeeded
from cwtui.accounts.listing import AccountRow, Listing, View
from cwtui.accounts.model import Account
from cwtui.accounts.new_account import NewAccount, WithInitialPassword
from cwtui.accounts.roles import Permission
from cwtui.accounts.text import visible
from cwtui.accounts.times import full_minute
from cwtui.accounts.updates import Update
from cwtui.dialogue.asking import Labelled, choice, is_yes, until_right
from cwtui.dialogue.session import SessionDialogue
from cwtui.language import _

ROWS: Final = 15
"""Users at a time: with the questions around them they fit 24 rows."""


@dataclass(frozen=True)
class Managing:
    """What a person may do with users. Each act raises as the rule that it calls, and Gone."""

    dialogue: SessionDialogue

    def acts(self) -> list[Labelled]:
        """Return what the person can do, by label."""
        acts: list[Labelled] = []
        if Permission.READ_USERS in self._held:
            acts.append((_("Users"), self.users))
        if Permission.MANAGE_USERS in self._held:
            acts.append((_("Create User"), self.create))
        return acts

    @property
    def _held(self) -> frozenset[Permission]:
        return self.dialogue.session.permissions

    def users(self) -> None:
        """List users, in pages, and open the one that is chosen."""
        person = self.dialogue.person
        filter_ = person.ask(_("Filter, such as a name or mfa:none (Enter: everyone): "))
        view, after = View(filter_), None
        while True:
            found = self._page(view, after)
            if not found.rows:
                person.tell(
                    _("No users match.") if after is None else _("There are no more users.")
                )
                return
            labels = [self._row(row, found) for row in found.rows]
            if found.has_more:
                labels.append(_("More users"))
            chosen = choice(person, labels, _("Back"))
            if chosen is None:
                return
            if chosen < len(found.rows):
                username = found.rows[chosen].username
                self.dialogue.attempt(partial(self._user, username))
            else:
                after = found.rows[-1]

    def _page(self, view: View, after: AccountRow | None) -> Listing:
        ports, session = self.dialogue.ports, self.dialogue.session
        return user_list.list_users(ports, session, view, after, ROWS, self.dialogue.zone)

    def _row(self, row: AccountRow, found: Listing) -> str:
        mfa = account_state.mfa_state(row, found.settings)
        status = row.status(found.now)
        return _(
            "{name}: {status}, MFA {mfa}, {origin}, {roles}",
            name=visible(row.username),
            status=_(status.value),
            mfa=_(mfa.value),
            origin=wording.origin(row),
            roles=wording.short_roles(row.roles),
        )

    def _user(self, username: str) -> None:
        """Show a user and what can be done, until the person goes back."""
        while True:
            ports, session = self.dialogue.ports, self.dialogue.session
            seen = administration.show_user(ports, session, username)
            self.dialogue.person.tell(self._told(seen))
            acts = self._acts(seen)
            chosen = choice(self.dialogue.person, [label for label, _act in acts], _("Back"))
            if chosen is None:
                return
            _label, act = acts[chosen]
            self.dialogue.attempt(act)

    def _told(self, seen: Details) -> str:
        account, zone = seen.account, self.dialogue.zone
        requirement = account_state.requirement(account, seen.settings)
        lines = [
            _("User {name}", name=visible(account.username)),
            _("Status: {status}", status=wording.status(seen, zone)),
            _("Expires: {expires}", expires=wording.expires(account)),
            _("Origin: {origin}", origin=wording.origin_in_full(account, zone)),
            _("Roles: {roles}", roles=", ".join(account.roles)),
            _("MFA: {mfa}", mfa=wording.mfa(account.second_factor, zone)),
            _("MFA (Required): {required}", required=wording.required(requirement)),
            _("Password: {state}", state=wording.password(account, seen.now, zone)),
            _("Last sign-in: {last}", last=wording.last_sign_in(seen.record, zone)),
        ]
        return "\n".join(lines)

    def _acts(self, seen: Details) -> list[Labelled]:
        account, manages = seen.account, Permission.MANAGE_USERS in self._held
        acts: list[Labelled] = []
        if manages and account.password is not None:
            acts.append((_("Reset Password"), partial(self._reset_password, seen)))
            acts.append((_("Invite"), partial(self._invite, seen)))
        if Permission.RESET_MFA in self._held and account.second_factor is not None:
            acts.append((_("Disable MFA"), partial(self._disable_mfa, seen)))
        if manages:
            acts += self._changes(seen)
        if seen.status is Status.LOCKED and not self._held.isdisjoint(roles.TO_UNLOCK):
            acts.append((_("Unlock"), partial(self._unlock, account.username)))
        return acts

    def _changes(self, seen: Details) -> list[Labelled]:
        required = seen.account.mfa_required
        is_closed = seen.status in {Status.DISABLED, Status.UNUSED}
        return [
            (
                _("Do not require MFA") if required else _("Require MFA"),
                lambda: self._update(seen, Update(mfa_required=not required)),
            ),
            (_("Enable Account"), lambda: self._update(seen, Update(enabled=True)))
            if is_closed
            else (_("Disable Account"), partial(self._disable, seen)),
            (_("Change Expiry"), partial(self._change_expiry, seen)),
        ]

    def _reset_password(self, seen: Details) -> None:
        question = _(
            "Reset the password of {name}? The current one will no longer work.",
            name=visible(seen.account.username),
        )
        self._replace_password(seen.account, question, invited=False)

    def _invite(self, seen: Details) -> None:
        question = _(
            "Invite {username} to choose a new password? The current one will no longer work.",
            username=visible(seen.account.username),
        )
        self._replace_password(seen.account, question, invited=True)

    def _replace_password(self, seen: Account, question: str, *, invited: bool) -> None:
        if not is_yes(self.dialogue.person, question):
            return
        made = self.dialogue.agreed(
            lambda agreed: administration.reset_password(
                self.dialogue.ports,
                self.dialogue.session,
                seen.username,
                invited=invited,
                agreed=agreed,
                seen=seen,
            )
        )
        if made is not None:
            self._hand_over(made)

    def _disable_mfa(self, seen: Details) -> None:
        username = seen.account.username
        required = account_state.is_required(seen.account, seen.settings)
        after = wording.after_mfa_is_disabled(required=required)
        question = _("Disable the MFA of {name}?", name=visible(username))
        if is_yes(self.dialogue.person, f"{question} {after}"):
            ports, account = self.dialogue.ports, seen.account
            disabled = self.dialogue.agreed(
                lambda agreed: user_mfa.disable_mfa(
                    ports, self.dialogue.session, username, agreed=agreed, seen=account
                )
            )
            if disabled is not None:
                told = _("The MFA of {name} is disabled.", name=visible(username))
                self.dialogue.person.tell(told)

    def _disable(self, seen: Details) -> None:
        username, person = seen.account.username, self.dialogue.person
        question = _(
            "Disable the account {name}? The user can no longer sign in.", name=visible(username)
        )
        if is_yes(person, question):
            reason = person.ask(_("Reason that the user reads at sign-in (optional): "))
            self._update(seen, Update(enabled=False, disabled_reason=reason))

    def _change_expiry(self, seen: Details) -> None:
        typed = self.dialogue.person.ask(
            _("Last day (YYYY-MM-DD, ends at midnight UTC) or never: ")
        )
        if typed.strip():
            self._update(seen, Update(expires=typed))

    def _update(self, seen: Details, update: Update) -> None:
        username = seen.account.username
        updated = self.dialogue.agreed(
            lambda agreed: administration.update_user(
                self.dialogue.ports,
                self.dialogue.session,
                username,
                update,
                agreed=agreed,
                seen=seen.account,
            )
        )
        if updated is not None:
            self.dialogue.person.tell(_("Saved {name}.", name=visible(username)))

    def _unlock(self, username: str) -> None:
        ports = self.dialogue.ports
        outcome = self.dialogue.proved(
            lambda: unlocking.unlock(ports, self.dialogue.session, username)
        )
        self.dialogue.person.tell(wording.unlocked(visible(username), outcome))

    def create(self) -> None:
        person = self.dialogue.person

        def ask() -> WithInitialPassword | None:
            username = person.ask(_("Username: "))
            with suppress(ConfirmationNeeded):  # asked about later
                self.dialogue.proved(partial(self._check_name, username))
            display_name = person.ask(_("Display name (optional): "))
            required = is_yes(person, _("Require MFA?"))
            invited = is_yes(person, _("Invite with a code instead of an initial password?"))
            new = NewAccount(username, display_name, mfa_required=required, invited=invited)
            return self.dialogue.agreed(
                lambda agreed: administration.create_user(
                    self.dialogue.ports, self.dialogue.session, new, agreed=agreed
                )
            )

        created = until_right(person, ask)
        if created is not None:
            self._hand_over(created)

    def _check_name(self, username: str) -> None:
        administration.check_new_username(self.dialogue.ports, self.dialogue.session, username)

    def _hand_over(self, made: WithInitialPassword) -> None:
        if made.account.invited:
            self.dialogue.person.tell(
                _(
                    "The invitation code of {username}, shown only now:\n{code}\n"
                    "Until {time}, the user signs in with it as the password, and then chooses "
                    "one.",
                    username=visible(made.account.username),
                    code=made.password.reveal(),
                    time=full_minute(made.account.initial_password_expires_at, self.dialogue.zone),
                )
            )
            return
        self.dialogue.person.tell(
            _(
                "The initial password of {username}, shown only now:\n{password}\n"
                "It must be changed at the next sign-in.",
                username=visible(made.account.username),
                password=made.password.reveal(),
            )
        )
