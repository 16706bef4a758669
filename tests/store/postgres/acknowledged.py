"""Compares what a store acknowledged with what is in it, after faults of any kind."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from cwtui.accounts.audit.events import EventType
from cwtui.accounts.audit.lines import START
from cwtui.accounts.audit.reading import verified
from cwtui.store.postgres.opening import Parts
from tests.accounts.steps import last_step
from tests.durability import nursery
from tests.store.postgres.writers import WRITERS


class Said(NamedTuple):
    """What the writers noted: WRITER and KIND with numbers."""

    done: dict[tuple[str, str], list[int]]
    undone: dict[tuple[str, str], list[int]]
    """What was refused with "Nothing was changed"."""
    unknown: dict[tuple[str, str], list[int]]
    sentences: Counter[str]

    @property
    def acknowledged(self) -> int:
        return sum(map(len, self.done.values()))


def read(folder: Path) -> Said:
    said = Said(defaultdict(list), defaultdict(list), defaultdict(list), Counter())
    for line in (folder / nursery.ACKNOWLEDGED).read_text().splitlines():
        assert not line.startswith("wrong"), line
        name, kind, number, sentence = [*line.split(" ", 3), ""][:4]
        is_undone = "Nothing was changed" in sentence
        which = said.undone if is_undone else said.unknown if sentence else said.done
        which[name, kind].append(int(number))
        said.sentences[sentence] += 1
    return said


def check(parts: Parts, said: Said, kills: int) -> int:
    """Check that nothing is missing, double or half there. Returns how many events there are."""
    findings = verified(parts.audit, has_accounts=True).findings
    assert not findings, findings
    found = [json.loads(line.content) for line in parts.audit.lines(START)]
    events = Counter(
        (event["actor"], int(event["subject"]))
        for event in found
        if event["actor"] in WRITERS and event["event"] == EventType.SIGN_IN
    )
    assert set(events.values()) <= {1}
    for name in WRITERS:
        logged = {number for actor, number in events if actor == name}
        for kind in ("event", "joined"):
            assert set(said.done[name, kind]) <= logged
            assert not set(said.undone[name, kind]) & logged
        account = parts.accounts.get(name)
        assert account is not None
        assert len(account.display_name) == account.session_epoch % 90
        counted = said.done[name, "account"]
        assert max(counted, default=0) <= account.session_epoch
        assert len(set(counted)) == len(counted)
        done = len(counted) + len(said.done[name, "joined"])
        perhaps = len(said.unknown[name, "account"]) + len(said.unknown[name, "joined"]) + kills
        assert done <= account.session_epoch <= done + perhaps
        # An event and the change of the account that it belongs to are both there, or neither.
        assert len(logged) - len(said.done[name, "event"]) <= account.session_epoch + perhaps
        steps, used = said.done[name, "step"], last_step(parts.records.get(name))
        assert max(steps, default=0) <= used <= len(steps) + len(said.unknown[name, "step"]) + kills
        assert len(set(steps)) == len(steps)
    return len(events)
