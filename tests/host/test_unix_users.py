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
