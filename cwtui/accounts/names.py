"""Names and ids of what people have several of: devices and SSH keys."""

from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol, TypeVar

from cwtui.accounts import text
from cwtui.accounts.credentials import typed_codes
from cwtui.accounts.errors import InvalidInput, Taken
from cwtui.accounts.ports import RandomBytes
from cwtui.language import _

LENGTH: Final = 32


_ID_BYTES: Final = 4


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Sentences(NamedTuple):
    """What errors say of a name that is missing, looks like a code, or is taken by `{name}`."""

    missing: str
    is_code: str
    taken: str


def checked(
    typed: str,
    others: Iterable[Named],
    field: str,
    sentences: Sentences,
) -> str:
    """Return the name for something beside these others. Raises InvalidInput."""
    name = text.line(typed, field, _("The name"))
    if not name:
        raise InvalidInput(field, _(sentences.missing))
    if typed_codes.is_one_time_code(name):
        raise InvalidInput(field, _(sentences.is_code))
    if len(name) > LENGTH:
        raise InvalidInput(field, _("The name can have at most {most} characters.", most=LENGTH))
    if named(others, name) is not None:
        raise Taken(field, _(sentences.taken, name=name))
    return name


def named(those: Iterable[T], name: str) -> T | None:
    """Return the one with this name; case does not matter."""
    wanted = _folded(name)
    return next((one for one in those if _folded(one.name) == wanted), None)


def new_id(random: RandomBytes, taken: Iterable[str]) -> str:
    """Return a random id that none of them has."""
    while (new := random(_ID_BYTES).hex()) in taken:
        pass
    return new


def _folded(name: str) -> str:
    return " ".join(text.normal(text.normal(name).casefold()).split())
