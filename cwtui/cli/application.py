"""`cwtui` without a command: the terminal application."""

import os

from cwtui.cli import terminal
from cwtui.cli.host import Host


def open_application(host: Host) -> int:
    """Its exit status. Raises WrongUsage where no screen can be drawn, and ConfigError."""
    terminal.check_for_application(os.environ.get("TERM"))
    config = host.config()
    # Late: commands must not load Textual.
    from cwtui.ui.app import run

    return run(config)
