"""One certificate authority and one server per test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.directory import people, python_ldap
from tests.directory.people import HIDDEN, LDIF, MEMBERSHIPS
from tests.servers import slapd as servers
from tests.servers.certificates import Authority, Certificate
from tests.servers.slapd import Slapd


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Certificate:
    return authority.certificate("good", "127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Slapd]:
    """The server with the test users. A test that changes a user needs one of its own."""
    folder = tmp_path_factory.mktemp("slapd")
    with servers.start(folder, certificate, LDIF, database=HIDDEN) as running:
        running.add(MEMBERSHIPS)
        yield running


@pytest.fixture
def ca_file(authority: Authority) -> Path:
    return authority.file


@pytest.fixture(scope="session")
def _libldap(tmp_path_factory: pytest.TempPathFactory) -> None:
    python_ldap.require(tmp_path_factory.mktemp("python-ldap"))


@pytest.fixture(scope="module", params=people.LIBRARIES)
def each_library(request: pytest.FixtureRequest) -> str:
    """The name of each LDAP library, which can be imported."""
    if request.param == "libldap":
        request.getfixturevalue("_libldap")
    return str(request.param)


@pytest.fixture
def library(each_library: str) -> Iterator[str]:
    """Run the test with each LDAP library, which all configurations then use."""
    with people.speaking(each_library):
        yield each_library
