"""What is known of copies of the keyring."""

import pytest

from cwtui.doctor import keyring
from cwtui.doctor.findings import Level
from cwtui.doctor.keyring import Backup

DAY = 86_400.0


@pytest.mark.parametrize(
    ("backup", "level", "words"),
    [
        (Backup(None, searched_all=True), Level.WARNING, "the audit log has no backup"),
        (
            Backup(None, searched_all=False),
            Level.WARNING,
            "the newest events of the audit log have",
        ),
        (Backup(9 * DAY, searched_all=False), Level.WARNING, "after the last backup of the store"),
        (Backup(11 * DAY, searched_all=False), Level.NOTE, "was made on 1970-01-12."),
        (Backup(10 * DAY, searched_all=False), Level.NOTE, "was made on 1970-01-11."),
    ],
)
def test_the_last_backup_of_a_key_is_reported(backup: Backup, level: Level, words: str) -> None:
    (one,) = keyring.copies("ab12", 10 * DAY, backup, 12 * DAY)
    assert one.level is level
    assert words in one.sentence
    assert "ab12" in one.sentence + one.action


def test_an_old_backup_is_a_warning() -> None:
    (one,) = keyring.copies("ab12", 0, Backup(DAY, searched_all=False), 33 * DAY)
    assert one.level is Level.WARNING
    assert "32 days ago" in one.sentence
