"""Connections to the database: how they are made, kept, bounded in time, and given up."""

import logging
import os
import select
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import Any, Final
from weakref import WeakSet

import psycopg
from psycopg import conninfo
from psycopg.pq import TransactionStatus

from cwtui.accounts.errors import CannotCheck
from cwtui.language import _
from cwtui.store.postgres import address, problems
from cwtui.store.postgres.trips import ANSWER_SECONDS, Answer, Connection, Statement

CONNECT_SECONDS: Final = 5
"""For each host of the URL."""
_KEPT: Final = 4
"""The most unused connections that are kept. More are in use only for a moment."""
_KEPT_SECONDS: Final = 60.0
"""A connection that nobody used for so long is closed, so that screens left open need few."""

# What went wrong is raised, and must not appear on the screen as well.
logging.getLogger("psycopg").setLevel(logging.CRITICAL + 1)

_INHERITED: Final[list[object]] = []
"""The connections of a parent process."""

_ALWAYS: Final[dict[str, str | int]] = {
    "application_name": "cwtui",
    "connect_timeout": CONNECT_SECONDS,
    # A host that vanished is noticed, whether we wait for an answer or it waits for us.
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": int(ANSWER_SECONDS * 1000),
    "target_session_attrs": "read-write",
    "gssencmode": "disable",
    "client_encoding": "UTF8",
}
"""What a URL can set otherwise."""


class _Janitor:
    """A thread that closes connections which nobody has used for a while. It ends after the last.

    So an application that is left open does not keep a connection from others.
    """

    def __init__(self) -> None:
        self._looks_after: WeakSet[Connections] = WeakSet()
        self._is_running = False
        self._lock = Lock()

    def look_after(self, connections: "Connections") -> None:
        with self._lock:
            self._looks_after.add(connections)
            if not self._is_running:
                self._is_running = True
                Thread(target=self._run, name="idle connections", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(_KEPT_SECONDS / 4)
            with self._lock:
                open_ = [one for one in self._looks_after if one.close_old()]
                self._looks_after = WeakSet(open_)
                if not open_:
                    self._is_running = False
                    return
            del open_


_JANITOR: Final = _Janitor()


class Connections:
    """The connections of one process. Several threads may use it."""

    def __init__(self, url: str, read_password: Callable[[], str] | None = None) -> None:
        self._url = url
        self._read_password = read_password
        self._unused: list[tuple[Connection, float]] = []
        weakref.finalize(self, _close_all, self._unused)
        self._lock = Lock()
        self._process = os.getpid()
        self._prepares = True
        """Whether statements are prepared: until the server lacks one that was."""

    @contextmanager
    def one(self, *, new: bool = False) -> Iterator[Connection]:
        """Lend a connection that is in no transaction. It is kept if it still is in none after.

        Raises CannotCheck.
        """
        connection = (None if new else self._kept()) or self._connect()
        try:
            yield connection
        finally:
            self._take_back(connection)

    def close(self) -> None:
        """Close the unused connections."""
        with self._lock:
            _close_all(self._unused)

    def close_old(self) -> bool:
        """Close the connections that were not used for a while. Returns whether others are left."""
        before = time.monotonic() - _KEPT_SECONDS
        with self._lock:
            if self._process != os.getpid():
                return False
            old = [one for one, since in self._unused if since <= before]
            self._unused[:] = [kept for kept in self._unused if kept[1] > before]
            is_any_left = bool(self._unused)
        for connection in old:
            _close(connection)
        return is_any_left

    def send(self, connection: Connection, statements: Sequence[Statement]) -> list[Answer]:
        """Send these statements together, and return their answers.

        Raises Cut if the connection was lost, Unknown if the server has committed without its
        standby, and another CannotCheck if it refuses a statement. The transaction cannot go on
        then.
        """
        prepares = self._prepares
        try:
            answers = connection.answers(statements, prepares=prepares)
        except psycopg.Error as error:
            if is_lost(connection):
                raise problems.cut(error) from None
            if prepares and isinstance(error, problems.NOT_PREPARED):
                self._prepares = False
                raise problems.not_prepared() from None
            raise problems.cannot(error) from None
        if connection.gave_up_waiting:
            _close(connection)
            raise problems.not_safe()
        return answers

    def _kept(self) -> Connection | None:
        """Return an unused connection that is not known to be lost."""
        now = time.monotonic()
        while True:
            with self._lock:
                if self._process != os.getpid():
                    # The parent process goes on using those, so they are not closed here.
                    _INHERITED.extend(self._unused)
                    self._unused.clear()
                    self._process = os.getpid()
                if not self._unused:
                    return None
                connection, since = self._unused.pop()
            if now - since < _KEPT_SECONDS and not _has_news(connection):
                return connection
            _close(connection)

    def _take_back(self, connection: Connection) -> None:
        if connection.closed or connection.info.transaction_status is not TransactionStatus.IDLE:
            _close(connection)
            return
        connection.longest = None
        with self._lock:
            self._unused.append((connection, time.monotonic()))
            too_many = self._unused[:-_KEPT]
            del self._unused[:-_KEPT]
        for other, _since in too_many:
            _close(other)
        _JANITOR.look_after(self)

    def _connect(self) -> Connection:
        parameters = self._parameters()
        try:
            connection = Connection.connect(
                conninfo.make_conninfo("", **parameters), autocommit=True, prepare_threshold=None
            )
        except psycopg.Error as error:
            raise problems.unreachable(error, address.shown(self._url)) from None
        connection.set_up()
        return connection

    def _parameters(self) -> dict[str, Any]:
        try:
            given = conninfo.conninfo_to_dict(self._url)
        except psycopg.Error as error:
            raise CannotCheck(
                _("The store's URL is not valid: {error}.", error=problems.said(error))
            ) from None
        parameters = {**_ALWAYS, **given}
        if "sslmode" not in given and not is_near(given):
            parameters["sslmode"] = "verify-full"
        # libpq would take it from the environment, where other programs of this user can read it.
        os.environ.pop("PGPASSWORD", None)
        if self._read_password is not None:
            parameters["password"] = self._read_password()
        return parameters


def is_near(given: dict[str, Any]) -> bool:
    """Whether the connection stays on this host, as far as its parameters say.

    libpq takes what the URL does not say from the environment, and connects to PGHOSTADDR whatever
    `host` is.
    """
    if "service" in given or os.environ.get("PGSERVICE"):
        return False  # its file may name any host
    addresses = given.get("hostaddr") or os.environ.get("PGHOSTADDR")
    hosts = str(addresses or given.get("host") or os.environ.get("PGHOST", ""))
    return address.is_near(hosts)


def is_lost(connection: psycopg.Connection[Any]) -> bool:
    """Whether the connection is broken, or an answer is still on the way."""
    status = connection.info.transaction_status
    return connection.closed or status in {TransactionStatus.UNKNOWN, TransactionStatus.ACTIVE}


def _has_news(connection: Connection) -> bool:
    """Whether the server sent something unasked: it says so before it closes a connection."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _close_all(connections: list[tuple[Connection, float]]) -> None:
    while connections:
        _close(connections.pop()[0])


def _close(connection: Connection) -> None:
    with suppress(psycopg.Error, OSError):
        connection.close()
