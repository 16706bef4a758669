"""`cwtui gate`: sign in on the terminal, then become a command."""

import os
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from cwtui.cli import terminal
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host
from cwtui.cli.values import WholeNumber
from cwtui.host.reasons import reason_of
from cwtui.language import _

if TYPE_CHECKING:
    from cwtui.config import Config
    from cwtui.dialogue.conversation import Conversation, Room
    from cwtui.service.packets import Request, Verdict

_MOST_OF_COMMAND: Final = 200
"""Characters of the command that the audit log gets."""
_KEPT: Final = ("COLORTERM", "HOME", "LANG", "LANGUAGE", "LOGNAME", "SHELL", "TERM", "TZ", "USER")
_KEPT_PREFIXES: Final = ("LC_", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY")


@click.command(
    "gate",
    cls=CommandWithExamples,
    examples=(
        "cwtui gate -- tmux attach",
        "cwtui gate --fresh 15 -- /usr/local/bin/menu",
    ),
)
@click.option(
    "--fresh",
    metavar="MINUTES",
    type=WholeNumber(0, 600),
    help="For so many minutes, up to 600, do not ask again at the same place (gate.fresh_minutes).",
)
@click.argument("words", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED)
@pass_host
def command(host: Host, fresh: int | None, words: tuple[str, ...]) -> None:
    """Sign in on this terminal, then become a command.

    For sshd's ForceCommand, a menu or a script. Without a sign-in, COMMAND is not started and the
    exit status is not 0. A command that the SSH client asks for is refused, except for file
    transfers that gate.transfers allows. Variables and the home folder do not choose the
    configuration: give --config, or the defaults count.
    """
    if not words:
        raise WrongUsage(_("Give the command after --, such as: cwtui gate -- tmux attach"))
    from cwtui.service import original_command

    config = host.config_for_strangers()
    given = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    become = original_command.transfer(given, config.gate.transfers) if given else [*words]
    minutes = config.gate.fresh_minutes if fresh is None else fresh
    _sign_in(config, minutes, become)
    _become(become)


def _sign_in(config: "Config", minutes: int, become: list[str]) -> None:
    """Raises Refused, Failed and CannotCheck unless somebody has signed in."""
    from cwtui.accounts.text import visible
    from cwtui.cli.ending import at_once, at_signals
    from cwtui.dialogue.conversation import Gone
    from cwtui.dialogue.terminal import TerminalPerson
    from cwtui.host.charset import charmap
    from cwtui.host.source import address_of
    from cwtui.service.packets import Phase, Request, Verdict

    fields = {
        "rhost": address_of(os.environ),
        "tty": _terminal(),
        "charset": charmap(os.environ),
        "fresh": str(minutes),
        "command": visible(shlex.join(become))[:_MOST_OF_COMMAND],
    }
    request = Request(Phase.GATE, fields)
    try:
        if not terminal.is_there():
            # Only a recent proof needs no answers.
            verdict = _ask(config, request, _Nobody())
        else:
            waits = config.session.login_minutes * 60.0 or None
            drawing, charset = terminal.drawing_and_charset(os.environ)
            with (
                TerminalPerson(waits, drawing=drawing, charset=charset) as person,
                at_signals(at_once),
            ):
                verdict = _ask(config, request, person)
    except Gone:
        raise Failed(_("No answer, so nobody was signed in.")) from None
    if verdict is not Verdict.ACCEPTED:
        raise Failed(_("Not signed in."))


def _ask(config: "Config", request: "Request", person: "Conversation") -> "Verdict":
    """Ask the service or, as the owner of the store, the store itself."""
    from cwtui.cli.verdict import ask_for_verdict

    path = Path(config.service.gate_socket)
    return ask_for_verdict(config, path, request, person, is_operator=False)


class _Nobody:
    """There is no terminal."""

    room: "Room | None" = None

    def ask(self, prompt: str) -> NoReturn:
        del prompt
        raise Failed(_("A code is needed, but there is no terminal. Sign in with ssh -t first."))

    ask_secret = ask

    def tell(self, text: str) -> None:
        del text

    warn = tell


def _terminal() -> str:
    try:
        return os.ttyname(0)
    except OSError:
        return ""


def environment(before: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the command gets: a few harmless ones."""
    from cwtui.service import original_command

    kept = {
        name: value
        for name, value in before.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return {**kept, "PATH": original_command.PATH}


def _become(words: list[str]) -> NoReturn:
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and the command would inherit it
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execvpe(words[0], words, environment(os.environ))  # noqa: S606  no shell
    except OSError as error:
        reason = reason_of(error)
        raise Failed(
            _("Cannot run {command}: {reason}.", command=words[0], reason=reason)
        ) from None
