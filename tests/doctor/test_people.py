"""People and their Unix users: whom a door would refuse."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cwtui.accounts.listing import AccountRow, Present
from cwtui.accounts.settings import OrganizationSettings
from cwtui.doctor import people
from cwtui.doctor.doors import Door
from cwtui.doctor.findings import Level
from cwtui.doctor.machine import UnixUser
from cwtui.doctor.people import Matching
from tests.doctor.hosts import ASKS_CODE, COMMON, PASSWD, getent, machine, said, subject, with_pam


def row(
    name: str, *, factor: bool = False, required: bool = False, enabled: bool = True
) -> AccountRow:
    second = Present() if factor else None
    return AccountRow(username=name, second_factor=second, mfa_required=required, enabled=enabled)


def unix(*names: str) -> list[UnixUser]:
    return [UnixUser(name, 1000, 1000, "/home", "/bin/sh") for name in names]


def test_people_whom_a_door_would_refuse(tmp_path: Path) -> None:
    host = subject(machine(tmp_path, with_pam({"sudo": ASKS_CODE})))
    door = Door(host.pam["sudo"], host.machine)
    rows = [
        row("ada", factor=True),
        row("bob"),
        row("carol", enabled=False),
        row("dora", required=True),
        row("far"),
    ]
    known = frozenset(("ada", "bob", "carol", "dora"))
    matching = Matching(rows, OrganizationSettings(), unix("ada", "bob", "eve"), known, [door])
    warnings = said(people.judged(matching), Level.WARNING)
    assert warnings == [
        "1 Unix user has no account and cannot enter where cwtui is asked (sudo): eve.",
        "sudo refuses users without a second factor who do not have to register one: bob.",
    ]
    notes = said(people.judged(matching), Level.NOTE)
    assert notes == [
        "The account far has no Unix user of the same name, so it means nothing to sshd and sudo.",
        (
            "1 person must register a device at the first sign-in: dora. A key alone does not let "
            "them in before."
        ),
        (
            "1 account with a Unix user cannot enter, as disabled, expired or gone from the "
            "directory: carol."
        ),
    ]
    before = Matching(rows, OrganizationSettings(), unix("eve"), known, [])
    assert not said(people.judged(before), Level.WARNING)
    (first, *_) = said(people.judged(before), Level.NOTE)
    assert first.startswith("1 Unix user has no account: eve. They could not enter")


def test_accounts_that_end_by_themselves() -> None:
    day = 86400.0
    ends = {"ann": day, "bob": 14 * day, "cho": 15 * day, "dan": 0.0}
    rows = [replace(row(name), expires_at=100 * day + end) for name, end in ends.items()]
    found = people.ending(rows, OrganizationSettings(unused_days=90), 100 * day)
    assert [(one.sentence, one.action) for one in found] == [
        (
            "2 accounts expire in the next 14 days: ann, bob.",
            "If that is wrong, give another last day: cwtui user set ann --expires DATE",
        ),
        (
            "Accounts are disabled after 90 days without a sign-in.",
            "To see who is next: cwtui user list 'last:>76d' status:enabled",
        ),
    ]


def test_accounts_of_powerful_unix_users_are_reported(tmp_path: Path) -> None:
    """Whoever can manage accounts can sign in as they do."""
    host = subject(machine(tmp_path, with_pam({"sudo": ASKS_CODE})))
    door = Door(host.pam["sudo"], host.machine)
    users = host.machine.unix_users("daemon", "alice", "bob", "root")
    powers = people._powers(host, users)
    assert powers == {
        "root": "may do everything",
        "daemon": "belongs to the system",
        "alice": "may become root (group sudo)",
    }
    rows = [row("alice", factor=True), row("bob", factor=True), row("daemon", factor=True)]
    known = frozenset(one.username for one in rows)
    matching = Matching(rows, OrganizationSettings(), unix(*known), known, [door], powers)
    assert said(people.judged(matching), Level.WARNING) == [
        "Whoever can manage accounts can sign in as daemon at a door, who belongs to the system."
    ]
    assert said(people.judged(matching), Level.NOTE) == [
        (
            "Whoever can manage accounts can sign in as alice at a door, who may become root "
            "(group sudo)."
        )
    ]


def test_unix_users_are_people_with_a_shell(tmp_path: Path) -> None:
    host = machine(tmp_path)
    assert [user.name for user in host.unix_users() if user.is_person] == ["alice", "bob"]
    assert [user.name for user in host.unix_users("bob", "1000", "nosuch")] == ["bob"]
    assert host.unix_users("1000") == []
    assert len(host.unix_users()) == PASSWD.count("\n")
    assert "common-auth" in COMMON


@pytest.mark.parametrize("uid", ["", "x", "-1", "\u0661000", "1" * 5000])
def test_a_line_of_passwd_without_a_number_is_passed_over(tmp_path: Path, uid: str) -> None:
    lines = f"odd:x:{uid}:1000::/home/odd:/bin/sh\n{PASSWD}"
    host = machine(tmp_path, programs={"getent": getent(lines)})
    assert [user.name for user in host.unix_users() if user.is_person] == ["alice", "bob"]
