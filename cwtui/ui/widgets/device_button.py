"""Buttons that are about one device, or one SSH key."""

from typing import ClassVar, Protocol

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from cwtui.ui.widgets.buttons import Button


class HasId(Protocol):
    @property
    def id(self) -> str: ...


class DeviceButton(Button):
    """A button that is about one of the person's devices. Its id has the device's id."""

    _PREFIX: ClassVar[str] = "device-"

    def __init__(self, device: HasId, label: str, cells: int | None = None) -> None:
        """Create it. `cells` is how much of the label is shown; by default, all of it."""
        if cells is not None and cell_len(label) > cells:
            label = f"{set_cell_size(label, cells - 1).rstrip()}…"
        # Textual would read a plain string as markup.
        super().__init__(Content(label), id=f"{self._PREFIX}{device.id}", compact=True)

    @classmethod
    def device_of(cls, button: str) -> str:
        """Return the id of the device that the button with this id is about."""
        return button.removeprefix(cls._PREFIX)


class SshKeyButton(DeviceButton):
    """A button that is about one of the person's SSH keys. Its id has the key's id."""

    _PREFIX: ClassVar[str] = "ssh-key-"
