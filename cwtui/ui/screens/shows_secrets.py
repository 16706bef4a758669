"""The base class of screens that may show secrets."""

from typing import ClassVar

from rich.cells import cached_cell_len

from cwtui.language import _


class ShowsSecrets:
    """Hides secrets when no key was pressed for a while."""

    BEFORE_QUITTING: ClassVar[str] = ""
    """The question before quitting, on screens with a secret that will not be shown again."""

    def before_quitting(self) -> str:
        """Return that question now; empty if nothing would be lost."""
        return _(self.BEFORE_QUITTING)

    blanked = False

    def hide_secrets(self) -> None:
        """Hide all secrets. Set `blanked` if they can be shown again."""

    def show_secrets(self) -> None:
        """Show them again. Called at the next key press if `blanked` is set."""

    def on_unmount(self) -> None:
        """Forget the lines that were measured to draw them: one may be a whole secret."""
        cached_cell_len.cache_clear()
