"""Access to the database: what is read together, and what is written together.

Database.read        one trip
Database.together    one trip, if the thread has glanced at what it changes
Database.add         one trip, for a row that can be added again without being there twice
Database.change      a transaction of several trips; its last statements travel with COMMIT
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, TypeVar

from cwtui.accounts.errors import AccountsError, CannotCheck, StoreMissing
from cwtui.language import _
from cwtui.store.postgres import problems
from cwtui.store.postgres.attempts import Attempt
from cwtui.store.postgres.clock import DatabaseClock
from cwtui.store.postgres.connections import Connections
from cwtui.store.postgres.glance import Glance, Kept
from cwtui.store.postgres.head import HEAD, Head, ids_of
from cwtui.store.postgres.problems import Conflict, Cut, Exists, Unknown
from cwtui.store.postgres.transactions import (
    ACT,
    BEGIN,
    COMMIT,
    LIMITS,
    MOST_TRIES,
    Transaction,
    check_committed,
    pause,
)
from cwtui.store.postgres.trips import Answer, Statement

T = TypeVar("T")

_LOOKED_UP_FOR: Final = 10.0
"""Seconds for which it is tried to look up a transaction."""


class _Thread(threading.local):
    """What one thread is doing."""

    current: Transaction | None = None
    """The transaction in which it changes accounts."""
    glance: Glance | None = None
    """What it knows of a user, in the middle of a step of a sign-in."""
    join: Callable[[Transaction], None] | None = None
    """What to call before its change of accounts is committed."""


class Database:
    """The database of a store, as the ports use it. Several threads may use it."""

    def __init__(self, connections: Connections, clock: DatabaseClock | None = None) -> None:
        self.connections = connections
        self.clock = clock or DatabaseClock()
        self.check: Callable[[Database, Head], None] | None = None
        """Raises CannotCheck for a store that must not be used; called when it has changed.

        It gets the database, so that nothing needs a cycle of references: connections are closed
        as soon as a store is not used.
        """
        self._checked: tuple[bool, frozenset[str]] | None = None
        self._thread = _Thread()
        self._kept = Kept()
        self._accounts = 0
        self._keyring_version: str | None = None
        self._knows_keyring = False
        """Whether this process has changed no keyring since it learned the version."""

    @property
    def current(self) -> Transaction | None:
        """The transaction in which this thread changes accounts, if any."""
        return self._thread.current

    @property
    def glance(self) -> Glance | None:
        """What this thread knows of a user, in the middle of a step of a sign-in."""
        return self._thread.glance

    @property
    def accounts(self) -> int:
        """How many accounts there were at the last answer."""
        return self._accounts

    def keyring_version(self) -> str | None:
        """Return the version of the keyring in the database, if there is one there.

        It is that of the last answer, unless this process changed it. Raises CannotCheck.
        """
        if not self._knows_keyring:
            self.head()
        return self._keyring_version

    def forget_keyring(self) -> None:
        """Say that this process has changed the keyring."""
        self._knows_keyring = False

    @contextmanager
    def glancing(self, glance: Glance, since: float | None) -> Iterator[None]:
        """Read this first, and let the thread know it in the block. Raises CannotCheck.

        What is known since this time is not read, unless an attempt is begun.
        """
        if self.glance is not None or self.current is not None:
            yield
            return
        if glance.begun is not None:
            self._begin(glance, glance.begun)
        else:
            kept = self._kept.take(glance.username, since)
            if kept is None:
                head, answers = self.read(*glance.first)
                glance.take(head.settings, answers, self.clock.now())
            else:
                glance = kept
        self._thread.glance = glance
        try:
            yield
        finally:
            self._thread.glance = None
            self._kept.put(glance, self.clock.now())

    def _begin(self, glance: Glance, begun: Attempt) -> None:
        """Count the attempt, and read what the glance needs. Raises CannotCheck."""
        begin = [BEGIN, LIMITS, begun.statement, HEAD]
        whole = [*begin, *glance.first, COMMIT]

        def act(*, new: bool) -> None:
            with self.connections.one(new=new) as connection:
                asked = self.clock.here()
                *answers, end = self.connections.send(connection, whole)
            check_committed(end)
            head = self.learn(answers[len(begin) - 1], asked)
            glance.take(head.settings, answers[len(begin) :], self.clock.now())

        try:
            self.repeated(lambda: act(new=False))
        except Cut:
            act(new=True)  # the attempt is added only once

    def read(self, *statements: Statement) -> tuple[Head, list[Answer]]:
        """Read in one trip, each statement for itself. Raises CannotCheck."""
        try:
            return self._read(statements, new=False)
        except (Cut, Conflict):
            current = self.current
            if current is not None and current.has_begun:
                raise
            # Reading can always be repeated, over a new connection.
            return self._read(statements, new=True)

    def ask(self, *statements: Statement) -> list[Answer]:
        """Read something that does not belong to a store. Raises CannotCheck."""
        with self.connections.one() as connection:
            return self.connections.send(connection, statements)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Return the rows that one statement reads. Raises CannotCheck."""
        _, (answer,) = self.read(statement)
        return answer.rows

    def head(self) -> Head:
        """Return what the store says about itself. Raises CannotCheck."""
        return self.read()[0]

    def _read(self, statements: Sequence[Statement], *, new: bool) -> tuple[Head, list[Answer]]:
        current = self.current
        if current is not None and current.has_begun:
            # A thread that holds locks must not wait for a second connection.
            asked = self.clock.here()
            first, *answers = current.run(HEAD, *statements)
            return self.learn(first, asked, is_final=False), answers
        with self.connections.one(new=new) as connection:
            asked = self.clock.here()
            first, *answers = self.connections.send(connection, [HEAD, *statements])
        return self.learn(first, asked), answers

    def learn(self, answer: Answer, asked: float, *, is_final: bool = True) -> Head:
        """Return the head from an answer, after the clock and, if it is final, the check saw it."""
        answered = self.clock.here()
        if len(answer.rows) != 1:
            raise StoreMissing(
                _("The database has no store of cwtui any more. Nothing was changed.")
            )
        shown, accounts, needed, settings, keyring, _names = answer.rows[0]
        self.clock.learn(shown, asked, answered)
        self._accounts, self._keyring_version, self._knows_keyring = accounts, keyring, True
        head = Head(accounts, ids_of(needed), settings)
        state = (not accounts, head.needed_keys)
        if is_final and self.check is not None and state != self._checked:
            self.check(self, head)
            self._checked = state
        return head

    def together(self, act: Callable[[], T]) -> T:
        """Return what `act` returns. What it writes is written together: all of it or nothing.

        With a glance, it is tried at first without looking at records again. If that fails, in
        whatever way, `act` begins again, from records that nobody else can change meanwhile.
        Raises CannotCheck.
        """
        if self.current is not None:
            return act()
        glance = self.glance
        if glance is None:
            return self.repeated(lambda: self._together(act, by_glance=False))
        try:
            return self._together(act, by_glance=True)
        except Unknown:
            raise
        except (AccountsError, LookupError):
            glance.forget()
        try:
            return self.repeated(lambda: self._together(act, by_glance=False))
        except BaseException:
            glance.forget()
            raise

    def _together(self, act: Callable[[], T], *, by_glance: bool) -> T:
        transaction = Transaction(self, takes_others=True, goes_by_glance=by_glance)
        with self._lend(transaction, is_current=True):
            return act()

    def change(self) -> AbstractContextManager[Transaction]:
        """Lend a transaction, which is committed at the end; an exception undoes it.

        Raises CannotCheck.
        """
        return self._lend(Transaction(self))

    def change_accounts(
        self, *, repeats_itself: bool = False
    ) -> AbstractContextManager[Transaction]:
        """Like `change`, but for this thread it is the `current` one meanwhile."""
        return self._lend(Transaction(self, repeats_itself=repeats_itself), is_current=True)

    @contextmanager
    def _lend(self, transaction: Transaction, *, is_current: bool = False) -> Iterator[Transaction]:
        if is_current:
            self._thread.current = transaction
        try:
            yield transaction
            if is_current and self._thread.join is not None:
                self._thread.join(transaction)
            transaction.finish()
        except BaseException:
            transaction.undo()
            raise
        finally:
            if is_current:
                self._thread.current = None
            transaction.tell()

    @contextmanager
    def joining(self, join: Callable[[Transaction], None]) -> Iterator[None]:
        """Call this before each change of accounts by this thread is committed."""
        self._thread.join = join
        try:
            yield
        finally:
            self._thread.join = None

    def add(self, statement: Statement) -> Answer:
        """Run a statement that adds a row, in one trip, and return its answer. Raises CannotCheck.

        The row has a name of its own (a unique column), so that it can be added again if it is not
        known whether it was: Exists says that it is there already.
        """
        try:
            return self.repeated(lambda: self._add(statement, new=False))
        except Cut:
            return self._add(statement, new=True)

    def _add(self, statement: Statement, *, new: bool) -> Answer:
        with self.connections.one(new=new) as connection:
            whole = [BEGIN, LIMITS, statement, COMMIT]
            return self.connections.send(connection, whole)[2]

    def repeated(self, act: Callable[[], T]) -> T:
        """Return what `act` returns, and repeat it if others got in its way. Raises CannotCheck."""
        for tried in range(1, MOST_TRIES):
            try:
                return act()
            except Conflict:
                pause(tried)
        return act()

    def was_committed(self, act: str) -> bool:
        """Look up a transaction whose answer was lost. Raises CannotCheck if it is not known."""
        until = time.monotonic() + _LOOKED_UP_FOR
        while True:
            try:
                self._add(Statement(ACT, (act,)), new=True)
            except Exists:
                return True
            except Unknown:
                raise  # this row is not safe either, so it says nothing
            except CannotCheck:
                if time.monotonic() >= until:
                    raise problems.not_known() from None
                time.sleep(0.1)
            else:
                return False  # and it never will be


def joined(database: Database) -> AbstractContextManager[Transaction]:
    """Return the transaction for something that this thread writes besides accounts.

    It is that of its change of accounts, if there is one: then it needs no second connection while
    others wait for this one. Once the change was prepared, both happen or neither. Before, it stays
    even if the change is undone.
    """
    current = database.current
    if current is not None and current.can_take:
        return current.taking()
    return database.change()
