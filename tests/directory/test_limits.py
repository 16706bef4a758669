"""An OpenLDAP server that limits its results."""

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

pytestmark = pytest.mark.usefixtures("library")


@contextmanager
def limited(folder: Path, certificate: Certificate, limits: str) -> Iterator[Slapd]:
    (folder / "slapd").mkdir()
    database = f'limits dn.exact="{READER}" {limits}'
    with servers.start(folder / "slapd", certificate, LDIF, database=database) as running:
        running.add(MEMBERSHIPS)
        yield running


def test_a_size_limit_of_one_lets_nobody_in(tmp_path: Path, certificate: Certificate) -> None:
    """A second entry with the same name would go unnoticed."""
    with limited(tmp_path, certificate, "size=1") as running:
        directory = LdapDirectory(plain(tmp_path, running))
        with pytest.raises(DirectoryMisconfigured, match="fewer than two"):
            directory.check_password("two", PASSWORD)
        assert directory.check_password("alice", PASSWORD).username == "alice"


@pytest.mark.parametrize("limits", ["size.prtotal=disabled", "size.pr=50"])
def test_without_paged_results_users_are_still_found(
    tmp_path: Path, certificate: Certificate, limits: str
) -> None:
    with limited(tmp_path, certificate, limits) as running:
        directory = LdapDirectory(plain(tmp_path, running))
        names = ["alice", "bob", "nobody"]
        found = directory.find_all(names, lambda _done, _of: None)
        assert found == {name: directory.find(name) for name in names}
        assert found["alice"] is not None


def test_a_size_limit_without_paged_results_is_an_error(
    tmp_path: Path, certificate: Certificate
) -> None:
    """Users missing from the answer would count as gone."""
    with limited(tmp_path, certificate, "size=2 size.prtotal=disabled") as running:
        directory = LdapDirectory(plain(tmp_path, running))
        with pytest.raises(DirectoryMisconfigured, match="sizeLimitExceeded"):
            directory.find_all(["alice", "bob", "carol"], lambda _done, _of: None)
