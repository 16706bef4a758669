"""Names and ids of what people have several of: devices and SSH keys."""

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

from cwtui.accounts import text
from cwtui.accounts.credentials import typed_codes
from cwtui.accounts.errors import InvalidInput, Taken
from cwtui.accounts.ports import RandomBytes

LENGTH: Final = 32


_ID_BYTES: Final = 4


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


def checked(
    typed: str,
    others: Iterable[Named],
    field: str,
    what: str,
    examples: tuple[str, str],
    taken: str,
) -> str:
    """Return the name for something beside these others. Raises InvalidInput.

    `what` it is, `examples` of names, and how the sentence for a name that is `taken` begins, are
    for error messages.
    """
    name = text.line(typed, field, "The name")
    if not name:
        such = " or ".join(examples)
        raise InvalidInput(field, f"Enter a name for the {what}, such as {such}.")
    if typed_codes.is_one_time_code(name):
        raise InvalidInput(field, f"This looks like a code. Enter a name for the {what}.")
    if len(name) > LENGTH:
        raise InvalidInput(field, f"The name can have at most {LENGTH} characters.")
    if named(others, name) is not None:
        raise Taken(field, f"{taken} named {name}. Choose another name.")
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
