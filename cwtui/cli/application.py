"""`cwtui` without a command: the terminal application."""

import os

from cwtui.cli import terminal
from cwtui.cli.host import Host


def open_application(host: Host, *, kiosk: bool = False) -> int:
    """Its exit status. Raises WrongUsage where no screen can be drawn, ConfigError and CannotCheck.

    A kiosk is open to people who are not the operator: it ignores CWTUI_CONFIG and CWTUI_STORE,
    which they may have sent, and creates no first admin. HOME and XDG_* still say where the files
    are that neither --config nor the configuration names.
    """
    terminal.check_for_application(os.environ.get("TERM"))
    if kiosk:
        from cwtui import config as configuration

        for name in (configuration.CONFIG_VARIABLE, configuration.STORE_VARIABLE):
            os.environ.pop(name, None)
    config = host.config()
    if kiosk:
        from cwtui import installation
        from cwtui.accounts.errors import CannotCheck

        if installation.is_new(config):
            raise CannotCheck(NOTHING_HERE)
    # Late: commands must not load Textual.
    from cwtui.ui.app import run

    return run(config, kiosk=kiosk)


NOTHING_HERE = (
    "There are no accounts here yet, or they cannot be found, so nobody can sign in. Tell the "
    "operator of this host: cwtui --paths says where the accounts should be, and "
    "cwtui init --admin NAME creates the first one."
)
