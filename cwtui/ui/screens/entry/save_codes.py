"""Asks where to save the backup codes, and saves them to a new file."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from cwtui.accounts import times
from cwtui.accounts.secret import Secret
from cwtui.host import saving
from cwtui.language import N_, _
from cwtui.ui.screens.entry.entry_screen import EntryScreen
from cwtui.ui.styles import sheets
from cwtui.ui.widgets.fields import Field, TextInput


class SaveCodesScreen(EntryScreen):
    """Shown over the codes. `saved` is called with the path of the file."""

    CSS_PATH = sheets("entry", "codes")
    TITLE_TEXT = N_("Save your backup codes")
    PRIMARY = N_("Save")
    HELP = N_("""\
The codes are saved to a new file on this host, which only you can read. An existing file is never \
overwritten.

A name without a folder is a file in your home folder, and so is everything after ~/.

Move the file to a safe place, such as a password manager or paper, and delete it here: whoever \
reads it can use your codes.""")

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", N_("Back"))]

    def __init__(self, username: str, text: Secret, saved: Callable[[Path], None]) -> None:
        super().__init__()
        self._username = username
        self._text = text
        self._saved = saved

    def question(self) -> ComposeResult:
        yield Static(
            _("The codes are saved on this host, to a new file that only you can read."),
            classes="text",
            markup=False,
        )
        today = times.day(self.context.clock())
        stem = f"connectware-backup-codes-{self._username}-{today}"
        name = saving.free_name(stem, self.context.home)
        yield Field("path", _("File"), TextInput(name, max_length=4096))

    def action_back(self) -> None:
        if self.may_act:
            self.dismiss()

    def submit(self) -> None:
        typed, home = self.query_one(TextInput).value, self.context.home
        self.run_in_thread(
            lambda _ports: saving.save_new(typed, self._text, home), self._done, _("Saving")
        )

    def _done(self, path: Path) -> None:
        self._saved(path)
        self.dismiss_with_all_above()
