"""`cwtui key`: status, rotate and retire."""

import os
import re
import time
from collections.abc import Callable

import pytest

from cwtui.accounts.upkeep import key_rotation as keys
from cwtui.accounts.upkeep.key_rotation import Rotation
from cwtui.keyring.file_keyring import FileKeyring
from tests.cli.commands import Host


def first_key(host: Host) -> str:
    return host.ports().keyring.active


def backdate(host: Host) -> None:
    """Make every key two hours older."""
    content = host.keyring.read_text()
    earlier = re.sub(
        r'("created_at": )([0-9.]+)', lambda found: f"{found[1]}{float(found[2]) - 7200}", content
    )
    host.keyring.write_text(earlier)


def sign_in_anew(host: Host) -> None:
    """Move everything of the admin off the old key."""
    assert host.run("user", "add", "other", "--role", "connectware-admin", "--yes").status == 0
    assert host.run("user", "reset-password", "admin").status == 0


def test_status_shows_each_key(host: Host) -> None:
    old = first_key(host)
    assert host.run("key", "rotate").status == 0
    result = host.run("key", "status")
    assert (result.status, result.err) == (0, "")
    heading, first, second = result.out.splitlines()
    assert heading.split() == ["KEY", "STATE", "CREATED", "SECRETS", "PASSWORDS", "CODES"]
    assert first.split()[:3] == [old, "in", "use"]
    assert first.split()[-3:] == ["0", "1", "0"]
    assert second.split()[:2] == [first_key(host), "active"]
    assert max(map(len, result.out.splitlines())) <= 80


def test_an_active_key_that_the_store_does_not_know(host: Host) -> None:
    with FileKeyring.load(host.keyring).change() as change:
        foreign = change.add(time.time())
    refusals = {("user", "list"): 3, ("user", "reset-password", "admin"): 3, ("store", "check"): 1}
    for command, status in refusals.items():
        result = host.run(*command)
        assert f"The store does not know the active key {foreign}" in " ".join(result.err.split())
        assert result.status == status
    result = host.run("key", "status")
    assert result.status == 0
    assert f"The store does not know the active key {foreign}, so nobody can sign in." in result.err
    assert f"cwtui --config {host.config} key rotate" in result.err
    assert host.run("key", "rotate").status == 0
    assert host.run("key", "status").err == ""
    assert host.run("user", "list").status == 0
    assert host.run("store", "check").status == 0


def test_status_prints_json(host: Host) -> None:
    result = host.run("key", "status", "--json")
    assert result.json["keyring"] == str(host.keyring)
    assert result.json["in_store"] is False
    assert result.json["rotation_under_way"] is False
    [key] = result.json["keys"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", key.pop("created_at"))
    assert key == {
        "id": first_key(host),
        "state": "active",
        "totp_secrets": 0,
        "passwords": 1,
        "backup_code_sets": 0,
        "retirable_at": None,
    }
    assert result.err == ""


def test_a_keyring_inside_the_store_causes_a_warning(host: Host) -> None:
    inside = host.store / "keyring.json"
    inside.write_bytes(host.keyring.read_bytes())
    inside.chmod(0o600)
    host.config.write_text(f'store.url = "{host.store}"\nkeyring.file = "{inside}"\n')
    assert "is in the store's folder" in host.run("key", "status").err
    assert host.run("key", "status", "--json").json["in_store"] is True


def test_rotate_says_what_it_did_and_what_to_do_next(host: Host) -> None:
    old = first_key(host)
    result = host.run("key", "rotate")
    assert (result.status, result.out) == (0, "")
    assert result.err.splitlines() == [
        f"Created the key {first_key(host)} and re-encrypted 0 TOTP secrets.",
        f"The key {old} is still needed. It protects 1 password.",
        f"Back up {host.keyring} now. Older copies lack the new key.",
    ]
    event = host.audit[-1]
    assert (event["event"], event["subject"]) == ("key.rotate", "")
    assert event["reason"] == f"key={first_key(host)} before={old}"


def test_retire_removes_unused_keys(host: Host) -> None:
    old = first_key(host)
    host.run("key", "rotate")
    sign_in_anew(host)
    early = host.run("key", "retire")
    assert early.status == 0
    assert re.fullmatch(
        rf"The key {old} no longer protects anything\. It can be retired from "
        rf"\d{{4}}-\d\d-\d\d \d\d:\d\d UTC on: cwtui --config {host.config} key retire\n",
        early.err,
    )
    backdate(host)
    result = host.run("key", "retire")
    assert (result.status, result.out) == (0, "")
    assert result.err == (
        f"Retired 1 key: {old}. Older backups of the store need an older copy of the keyring.\n"
    )
    assert host.audit[-1]["event"] == "key.retire"
    assert [key["id"] for key in host.run("key", "status", "--json").json["keys"]] != [old]
    assert host.run("user", "list").status == 0


def test_ctrl_c_says_that_the_rotation_can_be_resumed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Rotation:
        raise KeyboardInterrupt

    monkeypatch.setattr(keys, "rotate", interrupted)
    result = host.run("key", "rotate")
    assert result.status == 130
    assert result.err.strip() == (
        f"Interrupted. Nobody is locked out. To continue: cwtui --config {host.config} key rotate"
    )


def test_rotate_names_unreadable_secrets(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(f"user{number}" for number in range(7))
    monkeypatch.setattr(keys, "rotate", lambda *_: Rotation("k", False, 3, names, ()))
    lines = host.run("key", "rotate").err.splitlines()
    assert lines[0] == "Resumed the rotation to the key k and re-encrypted 3 TOTP secrets."
    assert lines[1] == (
        "The MFA secrets of these accounts cannot be decrypted and were not changed: user0, "
        "user1, user2, user3, user4 and 2 more. To reset each: "
        f"cwtui --config {host.config} user reset-mfa NAME"
    )


@pytest.mark.parametrize(
    "spoil",
    [lambda host: host.keyring.unlink(), lambda host: host.keyring.write_bytes(b"{}")],
    ids=["missing", "damaged"],
)
@pytest.mark.parametrize("command", ["status", "rotate", "retire"])
def test_key_commands_need_the_keyring(
    host: Host, command: str, spoil: Callable[[Host], object]
) -> None:
    spoil(host)
    before = host.files()
    result = host.run("key", command)
    assert (result.status, result.out) == (3, "")
    assert str(host.keyring) in result.err
    assert host.files() == before


def test_a_systemd_credential_cannot_be_rotated(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(host.keyring.parent))
    host.config.write_text(f'store.url = "{host.store}"\nkeyring.credential = "keyring.json"\n')
    assert host.run("key", "status").status == 0
    for command in ("rotate", "retire"):
        result = host.run("key", command)
        assert (result.status, result.out) == (1, "")
        assert "set keyring.file in the configuration" in result.err
    assert f"exists  {host.keyring}" in host.run("--paths").out
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    result = host.run("key", "status")
    assert result.status == 3
    assert "CREDENTIALS_DIRECTORY is not set" in result.err
    assert "missing  /run/credentials/UNIT/keyring.json" in host.run("--paths").out


def test_a_new_key_has_the_current_time(host: Host) -> None:
    made = host.ports().keyring.all_keys()[0].created_at
    assert abs(made - time.time()) < 3600
    assert os.stat(host.keyring).st_mode & 0o777 == 0o600  # noqa: PTH116  the mode alone
