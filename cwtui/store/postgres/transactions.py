"""A transaction, and whether it was committed.

If the answer to COMMIT is lost, the transaction is looked up over another connection, so that
nothing is guessed. Each one adds a row of its own to `cwtui.act`, with a random id. Whoever looks
it up tries to add the same row. That waits for the transaction if it is still in progress. If the
row is there, it was committed; otherwise it never will be, because its row can no longer be added.

PostgreSQL's own numbers of transactions cannot be looked up like that: after a crash of the server,
other transactions get the numbers of those that were lost.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, Protocol

from cwtui.accounts.errors import CannotCheck
from cwtui.language import _
from cwtui.store.postgres import problems
from cwtui.store.postgres.clock import DatabaseClock
from cwtui.store.postgres.connections import Connections
from cwtui.store.postgres.glance import Glance
from cwtui.store.postgres.head import HEAD, LOCKED_HEAD, OWN_NAMES, Head
from cwtui.store.postgres.problems import Conflict, Cut, NotAsSeen
from cwtui.store.postgres.trips import Answer, Often, Statement

BEGIN: Final = Statement("BEGIN ISOLATION LEVEL READ COMMITTED")
COMMIT: Final = Statement("COMMIT")
_ROLLBACK: Final = Statement("ROLLBACK")
_SAVEPOINT: Final = Statement("SAVEPOINT own")
_TO_SAVEPOINT: Final = Statement("ROLLBACK TO SAVEPOINT own")
LIMITS: Final = Statement(
    Often(
        f"SELECT {OWN_NAMES}, set_config('statement_timeout', '9000', true),"
        " set_config('lock_timeout', '8000', true),"
        " set_config('idle_in_transaction_session_timeout', '15000', true),"
        # What is acknowledged must be on disk, whatever the server's default is.
        " CASE WHEN current_setting('synchronous_commit') = 'off'"
        " THEN set_config('synchronous_commit', 'on', true) END"
    )
)
"""For this transaction only, in milliseconds: they stay below what a connection waits for."""
LONG_SECONDS: Final = 1800.0
_LONG: Final = Statement(
    "SELECT set_config('statement_timeout', %s, true)", (f"{LONG_SECONDS:.0f}s",)
)
ACT: Final = Often("INSERT INTO cwtui.act (id) VALUES (%s::uuid)")
_HAS_ACT: Final = "SELECT FROM cwtui.act WHERE id = %s::uuid"
_FORGET: Final = Statement(
    "DELETE FROM cwtui.act WHERE id IN (SELECT id FROM cwtui.act"
    " WHERE at < clock_timestamp() - interval '1 hour' ORDER BY at LIMIT 2000"
    " FOR UPDATE SKIP LOCKED)"
)
_SELDOM: Final = 500
"""Old rows are removed about once in so many transactions."""


MOST_TRIES: Final = 8
"""How often a transaction is tried that others get in the way of."""


def pause(tried: int) -> None:
    """Wait for a moment before the next try, so that others do not get in the way again."""
    time.sleep(random.uniform(0, 0.01 * 2**tried))  # noqa: S311  no secret


def check_committed(answer: Answer) -> None:
    """Raise CannotCheck if this answer to COMMIT says that nothing was committed."""
    if answer.command != "COMMIT":
        raise CannotCheck(_("The database refused the change. Nothing was changed. Try again."))


class _Committed(CannotCheck):
    """It was committed, but what was read after COMMIT got in the way of others."""


_LAST_AT_ONCE: Final = 8
"""Statements before COMMIT that are sent in one trip: more than a sign-in has."""


class Database(Protocol):
    """What a transaction needs of the database (see access)."""

    connections: Connections
    clock: DatabaseClock

    @property
    def glance(self) -> Glance | None: ...

    def learn(self, answer: Answer, asked: float, *, is_final: bool = True) -> Head: ...

    def was_committed(self, act: str) -> bool: ...


class Transaction:
    """A transaction that begins with its first statement. Only for one thread.

    takes_others     what else this thread writes is undone with it; otherwise that stays
    goes_by_glance   records are changed if they still are as the thread's glance saw them
    repeats_itself   it is sent again if the server ends it in favour of another one
    """

    def __init__(
        self,
        database: Database,
        *,
        takes_others: bool = False,
        goes_by_glance: bool = False,
        repeats_itself: bool = False,
    ) -> None:
        self._database = database
        self._takes_others = takes_others
        self.goes_by_glance: Final = goes_by_glance
        self._repeats_itself: Final = repeats_itself
        self._lent = ExitStack()
        self._connection: Any = None
        self._waiting: list[Statement] = []
        self._has_begun = False
        self._writes = False
        self._after: list[Callable[[], None]] = []
        self._on_answer: list[tuple[int, Callable[[Answer], None]]] = []
        self._last: list[tuple[Statement, Callable[[Answer], None], bool]] = []
        """What comes before COMMIT, who gets its answer, and whether it stays."""
        self.head: Head | None = None
        """The head, once it was read with its lock."""
        self._stays = False
        """Whether something in it stays if the rest is undone."""
        self._has_own = False
        """Whether something was written that does not stay."""
        self._has_savepoint = False
        self._is_committed = False
        self._sent: list[tuple[Sequence[Statement], Sequence[Answer]]] = []
        """What was sent since it began, to repeat it."""

    @property
    def has_begun(self) -> bool:
        """Whether a statement was sent, so that it may hold locks."""
        return self._has_begun

    @property
    def takes_others(self) -> bool:
        """Whether what else this thread writes is undone with it. Otherwise that stays."""
        return self._takes_others

    def take_others(self) -> None:
        """Let what else this thread writes from now on be undone with it."""
        self._takes_others = True

    def run(self, *statements: Statement) -> list[Answer]:
        """Run these after what is waiting, in one trip, and return their answers.

        What they write is undone if nothing else is written (see `later`). Raises CannotCheck.
        """
        waiting, self._waiting = [*self._waiting, *statements], []
        listeners, self._on_answer = self._on_answer, []
        answers = self._answers(waiting)
        for place, listener in listeners:
            listener(answers[place])
        return answers[len(waiting) - len(statements) :] if statements else []

    def lock_head(self, *statements: Statement) -> tuple[Head, list[Answer]]:
        """Like `run`, but nobody else can change accounts or settings from now on.

        Returns the head as well.
        """
        asked = self._database.clock.here()
        first, *answers = self.run(LOCKED_HEAD, *statements)
        self.head = head = self._database.learn(first, asked)
        return head, answers

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
        self._last.append((statement, on_answer, not self._takes_others))

    def take_long(self) -> None:
        """Let statements take up to half an hour from now on."""
        self._connection.longest = LONG_SECONDS
        self.later(_LONG)

    def after(self, act: Callable[[], None]) -> None:
        """Do this after the transaction was committed."""
        self._after.append(act)

    def tell(self) -> None:
        """Do what was to be done after the commit, if there was one."""
        if self._is_committed:
            for act in self._after:
                act()

    def finish(self) -> None:
        """Commit, if anything was written. Raises CannotCheck."""
        if not self._writes:
            self.undo()
            return
        self._stays = False  # whatever becomes of this commit, there is no other
        # Nothing follows from what was read in it, so the whole transaction can be sent again.
        whole = None if self._has_begun else (list(self._waiting), list(self._on_answer))
        self._is_committed = self._commit()
        if not self._is_committed and whole is not None:
            self._has_begun = False
            self._waiting, self._on_answer = whole
            self._is_committed = self._commit()
        if not self._is_committed:
            raise CannotCheck(
                _(
                    "The connection to the database was lost before the change was made. Nothing "
                    "was changed. Try again."
                )
            )
        self._lent.close()

    def _commit(self) -> bool:
        """Commit, and return whether that succeeded. Raises CannotCheck."""
        act = str(uuid.uuid4())
        for number, (statement, on_answer, _stays) in enumerate(self._last, 1):
            self.later(statement, on_answer)
            if not number % _LAST_AT_ONCE:
                self.run()  # an answer must come in time, however many there are
        self.later(Statement(ACT, (act,)))
        if random.randrange(_SELDOM) == 0:  # noqa: S311  no secret
            self.later(_FORGET)
        glance = self._database.glance
        again = [HEAD, *glance.again] if glance is not None else []
        asked = self._database.clock.here()
        try:
            answer, *known = self.run(COMMIT, *again)
        except Cut:
            if glance is not None:
                glance.forget()
            return self._database.was_committed(act)
        except _Committed:
            if glance is not None:
                glance.forget()
            return True
        if glance is not None:
            settings = self._database.learn(known[0], asked).settings
            glance.take(settings, known[1:], self._database.clock.now())
        check_committed(answer)
        return True

    @property
    def can_take(self) -> bool:
        """Whether what else this thread writes can be part of it."""
        return self._takes_others or not self._has_own

    @contextmanager
    def taking(self) -> Iterator["Transaction"]:
        """Lend it for something else that this thread writes."""
        yield self
        if not self._takes_others:
            self._stays = True

    def begin_own(self) -> None:
        """Say that what follows does not stay if the transaction is undone."""
        if self._stays and not self._has_own:
            self.later(_SAVEPOINT)
            self._has_savepoint = True
        self._has_own = True

    def undo(self) -> None:
        """End the transaction without any change but what stays.

        Raises CannotCheck only if something should stay.
        """
        if self._stays:
            self._stays = False
            self._last = [one for one in self._last if one[2]]
            if self._has_savepoint:
                self.later(_TO_SAVEPOINT)
            elif self._has_own:
                message = "what stays was written after what does not"
                raise RuntimeError(message)
            try:
                self.finish()
            finally:
                self._lent.close()
            return
        self._waiting = []
        if self._has_begun and not self._connection.closed:
            with suppress(CannotCheck):
                self._send([_ROLLBACK])
        self._lent.close()

    def _answers(self, statements: Sequence[Statement]) -> list[Answer]:
        """Send these. If others get in the way, begin again, and send everything before again."""
        try:
            if self._has_begun:
                answers = self._send(statements)
            else:
                answers = self._begun([BEGIN, LIMITS, *statements])[2:]
        except Conflict as conflict:
            if not self._repeats_itself or isinstance(conflict, NotAsSeen):
                raise
            answers = self._repeated(statements)
        if self._repeats_itself:
            self._sent.append((statements, answers))
        return answers

    def _repeated(self, statements: Sequence[Statement]) -> list[Answer]:
        """Send everything again until others do not get in the way. Raises CannotCheck."""
        for tried in range(1, MOST_TRIES):
            pause(tried)
            try:
                return self._again(statements)
            except NotAsSeen:
                raise
            except Conflict:
                pass
        return self._again(statements)

    def _again(self, statements: Sequence[Statement]) -> list[Answer]:
        """Begin again and send these after what was sent before.

        What was decided by what was read is right only if that is still the same. Raises NotAsSeen
        if it is not.
        """
        self._send([_ROLLBACK, BEGIN, LIMITS])
        for sent, before in self._sent:
            if not _are_same(sent, before, self._send(sent)):
                raise problems.not_as_seen()
        return self._send(statements)

    def _begun(self, statements: Sequence[Statement]) -> list[Answer]:
        """Send the first statements. A connection that was lost before is replaced."""
        self._borrow(new=False)
        self._has_begun = True
        try:
            return self._send(statements)
        except Cut:
            if COMMIT in statements:
                raise  # it may have been committed
            self._borrow(new=True)
            return self._send(statements)

    def _borrow(self, *, new: bool) -> None:
        self._lent.close()
        lent = self._database.connections.one(new=new)
        self._connection = self._lent.enter_context(lent)

    def _send(self, statements: Sequence[Statement]) -> list[Answer]:
        send = self._database.connections.send
        try:
            return send(self._connection, statements)
        except NotAsSeen:
            raise
        except Conflict as conflict:
            # The server has answered, so the transaction has ended in one way or the other.
            acts = [Statement(_HAS_ACT, one.values) for one in statements if one.sql == ACT]
            if acts and send(self._connection, [_ROLLBACK, *acts])[1].rows:
                raise _Committed(str(conflict)) from None
            raise


def _are_same(sent: Sequence[Statement], before: Sequence[Answer], now: Sequence[Answer]) -> bool:
    """Whether the answers are the same, apart from the time that they say."""
    return all(
        _without_time(one, first) == _without_time(one, second)
        for one, first, second in zip(sent, before, now, strict=True)
    )


def _without_time(statement: Statement, answer: Answer) -> list[tuple[Any, ...]]:
    has_time = statement in (HEAD, LOCKED_HEAD)
    return [row[1:] for row in answer.rows] if has_time else answer.rows
