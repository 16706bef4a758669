"""One certificate authority and one server per test process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
