"""The navigation panel."""

from collections.abc import Container
from typing import Final

from textual import events
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from cwtui.accounts.roles import Permission
from cwtui.language import _
from cwtui.ui import sections
from cwtui.ui.messages import OpenSection, SignOut
from cwtui.ui.widgets.options import Options

SIGN_OUT: Final = "sign-out"


class MenuOpener(Static):
    """Opens the navigation panel in windows where it is hidden."""

    DEFAULT_CSS = "MenuOpener { width: auto; color: $primary; text-style: bold; }"

    def __init__(self) -> None:
        super().__init__(f"▸ {_('Menu (Esc)')}", markup=False)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.screen.query_one(Navigation).open()


class Navigation(Options):
    """The sections that the permissions allow. Enter or a click opens one."""

    DEFAULT_CSS = """
    Navigation {
        width: 19;
        height: 1fr;
        padding: 1 0;
        border: none;
        background: $panel;
        &:focus { border: none; background-tint: transparent; }
        & > .option-list--option { padding: 0; }
        & > .option-list--option-disabled { color: $text-muted; }
        & > .option-list--option-highlighted { text-style: bold; }
    }
    """

    def __init__(self, section: str, permissions: Container[Permission]) -> None:
        super().__init__(markup=False)
        self._section = section
        self._permissions = permissions

    def on_mount(self) -> None:
        options: list[Option] = []
        was_inside = False
        for section, title in sections.allowed(self._permissions):
            is_inside = section in sections.USER_MANAGEMENT
            if is_inside and not was_inside:
                options.append(Option(f"  {_('User Management')}", disabled=True))
            if was_inside and not is_inside:
                options.append(Option("", disabled=True))
            indent = " " if is_inside else ""
            options.append(Option(self._marked(section, indent + title), id=section))
            was_inside = is_inside
        options += [Option("", disabled=True), Option(f"  {_('Sign Out')}", id=SIGN_OUT)]
        self.add_options(options)
        self.highlighted = self.get_option_index(self._section)

    def open(self) -> None:
        """Show the panel if it is hidden, and focus it."""
        self.styles.display = "block"
        self.focus()

    def on_blur(self) -> None:
        # Back to what the style sheets say.
        self.styles.display = None

    def _marked(self, section: str, title: str) -> str:
        return f"{'▸' if section == self._section else ' '} {title}"

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id == SIGN_OUT:
            SignOut().send(self)
        elif event.option_id is not None:
            OpenSection(event.option_id).send(self)
