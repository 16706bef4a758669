"""Awkward names in a real directory: in filters, DNs, groups and on screen."""

import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ldap3 import BASE, MODIFY_REPLACE, Connection, Server

from cwtui.accounts.secret import Secret
from cwtui.directory.channel import Channel
from cwtui.directory.client import LdapDirectory
from cwtui.directory.escaping import escaped
from cwtui.directory.transport import Deadline
from tests.directory.people import (
    GROUPS,
    PASSWORD,
    PEOPLE,
    READER,
    READER_PASSWORD,
    plain,
    policy,
    reader,
    speaking,
    unit,
)
from tests.servers import slapd as servers
from tests.servers.certificates import Certificate
from tests.servers.slapd import ADMIN, ADMIN_PASSWORD, Slapd

OCTETS = """
attributetype ( 1.3.6.1.4.1.32473.2 NAME 'octets' EQUALITY octetStringMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.32473.3 NAME 'holder' SUP top AUXILIARY MAY octets )
"""
"""An attribute type compared byte by byte, without ignoring case or spaces."""

HOLDER = f"cn=holder,{PEOPLE}"
LDIF = "".join(
    (
        *map(unit, ("people", "groups", "policies")),
        reader(),
        policy("usual"),
        f"dn: {HOLDER}\nobjectClass: organizationalRole\nobjectClass: holder\ncn: holder\n\n",
    )
)
AWKWARD = [
    "Smith, John",
    "a*b",
    "(both)",
    "back\\slash",
    "#first",
    " leading and trailing ",
    'quote"',
    "a=b+c<d>e;f",
    "Jürgen Größe",
    "ىوسف אבג",
    "\u202egnihtemos",
    "with\x1b[2Jescape",
    "\U0001f511",
    "x" * 200,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Slapd]:
    folder = tmp_path_factory.mktemp("names")
    with servers.start(folder, certificate, LDIF, [OCTETS]) as running:
        yield running


@pytest.fixture(scope="module")
def admin(server: Slapd) -> Iterator[Connection]:
    connection = Connection(Server(server.ldap), ADMIN, ADMIN_PASSWORD, check_names=False)
    assert connection.bind()
    yield connection
    connection.unbind()


@pytest.fixture(scope="module")
def channel(
    server: Slapd, tmp_path_factory: pytest.TempPathFactory, each_library: str
) -> Iterator[Channel]:
    with speaking(each_library):
        settings = plain(tmp_path_factory.mktemp("channel"), server)
    (parsed,) = settings.parsed_servers
    with Channel(parsed, settings, Deadline(time.monotonic, 60)) as opened:
        assert opened.bind(READER, Secret(READER_PASSWORD)).code == 0
        yield opened


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("nested", ["off", "memberOf"])
def test_a_user_with_an_awkward_dn_can_sign_in(
    tmp_path: Path, server: Slapd, admin: Connection, name: str, nested: str
) -> None:
    """The DN from the server is used to bind and to search group members."""
    dn, group = f"cn={escaped(name)},{PEOPLE}", f"cn={escaped(name)},{GROUPS}"
    person = {"cn": name, "sn": "x", "uid": "someone", "userPassword": PASSWORD.reveal()}
    assert admin.add(dn, "inetOrgPerson", person), admin.result
    assert admin.add(group, "groupOfNames", {"member": dn}), admin.result
    try:
        settings = plain(tmp_path, server, roles={"connectware-admin": (group,)}, nested=nested)
        user = LdapDirectory(settings).check_password("someone", PASSWORD)
    finally:
        admin.delete(dn)
        admin.delete(group)
    assert user.roles == ("connectware-admin",)
    assert not set("\u202e\x1b") & set(user.display_name)
    if name.isprintable():
        assert user.display_name == name.strip()[:100]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_found_however_its_letters_are_composed(
    tmp_path: Path, server: Slapd, admin: Connection, form: Literal["NFC", "NFD"]
) -> None:
    """Servers that compare bytes keep "ü" as one character or as two, and so do keyboards."""
    dn, kept = f"cn=composed,{PEOPLE}", unicodedata.normalize(form, "müller")
    person = {"cn": "composed", "sn": "x", "userPassword": PASSWORD.reveal(), "octets": kept}
    assert admin.add(dn, ["inetOrgPerson", "holder"], person), admin.result
    try:
        directory = LdapDirectory(plain(tmp_path, server, user_rdn="octets"))
        for typed in ("müller", "mu\u0308ller"):
            assert directory.check_password(typed, PASSWORD).dn == dn
            assert directory.find(typed) is not None
            assert directory.find_all([typed], lambda *_: None).keys() == {"müller"}
    finally:
        admin.delete(dn)


@example(value="\0")
@example(value="a\0b*)(uid=*")
@given(value=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_slapd_understands_the_filter_as_intended(
    admin: Connection, channel: Channel, value: str
) -> None:
    """An independent parser of filters: it finds the value but not a longer one."""
    kept = {"octets": [(MODIFY_REPLACE, [value.encode()])]}
    assert admin.modify(HOLDER, kept), admin.result
    assert [entry.dn for entry in channel.read(HOLDER, f"(octets={escaped(value)})")] == [HOLDER]
    assert not channel.read(HOLDER, f"(octets={escaped(value + 'x')})")


@given(value=st.text('*()\\,#=+ äא\u0301;"<>', min_size=1, max_size=12))
def test_slapd_understands_the_dn_as_intended(admin: Connection, value: str) -> None:
    dn = f"description={escaped(value)},{PEOPLE}"
    if not value.strip():
        return
    assert admin.add(dn, ["organizationalRole"], {"cn": "x", "description": value}), admin.result
    try:
        assert admin.search(dn, "(objectClass=*)", BASE, attributes=["description"])
        (found,) = admin.response
        assert found["raw_attributes"]["description"] == [value.encode()]
    finally:
        assert admin.delete(dn)
