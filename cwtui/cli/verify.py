"""`cwtui verify`: check a password, a code or both, for scripts."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.secret import Secret
from cwtui.cli.errors import Failed, WrongUsage
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host
from cwtui.cli.one_of import OneOf
from cwtui.cli.output import say
from cwtui.cli.values import Username
from cwtui.cli.verdict import ask_for_verdict
from cwtui.dialogue.conversation import Gone, Room
from cwtui.host.charset import charmap
from cwtui.language import _
from cwtui.service.packets import Phase, Request, Verdict

_MOST: Final = 8192
"""The maximum input in bytes."""
_LINES: Final = {"password": 1, "code": 1, "both": 2}


@click.command(
    "verify",
    cls=CommandWithExamples,
    examples=(
        "cwtui verify alice --factor code < code.txt",
        "cwtui verify alice --factor both --source 203.0.113.7 < answers.txt",
    ),
)
@click.argument("username", type=Username())
@click.option(
    "--factor",
    type=OneOf(["both", "password", "code"]),
    default="both",
    show_default=True,
    help="What standard input has: the password, a one-time or backup code, or a line of each.",
)
@click.option(
    "--source",
    metavar="TEXT",
    default="",
    help="Where the person is, such as an address, to count failed attempts apart.",
)
@pass_host
def command(host: Host, username: str, factor: str, source: str) -> None:
    """Check a password or a code, for scripts.

    Standard input has what USERNAME would type.
    Exit status: 0 accepted, 1 refused, 2 wrong usage, 3 could not be checked. The sentence on
    standard error says why.

    A wrong attempt counts as at any sign-in, and a code is used up.
    """
    answers = _lines(_LINES[factor])
    config = host.config()
    fields = {"user": username, "factor": factor, "source": source, "charset": charmap(os.environ)}
    person = _Prepared([*answers])
    try:
        verdict = ask_for_verdict(
            config, Path(config.service.socket), Request(Phase.VERIFY, fields), person
        )
    except Gone:  # it was wrong, or something else must be done first
        verdict = Verdict.REFUSED
    for warning in person.warnings:
        say(warning)
    if verdict is Verdict.CANNOT_CHECK:
        raise CannotCheck(_("Could not be checked."))
    if verdict is not Verdict.ACCEPTED:
        raise Failed(_("Refused."))


def _lines(count: int) -> Sequence[str]:
    """Return this many lines of standard input. Raises WrongUsage."""
    if sys.stdin is None or sys.stdin.isatty():
        raise WrongUsage(_("Send the password or code to standard input, from a pipe or a file."))
    content = sys.stdin.buffer.read(_MOST + 1)
    try:
        lines = content.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise WrongUsage(_("Standard input is not UTF-8.")) from None
    if len(content) > _MOST or len(lines) != count:
        raise WrongUsage(
            _("Standard input must have a line with the password and a line with the code.")
            if count > 1
            else _("Standard input must have one line.")
        )
    return [line.removesuffix("\r") for line in lines]


@dataclass
class _Prepared:
    """Gives the answers in turn, and leaves when there are no more."""

    answers: list[str]
    warnings: list[str] = field(default_factory=list)
    room: Room | None = None

    def ask(self, prompt: str) -> str:
        # After a wrong answer, the next one does not answer the same question.
        if self.warnings or not self.answers:
            raise Gone(prompt)
        return self.answers.pop(0)

    def ask_secret(self, prompt: str) -> Secret:
        return Secret(self.ask(prompt))

    def tell(self, text: str) -> None:
        del text

    def warn(self, text: str) -> None:
        self.warnings.append(text)
