"""The Audit Log page: newest events first, filters, and reading only what is shown."""

import pytest

from cwtui.accounts import roles
from cwtui.accounts.audit.reading import WINDOW
from cwtui.accounts.errors import CannotCheck
from cwtui.ui.screens.entry.sign_in import SignInScreen
from cwtui.ui.screens.pages.audit_log import AuditLogPage, EventScreen
from cwtui.ui.widgets.event_table import EventTable
from tests.ui.admin_ways import audit_log
from tests.ui.harness import Person
from tests.ui.plants import ADMIN, Plant, plant, write_events
from tests.ui.scenes import SCENES


def table(person: Person) -> EventTable:
    return person.app.screen.query_one(EventTable)


def chosen(person: Person) -> str:
    record = table(person).rows[table(person).cursor].record
    assert record is not None
    return f"{record.event} {record.subject}"


async def with_many(person: Person, there: Plant, events: int) -> None:
    write_events(there, *(f"user-{number}" for number in range(events)))
    await audit_log(person, there)


# Display


async def test_events_are_shown_newest_first() -> None:
    async with SCENES["audit_log"].played() as (person, _):
        text = [" ".join(row[20:].split()) for row in person.rows]
        first = text.index("Time (UTC) Event Who")
        assert text[first + 1 : first + 7] == [
            "01-15 08:00 ● sign_in.complete admin",
            "01-15 07:36 ● user.reset_password operator:root → frank",
            "01-15 05:30 ● session.end alice",
            "01-15 05:00 ● sign_in.complete alice",
            "✗ Line 11 of audit.jsonl is not a valid event.",
            "01-15 04:54 ✗ sign_in.one_time_code alice",
        ]
        person.sees("15 events")


async def test_a_wide_terminal_shows_more_columns() -> None:
    async with SCENES["audit_log"].played((120, 40)) as (person, _):
        text = [" ".join(row[20:].split()) for row in person.rows]
        assert "Time (UTC) Event Who Source Details" in text
        assert "01-14 04:42 ✗ sign_in.password dave 198.51.100.7 wrong" in text
        await person.resize(160, 40)
        text = [" ".join(row[20:].split()) for row in person.rows]
        assert "Time (UTC) Outcome Event Who Source Details" in text
        failed = "2027-01-14 04:42:00 ✗ failure sign_in.password dave 198.51.100.7 wrong"
        assert failed in text


async def test_the_page_works_by_keyboard() -> None:
    async with SCENES["audit_log"].played() as (person, _):
        assert person.focus == "EventTable"
        assert person.footer == [
            ("Enter", "Open"),
            ("Esc", "Menu"),
            ("/", "Filter"),
            ("R", "Load new"),
            ("F1", "Help"),
            ("Ctrl+Q", "Quit"),
            ("Ctrl+P", "Commands"),
        ]
        await person.press("down", "down", "enter")
        person.screen(EventScreen)
        person.sees("Event session.end", "Outcome ● success", "Details idle", "Actor alice")
        person.sees("Time (UTC) 2027-01-15 05:30:00", "Source 10.0.0.23", "Number 12")
        person.sees("Stored in line 13 of audit.jsonl")
        await person.press("escape")
        person.screen(AuditLogPage)
        assert chosen(person) == "session.end alice"
        await person.press("enter", "enter")
        person.screen(AuditLogPage)
        await person.press("escape")
        assert person.focus == "Navigation"


async def test_the_page_works_by_mouse() -> None:
    async with SCENES["audit_log"].played() as (person, _):
        await person.click("session.end")
        person.screen(EventScreen)
        await person.click_button("Close")
        person.screen(AuditLogPage)


async def test_a_damaged_line_shows_its_content() -> None:
    async with SCENES["audit_log"].played() as (person, _):
        await person.click("Line 11 of audit.jsonl")
        person.sees("Line 11 of audit.jsonl is not a valid event.", '{"n":11,"previous":"5d3')


async def test_typed_text_in_events_is_shown_as_plain_text() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        write_events(there, "[bold]\x1b[31m\u202e")
        await audit_log(person, there)
        await person.press("down")
        assert chosen(person) == "user.unlock [bold]\x1b[31m\u202e"
        person.sees("admin → [bo")
        await person.press("enter")
        person.sees("[bold]<U+001B>[31m<U+202E>")


# Permission


async def test_the_page_is_listed_only_with_the_permission() -> None:
    async with SCENES["settings"].played() as (person, _):
        await person.press("escape", *["down"] * 4, "enter")
        person.screen(AuditLogPage)
    async with SCENES["settings_enabled"].played() as (person, _):
        person.sees_nothing_of("Audit Log")


async def test_losing_the_permission_ends_the_session_with_a_reason() -> None:
    async with SCENES["audit_log"].played() as (person, there):
        world = there.world
        world.put(world.account(ADMIN).changed_ending_sessions(roles=(roles.MINIMUM,)))
        await person.press("r")
        person.screen(SignInScreen)
        assert person.notice.startswith("✗ Your roles were changed.")


async def test_an_unreadable_log_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    async with SCENES["audit_log"].played() as (person, there):

        def fail(_: object) -> object:
            raise CannotCheck("Cannot read audit.jsonl: input/output error.")

        with monkeypatch.context() as patch:
            patch.setattr(there.world.audit, "lines_before", fail)
            await person.press("r")
        assert person.status_line == "✗ Cannot read audit.jsonl: input/output error."
        person.sees("15 events")
        await person.press("r")
        assert person.status_line == ""


# Filters


async def test_the_filter_works_by_keyboard() -> None:
    async with SCENES["audit_log"].played() as (person, _):
        await person.press("/")
        await person.write("ALICE Failure")
        person.sees("1 event")
        assert chosen(person) == "sign_in.one_time_code alice"
        person.sees_nothing_of("Line 11")
        await person.press("down")
        assert person.focus == "EventTable"
        await person.press("escape")
        person.sees("15 events")
        person.sees("Line 11")


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("user:dave", "3 events"),
        ("event:sign_in outcome:failure", "3 events"),
        ("since:1d", "5 events"),
        ("since:2027-01-15", "5 events"),
        ("198.51", "2 events"),
        ("nothing of it", "0 events"),
    ],
)
async def test_each_kind_of_filter_finds_its_events(typed: str, count: str) -> None:
    async with SCENES["audit_log"].played() as (person, _):
        await person.press("/")
        await person.write(typed)
        person.sees(count)


async def test_an_invalid_time_is_explained_until_the_filter_is_left() -> None:
    async with SCENES["audit_log_wrong"].played() as (person, _):
        assert person.status_line.startswith("✗ since: 'tomorrow' cannot be read as a time")
        await person.press("escape")
        assert person.status_line == ""
        person.sees("15 events")


async def test_r_is_a_letter_in_the_filter() -> None:
    async with SCENES["audit_log"].played() as (person, _):
        await person.press("/")
        await person.write("r")
        assert ("R", "Load new") not in person.footer
        person.sees("user.reset_password")


# New and older events


async def test_r_reads_new_events_and_keeps_the_position() -> None:
    async with SCENES["audit_log"].played() as (person, there):
        await person.press("down", "down")
        write_events(there, "bob", "dave")
        await person.press("r")
        person.sees("17 events", "admin → dave")
        assert chosen(person) == "session.end alice"


@pytest.mark.parametrize("keys", [("up",), ("home",), ("down", "k"), ("pageup",)])
async def test_reaching_the_top_reads_new_events(keys: tuple[str, ...]) -> None:
    async with SCENES["audit_log"].played() as (person, there):
        write_events(there, "bob")
        await person.press(*keys)
        person.sees("16 events", "admin → bob")
        assert chosen(person) == f"sign_in.complete {ADMIN}"
        await person.press("up")
        assert chosen(person) == "user.unlock bob"


async def test_new_events_are_filtered_too() -> None:
    async with SCENES["audit_log"].played() as (person, there):
        await person.press("/")
        await person.write("user.unlock")
        person.sees("0 events")
        write_events(there, "bob")
        await person.press("down", "r")
        person.sees("1 event")
        assert chosen(person) == "user.unlock bob"


async def test_older_events_are_read_when_scrolling_down() -> None:
    async with SCENES["sign_in"].played() as (person, there):
        await with_many(person, there, 1000)
        person.sees(f"newest {WINDOW}")
        assert there.world.audit.read <= WINDOW
        await person.press("end")
        assert len(table(person).rows) == 2 * WINDOW
        assert table(person).cursor == WINDOW - 1
        for _ in range(10):
            await person.press("end")
        person.sees("1,001 events")
        assert chosen(person) == "user.unlock user-0"
        names = [row.record.subject for row in table(person).rows if row.record is not None]
        assert names == [ADMIN, *(f"user-{number}" for number in reversed(range(1000)))]


async def test_a_log_of_100000_events_is_read_only_in_part() -> None:
    """Only a window of the events is drawn."""
    async with SCENES["sign_in"].played() as (person, there):
        audit = there.world.audit
        write_events(there, "first")
        audit.contents *= 100_000
        await audit_log(person, there)
        assert audit.read <= 2 * WINDOW
        await person.press("pagedown", "pagedown", "enter")
        person.screen(EventScreen)
        assert audit.read <= 3 * WINDOW
        assert len(list(person.app.screen.walk_children())) < 60


async def test_a_rare_match_is_searched_back_to_the_first_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cwtui.accounts.audit.reading.AT_MOST", 10_000)
    async with SCENES["sign_in"].played() as (person, there):
        write_events(there, "rare")
        await with_many(person, there, 500)
        await person.press("/")
        await person.write("rare")
        person.sees("1 event")
        assert chosen(person) == "user.unlock rare"


async def test_resizing_keeps_the_selected_row() -> None:
    async with SCENES["audit_log"].played() as (person, _):
        await person.press("down", "down")
        await person.resize(120, 40)
        assert chosen(person) == "session.end alice"
        await person.resize(80, 24)
        assert chosen(person) == "session.end alice"


async def test_an_empty_log_opens_no_event() -> None:
    async with SCENES["audit_log"].played() as (person, there):
        there.world.audit.contents.clear()
        await person.press("r")
        person.sees("0 events", "Nothing has been recorded yet. Press R to load new events.")
        assert ("Enter", "Open") not in person.footer
        await person.press("enter", "up", "down")
        person.screen(AuditLogPage)


def test_the_plain_plant_starts_with_an_empty_log() -> None:
    assert plant().world.audit.contents == []
