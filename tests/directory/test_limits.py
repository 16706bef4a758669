"""An OpenLDAP that gives less than it is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cwtui.accounts.directory_port import DirectoryMisconfigured
from cwtui.directory.client import LdapDirectory
from tests.directory.people import LDIF, MEMBERSHIPS, PASSWORD, READER, plain
from tests.servers import slapd as servers
from tests.servers.certificates import Certificate
from tests.servers.slapd import Slapd


@contextmanager
def limited(folder: Path, certificate: Certificate, limits: str) -> Iterator[Slapd]:
    (folder / "slapd").mkdir()
    database = f'limits dn.exact="{READER}" {limits}'
    with servers.start(folder / "slapd", certificate, LDIF, database=database) as running:
        running.add(MEMBERSHIPS)
        yield running


def test_a_size_limit_of_one_lets_nobody_in(tmp_path: Path, certificate: Certificate) -> None:
    """The second of two entries of one name would not be seen."""
    with limited(tmp_path, certificate, "size=1") as running:
        directory = LdapDirectory(plain(tmp_path, running))
        with pytest.raises(DirectoryMisconfigured, match="fewer than two"):
            directory.check_password("two", PASSWORD)
        assert directory.check_password("alice", PASSWORD).username == "alice"


@pytest.mark.parametrize("limits", ["size.prtotal=disabled", "size.pr=50"])
def test_pages_that_are_forbidden(tmp_path: Path, certificate: Certificate, limits: str) -> None:
    with limited(tmp_path, certificate, limits) as running:
        directory = LdapDirectory(plain(tmp_path, running))
        names = ["alice", "bob", "nobody"]
        found = directory.find_all(names, lambda _done, _of: None)
        assert found == {name: directory.find(name) for name in names}
        assert found["alice"] is not None


def test_pages_that_are_forbidden_and_too_many_at_once(
    tmp_path: Path, certificate: Certificate
) -> None:
    """Who is missing in the answer would be taken for gone."""
    with limited(tmp_path, certificate, "size=2 size.prtotal=disabled") as running:
        directory = LdapDirectory(plain(tmp_path, running))
        with pytest.raises(DirectoryMisconfigured, match="sizeLimitExceeded"):
            directory.find_all(["alice", "bob", "carol"], lambda _done, _of: None)
