"""What the system's user database says of a name."""

import os
import pwd
from pathlib import Path

import pytest

from cwtui.host import unix_users


def test_root_and_the_owner_of_the_store_are_found(tmp_path: Path) -> None:
    root = unix_users.find("root", lambda: tmp_path / "missing")
    assert root is not None
    assert (root.uid, root.owns_store) == (0, False)
    assert "root" in root.groups
    owner = unix_users.find(pwd.getpwuid(os.geteuid()).pw_name, lambda: tmp_path)
    assert owner is not None
    assert owner.owns_store


@pytest.mark.parametrize("name", ["no-such-user", "0", "Root", "r\u00f6\u00f6t", "a\0b", "\udc80"])
def test_other_names_are_nobody(tmp_path: Path, name: str) -> None:
    assert unix_users.find(name, lambda: tmp_path) is None


@pytest.mark.parametrize(
    ("content", "is_known"),
    [
        ("passwd: files systemd\n", True),
        ("# passwd: sss\npasswd:\tfiles # sss\ngroup: files sss\n", True),
        ("passwd: files sss\n", False),
        ("passwd: files [NOTFOUND=return] ldap\n", False),
        ("group: files\n", False),
        ("passwd: files\npasswd: sss\n", False),
        ("", False),
        (None, False),
    ],
)
def test_all_names_are_known_where_all_sources_list_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, is_known: bool
) -> None:
    file = tmp_path / "nsswitch.conf"
    if content is not None:
        file.write_text(content)
    monkeypatch.setattr(unix_users, "_NSSWITCH", file)
    names = unix_users.all_names()
    assert (names is not None) == is_known
    assert names is None or {"root", pwd.getpwuid(os.geteuid()).pw_name} <= names
