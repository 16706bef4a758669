"""`cwtui --plain`: the application line by line, for screen readers and simple terminals."""

import os

from cwtui import installation, services
from cwtui.accounts.ports import Ports
from cwtui.cli import terminal
from cwtui.cli.ending import at_signals
from cwtui.config import Config, config_file
from cwtui.dialogue import application
from cwtui.dialogue.conversation import Drawing, Gone
from cwtui.dialogue.terminal import TerminalPerson
from cwtui.host.source import source_of

_NOBODY = 1
"""The exit status if nobody was signed in at the end, as of the application with screens."""


def run(config: Config, *, kiosk: bool, drawing: Drawing | None = None) -> int:
    """Run the application and return its exit status. Raises CannotCheck.

    QR codes are drawn as given, or else as the terminal can show them.
    """
    waits = config.session.login_minutes * 60.0 if "SSH_CONNECTION" in os.environ else 0.0
    source = source_of(os.environ)
    drawing, charset = terminal.drawing_and_charset(os.environ, drawing)
    with (
        TerminalPerson(waits or None, drawing=drawing, charset=charset) as person,
        at_signals(person.leave, person.cancel),
    ):
        try:
            if installation.is_new(config) and not kiosk:
                _first_admin(config, person, source)
            ports = services.connect(config)

            def signed_in() -> None:
                person.seconds = config.session.idle_minutes * 60.0

            was_signed_in = application.run(ports, person, source, signed_in)
        except Gone:
            return _NOBODY
    return 0 if was_signed_in else _NOBODY


def _first_admin(config: Config, person: TerminalPerson, source: str) -> None:
    def create() -> Ports:
        installation.check_can_be_set_up(config, config_file())
        return services.create(config)

    application.create_first_admin(create, person, source)
