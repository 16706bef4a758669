"""The Audit Log page with many events: its first rows, and a key press in its filter."""

import asyncio
from collections.abc import Iterator
from statistics import median

from textual import events

from cwtui import services
from cwtui.accounts.audit import chain as audit_chain
from cwtui.accounts.audit.chain import NOTHING
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import encode
from cwtui.accounts.session import open_session
from cwtui.config import Config
from cwtui.host.files import write_atomically
from cwtui.store.audit.files import AuditFiles
from cwtui.store.audit.log import MEGABYTE
from tests.bench.measuring import Bench, medians
from tests.bench.people import SOURCE, Store, user
from tests.bench.table import FRAME, Most, Row, frames
from tests.bench.users_page import WatchedAccountApp

_NOW = 1_800_000_000.0
_KEY, _FOUND = "~", "~once~"
"""A key, and text that only an event beyond the first rows has."""
_BACK = 1000
"""That many events ago."""


def rows(bench: Bench) -> Iterator[Row]:
    for count in (bench.many.accounts, bench.scale.listed):
        yield from _with_events(bench, count)


def _with_events(bench: Bench, count: int) -> Iterator[Row]:
    store = bench.few
    write_log(store, count)
    pressed: list[float] = []
    (opened,) = medians(bench.scale.rounds, lambda: asyncio.run(page(store, pressed)))
    what = f"Audit Log page, {count:,} events: first rows"
    yield Row(what, opened, frames, most=Most(10 * FRAME, frames))
    yield Row("  a key press in its filter", median(pressed), frames, most=Most(2 * FRAME, frames))


def write_log(store: Store, count: int) -> None:
    """A log in files of the default size, without the end marks that no page reads."""
    bound = Config().audit.max_megabytes * MEGABYTE
    path, size, rotated, previous = store.config.audit_file, 0, 0, NOTHING
    lines: list[bytes] = []
    for number in range(1, count + 1):
        name = user(number % 1000)
        event = Event(
            at=_NOW + number,
            event=EventType.SIGN_IN,
            actor=name,
            subject=name,
            source=SOURCE,
            outcome=Outcome.SUCCESS,
            reason=_FOUND if number == max(1, count - _BACK) else "password",
        )
        line = encode(event, number, previous)
        previous = audit_chain.link_of(line, number).hash
        if size >= bound:
            rotated += 1
            write_atomically(AuditFiles(path).rotated_path(rotated), b"\n".join([*lines, b""]))
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    write_atomically(path, b"\n".join([*lines, b""]))


async def page(store: Store, pressed: list[float]) -> float:
    """From choosing the page to its first rows; `pressed` gets the time of a key press."""
    ports = services.connect(store.config)
    admin = ports.accounts.get(user(0))
    if admin is None:
        raise LookupError(user(0))
    app = WatchedAccountApp(store.config, ports)
    async with app.run_test(size=(120, 40)) as pilot:
        app.context.session = open_session(ports, admin, SOURCE, app.context.clock())
        await app.seconds_until("Change Password", lambda: app.router.open_section("settings"))
        opened = await app.seconds_until(
            "sign_in.complete", lambda: app.router.open_section("audit_log")
        )
        await pilot.press("slash")
        key = events.Key(_KEY, _KEY)
        pressed.append(await app.seconds_until(_FOUND, lambda: app.post_message(key)))
        await app.workers.wait_for_complete()
    return opened
