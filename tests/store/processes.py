"""Starting worker processes and releasing them all at once."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from tests.console.forked import Piped

ROOT = Path(__file__).parents[2]


class Worker:
    """Another process, killed when the test ends at the latest. It has loaded cwtui already."""

    def __init__(self, *arguments: object, module: str = "tests.store.worker") -> None:
        self.process = Piped([module, *map(str, arguments)], ROOT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.finish()

    def line(self) -> str:
        """The next line of its output; empty at the end."""
        return self.process.stdout.readline().rstrip("\n")

    def lines_until(self, last: str) -> list[str]:
        """The next lines, until one begins like this; it may also be the end of its output."""
        lines = [self.line()]
        while lines[-1] and not lines[-1].startswith(last):
            lines.append(self.line())
        return lines

    def ask(self, line: str) -> str:
        """Its answer to a line of input."""
        self.tell(line)
        return self.line()

    def tell(self, line: str = "") -> None:
        """A line of input."""
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def finish(self) -> str:
        """End its input, wait for it, and return the rest of its output."""
        if self.process.stdout.closed:
            return ""
        self.process.stdin.close()
        with self.process.stdout as output:
            rest = output.read()
        self.process.wait(60)
        return rest


@contextmanager
def started(
    *arguments: tuple[object, ...], module: str = "tests.store.worker"
) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Worker(*each, module=module)) for each in arguments]


class Gate:
    """Closed at first; opening it releases all waiting workers at the same moment."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def open_for(self, workers: list[Worker]) -> None:
        """Wait until all workers are ready, then open."""
        assert [worker.line() for worker in workers] == ["ready"] * len(workers)
        self.open()

    def open(self) -> None:
        self._file.close()
