"""All output reaches the terminal, or the application ends."""

import os
import pty
import threading
from collections.abc import Iterator
from io import TextIOWrapper

import pytest

from cwtui.ui.terminal.output import Output, blocking

TEXT = "".join(f"{number:06d} ü\n" for number in range(40_000))
"""More than a pipe can buffer."""


class Reader:
    """The other end of a pipe, read as slowly as the test wants."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def all(self) -> bytes:
        parts = []
        while part := os.read(self._descriptor, 1 << 12):
            parts.append(part)
        return b"".join(parts)


@pytest.fixture
def pipe() -> Iterator[tuple[Reader, TextIOWrapper]]:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as file:
        yield Reader(reading), file
    os.close(reading)


class Failures:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.mark.parametrize("is_blocking", [True, False], ids=["blocking", "non-blocking"])
def test_a_slow_reader_gets_all_output_exactly_once(
    pipe: tuple[Reader, TextIOWrapper], is_blocking: bool
) -> None:
    reader, file = pipe
    os.set_blocking(file.fileno(), is_blocking)
    failures = Failures()
    output = Output(file, failures)

    def write() -> None:
        for at in range(0, len(TEXT), 5000):
            output.write(TEXT[at : at + 5000])
        output.flush()
        file.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(0.05)  # until the pipe is full
    assert reader.all().decode() == TEXT
    thread.join()
    assert failures.count == 0


def test_a_waiting_writer_continues_when_released(pipe: tuple[Reader, TextIOWrapper]) -> None:
    _, file = pipe
    os.set_blocking(file.fileno(), False)
    failures = Failures()
    output = Output(file, failures)
    thread = threading.Thread(target=output.write, args=[TEXT])
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    output.let_go()
    thread.join(5)
    assert not thread.is_alive()
    output.write("more")
    output.flush()
    assert failures.count == 0


def test_a_failed_write_is_reported_once() -> None:
    ours, theirs = pty.openpty()
    os.close(ours)
    failures = Failures()
    with os.fdopen(theirs, "w", encoding="utf-8") as file:
        output = Output(file, failures)
        for _ in range(3):
            output.write("a")
            output.flush()
    assert failures.count == 1


def test_unencodable_characters_become_question_marks() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="ascii") as file:
        output = Output(file, Failures())
        output.write("a☃\udcffb")
        output.flush()
    assert os.read(reading, 100) == b"a??b"
    os.close(reading)


@pytest.mark.parametrize("before", [True, False])
def test_the_blocking_mode_is_restored(pipe: tuple[Reader, TextIOWrapper], before: bool) -> None:
    _, file = pipe
    os.set_blocking(file.fileno(), before)
    with blocking(file.fileno()):
        assert os.get_blocking(file.fileno())
    assert os.get_blocking(file.fileno()) is before
