"""Sample events, and helpers to read and verify a log on disk."""

import os
from unittest.mock import patch

from cwtui.accounts.audit import chain as audit_chain
from cwtui.accounts.audit.chain import Verdict
from cwtui.accounts.audit.events import Event, EventType, Outcome
from cwtui.accounts.audit.lines import START, Record, decode
from cwtui.store.audit.log import FileAuditLog


def event(**fields: object) -> Event:
    plain: dict[str, object] = {
        "at": 1_800_000_000.125,
        "event": EventType.SIGN_IN,
        "actor": "ada",
        "subject": "ada",
        "source": "10.0.0.1",
        "outcome": Outcome.SUCCESS,
    }
    return Event(**(plain | fields))  # type: ignore[arg-type]  # a mapping of mixed fields


def quick(log: FileAuditLog, **fields: object) -> None:
    """Append without waiting for the disk."""
    with patch.object(os, "fsync", lambda _: None):
        log.append(event(**fields))


def verdict(log: FileAuditLog) -> Verdict:
    ends = log.ends()
    return audit_chain.verify(log.lines(START), ends)


def findings(log: FileAuditLog) -> list[str]:
    return verdict(log).findings


def records(log: FileAuditLog) -> list[Record]:
    found = [decode(line.content) for line in log.lines(START)]
    return [record for record in found if record is not None]
