"""Transactions: what is read together, what is written together, and whether it was written.

    Database.read        one trip
    Database.add         one trip, for a row that can be added again without being there twice
    Database.change      a transaction of several trips; its last statements travel with COMMIT

If the answer to COMMIT is lost, the transaction is looked up by its number in another connection,
so that nothing is guessed.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import MsgspecError, json

from cwtui.accounts.errors import CannotCheck, StoreMissing
from cwtui.store.postgres import problems
from cwtui.store.postgres.clock import DatabaseClock
from cwtui.store.postgres.connections import Answer, Connections, Statement
from cwtui.store.postgres.problems import Conflict, Cut

T = TypeVar("T")

MOST_TRIES: Final = 8
"""How often a transaction is repeated that others got in the way of."""
_LOOKED_UP_FOR: Final = 10.0
"""Seconds for which a transaction is looked up that is still in progress."""

_BEGIN: Final = Statement("BEGIN ISOLATION LEVEL READ COMMITTED")
_COMMIT: Final = Statement("COMMIT")
_ROLLBACK: Final = Statement("ROLLBACK")
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
_NUMBER: Final = Statement("SELECT pg_current_xact_id()::text")
_STATUS: Final = "SELECT pg_xact_status(%s::text::xid8)"


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

    def read(self, *statements: Statement) -> tuple[Head, list[Answer]]:
        """Read in one trip, each statement for itself. Raises CannotCheck."""
        try:
            return self._read(statements, new=False)
        except (Cut, Conflict):
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
        with self.connections.one(new=new) as connection:
            asked = self.clock.here()
            first, *answers = self.connections.send(connection, [_HEAD, *statements])
        return self.learn(first, asked), answers

    def learn(self, answer: Answer, asked: float) -> Head:
        """Return the head from an answer, after the clock and the checks have seen it."""
        answered = self.clock.here()
        if len(answer.rows) != 1:
            raise StoreMissing("The database has no store of cwtui any more. Nothing was changed.")
        shown, accounts, needed, settings = answer.rows[0]
        self.clock.learn(shown, asked, answered)
        head = Head(accounts, _ids(needed), settings)
        state = (not accounts, head.needed_keys)
        if self.check is not None and state != self._checked:
            self.check(self, head)
            self._checked = state
        return head

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

    def was_committed(self, number: str) -> bool:
        """Look up a transaction whose answer was lost. Raises CannotCheck if it is not known."""
        until = time.monotonic() + _LOOKED_UP_FOR
        while True:
            status: str | None = None
            try:
                (status,) = self.rows(Statement(_STATUS, (number,)))[0]
            except CannotCheck:
                if time.monotonic() >= until:
                    raise
            if status in {"committed", "aborted"}:
                return status == "committed"
            if time.monotonic() >= until:
                raise CannotCheck(
                    "The connection to the database was lost during a change, and it is not known "
                    "whether the change was made. Look before you repeat it."
                )
            time.sleep(0.1)


class Transaction:
    """A transaction that begins with its first statement. Only for one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lent = ExitStack()
        self._connection: Any = None
        self._waiting: list[Statement] = []
        self._number: str | None = None
        self._after: list[Callable[[], None]] = []
        self._on_answer: list[tuple[int, Callable[[Answer], None]]] = []
        self.head: Head | None = None
        """The head, once it was read with its lock."""
        self.takes_others = False
        """Whether what else this thread writes belongs to it."""

    def run(self, *statements: Statement) -> list[Answer]:
        """Run these after what is waiting, in one trip. Raises CannotCheck."""
        waiting, self._waiting = [*self._waiting, *statements], []
        listeners, self._on_answer = self._on_answer, []
        begins = [] if self._number is not None else [_BEGIN, _LIMITS, _NUMBER]
        answers = self._begun([*begins, *waiting]) if begins else self._send(waiting)
        if begins:
            (self._number,) = answers[2].rows[0]
            answers = answers[3:]
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
        """Run a statement with the next ones, at the latest with COMMIT."""
        if on_answer is not None:
            self._on_answer.append((len(self._waiting), on_answer))
        self._waiting.append(statement)

    def after(self, act: Callable[[], None]) -> None:
        """Do this after the transaction was committed."""
        self._after.append(act)

    def tell(self) -> None:
        """Do what was to be done after the commit."""
        for act in self._after:
            act()

    def finish(self) -> None:
        """Commit, if anything was done. Raises CannotCheck."""
        if self._number is None and not self._waiting:
            return
        if self._number is None:
            self.run()  # so that it can be looked up
        number = self._number
        try:
            (answer,) = self.run(_COMMIT)
        except Cut:
            if number is None or not self._database.was_committed(number):
                raise CannotCheck(
                    "The connection to the database was lost before the change was made. Nothing "
                    "was changed. Try again."
                ) from None
            self._lent.close()
            return
        if answer.command != "COMMIT":
            raise CannotCheck("The database refused the change. Nothing was changed. Try again.")
        self._lent.close()

    def undo(self) -> None:
        """End the transaction without any change. Raises nothing."""
        self._waiting, self._after = [], []
        if self._number is not None and not self._connection.closed:
            with suppress(CannotCheck):
                self._send([_ROLLBACK])
        self._lent.close()

    def _begun(self, statements: Sequence[Statement]) -> list[Answer]:
        """Send the first statements. A connection that was lost before is replaced."""
        self._borrow(new=False)
        try:
            return self._send(statements)
        except Cut:
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

    It is that of its change of accounts once that was prepared, so that both happen or neither.
    Otherwise it is one of its own, which stays even if the change is undone.
    """
    current = database.current
    if current is not None and current.takes_others:
        return _same(current)
    return database.change()


@contextmanager
def _same(transaction: Transaction) -> Iterator[Transaction]:
    yield transaction


def _ids(needed: bytes) -> frozenset[str]:
    try:
        return frozenset(json.decode(needed, type=tuple[str, ...]))
    except MsgspecError as error:
        raise problems.damaged("The list of needed keys", error) from None
