"""When a process of the service ends, and that it says why."""

import os
import resource
import signal

import pytest

from cwtui.host import upgrade
from cwtui.service import process


@pytest.mark.parametrize(
    ("by_systemd", "said"),
    [("/run/systemd/notify", "systemd starts the new version."), ("", "Start it again.")],
)
def test_an_upgrade_ends_it_and_it_says_who_starts_the_new_version(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    by_systemd: str,
    said: str,
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", by_systemd)
    monkeypatch.setattr(upgrade, "is_there", lambda: False)
    monkeypatch.setattr(upgrade, "is_superseded", lambda: False)
    assert not process.UpgradeCheck().should_end(is_idle=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(upgrade, "is_superseded", lambda: True)
    assert process.UpgradeCheck().should_end(is_idle=True)
    assert capsys.readouterr().err == f"cwtui was upgraded, so the service ends. {said}\n"


def test_requests_do_not_put_off_the_check_for_an_upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy host the service would never end for the new version."""
    now = [100.0]
    check = process.UpgradeCheck(lambda: now[0])
    monkeypatch.setattr(upgrade, "is_there", lambda: True)
    assert check.seconds_left() == 0
    assert not check.should_end(is_idle=False)
    for now[0], left in ((100.0, 15), (110.0, 5), (114.0, 1), (116.0, 0)):
        assert check.seconds_left() == left
    assert check.should_end(is_idle=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_says_which_signal_ends_it(
    capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    with process.ending_signals() as ending:
        ending.settimeout(5)
        os.kill(os.getpid(), number)
        process.say_why_it_ends(ending)
    assert capsys.readouterr().err == f"The service ends: it got {number.name}.\n"


def test_it_may_have_more_files_open_than_the_host_gives_at_first() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        process.allow_many_files()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft == min(hard, 16_384)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
