"""Forms with passwords. An error clears only the passwords that it is about."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from cwtui.accounts.errors import AccountsError, InvalidInput, SignInFailed
from cwtui.accounts.secret import Secret
from cwtui.ui.screens.account_screen import AccountScreen
from cwtui.ui.widgets.fields import Field, SecretInput

if TYPE_CHECKING:
    from cwtui.accounts.ports import Ports

T = TypeVar("T")

_NEW: Final = frozenset({"new_password", "confirm_password"})


class PasswordForm(AccountScreen):
    """Empties its passwords when it submits them, and puts back those that an error is not about.

    Whoever must type a long new password again because of another field chooses a shorter one. A
    new password and its confirmation are cleared together: either may have the mistake. A password
    that was refused is always cleared. Those that stay are masked, and are cleared like all others
    when nobody is there.
    """

    def __init__(self) -> None:
        super().__init__()
        self._taken: dict[Field, Secret] = {}

    def take_passwords(self) -> list[Secret]:
        """Return what was typed, from top to bottom, and empty the fields."""
        for field in self.query(Field):
            if isinstance(field.entry, SecretInput):
                self._taken[field] = field.entry.take()
        return list(self._taken.values())

    def run_in_thread(
        self, call: "Callable[[Ports], T]", handle: Callable[[T], None], waiting: str
    ) -> None:
        def succeed(result: T) -> None:
            self._taken.clear()
            handle(result)

        super().run_in_thread(call, succeed, waiting)

    def refuse(self, error: AccountsError) -> None:
        about = error.field if isinstance(error, InvalidInput | SignInFailed) else ""
        cleared = _NEW if about in _NEW else {about}
        for field, password in self._taken.items():
            # Something else may have been typed meanwhile.
            if field.id not in cleared and field.is_attached and not field.entry.value:
                field.entry.fill(password.reveal())
        self._taken.clear()
        super().refuse(error)

    def hide_secrets(self) -> None:
        self._taken.clear()
        super().hide_secrets()

    def on_unmount(self) -> None:
        self._taken.clear()
