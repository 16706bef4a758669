"""What screens that show secrets have in common."""

from typing import ClassVar


class ShowsSecrets:
    """What a screen does when there was no key press for a while."""

    BEFORE_QUITTING: ClassVar[str] = ""
    """What is asked before quitting, where a secret is shown that is not shown again."""

    blanked = False

    def hide_secrets(self) -> None:
        """Show nothing secret; set `blanked` if there is something to show again."""

    def show_secrets(self) -> None:
        """Called at the next key press if `blanked` is set; the key does nothing else."""
