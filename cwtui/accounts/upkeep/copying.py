"""Sum up whole stores, to find out whether a copy has everything, and whether a store changed.

source at one instant --> copy that nobody can use yet --> sum up both --> usable
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

from cwtui.accounts.audit import chain as audit_chain
from cwtui.accounts.audit.chain import Ends, Link
from cwtui.accounts.audit.lines import decode
from cwtui.accounts.model import Account, SignInRecord
from cwtui.accounts.progress import ShowProgress
from cwtui.accounts.settings import OrganizationSettings
from cwtui.language import _

T = TypeVar("T")

PASSES: Final = 4
"""How often a copy goes through everything: read, written, read back, and looked at again."""
_SHOWN: Final = 1000
"""Steps after which progress is shown."""
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Size(NamedTuple):
    """About how much is in a store, to show progress."""

    accounts: int
    records: int
    events: int


class Whole(Protocol):
    """Everything in a store, as it is at one instant. All methods raise CannotCheck."""

    def size(self) -> Size: ...

    def settings(self) -> OrganizationSettings: ...

    def needed_keys(self) -> frozenset[str]: ...

    def enabled_local_admins(self) -> frozenset[str]: ...

    def accounts(self) -> Iterator[Account]:
        """Yield the accounts, sorted by username."""

    def records(self) -> Iterator[tuple[int, Mapping[str, SignInRecord]]]:
        """Yield the sign-in records part by part, with the part's number, sorted by username."""

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the audit log, oldest first, also those that are no events."""

    def ends(self) -> Ends | None: ...


Step: TypeAlias = Callable[[], None]
"""Called for each account, record and event, to show progress."""


class Total(NamedTuple):
    """How many there are, and the SHA-256 of all of them."""

    number: int
    sha256: str


class Chain(NamedTuple):
    """Where the audit log begins (None: there is no event), and the link of its next event."""

    first: Link | None
    following: Link


class Summary(NamedTuple):
    """A store summed up. Two stores with the same content have the same summary."""

    settings: Total
    accounts: Total
    records: Total
    audit: Total
    chain: Chain

    def differences(self, other: "Summary") -> list[str]:
        """Return what differs, in words."""
        differs = [
            (_("the organization settings"), self.settings != other.settings),
            (_("the accounts"), self.accounts != other.accounts),
            (_("the sign-in records"), self.records != other.records),
            (_("the audit log"), (self.audit, self.chain) != (other.audit, other.chain)),
        ]
        return [what for what, is_other in differs if is_other]


def summed_up(whole: Whole, step: Step) -> Summary:
    """Read everything and sum it up. Raises CannotCheck."""
    settings, accounts, records, audit = _Sum(step), _Sum(step), _Sum(step), _Sum(step)
    settings.add(_encode([whole.settings(), sorted(whole.needed_keys())]))
    for account in whole.accounts():
        accounts.add(_encode(account))
    for _names, part in whole.records():
        for username, record in part.items():
            records.add(_encode([username, record]))
    end = _End()
    for line in whole.lines():
        audit.add(line)
        end.add(line)
    chain = end.chain(whole.ends())
    return Summary(settings.total(), accounts.total(), records.total(), audit.total(), chain)


class _End:
    """The end of an audit log, of which all lines are added."""

    def __init__(self) -> None:
        self._first: Link | None = None
        self._newest: list[bytes] = []
        """The last event, and the partial lines after it."""

    def add(self, line: bytes) -> None:
        record = decode(line)
        if record is not None:
            self._newest.clear()
            self._first = self._first or Link(record.n, record.previous)
        self._newest.append(line)

    def chain(self, ends: Ends | None) -> Chain:
        end = audit_chain.tail(reversed(self._newest))
        first = ends.first if ends is not None else self._first
        return Chain(first, audit_chain.following(end, ends))


class _Sum:
    def __init__(self, step: Step) -> None:
        self._step = step
        self._digest = hashlib.sha256()
        self._count = 0

    def add(self, content: bytes) -> None:
        # With its length, so that no two lists look alike.
        self._digest.update(b"%d:%b" % (len(content), content))
        self._count += 1
        self._step()

    def total(self) -> Total:
        return Total(self._count, self._digest.hexdigest())


def stepping(items: Iterable[T], step: Step) -> Iterator[T]:
    """Yield the items, and count each as a step."""
    for item in items:
        step()
        yield item


def steps(show: ShowProgress, size: Size) -> Step:
    """Return what counts the steps of a copy of this size, and shows them now and then."""
    done, of = 0, PASSES * (sum(size) + 1)

    def step() -> None:
        nonlocal done
        done += 1
        if not done % _SHOWN:
            show(min(done, of), of)

    return step
