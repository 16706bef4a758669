"""Tests handle the same messages with less work per message."""

from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from types import FunctionType, MethodType
from typing import Any, Final, cast

import textual
from textual import _callback, message_pump
from textual._log import LogGroup, LogVerbosity
from textual.css.styles import RenderStyles
from textual.message import Message
from textual.message_pump import MessagePump
from textual.reactive import Reactive

from tests.ui.replacing import replace_in

Handlers = Iterable[tuple[type, Callable[[Message], Awaitable[Any]]]]

_VARIABLE: Final = 0x04 | 0x08
"""The flags of code that takes *arguments or **named ones."""
_OTHER_SIGNATURE: Final = {"__wrapped__", "__signature__"}
"""What tells `inspect` of another signature than the code's."""


def begin() -> None:
    _find_handlers_quickly()
    _count_parameters_quickly()
    _make_no_loggers()
    _read_values_quickly()


def _find_handlers_quickly() -> None:
    """Look only for names where no class has handlers that were declared with `on`."""
    find = MessagePump._get_dispatch_methods

    @cache
    def has_declared(kind: Any, message: Any) -> bool:
        declared = [cast("Any", one.__dict__.get("_decorated_handlers")) for one in kind.__mro__]
        return any(
            handlers.get(one) for handlers in declared if handlers for one in message.__mro__
        )

    def by_name(self: MessagePump, name: str, message: Message) -> Handlers:
        private = f"_{name}"
        for kind in type(self).__mro__:
            if message._no_default_action:
                return
            own = kind.__dict__
            method = own.get(private) or own.get(name)
            if method is not None and not getattr(method, "_textual_on", None):
                yield kind, method.__get__(self, kind)

    def found(self: MessagePump, method_name: str, message: Message) -> Handlers:
        declared = has_declared(type(self), type(message))  # type: ignore[arg-type]  # classes can be hashed
        return (find if declared else by_name)(self, method_name, message)

    replace_in(MessagePump, "_get_dispatch_methods", found)


def _count_parameters_quickly() -> None:
    """Ask plain functions and methods for their number of parameters, not `inspect`."""
    count = _callback._count_parameters

    def counted(func: Any) -> int:
        bound = isinstance(func, MethodType)
        plain = func.__func__ if bound else func
        if isinstance(plain, FunctionType) and not plain.__dict__.keys() & _OTHER_SIGNATURE:
            code = plain.__code__
            if code.co_argcount >= bound and not code.co_flags & _VARIABLE:
                return code.co_argcount + code.co_kwonlyargcount - bound
        return count(func)

    _callback._count_parameters = counted


def _make_no_loggers() -> None:
    """Each handled message made two loggers, only to find that nobody listens."""

    class Events(textual.Logger):
        @property
        def event(self) -> textual.Logger:
            return self

        def verbosity(self, verbose: bool) -> textual.Logger:
            return verbose_events if verbose else events

    events = Events(None, LogGroup.EVENT, LogVerbosity.NORMAL)
    verbose_events = Events(None, LogGroup.EVENT, LogVerbosity.HIGH)
    replace_in(message_pump, "log", events)


def _read_values_quickly() -> None:
    """Read styles and reactive attributes from where they are kept."""
    get = Reactive.__get__

    def get_rule(self: RenderStyles, rule_name: str, default: object = None) -> object:
        # A million calls a minute: even typing.cast would take a while.
        inline: dict[str, object] = self._inline_styles._rules  # type: ignore[assignment]  # a TypedDict
        if rule_name in inline:
            return inline[rule_name]
        base: dict[str, object] = self._base_styles._rules  # type: ignore[assignment]  # a TypedDict
        return base.get(rule_name, default)

    @cache
    def is_computed(kind: Any, name: str) -> bool:
        return hasattr(kind, name)

    def get_kept(self: Reactive[Any], obj: Any, obj_type: Any) -> Any:
        if obj is not None:
            kept = obj.__dict__
            if self.internal_name in kept and not is_computed(type(obj), self.compute_name):  # type: ignore[arg-type]  # classes can be hashed
                return kept[self.internal_name]
        return get(self, obj, obj_type)

    replace_in(RenderStyles, "get_rule", get_rule)
    replace_in(Reactive, "__get__", get_kept)
