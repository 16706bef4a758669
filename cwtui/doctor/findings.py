"""What the doctor finds."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from msgspec import Struct

from cwtui.language import N_


class Area(StrEnum):
    """What is looked at, in the order of the report."""

    CONFIGURATION = "configuration"
    STORE = "store"
    KEYRING = "keyring"
    AUDIT = "audit"
    CLOCK = "clock"
    DIRECTORY = "directory"
    SERVICE = "service"
    RADIUS = "radius"
    PAM = "pam"
    SSHD = "sshd"
    SUDO = "sudo"
    PEOPLE = "people"
    ROOT = "root"
    TERMINAL = "terminal"
    SESSIONS = "sessions"
    VERSIONS = "versions"


class Level(StrEnum):
    """How serious a finding is.

    A warning is about what works now, but not always. `UNKNOWN` is what could not be checked.
    """

    OK = N_("ok")
    NOTE = N_("note")
    WARNING = N_("warning")
    PROBLEM = N_("problem")
    UNKNOWN = N_("unknown")


NAMED: Final = 5
"""How many names a sentence lists."""


class Finding(Struct, frozen=True):
    """One sentence about an area, and what to do about it; empty if there is nothing to do."""

    area: Area
    level: Level
    sentence: str
    action: str = ""


NOTHING_WRONG, SOMETHING_WRONG, NOT_ALL_CHECKED = 0, 1, 3


def exit_status(findings: Collection[Finding]) -> int:
    """Return the exit status: what is certainly wrong counts more than what is unknown."""
    levels = {finding.level for finding in findings}
    if Level.PROBLEM in levels:
        return SOMETHING_WRONG
    return NOT_ALL_CHECKED if Level.UNKNOWN in levels else NOTHING_WRONG
