"""What the processes of several hosts do at the same moment."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cwtui import maintenance
from cwtui.accounts import sign_in
from cwtui.accounts.errors import SignInFailed, Throttled
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded
from tests.store.postgres import people
from tests.store.postgres.host import Plan

GUESSES = 6
"""Of each process: more than are allowed for all."""


class Steps:
    """The steps of one process."""

    def __init__(self, plan: Plan, number: int) -> None:
        self._plan = plan
        self._config = people.config_of(plan.url, Path(plan.folder))
        self._ports = people.connected(self._config)
        self._source = f"198.51.100.{number}"

    def prepared(self, kind: str, name: str) -> Callable[[], str]:
        """What it does as soon as all others do it too. Returns what happened."""
        if kind == "guess passwords":
            return partial(self._guess, lambda wrong: self._password(name, wrong))
        state = people.asked_for_code(self._ports, name, self._source)
        if kind == "guess codes":
            # Never right: each is counted all the same.
            return partial(self._guess, lambda wrong: self._code(state, f"{wrong:016d}", "code"))
        typed = self._plan.code if kind == "code" else self._plan.backup_code
        return lambda: self._tried(lambda: self._code(state, typed, kind))

    def findings(self) -> str:
        """What a check of the store finds, on one line."""
        found = maintenance.check(self._config, list).findings
        return " ".join(finding.sentence for finding in found)

    def _password(self, name: str, wrong: int) -> object:
        return sign_in.with_password(self._ports, name, Secret(f"wrong {wrong}"), self._source)

    def _code(self, state: CodeNeeded, typed: str, field: str) -> object:
        return sign_in.with_code(self._ports, state, typed, field)

    def _tried(self, act: Callable[[], object]) -> str:
        try:
            return type(act()).__name__
        except Throttled as error:
            return f"Throttled {error.until:.0f}"
        except SignInFailed:
            return "refused"

    def _guess(self, act: Callable[[int], object]) -> str:
        """How many guesses were checked, and until when all others must wait."""
        said = Counter(self._tried(partial(act, number)) for number in range(GUESSES))
        assert said.keys() <= {"refused", *(one for one in said if one.startswith("Throttled"))}
        until = {one.split()[1] for one in said if one.startswith("Throttled")}
        return f"{said['refused']} {','.join(sorted(until))}"
