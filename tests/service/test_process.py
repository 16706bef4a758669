"""When a process of the service ends by itself."""

import pytest

from cwtui.host import upgrade
from cwtui.service import process


@pytest.mark.parametrize(
    ("by_systemd", "said"),
    [("/run/systemd/notify", ""), ("", "cwtui was upgraded. Start the service again.\n")],
)
def test_an_upgrade_ends_it_and_somebody_must_start_the_new_version(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    by_systemd: str,
    said: str,
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", by_systemd)
    monkeypatch.setattr(upgrade, "is_there", lambda: False)
    monkeypatch.setattr(upgrade, "is_superseded", lambda: False)
    assert not process.was_upgraded()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(upgrade, "is_superseded", lambda: True)
    assert process.was_upgraded()
    assert capsys.readouterr().err == said
