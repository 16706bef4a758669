"""Check the whole store in a database without writing to it. Others may write at the same time."""

from collections.abc import Iterator
from typing import Final

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.ports import Keyring
from cwtui.accounts.text import visible
from cwtui.accounts.upkeep.findings import AccountChecks, Finding, Severity, WithProgress, of_error
from cwtui.language import _, grouped, ngettext
from cwtui.store.checking import MADE_UP, audit
from cwtui.store.postgres.opening import Parts
from cwtui.store.postgres.trips import Statement


class ContentChecks:
    """Checks accounts, settings, records and the audit log. `records` counts what was read."""

    def __init__(self, parts: Parts, keyring: Keyring | None, where: str) -> None:
        self._parts = parts
        self._where = where
        self._checks = AccountChecks(where, keyring)
        self.records = 0

    @property
    def accounts(self) -> int:
        return self._checks.count

    def all(self, with_progress: WithProgress[str]) -> Iterator[Finding]:
        """Yield every finding, table by table."""
        accounts = self._parts.accounts
        try:
            names = accounts.names()
            needed = accounts.needed_keys()
            yield from self._checks.settings(accounts.settings())
            yield from self._accounts(names, with_progress)
            yield from self._checks.all(needed)
            yield from self._records(frozenset(names))
        except CannotCheck as error:
            yield of_error(error, self._where)
        yield from clock(self._parts, self._where)
        yield from audit(self._parts.audit, _("the audit log"), has_accounts=self.accounts > 0)

    def _accounts(self, names: list[str], with_progress: WithProgress[str]) -> Iterator[Finding]:
        found = self._parts.accounts.all()
        for _name in with_progress(names):
            # About as many as there were names; each row is read once, many at a time.
            username, account, agrees = next(found, ("", None, True))
            if isinstance(account, CannotCheck):
                yield of_error(account, self._where)
            elif isinstance(account, Account):
                yield from self._checks.one(account)
                if not agrees:
                    yield self._damage(
                        _(
                            "The columns of the account {name} do not agree with its document, so "
                            "somebody else changed the row. To write it anew: cwtui user set NAME "
                            "--display-name TEXT",
                            name=visible(username),
                        )
                    )

    def _records(self, known: frozenset[str]) -> Iterator[Finding]:
        for username, record in self._parts.records.all():
            self.records += 1
            if not isinstance(record, SignInRecord):
                yield of_error(record, self._where)
            elif username not in known and self._is_nobodys(username):
                sentence = _(
                    "There is a record of {name}, which has no account.", name=visible(username)
                )
                yield Finding(Severity.WARNING, self._where, sentence)

    def _is_nobodys(self, name: str) -> bool:
        return not MADE_UP.fullmatch(name) and self._parts.accounts.get(name) is None

    def _damage(self, sentence: str) -> Finding:
        return Finding(Severity.DAMAGE, self._where, sentence)


_HAS_INDEX: Final = Statement("SELECT to_regclass('cwtui.account_text') IS NOT NULL")


def text_index(parts: Parts, where: str) -> Iterator[Finding]:
    """Yield a finding if texts are searched in all rows, because an extension is missing."""
    with parts.connections.one() as connection:
        (found,) = parts.connections.send(connection, [_HAS_INDEX])
    if not found.rows[0][0]:
        sentence = _(
            "The database lacks the extension pg_trgm, so a filter by text reads every account, "
            "which is slow from about {many} on. To add it: cwtui help postgresql",
            many=grouped(100_000),
        )
        yield Finding(Severity.WARNING, where, sentence)


def clock(parts: Parts, where: str) -> Iterator[Finding]:
    """Yield a finding if this host's clock differs much from the database's, which counts."""
    ahead = parts.clock.host_is_ahead
    if ahead:
        seconds = round(abs(ahead))
        difference = (
            ngettext(
                "The clock of this host is {number} second ahead of that of the database.",
                "The clock of this host is {number} seconds ahead of that of the database.",
                seconds,
            )
            if ahead > 0
            else ngettext(
                "The clock of this host is {number} second behind that of the database.",
                "The clock of this host is {number} seconds behind that of the database.",
                seconds,
            )
        )
        effect = _(
            "cwtui goes by the database, so codes still work, but other programs may not. Start a "
            "time service."
        )
        sentence = f"{difference} {effect}"
        yield Finding(Severity.WARNING, where, sentence)
