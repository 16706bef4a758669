"""Lines are appended completely or not at all."""

import errno
from pathlib import Path

import pytest

from cwtui.accounts.errors import CannotCheck, StoreExposed
from cwtui.host.files import (
    append_durably,
)
from tests.host.failing_disk import POINTS


def test_lines_are_appended(folder: Path) -> None:
    log = folder / "log"
    for number in range(3):
        append_durably(log, b"line %d" % number)
    assert log.read_bytes() == b"line 0\nline 1\nline 2\n"


def test_a_line_after_a_torn_one_starts_on_its_own_line(folder: Path) -> None:
    """DESIGN 4.7: nothing acknowledged is lost, even after a power failure in an append."""
    log = folder / "log"
    append_durably(log, b'{"first":1}')
    with log.open("ab") as file:
        file.write(b'{"half')
    append_durably(log, b'{"second":2}')
    assert log.read_bytes() == b'{"first":1}\n{"half\n{"second":2}\n'


def test_an_exposed_log_is_refused_and_untouched(folder: Path) -> None:
    """DESIGN 4.7."""
    log = folder / "log"
    append_durably(log, b"1")
    log.chmod(0o644)
    with pytest.raises(StoreExposed):
        append_durably(log, b"2")
    assert log.read_bytes() == b"1\n"


@pytest.mark.parametrize("point", ["write", "short write", "fsync"])
def test_a_failed_append_keeps_the_log_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """DESIGN 4.7."""
    log = folder / "log"
    append_durably(log, b"line 1")
    with monkeypatch.context() as patch:
        POINTS[point](patch, errno.ENOSPC)
        with pytest.raises(CannotCheck, match="no space left on device"):
            append_durably(log, b"line 2")
    assert log.read_bytes() == b"line 1\n"
    append_durably(log, b"line 3")
    assert log.read_bytes() == b"line 1\nline 3\n"
