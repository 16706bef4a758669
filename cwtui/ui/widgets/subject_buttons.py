"""Buttons that are about one device, SSH key or role."""

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from cwtui.ui.widgets.buttons import Button


class SubjectButton(Button):
    """A button that is about one thing that has an id. The button's id has it, after a prefix."""

    _PREFIX: ClassVar[str]

    def __init__(self, subject: str, label: str, *, is_cut: bool = False) -> None:
        """Create it. `is_cut`: the styles say how wide it is, and a longer label is cut."""
        # Textual would read a plain string as markup.
        super().__init__(Content(label), id=f"{self._PREFIX}{subject}", compact=True)
        self._is_cut = is_cut

    def shown_label(self) -> Content:
        label = super().shown_label()
        cells = self.size.width - (len("[  ]") if self.app.native_ansi_color else 0)
        if not self._is_cut or cell_len(label.plain) <= cells:
            return label
        return Content(f"{set_cell_size(label.plain, max(cells - 1, 0)).rstrip()}…")

    @classmethod
    def subject_of(cls, button: str) -> str:
        """Return the id of what the button with this id is about."""
        return button.removeprefix(cls._PREFIX)


class DeviceButton(SubjectButton):
    """A button that is about one of the person's devices."""

    _PREFIX: ClassVar[str] = "device-"


class SshKeyButton(SubjectButton):
    """A button that is about one of the person's SSH keys."""

    _PREFIX: ClassVar[str] = "ssh-key-"


class RoleButton(SubjectButton):
    """A button that opens one role, whose id is its name."""

    _PREFIX: ClassVar[str] = "role-"
