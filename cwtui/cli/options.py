"""Options of a command that together are one value."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

Decorator: TypeAlias = Callable[[Any], Any]


def as_one(name: str, make: Callable[..., object], *options: Decorator) -> Decorator:
    """Return the decorator that adds these options, and passes what `make` returns as `name`.

    `make` gets the value of each option under its own name.
    """
    given = tuple(inspect.signature(make).parameters)

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> None:
            made = make(**{option: kwargs.pop(option) for option in given})
            function(*args, **{name: made}, **kwargs)

        for option in reversed(options):
            called = option(called)
        return called

    return decorate
