"""What is seen of what somebody types at the questions."""

import os
import select
import termios
from pathlib import Path

import pytest

from cwtui.dialogue.terminal import TerminalPerson

TYPED = "tell nobody"


def test_a_secret_typed_as_soon_as_it_is_asked_for_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outside, inside = os.openpty()
    arrived = select.poll()
    arrived.register(inside, select.POLLIN)
    with TerminalPerson(20, Path(os.ttyname(inside))) as person:
        write = person._write

        def write_and_type(text: str) -> None:
            write(text)
            if text == "Password: ":
                os.write(outside, f"{TYPED}\n".encode())
                assert arrived.poll(20_000)

        monkeypatch.setattr(person, "_write", write_and_type)
        assert person.ask_secret("Password: ").reveal() == TYPED
        seen = b""
        while not seen.endswith(b"\n"):
            seen += os.read(outside, 4096)
        assert seen == b"Password: \r\n"
    os.close(inside)
    os.close(outside)


def test_a_long_question_is_broken_between_words() -> None:
    outside, inside = os.openpty()
    termios.tcsetwinsize(outside, (24, 20))
    with TerminalPerson(20, Path(os.ttyname(inside))) as person:
        os.write(outside, b"yes\n")
        assert person.ask("Do these words fit into the line? ") == "yes"
        seen = b""
        while b"? " not in seen:
            seen += os.read(outside, 4096)
    assert b"Do these words fit\r\ninto the line? " in seen
    os.close(inside)
    os.close(outside)
