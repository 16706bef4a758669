"""Settings > Display: language, colours, time zone and mouse, kept for the person's account."""

from typing import Final, TypedDict

from textual.app import ComposeResult
from textual.widgets import Static

from cwtui.accounts import self_service
from cwtui.accounts.preferences import LONGEST_ZONE, LanguageChoice, Preferences, Theme
from cwtui.language import N_, _
from cwtui.ui import theme
from cwtui.ui.messages import PreferencesChanged
from cwtui.ui.screens.pages.page import PageBelow, save_row
from cwtui.ui.widgets.choices import Alternative, Alternatives, Choice
from cwtui.ui.widgets.fields import Field, TextInput

_COLOURS: Final = {
    Theme.AUTOMATIC: N_("automatic: what suits the terminal"),
    Theme.DARK: N_("dark"),
    Theme.LIGHT: N_("light"),
    Theme.SIXTEEN_DARK: N_("the terminal's 16 colours, on a dark background"),
    Theme.SIXTEEN_LIGHT: N_("the terminal's 16 colours, on a light background"),
}


_LANGUAGES: Final = {
    LanguageChoice.ENGLISH: "English",
    LanguageChoice.GERMAN: "Deutsch",
}
"""Languages have their own names, so that everybody finds theirs."""
_LABELS: Final = {
    "language": N_("Language"),
    "theme": N_("Colours"),
    "time_zone": N_("Time zone"),
    "mouse": N_("Use the mouse"),
}
_FEW_COLOURS: Final = N_("With few colours or on a slow line, dark and light do not apply.")


class Changes(TypedDict, total=False):
    """What was changed on the page, as arguments of `self_service.update_preferences`."""

    language: LanguageChoice
    theme: Theme
    time_zone: str
    mouse: bool


class DisplayPage(PageBelow):
    AUTO_FOCUS = "Alternatives"
    TITLE_TEXT = N_("Display")
    HELP = N_("""\
What you choose here is kept for your account and applies wherever you sign in. When you sign out, \
the terminal's own colours and the mouse are back for the next person.

Language: automatic is that of the terminal (LANG). What scripts read, the manual and what you \
type stay English.

Colours: F3 changes them on every page, and keeps them too. A terminal with 16 colours or fewer, \
or on a slow line, uses its own colours, whatever you chose for others.

Time zone: a city such as Europe/Berlin, or just Berlin. All times on the screen are then in that \
zone. The audit log's file and the JSON output of commands stay in UTC.

Use the mouse: clear this to select text with the mouse as in other programs of your terminal. \
Everything works with the keyboard.""")

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._preferences = preferences

    def content(self) -> ComposeResult:
        yield Static(_(_LABELS["language"]), classes="section", markup=False)
        with Alternatives(id="language"):
            for language in LanguageChoice:
                is_chosen = language is self._preferences.language
                words = _LANGUAGES.get(language, _("automatic"))
                yield Alternative(words, is_chosen, name=language.value)
        yield Static(_(_LABELS["theme"]), classes="section", markup=False)
        with Alternatives(id="theme"):
            for choice, words in _COLOURS.items():
                yield Alternative(_(words), choice is self._preferences.theme, name=choice.value)
        if theme.has_few_colours(self.context.own_theme):
            yield Static(_(_FEW_COLOURS), classes="text", markup=False)
        entry = TextInput(self._preferences.time_zone, max_length=LONGEST_ZONE)
        yield Field(
            "time_zone",
            _(_LABELS["time_zone"]),
            entry,
            _("Such as Europe/Berlin. Leave empty for UTC."),
        )
        yield Choice(_(_LABELS["mouse"]), self._preferences.mouse, id="mouse")
        yield from save_row(_("Save Display"))

    def action_back(self) -> None:
        self.leave(self.open_settings)

    def pending(self) -> list[str]:
        return [_(_LABELS[name]) for name in self._changes()]

    def unsaved(self) -> str:
        return _("your changes to Display") if self._changes() else ""

    def submit(self) -> None:
        changes = self._changes()
        if not changes:
            self.done(_("Nothing was changed."))
            self.open_settings()
            return
        self.run_as_session(
            lambda ports, session: self_service.update_preferences(ports, session, **changes),
            self._saved,
            _("Saving"),
        )

    def _changes(self) -> Changes:
        """Return only what was changed here.

        F3 may have changed the colours meanwhile, and this host may not know the time zone.
        """
        shown, changes = self._preferences, Changes()
        language = self.query_one("#language", Alternatives).chosen
        if language is not None and language.name != shown.language.value:
            changes["language"] = LanguageChoice(str(language.name))
        pressed = self.query_one("#theme", Alternatives).chosen
        if pressed is not None and pressed.name != shown.theme.value:
            changes["theme"] = Theme(str(pressed.name))
        time_zone = self.query_one(TextInput).value
        if time_zone != shown.time_zone:
            changes["time_zone"] = time_zone
        mouse = self.query_one(Choice).value
        if mouse != shown.mouse:
            changes["mouse"] = mouse
        return changes

    def _saved(self, preferences: Preferences) -> None:
        self.lead_away(PreferencesChanged(preferences))
