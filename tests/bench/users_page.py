"""The list of users: its first rows, and a key press in its filter, beside Textual's DataTable."""

import asyncio
from collections.abc import Iterator
from statistics import median

from textual import events
from textual.app import ComposeResult
from textual.widgets import DataTable

from cwtui import services
from cwtui.accounts.session import open_session
from cwtui.ui.app import AccountApp
from tests.bench.measuring import Bench, medians
from tests.bench.painting import WatchedApp
from tests.bench.people import SOURCE, Store, user
from tests.bench.table import FRAME, Most, Row, frames

_FIRST = user(1)
"""Among the first rows; user 0 is signed in."""
_KEY, _FOUND = "9", user(49)
"""A key, and a user who is among the first rows only after it."""


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
    yield from compared(
        bench.many, bench.scale.rounds, Most(10 * FRAME, frames), Most(2 * FRAME, frames)
    )
    yield from compared(bench.few, bench.scale.rounds)


def compared(
    store: Store, rounds: int, most: Most | None = None, most_for_key: Most | None = None
) -> Iterator[Row]:
    pressed: list[float] = []
    (opened,) = medians(rounds, lambda: asyncio.run(page(store, pressed)))
    yield Row(
        f"Users page, {store.accounts:,} accounts: first rows",
        opened,
        frames,
        "DataTable with as many rows",
        asyncio.run(table(store.accounts)),
        most,
    )
    yield Row("  a key press in its filter", median(pressed), frames, most=most_for_key)


async def page(store: Store, pressed: list[float]) -> float:
    """From choosing the page to its first rows; `pressed` gets the time of a key press."""
    ports = services.connect(store.config)
    admin = ports.accounts.get(user(0))
    if admin is None:
        raise LookupError(user(0))
    app = WatchedAccountApp(store.config, ports)
    async with app.run_test() as pilot:
        app.context.session = open_session(ports, admin, SOURCE, app.context.clock())
        await app.seconds_until("Change Password", lambda: app.router.open_section("settings"))
        opened = await app.seconds_until(_FIRST, lambda: app.router.open_section("users"))
        await pilot.press("slash")
        key = events.Key(_KEY, _KEY)
        pressed.append(await app.seconds_until(_FOUND, lambda: app.post_message(key)))
        await app.workers.wait_for_complete()
    return opened


async def table(rows: int) -> float:
    app = TableApp(rows)
    async with app.run_test():
        return await app.seconds_until(_FIRST, app.fill)
