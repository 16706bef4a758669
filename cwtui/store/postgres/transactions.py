"""Transactions: what is read together, what is written together, and whether it was written.

    Database.read        one trip
    Database.together    one trip, if the thread has glanced at what it changes
    Database.add         one trip, for a row that can be added again without being there twice
    Database.change      a transaction of several trips; its last statements travel with COMMIT

If the answer to COMMIT is lost, the transaction is looked up over another connection, so that
nothing is guessed. Each one adds a row of its own to `cwtui.act`, with a random id. Whoever looks
it up tries to add the same row. That waits for the transaction if it is still in progress. If the
row is there, it was committed; otherwise it never will be, because its row can no longer be added.

PostgreSQL's own numbers of transactions cannot be looked up like that: after a crash of the server,
other transactions get the numbers of those that were lost.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import MsgspecError, json

from cwtui.accounts.errors import AccountsError, CannotCheck, StoreMissing
from cwtui.store.postgres import problems
from cwtui.store.postgres.clock import DatabaseClock
from cwtui.store.postgres.connections import Answer, Connections, Statement
from cwtui.store.postgres.glance import Glance
from cwtui.store.postgres.problems import Conflict, Cut, Exists, Unknown

T = TypeVar("T")

MOST_TRIES: Final = 8
"""How often a transaction is repeated that others got in the way of."""
_LOOKED_UP_FOR: Final = 10.0
"""Seconds for which it is tried to look up a transaction."""

_BEGIN: Final = Statement("BEGIN ISOLATION LEVEL READ COMMITTED")
_COMMIT: Final = Statement("COMMIT")
_ROLLBACK: Final = Statement("ROLLBACK")
_SAVEPOINT: Final = Statement("SAVEPOINT own")
_TO_SAVEPOINT: Final = Statement("ROLLBACK TO SAVEPOINT own")
_LIMITS: Final = Statement(
    "SELECT set_config('statement_timeout', '9000', true),"
    " set_config('lock_timeout', '8000', true),"
    " set_config('idle_in_transaction_session_timeout', '15000', true),"
    # What is acknowledged must be on disk, whatever the server's default is.
    " CASE WHEN current_setting('synchronous_commit') = 'off'"
    " THEN set_config('synchronous_commit', 'on', true) END"
)
"""For this transaction only, in milliseconds: they stay below what a connection waits for."""
_HEAD: Final = Statement(
    "SELECT extract(epoch FROM clock_timestamp())::float8, accounts, needed_keys, settings"
    " FROM cwtui.organization"
)
_LOCKED_HEAD: Final = Statement(f"{_HEAD.sql} FOR UPDATE")
_ACT: Final = "INSERT INTO cwtui.act (id) VALUES (%s::uuid)"
_FORGET: Final = Statement(
    "DELETE FROM cwtui.act WHERE id IN (SELECT id FROM cwtui.act"
    " WHERE at < clock_timestamp() - interval '1 hour' ORDER BY at LIMIT 2000"
    " FOR UPDATE SKIP LOCKED)"
)
_SELDOM: Final = 500
"""Old rows are removed about once in so many transactions."""


class Head(NamedTuple):
    """What every answer says about the store as a whole."""

    accounts: int
    needed_keys: frozenset[str]
    settings: bytes


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
        self._own = threading.local()

    @property
    def current(self) -> "Transaction | None":
        """The transaction in which this thread changes accounts, if any."""
        found: Transaction | None = getattr(self._own, "current", None)
        return found

    @property
    def glance(self) -> Glance | None:
        """What this thread knows of a user, in the middle of a step of a sign-in."""
        found: Glance | None = getattr(self._own, "glance", None)
        return found

    @contextmanager
    def glancing(self, glance: Glance) -> Iterator[None]:
        """Read this first, and let the thread know it in the block. Raises CannotCheck."""
        if self.glance is not None or self.current is not None:
            yield
            return
        head, answers = self.read(*glance.first)
        glance.take(head.settings, answers)
        self._own.glance = glance
        try:
            yield
        finally:
            self._own.glance = None

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
            first, *answers = current.run(_HEAD, *statements)
            return self.learn(first, asked, is_final=False), answers
        with self.connections.one(new=new) as connection:
            asked = self.clock.here()
            first, *answers = self.connections.send(connection, [_HEAD, *statements])
        return self.learn(first, asked), answers

    def learn(self, answer: Answer, asked: float, *, is_final: bool = True) -> Head:
        """Return the head from an answer, after the clock and, if it is final, the check saw it."""
        answered = self.clock.here()
        if len(answer.rows) != 1:
            raise StoreMissing("The database has no store of cwtui any more. Nothing was changed.")
        shown, accounts, needed, settings = answer.rows[0]
        self.clock.learn(shown, asked, answered)
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
        with self.change(is_current=True) as transaction:
            transaction.takes_others = True
            transaction.goes_by_glance = by_glance
            return act()

    @contextmanager
    def change(self, *, is_current: bool = False) -> Iterator["Transaction"]:
        """Lend a transaction, which is committed at the end; an exception undoes it.

        `is_current`: the thread changes accounts with it. Raises CannotCheck.
        """
        transaction = Transaction(self)
        if is_current:
            self._own.current = transaction
        try:
            yield transaction
            transaction.finish()
        except BaseException:
            transaction.undo()
            raise
        finally:
            if is_current:
                self._own.current = None
        transaction.tell()

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
            whole = [_BEGIN, _LIMITS, statement, _COMMIT]
            return self.connections.send(connection, whole)[2]

    def repeated(self, act: Callable[[], T]) -> T:
        """Return what `act` returns, and repeat it if others got in its way. Raises CannotCheck."""
        for tried in range(1, MOST_TRIES):
            try:
                return act()
            except Conflict:
                time.sleep(random.uniform(0, 0.01 * 2**tried))  # noqa: S311  no secret
        return act()

    def was_committed(self, act: str) -> bool:
        """Look up a transaction whose answer was lost. Raises CannotCheck if it is not known."""
        until = time.monotonic() + _LOOKED_UP_FOR
        while True:
            try:
                self._add(Statement(_ACT, (act,)), new=True)
            except Exists:
                return True
            except CannotCheck:
                if time.monotonic() >= until:
                    raise Unknown(
                        "The connection to the database was lost during a change, and it is not "
                        "known whether the change was made. Look before you repeat it."
                    ) from None
                time.sleep(0.1)
            else:
                return False  # and it never will be


class Transaction:
    """A transaction that begins with its first statement. Only for one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lent = ExitStack()
        self._connection: Any = None
        self._waiting: list[Statement] = []
        self.has_begun = False
        self._writes = False
        self._after: list[Callable[[], None]] = []
        self._on_answer: list[tuple[int, Callable[[Answer], None]]] = []
        self._last: list[tuple[Statement, Callable[[Answer], None], bool]] = []
        """What comes before COMMIT, who gets its answer, and whether it stays."""
        self.head: Head | None = None
        """The head, once it was read with its lock."""
        self.takes_others = False
        """Whether what else this thread writes is undone with it. Otherwise that stays."""
        self._stays = False
        """Whether something in it stays if the rest is undone."""
        self._own = False
        """Whether something was written that does not stay."""
        self._has_savepoint = False
        self.goes_by_glance = False
        """Whether records are changed if they still are as the thread's glance saw them."""

    def run(self, *statements: Statement) -> list[Answer]:
        """Run these after what is waiting, in one trip, and return their answers.

        What they write is undone if nothing else is written (see `later`). Raises CannotCheck.
        """
        waiting, self._waiting = [*self._waiting, *statements], []
        listeners, self._on_answer = self._on_answer, []
        if self.has_begun:
            answers = self._send(waiting)
        else:
            answers = self._begun([_BEGIN, _LIMITS, *waiting])[2:]
        for place, listener in listeners:
            listener(answers[place])
        return answers[len(waiting) - len(statements) :] if statements else []

    def lock_head(self, *statements: Statement) -> list[Answer]:
        """Like `run`, but nobody else can change accounts or settings from now on."""
        asked = self._database.clock.here()
        first, *answers = self.run(_LOCKED_HEAD, *statements)
        self.head = self._database.learn(first, asked)
        return answers

    def later(
        self, statement: Statement, on_answer: Callable[[Answer], None] | None = None
    ) -> None:
        """Run a statement that writes with the next ones, at the latest with COMMIT."""
        self._writes = True
        if on_answer is not None:
            self._on_answer.append((len(self._waiting), on_answer))
        self._waiting.append(statement)

    def at_end(self, statement: Statement, on_answer: Callable[[Answer], None]) -> None:
        """Run a statement just before COMMIT: one that locks what everyone needs.

        All transactions lock in the same order, so that none waits for another in a circle: first
        the organization, then records, and the end of the audit log last.
        """
        self._writes = True
        self._last.append((statement, on_answer, not self.takes_others))

    def after(self, act: Callable[[], None]) -> None:
        """Do this after the transaction was committed."""
        self._after.append(act)

    def tell(self) -> None:
        """Do what was to be done after the commit."""
        for act in self._after:
            act()

    def finish(self) -> None:
        """Commit, if anything was written. Raises CannotCheck."""
        if not self._writes:
            self.undo()
            return
        # Nothing follows from what was read in it, so the whole transaction can be sent again.
        whole = None if self.has_begun else (list(self._waiting), list(self._on_answer))
        done = self._is_committed()
        if not done and whole is not None:
            self.has_begun = False
            self._waiting, self._on_answer = whole
            done = self._is_committed()
        if not done:
            raise CannotCheck(
                "The connection to the database was lost before the change was made. Nothing was "
                "changed. Try again."
            )
        self._lent.close()

    def _is_committed(self) -> bool:
        """Commit, and return whether that succeeded. Raises CannotCheck."""
        act = str(uuid.uuid4())
        for statement, on_answer, _ in self._last:
            self.later(statement, on_answer)
        self.later(Statement(_ACT, (act,)))
        if random.randrange(_SELDOM) == 0:  # noqa: S311  no secret
            self.later(_FORGET)
        glance = self._database.glance
        again = [_HEAD, *glance.again] if glance is not None else []
        asked = self._database.clock.here()
        try:
            answer, *known = self.run(_COMMIT, *again)
        except Cut:
            if glance is not None:
                glance.forget()
            return self._database.was_committed(act)
        if glance is not None:
            glance.take(self._database.learn(known[0], asked).settings, known[1:])
        if answer.command != "COMMIT":
            raise CannotCheck("The database refused the change. Nothing was changed. Try again.")
        return True

    @property
    def can_take(self) -> bool:
        """Whether what else this thread writes can be part of it."""
        return self.takes_others or not self._own

    @contextmanager
    def taking(self) -> Iterator["Transaction"]:
        """Lend it for something else that this thread writes."""
        yield self
        if not self.takes_others:
            self._stays = True

    def begin_own(self) -> None:
        """Say that what follows does not stay if the transaction is undone."""
        if self._stays and not self._own:
            self.later(_SAVEPOINT)
            self._has_savepoint = True
        self._own = True

    def undo(self) -> None:
        """End the transaction without any change but what stays.

        Raises CannotCheck only if something should stay.
        """
        if self._stays:
            self._stays = False
            self._last = [one for one in self._last if one[2]]
            if self._has_savepoint:
                self.later(_TO_SAVEPOINT)
            elif self._own:
                message = "what stays was written after what does not"
                raise RuntimeError(message)
            try:
                self.finish()
            finally:
                self._lent.close()
            self.tell()
            return
        self._waiting, self._after = [], []
        if self.has_begun and not self._connection.closed:
            with suppress(CannotCheck):
                self._send([_ROLLBACK])
        self._lent.close()

    def _begun(self, statements: Sequence[Statement]) -> list[Answer]:
        """Send the first statements. A connection that was lost before is replaced."""
        self._borrow(new=False)
        self.has_begun = True
        try:
            return self._send(statements)
        except Cut:
            if _COMMIT in statements:
                raise  # it may have been committed
            self._borrow(new=True)
            return self._send(statements)

    def _borrow(self, *, new: bool) -> None:
        self._lent.close()
        lent = self._database.connections.one(new=new)
        self._connection = self._lent.enter_context(lent)

    def _send(self, statements: Sequence[Statement]) -> list[Answer]:
        return self._database.connections.send(self._connection, statements)


def joined(database: Database) -> "AbstractContextManager[Transaction]":
    """Return the transaction for something that this thread writes besides accounts.

    It is that of its change of accounts, if there is one: then it needs no second connection while
    others wait for this one. Once the change was prepared, both happen or neither. Before, it stays
    even if the change is undone.
    """
    current = database.current
    if current is not None and current.can_take:
        return current.taking()
    return database.change()


def ids_of(needed: bytes) -> frozenset[str]:
    """Return the ids of keys in this column. Raises StoreDamaged."""
    try:
        return frozenset(json.decode(needed, type=tuple[str, ...]))
    except MsgspecError as error:
        raise problems.damaged("The list of needed keys", error) from None
