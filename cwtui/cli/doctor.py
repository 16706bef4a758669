"""`cwtui doctor`: look at everything that a host needs, and say what to do."""

import shlex
import sys
import textwrap
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

import click
from msgspec import to_builtins

from cwtui.accounts.text import shortened, visible
from cwtui.cli.groups import CommandWithExamples, pass_host
from cwtui.cli.host import Host
from cwtui.cli.json_output import option_with, put_list
from cwtui.cli.one_of import OneOf
from cwtui.cli.output import SENTENCE_LENGTH, put, say
from cwtui.cli.tables import WIDTH
from cwtui.config.loading import config_file
from cwtui.doctor import examination
from cwtui.doctor.findings import Area, Finding, Level, exit_status
from cwtui.doctor.machine import Machine
from cwtui.doctor.subject import Subject
from cwtui.hints import as_called
from cwtui.language import N_, _, grouped, ngettext

_TITLES: Final = {
    Area.CONFIGURATION: N_("Configuration"),
    Area.STORE: N_("Store"),
    Area.KEYRING: N_("Keyring"),
    Area.AUDIT: N_("Audit log"),
    Area.CLOCK: N_("Clock"),
    Area.DIRECTORY: N_("Directory"),
    Area.SERVICE: N_("Service"),
    Area.RADIUS: "RADIUS",
    Area.PAM: "PAM",
    Area.SSHD: "sshd",
    Area.SUDO: "sudo",
    Area.PEOPLE: N_("People"),
    Area.ROOT: N_("Root"),
    Area.TERMINAL: N_("Terminal"),
    Area.SESSIONS: N_("Sessions"),
    Area.VERSIONS: N_("Versions"),
}


@click.command(
    "doctor",
    cls=CommandWithExamples,
    examples=(
        "cwtui doctor",
        "cwtui doctor pam sshd sudo root service",
        "cwtui doctor --json store keyring audit",
    ),
)
@click.argument("areas", metavar="[AREA]...", nargs=-1, type=OneOf([area.value for area in Area]))
@option_with("Print the findings as JSON.")
@click.pass_context
@pass_host
def command(host: Host, ctx: click.Context, areas: Sequence[str], as_json: bool) -> None:
    """Look at everything this host needs, and say what to do.

    AREA is one of configuration, store, keyring, audit, clock,
    directory, service, radius, pam, sshd, sudo, people, root,
    terminal, sessions or versions. Without any, it looks at all of
    them.

    It changes nothing. Run it as the Unix user that owns the store, and as root for sshd, sudo and
    root's own way in. What this user cannot look at is unknown, and it says what can.

    Exit status: 0 nothing is wrong (there may be warnings), 1 there is a problem, 3 something could
    not be checked.
    """
    config = str(config_file(host.config_file))
    chosen = frozenset(map(Area, areas)) or frozenset(Area)
    subject = Subject(Machine(), host.config, config, _this_command(), chosen)
    found: list[Finding] = []
    for area, group in groupby(examination.findings(subject), lambda one: one.area):
        of_area = [*group]
        found += of_area
        if not as_json:
            _show(area, of_area)
    if as_json:
        put_list(to_builtins(one) for one in found)
    say(_summary(found))
    ctx.exit(exit_status(found))


def _this_command() -> str:
    """Return how to run this again, with the same configuration and store."""
    program = Path(sys.executable).with_name("cwtui")
    name = shlex.quote(str(program)) if program.exists() else "cwtui"
    return f"{as_called(name)} doctor"


def _show(area: Area, found: Sequence[Finding]) -> None:
    put(_(_TITLES[area]))
    width = max(len(_(level.value)) for level in Level)
    for one in found:
        # Without colour: the word says it, also on paper and to a screen reader.
        put(_wrapped(f"  {_(one.level.value):<{width}}  ", one.sentence))
        if one.action:
            put(_wrapped(f"{' ' * (width + 4)}> ", one.action))


def _wrapped(start: str, sentence: str) -> str:
    return textwrap.fill(
        shortened(visible(sentence), SENTENCE_LENGTH),
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(found: Sequence[Finding]) -> str:
    count = {level: sum(one.level is level for one in found) for level in Level}
    parts = [
        ngettext("{number} problem", "{number} problems", count[Level.PROBLEM])
        if count[Level.PROBLEM]
        else _("No problem"),
        ngettext("{number} warning", "{number} warnings", count[Level.WARNING])
        if count[Level.WARNING]
        else _("no warning"),
        _("{number} not checked", number=grouped(count[Level.UNKNOWN]))
        if count[Level.UNKNOWN]
        else _("nothing unknown"),
    ]
    return f"{', '.join(parts)}."
