"""`cwtui completion`: what a shell is offered and what not."""

import shutil
from pathlib import Path

import pytest

from cwtui.accounts import settings
from cwtui.accounts.audit.events import EventType
from cwtui.cli import completing
from tests.cli.accounts import enrol, enrol_too, put
from tests.cli.commands import PASSWORD, Host, run

BREAKS = " \t\n\"'@><=;|&(:"
"""Where bash ends a word by default."""


def answer(host: Host, line: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What bash is offered for `line` on this host. Errors must be silent."""
    monkeypatch.setenv("COMP_LINE", line.replace("cwtui ", f"cwtui --config {host.config} ", 1))
    monkeypatch.setenv("COMP_WORDBREAKS", BREAKS)
    result = run("completion", "bash", "--answer")
    assert (result.status, result.err) == (0, "")
    return [one.removeprefix("plain,") for one in result.out.splitlines() if one]


@pytest.fixture(scope="module")
def full(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A host with a few accounts, which completing does not change."""
    folder = tmp_path_factory.mktemp("full") / "host"
    shutil.copytree(prepared, folder)
    host = Host(folder)
    for name, shown in (("alice", "Alice, $(id)"), ("ann@example.com", ""), ("älice", "")):
        added = host.run(
            "user",
            "add",
            name,
            "--display-name",
            shown,
            "--password-stdin",
            stdin=PASSWORD.encode(),
        )
        assert added.status == 0
    return host


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("cwtui us", ["user"]),
        ("cwtui user re", ["remove", "reset-password", "reset-mfa"]),
        ("cwtui user list --o", ["--origin"]),
        ("cwtui user list --origin ", ["local", "ldap"]),
        ("cwtui user list --mfa=re", ["required"]),
        ("cwtui user list --mfa none", ["none"]),
        ("cwtui user list --role adm", ["connectware-admin"]),
        ("cwtui audit --event SIGN_IN.P", ["sign_in.password"]),
        ("cwtui audit --since ", ["1h", "1d", "7d", "today"]),
        ("cwtui user list --role ", ["connectware-admin", "minimum-access"]),
        ("cwtui user add bob --role c", ["connectware-admin"]),
        ("cwtui user add a", []),
        ("cwtui user show a", ["admin", "alice", "ann@example.com"]),
        ("cwtui user show AL", ["alice"]),
        ("cwtui user show ann@ex", ["@example.com"]),
        ("cwtui user show ä", ["älice"]),
        ("cwtui user show nosuch", []),
        ("cwtui user reset-mfa al", ["alice"]),
        ("cwtui directory test al", ["alice"]),
        ("cwtui audit --user ali", ["alice"]),
        ("cwtui init --admin ali", ["alice"]),
        (
            "cwtui audit --event backup",
            [
                "backup_codes",
                "backup_codes.regenerate",
                "backup_codes.acknowledge",
            ],
        ),
        ("cwtui audit --outcome f", ["failure"]),
        ("cwtui settings set code", ["code_limit", "code_ban_minutes"]),
        ("cwtui settings set mfa ", ["off", "optional", "required"]),
        ("cwtui settings set mfa_required_for_new_ldap_users ", ["yes", "no"]),
        ("cwtui settings set password_min ", []),
        ("cwtui settings set nosuch ", []),
        ("cwtui help locked", ["locked-out"]),
        ("cwtui help us", ["user"]),
        ("cwtui help user sh", ["show"]),
        ("cwtui help ldap ", []),
        ("cwtui completion f", ["fish"]),
        ("cwtui store backup /me", ["file,/me"]),
        ("cwtui user show 'al", ["alice"]),
    ],
)
def test_bash_is_offered_matching_words(
    full: Host, line: str, offered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answer(full, line, monkeypatch) == offered


def test_every_setting_and_event_is_offered(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer(host, "cwtui settings set ", monkeypatch) == list(settings.KEYS)
    assert set(EventType) < set(answer(host, "cwtui audit --event ", monkeypatch))


def test_filters_are_completed_word_by_word(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for line, offered in (  # bash replaces only what follows the last colon
        ("user list mfa:none l", ["last:", "locked"]),
        ("user list mfa:", ["enabled", "required", "none"]),
        ("user list last:", ["never", "today"]),  # < and > would be redirections
        ("user list --filter or", ["origin:"]),
        ("user list --fields username,ori", ["username,origin"]),
        ("audit --filter outcome:", ["success", "failure"]),
    ):
        assert answer(host, f"cwtui {line}", monkeypatch) == offered


def test_paths_are_offered_for_config_and_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for line, offered in (("cwtui --config /e", "file,/e"), ("cwtui --store /s", "dir,/s")):
        monkeypatch.setenv("COMP_LINE", line)
        assert run("completion", "bash", "--answer").out.splitlines() == [offered]


def test_the_hidden_option_is_not_offered(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--answer" not in answer(host, "cwtui completion --", monkeypatch)


@pytest.mark.parametrize(
    "line", ["cwtui user show a", "cwtui user remove ", "cwtui audit --user a"]
)
def test_an_unreadable_host_offers_nothing_silently(
    host: Host, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.keyring.unlink()
    assert answer(host, line, monkeypatch) == []
    host.accounts.write_text("{")
    assert answer(host, line, monkeypatch) == []
    host.config.write_text("= =")
    assert answer(host, line, monkeypatch) == []


def test_completing_writes_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    before = host.files()
    answer(host, "cwtui user show a", monkeypatch)
    assert host.files() == before


def test_completing_creates_no_store(new_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer(new_host, "cwtui user show a", monkeypatch) == []
    assert set(new_host.files()) == {"config.toml"}


def test_too_many_names_are_not_offered(full: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "_MOST", 2)
    assert answer(full, "cwtui user show a", monkeypatch) == []
    assert answer(full, "cwtui user show al", monkeypatch) == ["alice"]


@pytest.mark.parametrize("name", ["a$(touch x)", "a;x", "a b", "a`x`", "a\nb", "a'b", "a*"])
def test_names_with_shell_characters_are_not_offered(
    full: Host, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(shutil.copytree(full.folder, tmp_path / "copy"))
    put(host, name)
    offered = answer(host, "cwtui user show a", monkeypatch)
    assert offered == ["admin", "alice", "ann@example.com"]


def test_zsh_and_fish_get_display_names_too(full: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"cwtui --config {full.config} user show al"
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", "5")
    assert run("completion", "zsh", "--answer").out == "plain\nalice\nAlice, $(id)\n"
    monkeypatch.setenv("COMP_CWORD", "al")
    assert run("completion", "fish", "--answer").out == "plain,alice\tAlice, $(id)\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_calls_a_command_and_uses_no_variable(shell: str) -> None:
    script = run("completion", shell).out
    assert f"completion {shell} --answer 2>/dev/null" in script
    assert "_COMPLETE" not in script


def test_a_variable_set_from_outside_lists_nobody(full: Host) -> None:
    """The other end of a connection may set variables before entering any password."""
    env = {
        "_CWTUI_COMPLETE": "bash_complete",
        "COMP_WORDS": f"cwtui --config {full.config} user show a",
        "COMP_CWORD": "5",
    }
    result = full.process(env=env)
    assert (result.status, result.out) == (2, "")
    assert "standard input" in result.err


def test_an_unknown_shell_is_refused() -> None:
    result = run("completion", "tcsh")
    assert result.status == 2
    assert "bash" in result.err


def test_devices_of_the_named_account_are_offered(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their owners chose the names."""
    put(host, "jane")
    enrol(host, "jane")
    for name in ("Phone2", "Work tablet", "P$(id)", "P;x"):
        enrol_too(host, "jane", name)
    line = "cwtui user reset-mfa jane --device "
    assert answer(host, line, monkeypatch) == ["Phone", "Phone2"]
    assert answer(host, f"{line}T", monkeypatch) == []
    assert answer(host, "cwtui user reset-mfa nosuch --device ", monkeypatch) == []
    assert answer(host, "cwtui user reset-mfa --device ", monkeypatch) == []
    host.keyring.unlink()
    assert answer(host, line, monkeypatch) == []
