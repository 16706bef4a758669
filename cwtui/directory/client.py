"""The Directory port over LDAP. Asks several servers in turn until one answers."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from cwtui.accounts import text
from cwtui.accounts.directory_port import (
    CannotReachDirectory,
    CannotTrustDirectory,
    DirectoryUser,
    Step,
    Tell,
    WrongDirectoryPassword,
)
from cwtui.accounts.ports import Clock
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.secret import Secret
from cwtui.accounts.text import visible
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.servers import Server, Servers
from cwtui.language import _

if TYPE_CHECKING:  # these load an LDAP library, which local sign-ins do not need
    from cwtui.directory.channel import Channel
    from cwtui.directory.transport import Deadline
    from cwtui.directory.visit import Visit

T = TypeVar("T")


def _silent(step: Step) -> None:
    pass


class LdapDirectory:
    """Asks the configured servers, and remembers which did not answer.

    `clock` is monotonic, in seconds; `now` is the current time. Thread-safe.
    """

    def __init__(
        self,
        config: DirectoryConfig,
        clock: Clock = time.monotonic,
        now: Clock = time.time,
    ) -> None:
        self._config = config
        self._clock = clock
        self._now = now
        self._servers = Servers(config.parsed_servers, clock)

    def check_password(self, username: str, password: Secret) -> DirectoryUser:
        name = text.username(username)
        _refuse_unasked(password)
        return self._ask(lambda visit: visit.check_password(name, password), _silent)

    def find(self, username: str) -> DirectoryUser | None:
        name = text.username(username)
        return self._ask(lambda visit: visit.find(name), _silent)

    def find_all(
        self, usernames: Iterable[str], progress: ShowProgress
    ) -> dict[str, DirectoryUser | None]:
        names = [text.username(username) for username in usernames]
        return self._ask(lambda visit: visit.find_all(names, progress), _silent, math.inf)

    def find_by_ids(
        self, people: Sequence[Mapping[str, str]], progress: ShowProgress
    ) -> list[DirectoryUser | None]:
        seconds = math.inf if len(people) > 1 else None
        return self._ask(lambda visit: visit.find_by_ids(people, progress), _silent, seconds)

    def explain(self, username: str, password: Secret | None, tell: Tell) -> DirectoryUser:
        name = text.username(username)
        if password is not None:
            _refuse_unasked(password)
        return self._ask(lambda visit: visit.explain(name, password), tell)

    def _ask(self, ask: Callable[["Visit"], T], tell: Tell, seconds: float | None = None) -> T:
        """Return the answer of the first server that answers. Servers share the time left."""
        # Imported before the time starts, because it loads the library the first time.
        from cwtui.directory import channel, visit  # noqa: F401  loaded now, used later
        from cwtui.directory.transport import Deadline, Unreachable, Unsafe

        channel.library(self._config.library)
        deadline = Deadline(self._clock, seconds or self._config.total_seconds, "total_seconds")
        reasons: list[str] = []
        kind = CannotReachDirectory
        for server, left in self._servers.in_turn():
            try:
                share = deadline.share(left)
            except Unreachable:
                break
            try:
                answer = self._visit(server, share, ask, tell)
            except Unreachable as error:
                self._servers.did_not_answer(server)
                kind = CannotTrustDirectory if isinstance(error, Unsafe) else kind
                reasons.append(f"{visible(server.url)} {error}")
                tell(Step("server", False, f"{reasons[-1]}."))
            else:
                self._servers.answered(server)
                return answer
        raise kind(tuple(reasons))

    def _visit(
        self, server: Server, deadline: "Deadline", ask: Callable[["Visit"], T], tell: Tell
    ) -> T:
        from cwtui.directory.channel import Channel
        from cwtui.directory.visit import Visit

        with Channel(server, self._config, deadline) as channel:
            tell(Step("server", True, _("{url} answers.", url=visible(server.url))))
            self._tell_protection(channel, tell)
            return ask(Visit(channel, self._config, self._now(), tell))

    def _tell_protection(self, channel: "Channel", tell: Tell) -> None:
        shown = channel.certificate
        if shown is None:
            tell(Step("tls", False, _("This connection is not encrypted; it stays on this host.")))
            return
        subject = shown.subject or _("the host")
        until = datetime.fromtimestamp(shown.expires_at, UTC)
        days = int((shown.expires_at - self._now()) / 86400)
        tell(
            Step(
                "tls",
                True,
                _(
                    "{tls}; the certificate is for {subject} and valid until {until} ({days} "
                    "days).",
                    tls=shown.tls_version,
                    subject=subject,
                    until=f"{until:%Y-%m-%d}",
                    days=days,
                ),
            )
        )


def _refuse_unasked(password: Secret) -> None:
    """Raise WrongDirectoryPassword for passwords that must not be sent.

    An empty password makes an anonymous bind, which succeeds (RFC 4513 section 5.1.2). One that
    starts with NUL may be empty for a server written in C. Lone surrogates are not valid UTF-8.
    """
    if not password or text.has_control_characters(password.reveal()):
        raise WrongDirectoryPassword
