"""How the person runs cwtui again, so that a command in a hint can be copied as it is.

It names the same configuration and store, and becomes the same Unix user. Like the language, this
belongs to the whole process: whoever raises an error does not know how cwtui was called.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

OF_HOST: Final = Path("/etc/cwtui/config.toml")
"""The configuration of the package."""
HOST_PROGRAM: Final = Path("/usr/bin/cwtui-host")
"""Runs cwtui with that configuration."""
_options: dict[str, str] = {}
_beginning: list[str] = []


@contextmanager
def called_with(options: Mapping[str, str | None]) -> Iterator[None]:
    """Let hints have these options, as far as they are given, in the block."""
    before = dict(_options)
    _options.update({name: value for name, value in options.items() if value})
    try:
        yield
    finally:
        _options.clear()
        _options.update(before)


@contextmanager
def beginning_with(words: str) -> Iterator[None]:
    """Let the commands in hints begin with these words, if any, in the block."""
    before = list(_beginning)
    _beginning[:] = [words] if words else []
    try:
        yield
    finally:
        _beginning[:] = before


def again(*words: str) -> str:
    """Return how the person runs cwtui with these words on the store that this process uses."""
    return " ".join((*_beginning, as_called(), *words))


def as_called(program: str = "cwtui") -> str:
    """Return how cwtui was called: with the same options before the command.

    With the configuration of the host alone, that is cwtui-host. Another `program` is kept.
    """
    import shlex

    is_of_host = program == "cwtui" and _options == {"--config": str(OF_HOST)}
    if is_of_host and HOST_PROGRAM.exists():
        return HOST_PROGRAM.name
    return " ".join((program, *(f"{name} {shlex.quote(_options[name])}" for name in _options)))


def becoming_again(environ: Mapping[str, str], uid: int) -> str:
    """Return how to begin a command as this Unix user, if whoever reads the hint is another one.

    That is so after sudo, and in the log of a service, which has this variable of systemd's.
    """
    before_sudo = environ.get("SUDO_UID")
    is_service = bool(environ.get("NOTIFY_SOCKET")) and uid != 0
    is_other = before_sudo is not None and before_sudo != str(uid)
    return becoming(uid) if is_service or is_other else ""


def becoming(uid: int) -> str:
    """Return how to begin a command as this Unix user."""
    import pwd
    import shlex

    try:
        return f"sudo -H -u {shlex.quote(pwd.getpwuid(uid).pw_name)}"
    except KeyError:
        return f"sudo -H -u '#{uid}'"
