"""Find out what a stack of PAM modules decides, as libpam does (pam.conf(5), "control")."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice, product
from typing import Final, TypeAlias

from cwtui.accounts.text import whole_number
from cwtui.doctor.pam_files import Module, Step, Substack

SUCCESS: Final = "success"
IGNORE: Final = "ignore"
REFUSED: Final = "auth_err"

ResultOf: TypeAlias = Callable[[Module], str | None]
"""Returns what a module says, as the controls name it; None if that is not known."""

_SIMPLE: Final[Mapping[str, Mapping[str, str | int]]] = {
    "required": {SUCCESS: "ok", IGNORE: IGNORE, "default": "bad"},
    "requisite": {SUCCESS: "ok", IGNORE: IGNORE, "default": "die"},
    "sufficient": {SUCCESS: "done", IGNORE: IGNORE, "default": IGNORE},
    "optional": {SUCCESS: "ok", IGNORE: IGNORE, "default": IGNORE},
}
_WORDS: Final = frozenset({"ok", "done", "bad", "die", "reset", IGNORE})
"""The actions of a control in brackets, besides a number of modules to skip."""
_DIGITS: Final = 9
_MOST_CASES: Final = 256


@dataclass(frozen=True)
class Decisions:
    """What a stack can decide, over all cases that are possible."""

    accepts: bool
    refuses: bool

    @property
    def always_accepts(self) -> bool:
        return self.accepts and not self.refuses


def decisions(steps: Sequence[Step], result_of: ResultOf) -> Decisions:
    """Return what the stack can decide. Modules with an unknown result are tried both ways."""
    unknown = list(dict.fromkeys(one for one in _all(steps) if result_of(one) is None))
    found: set[bool] = set()
    for case in islice(product((SUCCESS, REFUSED), repeat=len(unknown)), _MOST_CASES):
        assumed = dict(zip(unknown, case, strict=True))

        def result(module: Module, assumed: dict[Module, str] = assumed) -> str:
            return result_of(module) or assumed[module]

        found.add(_Evaluation(result).accepts(steps))
        if len(found) == 2:  # noqa: PLR2004  both
            break
    return Decisions(True in found, False in found)


def _all(steps: Sequence[Step]) -> Iterator[Module]:
    for step in steps:
        if isinstance(step, Module):
            yield step
        else:
            yield from _all(step.steps)


class _So(Enum):
    """What libpam calls the impression."""

    NOTHING = auto()
    ACCEPTED = auto()
    REFUSED = auto()


class _Evaluation:
    def __init__(self, result: Callable[[Module], str]) -> None:
        self._result = result
        self._so = _So.NOTHING
        self._status_is_success = False

    def accepts(self, steps: Sequence[Step]) -> bool:
        self._run(steps)
        return self._is_success

    @property
    def _is_success(self) -> bool:
        return self._so is _So.ACCEPTED and self._status_is_success

    def _run(self, steps: Sequence[Step]) -> None:
        """Run the steps until their end, or until one of them ends them."""
        before = self._so, self._status_is_success
        skip = 0
        for step in steps:
            if skip:
                skip -= 1
                continue
            if isinstance(step, Substack):
                self._run(step.steps)
                continue
            result = self._result(step)
            action = _action(step.control, result)
            if isinstance(action, int):
                skip = action
            elif action == "reset":
                self._so, self._status_is_success = before
            elif self._ends(action, result):
                return

    def _ends(self, action: str | int, result: str) -> bool:
        """Take note of the result, and return whether the stack ends here."""
        match action:
            case "ok" | "done":
                can_change = self._so is _So.NOTHING or self._is_success
                if can_change and result != IGNORE:
                    self._so, self._status_is_success = _So.ACCEPTED, result == SUCCESS
                return action == "done" and self._so is _So.ACCEPTED
            case "bad" | "die":
                self._so = _So.REFUSED
                return action == "die"
        return False


def _action(control: str, result: str) -> str | int:
    """Return what PAM does about this result: one of `_WORDS`, or how many modules it skips."""
    actions = _SIMPLE.get(control) or _in_brackets(control)
    # What a control in brackets does not mention is bad.
    return actions.get(result, actions.get("default", "bad"))


def _in_brackets(control: str) -> Mapping[str, str | int]:
    words = re.sub(r"\s*=\s*", "=", control.strip("[]")).split()
    actions: dict[str, str | int] = {}
    for name, _, action in (word.partition("=") for word in words):
        known = action if action in _WORDS else whole_number(action, _DIGITS)
        if not known:  # libpam then takes every result as bad, also if the number is 0
            return {}
        actions[name] = known
    return actions
