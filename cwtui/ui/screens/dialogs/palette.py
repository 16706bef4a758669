"""The command palette: finds commands and users by a part of their names.

Textual's own palette searches in workers that outlive it. It fails if it is closed meanwhile.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import Matcher
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from cwtui.accounts.errors import AccountsError
from cwtui.accounts.listing import Names
from cwtui.accounts.text import visible
from cwtui.accounts.user_list import UserSearch
from cwtui.language import N_, _
from cwtui.ui.screens.dialogs.dialog import Dialog
from cwtui.ui.widgets.fields import TextInput
from cwtui.ui.widgets.options import Options

WIDTH: Final = 52
"""Width of an entry in cells: title on the left, key on the right."""
MOST_USERS: Final = 20
"""How many users are listed at once. Typing more letters finds the others."""


@dataclass(frozen=True)
class Command:
    """One line of the palette."""

    title: str
    run: Callable[[], object]
    key: str = ""
    """The key that does the same without the palette."""
    words: str = ""
    """What people may call it, or look for there."""
    typed: str = ""
    """What the choice writes into the field instead of running something."""


@dataclass(frozen=True)
class Users:
    """How the palette finds users and opens their pages, if the person may see them."""

    named: Callable[[str], Awaitable[Names | None]]
    """Finds the user with this username. Raises AccountsError."""
    find: Callable[[str, UserSearch], Awaitable[Sequence[Names]]]
    """Finds the first users with this text in one of their names. Raises AccountsError."""
    open: Callable[[str], None]
    """Opens the page of the account with that username."""
    acts: Mapping[str, Callable[[str], None]]
    """What can be done with the account of that username, by title, such as Unlock."""

    def wanted(self, text: str) -> tuple[Sequence[str], str]:
        """Return the titles of acts that the text begins with, and what follows: a name.

        One word of a title is enough: `disable ann` may mean Disable MFA or Disable Account. It
        need not be the first, as the verb is the last one in German.
        """
        words = text.split()
        for length in range(len(words) - 1, 0, -1):
            begun = " ".join(words[:length]).casefold()
            titles = [title for title in self.acts if f" {begun} " in f" {title} ".casefold()]
            if titles:
                return titles, " ".join(words[length:])
        return (), text

    def begun(self, text: str) -> list[str]:
        """Return the titles of acts that begin with this text, which has no name yet."""
        start = " ".join(text.split()).casefold()
        return [title for title in self.acts if start and title.casefold().startswith(start)]


class Palette(Dialog[None]):
    """Runs the chosen command and closes itself."""

    AUTO_FOCUS = "TextInput"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss", N_("Close")),
        Binding("up", "move('cursor_up')", show=False),
        Binding("down", "move('cursor_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
    ]

    def __init__(self, commands: Iterable[Command], users: Users | None = None) -> None:
        super().__init__()
        self._commands = list(commands)
        self._users = users
        self._named: Names | None = None
        """The user whose username was typed."""
        self._found: Sequence[Names] = ()
        """The first users with what was typed in one of their names."""
        self._acts: Sequence[str] = ()
        """The titles of acts that were typed before the name."""
        self._is_looking = False
        """Whether the user whose username was typed is still looked for."""
        self._is_searching = False
        """Whether other users are still searched."""
        self._is_entered = False
        """Whether Enter waits for that."""
        self._shown: list[Command] = []

    def compose(self) -> ComposeResult:
        what = _("Command or user") if self._users else _("Command")
        with Vertical(id="dialog", classes="palette"):
            yield TextInput(placeholder=what)
            yield Options(markup=False, compact=True)
            yield Static("", id="nothing", classes="muted", markup=False)
            yield Static("", id="problem", markup=False)

    def on_mount(self) -> None:
        # The input keeps the focus; a click on an entry still works.
        self.query_one(Options).can_focus = False
        self._list("")

    # Exclusive, because the next key makes what is searched useless.
    @work(exclusive=True, group="palette users")
    async def _find_users(self, users: Users, text: str) -> None:
        search = UserSearch()
        try:
            self._named = await users.named(text)
            self._is_looking = False
            self._list_again()
            self._found = await users.find(text, search)
        except AccountsError as error:
            self.show_text("#problem", visible(f"✗ {error}"))
        finally:
            search.end()
        self._is_looking = self._is_searching = False
        self._list_again()

    def _list_again(self) -> None:
        """List also the users that were found, and do what Enter waited for."""
        if not self.is_up:
            return
        options = self.query_one(Options)
        highlighted = options.highlighted if self._shown else None
        self._list(self.query_one(TextInput).value)
        if highlighted:
            options.highlighted = min(highlighted, len(self._shown) - 1)
        if self._is_entered and (self._shown or not self._is_searching):
            self._is_entered = False
            self._run(options.highlighted)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        text, self._is_entered = event.value.strip(), False
        self.workers.cancel_group(self, "palette users")
        self._named = None
        self._acts, name = self._users.wanted(text) if self._users is not None else ((), text)
        self._found = [names for names in self._found if name and names.contain(name)]
        if self._users is not None:
            self._is_looking = self._is_searching = bool(text)
            if text:
                self._find_users(self._users, name)
        self._list(event.value)

    def _list(self, text: str) -> None:
        exact, others = self._found_users(text.strip())
        self._shown = [*exact, *self._begun(text), *self._found_commands(text.strip()), *others]
        options = self.query_one(Options)
        options.clear_options()
        options.add_options([Option(_line(command)) for command in self._shown])
        options.highlighted = 0 if self._shown else None
        options.display = bool(self._shown)
        self.query_one("#nothing", Static).update(
            ""
            if self._shown or self._is_searching
            else _("Nothing found. Delete some letters, or press Esc.")
        )

    def _found_commands(self, text: str) -> list[Command]:
        if not text:
            return self._commands
        score = Matcher(text).match
        found = [(score(command.title), command) for command in self._commands]
        # The sort is stable: equal matches stay in the order of the navigation panel.
        best = sorted(found, key=lambda scored: scored[0], reverse=True)
        by_title = [command for points, command in best if points > 0]
        others = [command for command in self._commands if command not in by_title]
        return [*by_title, *(command for command in others if _is_called(command, text))]

    def _begun(self, text: str) -> Iterator[Command]:
        """Yield what to do with a user whose name is still to be typed."""
        for title in self._users.begun(text) if self._users is not None else ():
            shown = _("{act}: type a username", act=title)
            yield Command(shown, lambda: None, _("user"), typed=f"{title} ")

    def _found_users(self, text: str) -> tuple[list[Command], list[Command]]:
        """Return the user with this username, if there is one, and the first of the others."""
        if self._users is None or not text:
            return [], []
        users = self._users
        first = [] if self._named is None else [self._named]
        others = [names for names in self._found if names != self._named]
        return (
            [command for names in first for command in self._commands_for(users, names)],
            [
                command
                for names in others[: MOST_USERS - len(first)]
                for command in self._commands_for(users, names)
            ],
        )

    def _commands_for(self, users: Users, names: Names) -> Iterator[Command]:
        """Yield the acts that were typed before the name or, without one, what opens its page."""
        name = f" ({names.display_name})" if names.display_name else ""
        shown = visible(names.username + name)
        if not self._acts:
            yield Command(shown, partial(users.open, names.username), _("user"))
        for title in self._acts:
            yield Command(
                f"{title}: {shown}", partial(users.acts[title], names.username), _("user")
            )

    def action_move(self, how: str) -> None:
        """Move the highlight while the input keeps the focus."""
        options = self.query_one(Options)
        {
            "cursor_up": options.action_cursor_up,
            "cursor_down": options.action_cursor_down,
            "page_up": options.action_page_up,
            "page_down": options.action_page_down,
        }[how]()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._is_looking:
            self._is_entered = True  # the user with this name comes first
        else:
            self._run(self.query_one(Options).highlighted)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._run(event.option_index)

    def _run(self, index: int | None) -> None:
        # If Enter is pressed twice in one batch, the command runs once.
        if index is None or index >= len(self._shown) or not self.may_act:
            return
        command = self._shown[index]
        if command.typed:
            field = self.query_one(TextInput)
            field.value = command.typed
            field.cursor_position = len(command.typed)
            return
        self.dismiss()
        # Called from the application's own context, which keeps no reference to this screen.
        self.app.call_later(command.run)


def _is_called(command: Command, text: str) -> bool:
    """Whether each word of the text begins one of the words for the command, or of its title."""
    called = f" {command.title.casefold()} {command.words}"
    return all(f" {word}" in called for word in text.casefold().split())


def _line(command: Command) -> Content:
    room = WIDTH - cell_len(command.key) - 1
    return Content.assemble(set_cell_size(command.title, room) + " ", (command.key, "$text-muted"))
