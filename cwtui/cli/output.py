"""Write data to standard output and messages to standard error."""

import errno
import io
import os
import select
import sys
from typing import Final, TextIO

from cwtui.cli.errors import Failed
from cwtui.language import _

SENTENCE_LENGTH: Final = 2000
"""The maximum length in characters; longer sentences quote very long input."""


def show_everything() -> None:
    """Write characters that the encoding lacks as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def stream() -> TextIO:
    """Return standard output. Raises Failed if it is closed."""
    if sys.stdout is None:
        raise Failed(_("Cannot write to standard output: it is closed."))
    return sys.stdout


def put(text: str) -> None:
    """Write lines to standard output and flush. Raises Failed if that does not work."""
    out = stream()
    try:
        out.write(f"{text}\n")
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error) from None


def put_bytes(content: bytes) -> None:
    """Write data to standard output and flush. Raises Failed if that does not work."""
    out = stream()
    try:
        out.buffer.write(content)
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error) from None


def _unwritable(error: OSError) -> Failed:
    # Imported here, because --version does not need it.
    from cwtui.host.reasons import reason_of

    return Failed(_("Cannot write to standard output: {reason}.", reason=reason_of(error)))


def say(sentence: str) -> None:
    """Write one sentence to standard error. Control characters are made visible."""
    # Imported here, because --version does not need it.
    from cwtui.accounts.text import shortened, visible

    sentence = shortened(visible(sentence), SENTENCE_LENGTH)
    if sys.stderr is not None and sys.stderr.isatty():
        import shutil
        import textwrap

        columns = shutil.get_terminal_size().columns
        sentence = textwrap.fill(sentence, columns, break_long_words=False, break_on_hyphens=False)
    say_lines(sentence)


def say_lines(text: str) -> None:
    """Write trusted lines, such as a help page, to standard error."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        # Nobody can see the message, but the exit status still says it.
        _to_nowhere(sys.stderr)


def wait_for_news(seconds: float) -> None:
    """Wait for `seconds`. Raises BrokenPipeError as soon as nobody reads standard output."""
    poll = select.poll()
    poll.register(stream(), 0)
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(seconds * 1000)):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def flush() -> None:
    """Flush what click wrote. Raises OSError."""
    if sys.stdout is not None:
        sys.stdout.flush()


def drop_what_cannot_be_written() -> None:
    """Drop output that cannot be written.

    Otherwise Python would complain about it at exit and change the exit status to 120.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            _to_nowhere(stream)


def _to_nowhere(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
