"""What the doctor says of local copies."""

from pathlib import Path

import pytest

from cwtui.accounts.cut_off import About
from cwtui.accounts.errors import CannotCheck
from cwtui.config import Config, CutOffConfig, StoreConfig
from cwtui.doctor import copies
from cwtui.doctor.findings import Finding, Level
from tests.accounts.world import NOW
from tests.doctor.hosts import machine, subject

DATABASE = "postgresql://cwtui@db.example.com/accounts"


def of_copies(
    root: Path, about: About | CannotCheck | None, *, days: int = 7, url: str = DATABASE
) -> list[Finding]:
    def look(_: Config) -> About | None:
        if isinstance(about, CannotCheck):
            raise about
        return about

    config = Config(store=StoreConfig(url), cut_off=CutOffConfig(days))
    return [*copies.findings(subject(machine(root), config), look, lambda: NOW)]


@pytest.mark.parametrize(
    ("about", "level", "words"),
    [
        (None, Level.NOTE, "no local copies yet"),
        (About(2, NOW - 60, None, 0), Level.OK, "2 people can sign in here with local copies"),
        (About(0, None, None, 0), Level.OK, "0 people"),
        (About(1, NOW - 3601, None, 0), Level.WARNING, "not brought up to date since 2027-01-15"),
        (About(1, NOW - 3601, NOW - 60, 5), Level.PROBLEM, "since 2027-01-15 07:59 UTC. 5 events"),
        (About(1, NOW - 3601, NOW - 60, 1), Level.PROBLEM, "1 event waits to be written"),
        (CannotCheck("state.json is damaged."), Level.PROBLEM, "state.json is damaged."),
    ],
)
def test_the_state_of_the_copies_is_reported(
    tmp_path: Path, about: About | CannotCheck | None, level: Level, words: str
) -> None:
    (one,) = of_copies(tmp_path, about)
    assert one.level is level
    assert words in one.sentence


def test_copies_are_reported_if_none_are_wanted(tmp_path: Path) -> None:
    assert of_copies(tmp_path, None, days=0) == []
    (one,) = of_copies(tmp_path, About(1, NOW, None, 0), days=0)
    assert (one.level, one.sentence, one.action) == (
        Level.WARNING,
        "There is 1 local copy, but cut_off.days is 0.",
        "Restart the service, which deletes them.",
    )


def test_the_setting_does_nothing_for_files(tmp_path: Path) -> None:
    (one,) = of_copies(tmp_path, None, url="")
    assert one.level is Level.NOTE
    assert "not in a database" in one.sentence
    assert of_copies(tmp_path, None, url="", days=0) == []
