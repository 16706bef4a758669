"""The list of users: its first rows, and a key press in its filter, beside Textual's DataTable."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable

from cwtui import services
from cwtui.accounts.session import open_session
from cwtui.ui.app import AccountApp
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.user_table import UserTable
from tests.bench import terminals, visits
from tests.bench.measuring import Bench, medians
from tests.bench.painting import WatchedApp
from tests.bench.people import SOURCE, Store, make_store, user
from tests.bench.table import FRAME, Most, Row, frames, megabytes, milliseconds

_FIRST = user(1)
"""Among the first rows; user 0 is signed in."""
_KEY, _FOUND = "9", user(49)
"""A key, and a user who is among the first rows only after it."""
_FILTERS: Final = {
    "": "",
    "mfa:enabled ": ", after mfa:enabled",
    "last:>90d ": ", after last:>90d",
    "created:>90d !admin ": ", after created:>90d !admin",
}
"""What is in the filter before the key is pressed."""
_NOWHERE: Final = "zzqx"
_BUDGET: Final = Most(10 * FRAME, frames), Most(2 * FRAME, frames)
"""For the first rows, and for a key press."""
_SORTED: Final = "Username ↑"
_EQUIPPED: Final = 1000
_FEW_ROUNDS: Final = 3
"""Where all users that match are counted after each key, which takes seconds."""
_PAUSE: Final = 0.02
_QUIET_PAUSES: Final = 5
_LONG: Final = 60.0


class WatchedAccountApp(WatchedApp[int], AccountApp):
    CSS_PATH = AccountApp.CSS_PATH


class TableApp(WatchedApp[None]):
    """The same rows in a DataTable, prepared without reading a store."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = [
            (user(number), "local", "minimum-access", "enabled", "enabled", "")
            for number in range(rows)
        ]

    def compose(self) -> ComposeResult:
        yield DataTable[str]()

    def fill(self) -> None:
        table = self.query_one(DataTable[str])
        table.add_columns("Username", "Origin", "Roles", "MFA", "Status", "Last sign-in")
        table.add_rows(self._rows)


def rows(bench: Bench) -> Iterator[Row]:
    yield from lists(bench)
    store = listed(bench)
    yield from memory(bench, store)
    shutil.rmtree(store.home)


def lists(bench: Bench) -> Iterator[Row]:
    rounds = bench.scale.rounds
    yield from compared(bench.few, rounds)
    yield from compared(bench.many, rounds, *_BUDGET)
    store = listed(bench)
    yield from alone(store, min(rounds, _FEW_ROUNDS), *_BUDGET)
    yield from searches(store)


def listed(bench: Bench) -> Store:
    """The store with the most accounts, which is made once."""
    store = Store(bench.folder / "listed", bench.scale.listed, cost=4)
    if not store.home.exists():
        make_store(store.home, store.accounts, store.cost, equipped=_EQUIPPED)
    return store


def compared(
    store: Store, rounds: int, most: Most | None = None, most_for_key: Most | None = None
) -> Iterator[Row]:
    first, *others = alone(store, rounds, most, most_for_key)
    theirs = asyncio.run(table(store.accounts))
    yield replace(first, against="DataTable with as many rows", theirs=theirs)
    yield from others


def alone(
    store: Store,
    rounds: int,
    most: Most | None = None,
    most_for_key: Most | None = None,
) -> Iterator[Row]:
    pressed: defaultdict[str, list[float]] = defaultdict(list)
    (opened,) = medians(rounds, lambda: asyncio.run(page(store, pressed)))
    yield Row(f"Users page, {store.accounts:,} accounts: first rows", opened, frames, most=most)
    for what, taken in pressed.items():
        yield Row(f"  a key press in its filter{what}", median(taken), frames, most=most_for_key)


async def page(store: Store, pressed: dict[str, list[float]]) -> float:
    """From choosing the page to its first rows; `pressed` gets the times of key presses."""
    async with signed_in(store) as (app, pilot):
        opened = await app.seconds_until(_FIRST, lambda: app.router.open_section("users"))
        await pilot.press("slash")
        filter_input = app.screen.query_one(TextInput)
        for before, what in _FILTERS.items():
            filter_input.value, filter_input.cursor_position = before, len(before)
            await is_idle(app)
            press = partial(app.post_message, events.Key(_KEY, _KEY))
            pressed[what].append(await app.seconds_until(_FOUND, press))
            await app.seconds_until(_FIRST, lambda: setattr(filter_input, "value", ""))
    return opened


def searches(store: Store) -> Iterator[Row]:
    """What looks at all accounts. The page says that it is searching or sorting meanwhile."""
    nothing, sorts = asyncio.run(through_all(store))
    what = f"Users page, {store.accounts:,} accounts: text found nowhere"
    yield Row(what, nothing, milliseconds)
    yield Row("  sort by another column", sorts, milliseconds)


async def through_all(store: Store) -> tuple[float, float]:
    async with signed_in(store) as (app, _):
        await app.seconds_until(_FIRST, lambda: app.router.open_section("users"))
        filter_input = app.screen.query_one(TextInput)
        nothing = await app.seconds_until(
            "No user matches", lambda: setattr(filter_input, "value", _NOWHERE)
        )
        filter_input.value = ""
        await is_idle(app)
        table = app.screen.query_one(UserTable)
        sorts = await app.seconds_until(
            "MFA ↑", lambda: table.post_message(UserTable.HeadClicked("mfa"))
        )
    return nothing, sorts


def memory(bench: Bench, store: Store) -> Iterator[Row]:
    """Of a process that has listed, filtered and sorted."""
    few, listed = (used_after_visit(one) for one in (bench.few, store))
    what = f"memory after filters and sorting, {store.accounts:,} accounts"
    yield Row(what, listed, megabytes, f"{bench.few.accounts:,} accounts", few, Most(1.1))


def used_after_visit(store: Store) -> float:
    with visits.users(store.home, user(3)) as terminal:
        terminal.send("/")
        terminal.wait_until_still()
        terminal.type(_NOWHERE)
        terminal.wait_for("No user matches", _LONG)
        terminal.send("escape")
        terminal.wait_for(_FIRST, _LONG)
        terminal.send("s")
        terminal.wait_until(lambda: _SORTED not in terminal.text, _LONG, "another order")
        return terminals.memory(terminal)


@asynccontextmanager
async def signed_in(store: Store) -> AsyncIterator[tuple[WatchedAccountApp, Pilot[int]]]:
    ports = services.connect(store.config)
    admin = ports.accounts.get(user(0))
    if admin is None:
        raise LookupError(user(0))
    app = WatchedAccountApp(store.config, ports)
    async with app.run_test() as pilot:
        app.context.session = open_session(ports, admin, SOURCE, app.context.clock())
        await app.seconds_until("Change Password", lambda: app.router.open_section("settings"))
        yield app, pilot
        await is_idle(app)


async def is_idle(app: WatchedAccountApp) -> None:
    """Wait until nothing has been read or counted for a while: what was typed last starts late."""
    quiet = 0
    while quiet < _QUIET_PAUSES:
        await asyncio.sleep(_PAUSE)
        quiet = 0 if any(worker.is_running for worker in app.workers) else quiet + 1


async def table(rows: int) -> float:
    app = TableApp(rows)
    async with app.run_test():
        return await app.seconds_until(_FIRST, app.fill)
