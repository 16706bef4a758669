"""`cwtui serve --radius` where it cannot start. No store is needed to see that."""

import sys
from pathlib import Path

import pytest

from tests.cli.commands import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize(
    ("section", "status", "sentence"),
    [
        ("", 3, "RADIUS has no clients. Add them to [radius.clients]"),
        ('[radius.clients]\n"192.0.2.1" = "/nowhere"', 3, "no such file"),
        ('[radius.clients]\n"192.0.2.1" = "~nobody-here/x"', 3, "home folder that does not exist"),
        ("[radius]\nport = 0", 3, "Expected `int` >= 1 - at `$.radius.port` (line 5)"),
        ('[radius]\ncode_separator = "-"', 3, "Invalid enum value '-'"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(
    host: Host, section: str, status: int, sentence: str
) -> None:
    with host.config.open("a") as file:
        file.write(f"{section}\n")
    result = host.run("serve", "--radius")
    assert (result.status, result.out) == (status, "")
    assert sentence in result.err


def test_options_of_the_other_service_are_refused(host: Host) -> None:
    for option in (["--socket", "/x"], ["--gate-socket", "/x"], ["--status"], ["--json"]):
        assert host.run("serve", "--radius", *option).status == 2


def test_a_missing_library_is_named(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = ("cwtui.service.radius", "pyrad")
    for name in [name for name in sys.modules if name.startswith(loaded)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyrad", None)
    result = host.run("serve", "--radius")
    assert result.status == 3
    assert "RADIUS needs the library pyrad: install cwtui[radius]" in result.err
