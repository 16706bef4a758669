"""`cwtui doctor`: the whole command, on a host of the tests."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cwtui.accounts import times
from cwtui.cli import doctor
from cwtui.doctor import subject
from cwtui.doctor.programs import Answer
from tests.cli.commands import Host
from tests.doctor import hosts
from tests.programs import as_root

SUDO = "auth required pam_cwtui.so mode=code\naccount required pam_cwtui.so\n"
AREAS = [
    "Configuration", "Store", "Keyring", "Audit log", "Clock", "Directory", "Service", "RADIUS",
    "PAM", "sshd", "sudo", "People", "Root", "Terminal", "Sessions", "Versions",
]  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A host with Debian's PAM files in a folder, and its root."""
    root = tmp_path / "root"
    synchronised = Answer(0, "NTPSynchronized=yes\n", "")
    machine = hosts.machine(
        root,
        hosts.with_pam({}),
        {
            "sshd": hosts.sshd(hosts.printed()),
            "timedatectl": synchronised,
        },
        euid=os.geteuid(),
    )
    monkeypatch.setattr(doctor, "Machine", lambda: replace(machine, now=time.time))
    return root


def test_a_host_without_doors_is_well(host: Host) -> None:
    before = host.files()
    result = host.run("doctor")
    assert result.status == 0, result
    assert result.err == "No problem, 2 warnings, nothing unknown.\n"
    lines = result.out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == AREAS
    assert max(len(line) for line in lines if str(host.folder) not in line) <= 80
    assert "  warning  passwords.bcrypt_cost is 10" in result.out
    assert "  warning  The active key " in result.out
    assert host.files() == before


def test_an_area_that_does_not_exist_is_answered_with_the_nearest(host: Host) -> None:
    result = host.run("doctor", "sshh")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(
        "AREA: cannot be 'sshh'. Did you mean 'sshd'? Choose configuration, store, "
    )
    assert "Did you mean" not in host.run("doctor", "everything").err


def test_json_has_every_finding(host: Host) -> None:
    result = host.run("doctor", "--json")
    assert result.status == 0
    found = result.json
    assert {*found[0]} == {"area", "level", "sentence", "action"}
    assert [*dict.fromkeys(one["area"] for one in found)] == [
        area.lower().replace("audit log", "audit") for area in AREAS
    ]


def test_named_areas_alone_are_looked_at(host: Host) -> None:
    result = host.run("doctor", "keyring", "clock", "--json")
    assert {one["area"] for one in result.json} == {"keyring", "clock"}
    wrong = host.run("doctor", "keyrings")
    assert wrong.status == 2
    assert "Choose configuration, store" in wrong.err


def test_after_a_backup_the_keyring_needs_no_warning(host: Host) -> None:
    assert host.run("store", "backup", str(host.folder / "backup.tar")).status == 0
    result = host.run("doctor", "keyring")
    assert result.err == "No problem, no warning, nothing unknown.\n"
    assert "Make sure that your copy of the keyring has the key" in result.out
    assert host.run("key", "rotate").status == 0
    again = host.run("doctor", "keyring")
    assert again.err == "No problem, 1 warning, nothing unknown.\n"


@pytest.mark.parametrize(
    ("area", "words", "harm"),
    [
        ("store", "Other users can access", lambda host: host.accounts.chmod(0o644)),
        ("store", "Other users can access", lambda host: host.store.chmod(0o755)),
        ("store", "accounts.json", lambda host: host.accounts.write_text("{")),
        (
            "store",
            "sign-in is missing",
            lambda host: (host.store / "sign-in").rename(host.folder / "away"),
        ),
        ("store", "There is no store in", lambda host: host.store.rename(host.folder / "away")),
        ("keyring", "is missing", lambda host: host.keyring.unlink()),
        ("keyring", "Other users can access", lambda host: host.keyring.chmod(0o640)),
        ("audit", "The audit log is missing", lambda host: (host.store / "audit.jsonl").unlink()),
        ("configuration", "`stor`", lambda host: host.config.write_text("stor.url = 1\n")),
    ],
)
def test_damage_is_a_problem_of_its_area(
    host: Host, area: str, words: str, harm: Callable[[Host], object]
) -> None:
    harm(host)
    result = host.run("doctor", area, "--json")
    assert result.status == 1, result
    (first, *_) = [one for one in result.json if one["level"] == "problem"]
    assert first["area"] == area
    assert words in first["sentence"]
    others = {one["area"] for one in host.run("doctor", "--json").json if one["level"] == "problem"}
    assert others <= {area, "keyring", "store"}


def test_an_old_copy_of_the_keyring_is_a_problem(host: Host) -> None:
    copy = host.keyring.read_bytes()
    assert host.run("key", "rotate").status == 0
    assert host.run("user", "add", "bob").status == 0
    assert host.run("doctor", "keyring").status == 0
    host.keyring.write_bytes(copy)
    (problem, *_) = host.run("doctor", "keyring", "--json").json
    assert problem["level"] == "problem"
    assert "lacks the key" in problem["sentence"]


def test_an_old_copy_of_the_store_does_not_know_the_newest_key(host: Host) -> None:
    shutil.copytree(host.store, host.folder / "copy")
    assert host.run("key", "rotate").status == 0
    shutil.rmtree(host.store)
    (host.folder / "copy").rename(host.store)
    (problem, *_) = host.run("doctor", "keyring", "--json").json
    assert problem["level"] == "problem"
    assert "does not know the active key" in problem["sentence"]


@as_root
def test_root_does_not_open_the_store_of_another_user(host: Host) -> None:
    os.chown(host.store, 12345, 12345)
    result = host.run("doctor", "store", "keyring", "audit", "people", "--json")
    assert result.status == 3
    assert {one["level"] for one in result.json} == {"unknown"}
    first, *others = (one["action"] for one in result.json)
    assert first.startswith("Run: setpriv --reuid=12345 --clear-groups -- ")
    assert first.endswith(f"cwtui --config {host.config} doctor store keyring audit people")
    assert not any(others)


def test_a_door_without_its_service_is_a_problem(host: Host, elsewhere: Path) -> None:
    (elsewhere / "etc/pam.d/sudo").write_text(SUDO)
    (elsewhere / "etc/sudoers").write_text("Defaults timestamp_timeout=0\n")
    result = host.run("doctor", "pam", "service", "sudo", "people", "--json")
    assert result.status == 1, result.out
    problems = [one["sentence"] for one in result.json if one["level"] == "problem"]
    assert len(problems) == 1, problems
    assert problems[0].endswith("so nobody gets in at sudo.")
    warnings = [one["sentence"] for one in result.json if one["level"] == "warning"]
    assert warnings == [
        "2 Unix users have no account and cannot enter where cwtui is asked (sudo): alice, bob."
    ]


def test_a_limited_number_of_accounts_is_compared(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is known of Unix users without an account. Last days are looked at of all."""
    assert host.run("user", "add", "bob").status == 0
    tomorrow = times.day(time.time() + 86400)
    assert host.run("user", "set", "bob", "--expires", tomorrow).status == 0
    monkeypatch.setattr(subject, "MOST_ACCOUNTS", 1)
    sentences = [one["sentence"] for one in host.run("doctor", "people", "--json").json]
    assert sentences[0] == "Only the first 1 of 2 accounts were compared with Unix users."
    assert not any("alice" in sentence for sentence in sentences)
    assert "1 account expires in the next 14 days: bob." in sentences


def test_the_keyring_in_the_store_is_a_warning(host: Host) -> None:
    inside = host.store / "keyring.json"
    host.keyring.rename(inside)
    host.config.write_text(f'store.url = "{host.store}"\nkeyring.file = "{inside}"\n')
    result = host.run("doctor", "keyring", "--json")
    assert f"{inside} is in the store's folder" in result.json[1]["sentence"]
    assert result.status == 0


def test_a_credential_can_only_be_read_in_its_unit(host: Host) -> None:
    host.config.write_text(f'store.url = "{host.store}"\nkeyring.credential = "keys"\n')
    result = host.run("doctor", "keyring", "store", "--json")
    assert result.status == 3, result
    assert [one["area"] for one in result.json if one["level"] == "unknown"] == ["keyring"]


def test_a_directory_that_does_not_answer_is_a_problem(host: Host) -> None:
    with host.config.open("a") as config:
        config.write(
            '[directory]\nservers = ["ldap://127.0.0.1:1"]\nbase = "dc=x"\n'
            "unsafe_plain_ldap_on_loopback = true\n[directory.roles]\n"
            'minimum-access = ["cn=all,dc=x"]\n'
        )
    result = host.run("doctor", "directory", "--json")
    assert result.status == 1
    assert "No directory server can be used" in result.json[0]["sentence"]
