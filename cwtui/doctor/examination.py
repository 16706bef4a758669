"""Look at the areas that were chosen."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from cwtui.doctor import (
    audit_log,
    clock,
    configuration,
    directory,
    keyring,
    pam,
    people,
    radius,
    root_access,
    service,
    sessions,
    sshd,
    store,
    sudo,
    terminal,
    versions,
)
from cwtui.doctor.findings import Area, Finding
from cwtui.doctor.subject import Subject

Look: TypeAlias = Callable[[Subject], Iterator[Finding]]

LOOKS: Final[Mapping[Area, Look]] = {
    Area.CONFIGURATION: configuration.findings,
    Area.STORE: store.findings,
    Area.KEYRING: keyring.findings,
    Area.AUDIT: audit_log.findings,
    Area.CLOCK: clock.findings,
    Area.DIRECTORY: directory.findings,
    Area.SERVICE: service.findings,
    Area.RADIUS: radius.findings,
    Area.PAM: pam.findings,
    Area.SSHD: sshd.findings,
    Area.SUDO: sudo.findings,
    Area.PEOPLE: people.findings,
    Area.ROOT: root_access.findings,
    Area.TERMINAL: terminal.findings,
    Area.SESSIONS: sessions.findings,
    Area.VERSIONS: versions.findings,
}


def findings(subject: Subject) -> Iterator[Finding]:
    """Yield the findings of the chosen areas in the order of the report."""
    for area, look in LOOKS.items():
        if area in subject.areas:
            yield from look(subject)
