"""The navigation panel."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cwtui.accounts import roles
from cwtui.ui.widgets.options import Options

if TYPE_CHECKING:
    from cwtui.ui.app import AccountApp


class Navigation(Options):
    """The sections that the roles allow; Enter or a click opens one."""

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

    def __init__(self, section: str, held_roles: Iterable[str]) -> None:
        super().__init__(markup=False)
        self._section = section
        self._allowed = roles.permissions(held_roles)

    def on_mount(self) -> None:
        from cwtui.ui import flow

        options: list[Option] = []
        for section, (title, permission, _) in flow.SECTIONS.items():
            if permission is not None and permission not in self._allowed:
                continue
            if section == "users":
                options += [Option("", disabled=True), Option("  User Management", disabled=True)]
            indent = " " if section == "users" else ""
            options.append(Option(self._marked(section, indent + title), id=section))
            if section == "users":
                options.append(Option("", disabled=True))
        options += [Option("", disabled=True), Option("  Sign Out", id="sign-out")]
        self.add_options(options)
        self.highlighted = self.get_option_index(self._section)

    def _marked(self, section: str, title: str) -> str:
        return f"{'▸' if section == self._section else ' '} {title}"

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        from cwtui.ui import flow

        event.stop()
        app = cast("AccountApp", self.app)
        if event.option_id == "sign-out":
            # Not from here: what is made in this widget's context would keep it alive.
            app.call_later(app.sign_out)
        elif event.option_id is not None:
            _, _, open_section = flow.SECTIONS[event.option_id]
            open_section(app)
