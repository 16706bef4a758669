"""Lists longer than the window at every width, and empty lists, cell by cell.

Rewrite them with: CWTUI_UPDATE_GOLDENS=1 pytest tests/ui/test_lists.py
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from cwtui.accounts import roles
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.model import Attempts, OpenSession, Origin, SignInRecord
from tests.accounts.world import NOW
from tests.ui.admin_ways import audit_log, user_sessions, users
from tests.ui.harness import Person, at_work
from tests.ui.plants import ADMIN, HOUR, Plant, audited_plant, plant
from tests.ui.way import Way, after
from tests.ui.ways import enter_session

GOLDENS: Final = Path(__file__).parent / "goldens" / "lists"
UPDATE: Final = "CWTUI_UPDATE_GOLDENS" in os.environ
WIDTHS: Final = (60, 80, 120, 200)
ROWS: Final = 300

_FIRST: Final = ("Ada", "Berta", "Çağla", "Dörte", "Emil", "Faiz", "Grażyna", "Håkon", "Ingeborg")
_LAST: Final = ("Ek", "Fuchs", "Grünwald", "Haberlandt", "Ivanović", "Jansen-Kowalewski")


def _people(*, alike: bool) -> Plant:
    """300 accounts: in the same state apart from MFA, or in as many states as there are."""
    there = plant()
    model, factor = there.world.account("dave"), there.world.account("alice").second_factor
    with there.world.accounts.change() as change:
        for name in ("alice", "bob", "carol.longername@plant-7.example.com", "dave", "erin"):
            change.remove(name)
        for number in range(ROWS - 2):
            first = _FIRST[number % len(_FIRST)]
            last = _LAST[number // len(_FIRST) % len(_LAST)]
            username = f"{first}.{last}.{number:03}".casefold()
            if not alike and number % 54 == 9:
                username = f"{username}@pumping-station.plant-7.example.com"
            is_ldap = not alike and number % 3 == 0
            change.put(
                model.changed(
                    username=username,
                    display_name=f"{first} {last}",
                    enabled=alike or number % 11 != 4,
                    second_factor=factor if number % 2 else None,
                    mfa_required=number % 5 == 0,
                    origin=Origin.LDAP if is_ldap else Origin.LOCAL,
                    gone_since=NOW if is_ldap and number % 7 == 0 else None,
                    in_directory_too=not alike and number % 13 == 1,
                    roles=(roles.MINIMUM,) if alike or number % 4 else (roles.ADMIN, roles.MINIMUM),
                )
            )
            if number % 4 != 1:
                at = NOW - number * number * HOUR
                there.world.records.kept[username] = SignInRecord(last_sign_in=at)
            if not alike and number % 16 == 6:
                tries = {"": Attempts(5, NOW, NOW + HOUR)}
                there.world.records.kept[username] = SignInRecord(password_attempts=tries)
    if alike:
        for name in (ADMIN, "frank"):
            there.world.put(there.world.account(name).changed(display_name=name.title()))
    return there


def _events() -> Plant:
    """300 events with every name that an event can have."""
    there = plant()
    kinds = list(EventType)
    for number in range(ROWS, 0, -1):
        event = kinds[number % len(kinds)]
        name = f"user-{number % 23:02}"
        by_operator = event.value.startswith(("key", "store")) or number % 19 == 0
        actor = "operator:root" if by_operator else ADMIN if event.value[:4] == "user" else name
        failed = number % 6 == 0 and event.value.startswith("sign_in")
        there.world.audit.append(
            Event(
                at=NOW - number * HOUR,
                event=event,
                actor=actor,
                subject="" if event.value.startswith(("settings", "key", "store")) else name,
                source="command line" if by_operator else "2001:db8::17",
                outcome=Outcome.FAILURE if failed else Outcome.SUCCESS,
                reason="wrong" if failed else "mfa=required" if "settings" in event else "",
            )
        )
    return there


def _sessions() -> Plant:
    """300 open sessions of one account, on three hosts."""
    there = plant()
    for number in range(ROWS):
        there.world.sessions.begin(
            OpenSession(
                id=f"{number:012x}",
                username="alice",
                source=f"198.51.100.{number}" if number < 256 else f"2001:db8::{number:x}",
                door="cwtui" if number % 5 else "kiosk",
                host=f"jump-{number % 3}",
                pid=number,
                started_at=NOW - (ROWS - number) * HOUR,
                active_at=NOW - number % 7 * HOUR / 3,
            )
        )
    return there


@after(users)
async def _no_user(person: Person, _: Plant) -> None:
    await person.press("/")
    await person.write("nobody")


@after(audit_log)
async def _no_event(person: Person, _: Plant) -> None:
    await person.press("/")
    await person.write("nobody")


@Way
async def _empty_log(person: Person, there: Plant) -> None:
    enter_session(person, there)
    there.world.audit.contents.clear()
    person.app.router.open_section("audit_log")
    await person.settle()


@after(users)
async def _nothing_in_the_palette(person: Person, _: Plant) -> None:
    await person.press("ctrl+p")
    await person.write("nobody")


LISTS: Final[dict[str, tuple[Callable[[], Plant], Way]]] = {
    "users_alike": (lambda: _people(alike=True), users),
    "users": (lambda: _people(alike=False), users),
    "events": (_events, audit_log),
    "sessions": (_sessions, user_sessions),
    "no_session": (plant, user_sessions),
    "no_user_matches": (plant, _no_user),
    "no_event_matches": (audited_plant, _no_event),
    "empty_audit_log": (plant, _empty_log),
    "nothing_in_the_palette": (plant, _nothing_in_the_palette),
}


@pytest.mark.parametrize("name", LISTS)
async def test_each_list_matches_its_golden_at_every_width(name: str) -> None:
    begin, way = LISTS[name]
    there = begin()
    seen = {}
    world, size = there.world, (80, 24)
    async with at_work(world.ports, world.clock, size=size, in_session=True) as person:
        await way(person, there)
        as_opened = person.text
        for columns in WIDTHS:
            await person.resize(columns, 24)
            seen[columns] = person.text
        assert seen[80] == as_opened
    text = "\n".join(f"{columns} columns\n{screen}\n" for columns, screen in seen.items())
    golden = GOLDENS / f"{name}.txt"
    if UPDATE:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_every_golden_belongs_to_a_list() -> None:
    assert {path.stem for path in GOLDENS.iterdir()} == set(LISTS)
