"""What the service writes to its log, and how often."""

import errno
import io

import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.service import refusals, service_log
from cwtui.service.packets import Verdict
from cwtui.service.service_log import QUIET_SECONDS, Repeats
from tests.dialogue.scripted import Scripted


def test_the_operator_reads_why_nobody_can_sign_in_and_people_do_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = CannotCheck("There is no store in /srv/one. Mount\x1b[2J its disk.")
    for _ in range(3):
        person = Scripted()
        assert refusals.told(person, error) is Verdict.CANNOT_CHECK
        assert person.heard == [("warn", refusals.CANNOT_CHECK)]
    assert capsys.readouterr().err == (
        "Somebody cannot sign in. There is no store in /srv/one. Mount<U+001B>[2J its disk.\n"
    )


def test_many_names_do_not_fill_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(100):
        service_log.log_once(f"The Unix user {number} was refused.", "a test")
    assert capsys.readouterr().err == "The Unix user 0 was refused.\n"


def test_repeated_lines_are_counted_and_said_again_after_a_minute() -> None:
    repeats = Repeats()
    assert repeats.count("one", 0) == 1
    assert repeats.count("two", 1) == 1
    assert [repeats.count("one", second) for second in (1, 2, QUIET_SECONDS - 1)] == [0, 0, 0]
    assert repeats.count("one", QUIET_SECONDS) == 4
    for number in range(2 * service_log._MOST):
        repeats.count(number, 0)
    assert len(repeats._said_at) <= service_log._MOST


class _Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, text)


@pytest.mark.parametrize("stream", [_Full(), None])
def test_a_log_that_cannot_be_written_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None
) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    service_log.log("lost")
