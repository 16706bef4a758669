"""Keep local copies right while the database answers (see cut_off)."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from cwtui.accounts import cut_off, made_up
from cwtui.accounts.cut_off import Kept, LocalCopies, State, copy_of, record_of, strict
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.ports import Ports
from cwtui.accounts.settings import OrganizationSettings


@dataclass(frozen=True)
class _Found:
    """What the database says of one person."""

    account: Account | None
    record: SignInRecord
    settings: OrganizationSettings


@dataclass(frozen=True)
class Keeper:
    """Keeps copies of people who sign in. `online` is the database, whose name is `store`.

    All methods raise CannotCheck.
    """

    copies: LocalCopies
    online: Ports
    store: str
    days: int

    def keep(self, username: str, ahead: float) -> None:
        """Keep a copy of somebody who has just signed in here.

        `ahead` is how many seconds the database's clock is ahead of the host's.
        """
        found, now = self._look(username), self.online.now()
        if found.account is None or not cut_off.may_be_kept(
            self.online, found.account, found.settings
        ):
            cut_off.forget(self.copies, username)
            return
        kept = Kept(now, now, found.account.session_epoch, cut_off.codes_of(found.account))
        state = self._seen(ahead).with_kept(username, kept)
        # First what is known of the copy. If this stops half-way, the copy has more unused backup
        # codes than that, and none of them seems to have been used here.
        self.copies.save(state)
        self._put(found.account, found)
        if len(state.kept) > cut_off.MOST_COPIES:
            oldest = min(state.kept, key=lambda name: state.kept[name].signed_in_at)
            cut_off.forget(self.copies, oldest)

    def confirm(self, usernames: Sequence[str], ahead: float) -> None:
        """Bring the copies of these people up to date, and remove those that are no longer right.

        That is so if the account was closed, removed, or changed in a way that ends sessions,
        such as a new password: the person has not signed in here with that.
        """
        state, right = self._seen(ahead), list[tuple[Account, _Found]]()
        for name in usernames:
            kept = state.kept.get(name)
            if kept is None:
                continue
            found, now = self._look(name), self.online.now()
            account = found.account
            if (
                account is not None
                and account.session_epoch == kept.epoch
                and cut_off.may_be_kept(self.online, account, found.settings)
                and cut_off.is_valid(kept, now, self.days)
            ):
                right.append((account, found))
                codes = cut_off.codes_of(account)
                kept = replace(kept, confirmed_at=now, codes=codes, used=())
                state = state.with_kept(name, kept)
        self.copies.save(state)
        for account, found in right:
            self._put(account, found)
        for name in set(usernames) - {account.username for account, _ in right}:
            cut_off.forget(self.copies, name)

    def _look(self, username: str) -> _Found:
        with made_up.glance(self.online, username):
            return _Found(
                self.online.accounts.get(username),
                self.online.records.get(username),
                self.online.accounts.settings(),
            )

    def _seen(self, ahead: float) -> State:
        """Return the state after the database has answered."""
        return replace(self.copies.state, store=self.store, ahead=ahead, latest=self.online.now())

    def _put(self, account: Account, found: _Found) -> None:
        copy = copy_of(account, found.record, found.settings)
        settings = strict(found.settings)
        local = self.copies.accounts
        if local.get(copy.username) != copy or local.settings() != settings:
            with local.change() as change:
                change.put_settings(settings)
                change.put(copy)
        record = record_of(found.record)
        self.copies.records.update(copy.username, lambda _: (record, None))
