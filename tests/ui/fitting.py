"""Whether everything on a screen fits: no text is cut off, and no button is out of sight."""

from collections.abc import Iterator
from typing import Any, Final

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Checkbox, OptionList, RadioButton, Static

from cwtui.ui.widgets.columns import fitted_columns
from cwtui.ui.widgets.subject_buttons import SubjectButton
from cwtui.ui.widgets.virtual_table import VirtualTable
from tests.ui.harness import Person

_SMALLEST: Final = (60, 20)
_NARROW: Final = {
    *("first_run_wrong", "one_time_code_wrong_clock", "backup_code_wrong", "new_password"),
    *("forced_enrolment", "register_device_wrong", "save_codes", "check_saved_wrong"),
    *("unacknowledged_codes", "settings_after_failures", "device", "lost_device"),
    *("add_ssh_key_wrong", "change_password_wrong", "disable_mfa_wrong", "display_wrong", "acts"),
    *("account_locked", "disable_account", "sign_out_user", "proof_wrong", "create_user_wrong"),
    *("create_role", "batch_passwords", "batch_report", "organization_wrong", "audit_log_wrong"),
    *("audit_event", "help_account", "manual_topic", "command_palette", "navigation"),
}
"""Of the scenes of each screen, those with most on it. What a dialog covers is looked at too."""


async def check_smallest(name: str, person: Person, *, is_last: bool) -> None:
    """Check that a scene fits the smallest window, in the language and look that it has now.

    `is_last`: nobody looks at it afterwards, so that it can stay so.
    """
    if name not in _NARROW:
        return
    before = person.app.size
    await person.resize(*_SMALLEST)
    assert [*cut_off(person)] == [], person.text
    if not is_last:
        await person.resize(*before)


def cut_off(person: Person) -> Iterator[str]:
    """What does not fit on the screens that are seen, with the text.

    Names of devices and the like may be cut: they are as long as people made them.
    """
    for screen in (*person.app._background_screens, person.app.screen):
        for widget in screen.walk_children(Widget):
            if widget.display and widget.region.size and not isinstance(widget, SubjectButton):
                yield from _cut_off_in(widget)
                yield from _out_of_sight(screen, widget)


def _cut_off_in(widget: Widget) -> Iterator[str]:
    width, height = widget.content_size
    match widget:
        case Static():
            text = str(widget.content)
            rows = widget.get_content_height(widget.container_size, widget.app.size, width)
            if text and (
                rows > height
                or _longest([word for word in text.split() if "@" not in word]) > width
            ):
                yield f"{text!r} needs {rows} rows, but has {width}x{height}"
        case Button() if _longest(str(widget.label).splitlines()) > width:
            yield f"[{widget.label}] has only {width} columns"
        case OptionList():
            room = widget.scrollable_content_region.width
            prompts = [
                str(option.prompt)
                for option in widget.options
                if isinstance(option.prompt, str | Content)
            ]
            yield from (
                f"{one!r} has only {room} columns" for one in prompts if cell_len(one) > room
            )
        case VirtualTable():
            # More rows than the scene has bring a scrollbar.
            room = widget._text_width - (not widget.show_vertical_scrollbar)
            for column in fitted_columns(widget.columns(), room, widget.equal_columns()):
                if cell_len(column.title) > column.width:
                    yield f"the column {column.title!r} has only {column.width} columns"


def _longest(parts: list[str]) -> int:
    return max(map(cell_len, parts), default=0)


def _out_of_sight(screen: Screen[Any], widget: Widget) -> Iterator[str]:
    scrolls = any(isinstance(one, Widget) and _scrolls(one) for one in widget.ancestors)
    _, clip = screen._compositor.visible_widgets.get(widget, (None, None))
    if clip is None:
        if not scrolls:
            yield f"{widget!r} is out of sight: {widget.region}"
        return
    # The label of a checkbox ends with a blank.
    region = widget.region.shrink((0, isinstance(widget, Checkbox | RadioButton), 0, 0))
    if scrolls:
        region = region.intersection(Region(region.x, clip.y, region.width, clip.height))
    if not clip.contains_region(region):
        yield f"{widget!r} is partly out of sight: {widget.region} in {clip}"


def _scrolls(widget: Widget) -> bool:
    """Whether a person can scroll it to see the rest."""
    return bool(widget.max_scroll_y) and widget.styles.overflow_y != "hidden"


def has_to_scroll(person: Person) -> bool:
    """Whether something other than a list has to be scrolled to see all of it."""
    return any(
        widget.max_scroll_y and not isinstance(widget, OptionList | VirtualTable)
        for widget in person.app.screen.walk_children(Widget)
        if widget.display and widget.is_scrollable
    )
