"""`cwtui --plain`: the application line by line, for screen readers and simple terminals."""

import os
import time
from socket import gethostname
from typing import NamedTuple

from cwtui import installation, language, services
from cwtui.accounts.open_sessions import Process
from cwtui.accounts.ports import Ports
from cwtui.cli import terminal
from cwtui.cli.ending import at_signals
from cwtui.config import Config
from cwtui.config.loading import config_file
from cwtui.dialogue import application
from cwtui.dialogue.conversation import Drawing, Gone
from cwtui.dialogue.terminal import TerminalPerson
from cwtui.host.source import source_of

_NOBODY = 1
"""The exit status if nobody was signed in at the end, as of the application with screens."""


def run(config: Config, *, kiosk: bool, drawing: Drawing | None = None) -> int:
    """Run the application and return its exit status. Raises CannotCheck, and SessionEnded.

    QR codes are drawn as given, or else as the terminal can show them.
    """
    waits = config.session.login_minutes * 60.0 if "SSH_CONNECTION" in os.environ else 0.0
    source = source_of(os.environ)
    drawing, charset = terminal.drawing_and_charset(os.environ, drawing)
    language.write_in(charset)
    with (
        TerminalPerson(waits or None, drawing=drawing, charset=charset) as person,
        at_signals(person.leave, person.cancel),
    ):
        try:
            if installation.is_new(config) and not kiosk:
                _first_admin(config, person, source)
            ports = services.connect(config)
            here = _Here(person, config.session.idle_minutes * 60.0)
            process = Process("kiosk" if kiosk else "cwtui", gethostname(), os.getpid())
            was_signed_in = application.run(ports, person, source, here, process)
        except Gone:
            return _NOBODY
    return 0 if was_signed_in else _NOBODY


class _Here(NamedTuple):
    """The terminal of this process, and for how long it waits for a line in a session."""

    person: TerminalPerson
    seconds: float

    def signed_in(self) -> None:
        self.person.seconds = self.seconds

    def idle(self) -> float:
        return time.monotonic() - self.person.heard_at

    def leave(self) -> None:
        self.person.leave()


def _first_admin(config: Config, person: TerminalPerson, source: str) -> None:
    def create() -> Ports:
        installation.check_can_be_set_up(config, config_file())
        return services.create(config)

    application.create_first_admin(create, person, source)
