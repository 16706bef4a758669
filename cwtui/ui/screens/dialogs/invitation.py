"""Shows what is handed over to a user: an initial password, or an invitation code."""

from datetime import tzinfo

from cwtui.accounts.new_account import WithInitialPassword
from cwtui.accounts.text import visible
from cwtui.accounts.times import full_minute
from cwtui.language import N_, _
from cwtui.ui.screens.dialogs.dialog import InitialPasswordScreen


class InvitationScreen(InitialPasswordScreen):
    """An invitation code, shown once."""

    HELP = N_("""\
Give this code to the user in a safe way, such as in person or by telephone. The user signs in \
with the username, and the code in the Password field, and then chooses a password. Case, hyphens \
and spaces do not matter.

The code works until a password is chosen with it, or until the time that is shown. If it is \
lost, make another one: Reset Password on the account's page, then Invite. The lost one then no \
longer works.

When you have the code, press Esc and then Enter to close this. Where you create users, Ctrl+N \
goes on with the next one.""")
    BEFORE_QUITTING = N_("Quit without handing over the code? It will not be shown again.")
    WHAT = N_("the code")

    def __init__(self, made: WithInitialPassword, zone: tzinfo, *, then: str = "") -> None:
        super().__init__(made.account.username, made.password, then=then)
        self._until = full_minute(made.account.initial_password_expires_at, zone)

    def _title(self) -> str:
        return _("Invitation of {username}", username=visible(self._username))

    def _told(self) -> str:
        return _(
            "Give this code to the user in a safe way. The user signs in with it as the password, "
            "until {time}, and then chooses one. It will not be shown again.",
            time=self._until,
        )


def handing_over(
    made: WithInitialPassword, zone: tzinfo, *, then: str = ""
) -> InitialPasswordScreen:
    """Return the dialog that shows what was made, once. `then` is as in its class."""
    if made.account.invited:
        return InvitationScreen(made, zone, then=then)
    return InitialPasswordScreen(made.account.username, made.password, then=then)
