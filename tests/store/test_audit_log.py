"""The audit log on disk: one line for each event, whatever others typed."""

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cwtui.accounts.audit import Event, EventType, Outcome
from cwtui.accounts.errors import CannotCheck, StoreExposed
from cwtui.store.audit import FileAuditLog


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder / "audit.jsonl"


def event(**fields: object) -> Event:
    plain: dict[str, object] = {
        "at": 1_800_000_000.125,
        "event": EventType.SIGN_IN,
        "actor": "ada",
        "subject": "ada",
        "source": "10.0.0.1",
        "outcome": Outcome.SUCCESS,
    }
    return Event(**(plain | fields))  # type: ignore[arg-type]


def test_an_event_is_a_line_of_json_with_a_time_that_people_read(file: Path) -> None:
    FileAuditLog(file).append(event(reason="9 left"))
    assert file.read_text() == (
        '{"at":"2027-01-15T08:00:00.125+00:00","event":"sign_in.complete","actor":"ada",'
        '"subject":"ada","source":"10.0.0.1","outcome":"success","reason":"9 left"}\n'
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_events_are_added_at_the_end(file: Path) -> None:
    for number in range(3):
        FileAuditLog(file).append(event(subject=str(number)))
    subjects = [json.loads(line)["subject"] for line in file.read_text().splitlines()]
    assert subjects == ["0", "1", "2"]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@hypothesis_settings(max_examples=60)
@given(actor=texts, source=texts, reason=texts)
def test_what_others_typed_cannot_forge_a_line(
    tmp_path_factory: pytest.TempPathFactory, actor: str, source: str, reason: str
) -> None:
    """DESIGN 4.3; OWASP ASVS 16.4.1."""
    file = tmp_path_factory.mktemp("log") / "audit.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        FileAuditLog(file).append(event(actor=actor, source=source, reason=reason))
        FileAuditLog(file).append(event())
    content = file.read_bytes()
    assert content.count(b"\n") == 2
    first, second = content.splitlines()
    assert json.loads(first)["actor"] == actor
    assert json.loads(first).get("reason", "") == reason
    assert json.loads(second)["actor"] == "ada"
    assert not any(byte < 32 for byte in first)


def test_a_log_that_cannot_be_written_says_so(file: Path) -> None:
    """DESIGN 4.10: the caller then does not do what it would have reported."""
    file.mkdir(mode=0o700)
    with pytest.raises(CannotCheck, match="is a directory"):
        FileAuditLog(file).append(event())


def test_an_exposed_log_is_refused(file: Path) -> None:
    """DESIGN 4.7."""
    FileAuditLog(file).append(event())
    file.chmod(0o640)
    with pytest.raises(StoreExposed):
        FileAuditLog(file).append(event())
    assert len(file.read_text().splitlines()) == 1
