"""A directory of 10,000 entries: finding one, finding many in pages, and server limits."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui.accounts.directory_port import DirectoryMisconfigured, DirectoryUser
from cwtui.directory import visit
from cwtui.directory.channel import PAGE, Channel
from cwtui.directory.client import LdapDirectory
from cwtui.directory.transport import Deadline
from tests.directory.people import PASSWORD, PEOPLE, plain, policy, reader, unit
from tests.servers import slapd as servers
from tests.servers.certificates import Certificate
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.usefixtures("library")

MANY = 10_000
PAGER = f"uid=u1,{PEOPLE}"
"""The account that may read all pages; others get 500 entries in total."""

BY_ATTRIBUTE = {"mode": "attribute", "roles": {}, "roles_attribute": "employeeType"}


def entry(number: int) -> str:
    return (
        f"dn: uid=u{number},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: u{number}\ncn: x\nsn: x\n"
        f"userPassword: {PASSWORD.reveal()}\nemployeeType: minimum-access\n\n"
    )


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Slapd]:
    ldif = (
        *map(unit, ("people", "groups", "policies")),
        reader(),
        policy("usual"),
        *(entry(number) for number in range(MANY)),
    )
    folder = tmp_path_factory.mktemp("crowd")
    database = f'limits dn.exact="{PAGER}" size.soft=500 size.hard=500 size.prtotal=unlimited\n'
    with servers.start(folder, certificate, "".join(ldif), database=database) as running:
        yield running


def test_one_of_10000_users_is_found(tmp_path: Path, crowd: Slapd) -> None:
    directory = LdapDirectory(plain(tmp_path, crowd, **BY_ATTRIBUTE))
    user = directory.check_password("u9999", PASSWORD)
    assert (user.dn, user.roles) == (f"uid=u9999,{PEOPLE}", ("minimum-access",))
    assert directory.find("u10000") is None


def test_many_users_are_found_in_batches(tmp_path: Path, crowd: Slapd) -> None:
    """More than one batch; missing users are reported as such."""
    directory = LdapDirectory(plain(tmp_path, crowd, **BY_ATTRIBUTE))
    names = [f"u{number}" for number in range(MANY - 300, MANY + 50)]
    progress: list[tuple[int, int]] = []
    found = directory.find_all(names, lambda done, of: progress.append((done, of)))
    assert list(found) == names
    assert {name for name, user in found.items() if user is None} == set(names[300:])
    assert all(isinstance(found[name], DirectoryUser) for name in names[:300])
    assert found["u9999"] == directory.find("u9999")
    assert progress == [(100, 350), (200, 350), (300, 350), (350, 350)]
    assert directory.find_all([], lambda done, of: progress.append((done, of))) == {}


def test_all_users_are_read_in_pages(tmp_path: Path, crowd: Slapd) -> None:
    """Without paging, the server gives at most 500."""
    settings = plain(tmp_path, crowd)
    (parsed,) = settings.parsed_servers
    with Channel(parsed, settings, Deadline(time.monotonic, 600)) as channel:
        assert channel.bind(PAGER, PASSWORD).code == 0
        pages = list(channel.pages(PEOPLE, "(uid=u99*)", ["uid"]))
        assert [len(page) for page in pages] == [111]
        pages = list(channel.pages(PEOPLE, "(|(uid=u9*)(uid=u1*))", ["uid"]))
        assert len({entry.dn for page in pages for entry in page}) == 2222
        assert max(len(page) for page in pages) == PAGE
        (*_, last) = channel.first_two(PEOPLE, "(uid=u*)", ["uid"])
        assert last.texts("uid")


def test_a_page_cut_short_by_the_server_is_an_error(
    tmp_path: Path, crowd: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users missing from it would count as gone. Batches are smaller than usual limits."""
    monkeypatch.setattr(visit, "_BATCH", 600)
    directory = LdapDirectory(plain(tmp_path, crowd, **BY_ATTRIBUTE))
    with pytest.raises(DirectoryMisconfigured, match="sizeLimitExceeded"):
        directory.find_all([f"u{number}" for number in range(600)], lambda _done, _of: None)
