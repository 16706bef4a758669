"""`cwtui` without a command: open the terminal application."""

import os
from typing import TYPE_CHECKING

from cwtui.cli import terminal
from cwtui.cli.errors import WrongUsage
from cwtui.cli.host import Host, forget_variables
from cwtui.host import garbage
from cwtui.language import N_, _

if TYPE_CHECKING:
    from cwtui.dialogue.conversation import Drawing


def open_application(
    host: Host, *, kiosk: bool = False, plain: bool = False, drawing: "Drawing | None" = None
) -> int:
    """Run the application and return its exit status.

    A kiosk is open to people who are not the operator. It ignores CWTUI_CONFIG, CWTUI_STORE and the
    variables of PostgreSQL, which they may control, and never creates a first admin. HOME and XDG_*
    still locate files that neither --config nor the configuration names.

    `plain` asks line by line instead of drawing screens, as on a terminal that cannot show them,
    and draws QR codes as given.

    Raises WrongUsage if there is no terminal, ConfigError and CannotCheck.
    """
    plain = plain or os.environ.get("TERM") in terminal.WITHOUT_SCREEN
    if drawing is not None and not plain:
        raise WrongUsage(_("--qr needs --plain: on its screens, cwtui chooses the drawing."))
    terminal.check_for_application(plain=plain, kiosk=kiosk)
    garbage.put_off()
    if kiosk:
        forget_variables()
    config = host.config()
    if kiosk:
        from cwtui import installation
        from cwtui.accounts.errors import CannotCheck

        if installation.is_new(config):
            raise CannotCheck(_(NOTHING_HERE))
    if plain:
        from cwtui.cli import plain as plain_mode

        return plain_mode.run(config, kiosk=kiosk, drawing=drawing)
    # Imported here, because commands must not load Textual.
    from cwtui.ui.app import run

    return run(config, kiosk=kiosk)


NOTHING_HERE = N_(
    "No accounts were found, so nobody can sign in. Tell the operator of this host. (cwtui "
    "--paths shows where the accounts should be; cwtui init --admin NAME creates the first "
    "one.)"
)
