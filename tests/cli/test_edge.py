"""Unexpected errors give the right exit status and show no traceback or values."""

import subprocess

import pytest

from cwtui.accounts import first_admin, user_list
from cwtui.accounts.errors import (
    AccountsError,
    CannotCheck,
    KeyringMissing,
    NotPermitted,
    Refused,
)
from cwtui.config.errors import ConfigError
from tests.cli.commands import PASSWORD, PYTHON, ROOT, Host, Result


def raising(
    monkeypatch: pytest.MonkeyPatch, host: Host, error: BaseException, *, secret: str = "s3cret"
) -> Result:
    def fail(*_: object, **__: object) -> None:
        held = secret  # a local variable, as a traceback would print it
        assert held
        raise error

    monkeypatch.setattr(user_list, "list_users", fail)
    return host.run("user", "list")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("No."), 1),
        (NotPermitted("No."), 1),
        (CannotCheck("No."), 3),
        (KeyringMissing("No."), 3),
        (ConfigError("No."), 3),
        (AccountsError("No."), 3),
    ],
)
def test_each_error_has_its_exit_status(
    host: Host, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    result = raising(monkeypatch, host, error)
    assert (result.status, result.out, result.err) == (status, "", "No.\n")


def test_an_unexpected_error_shows_no_values(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    result = raising(monkeypatch, host, RuntimeError("s3cret"))
    assert (result.status, result.out) == (3, "")
    assert result.err.startswith(
        "An unexpected error occurred (RuntimeError at cwtui.cli.list_users:"
    )
    assert result.err.count("\n") == 1
    assert "s3cret" not in result.err


def test_a_failed_system_call_names_the_file(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    error = PermissionError(13, "Permission denied", "/srv/\x1b[31m")
    result = raising(monkeypatch, host, error)
    assert (result.status, result.err) == (
        3,
        "Cannot use /srv/<U+001B>[31m: permission denied.\n",
    )


def test_ctrl_c_exits_with_status_130(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    result = raising(monkeypatch, host, KeyboardInterrupt())
    assert (result.status, result.err.strip()) == (130, "")


@pytest.mark.parametrize(("loading", "args"), [("cwtui.cli.edge", []), ("click", ["version"])])
def test_ctrl_c_while_loading_exits_silently(loading: str, args: list[str]) -> None:
    code = (
        "import sys, signal\n"
        "class Press:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {loading!r}: signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
        "from cwtui.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run([PYTHON, "-c", code, *args], capture_output=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_no_secret_from_standard_input_is_printed(
    new_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(PASSWORD)

    monkeypatch.setattr(first_admin, "create", fail)
    result = new_host.run("init", "--admin", "admin", "--password-stdin", stdin=PASSWORD.encode())
    assert result.status == 3
    assert PASSWORD not in result.err
