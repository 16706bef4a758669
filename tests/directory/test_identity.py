"""Identity on real servers: renamed users, ids that appear later, and unusual names."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE, Connection, Server
from ldap3.core.exceptions import LDAPEntryAlreadyExistsResult

from cwtui.accounts import sign_in, synchronising
from cwtui.accounts.directory_port import CannotUseDirectory, DirectoryMisconfigured
from cwtui.accounts.errors import SignInFailed
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn, State
from cwtui.directory.client import LdapDirectory
from cwtui.directory.config import DirectoryConfig
from cwtui.directory.escaping import escaped
from tests.accounts.world import OPERATOR, Device, World
from tests.directory.people import PASSWORD, READER_PASSWORD, by_library, policy, reader, unit
from tests.servers import ds389, samba
from tests.servers import slapd as servers
from tests.servers.certificates import Certificate
from tests.servers.enclosed import Enclosed
from tests.servers.slapd import ADMIN, ADMIN_PASSWORD

UNIT: Final = f"identity-{os.getpid()}"
"""Several processes may run these tests on one server; each keeps its unit for the session."""
READER: Final = f"reader-{os.getpid()}"
READS: Final = "Reads.what-is-there1"
"""The reader's password on servers that have password rules."""


@dataclass
class Place:
    """An empty part of a real directory, with the account that reads it."""

    admin: Connection
    base: str
    settings: dict[str, Any]
    reader_password: str
    ids: set[str]
    """The attributes that identify a person."""

    def dn(self, name: str) -> str:
        rdn = "cn" if self.is_samba else "uid"
        return f"{rdn}={escaped(name)},{self.base}"

    @property
    def is_samba(self) -> bool:
        return bool(self.settings["user_rdn"] == "sAMAccountName")

    def add(self, name: str) -> None:
        password: dict[str, object]
        if self.is_samba:
            quoted = samba.quoted(PASSWORD.reveal())
            password = {"unicodePwd": quoted, "userAccountControl": 512, "sAMAccountName": name}
            kind = ["user"]
        else:
            password = {"userPassword": PASSWORD.reveal(), "uid": name}
            kind = ["inetOrgPerson"]
        more = {"sn": "x", "cn": name, "employeeType": "minimum-access"}
        self.admin.add(self.dn(name), kind, more | password)

    def rename(self, old: str, new: str) -> None:
        rdn = self.dn(new).partition(",")[0]
        self.admin.modify_dn(self.dn(old), rdn, delete_old_dn=True)
        if self.is_samba:
            self.admin.modify(self.dn(new), {"sAMAccountName": [(MODIFY_REPLACE, [new])]})

    def client(self, folder: Path, **more: object) -> LdapDirectory:
        return LdapDirectory(
            DirectoryConfig(**(by_library() | self.settings | self._secret(folder) | more))
        )

    def _secret(self, folder: Path) -> dict[str, object]:
        file = folder / "reader"
        file.write_text(self.reader_password)
        file.chmod(0o600)
        return {"bind_password_file": str(file)}


def settings(**more: object) -> dict[str, Any]:
    return {"mode": "attribute", "roles_attribute": "employeeType", "user_rdn": "uid", **more}


@pytest.fixture(scope="module")
def open_ldap(
    tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[Place]:
    ldif = "".join((*map(unit, (UNIT, "policies")), reader(), policy("usual")))
    rules = 'access to * by dn.exact="cn=reader,dc=example,dc=com" read by * auth'
    with servers.start(
        tmp_path_factory.mktemp("identity"), certificate, ldif, database=rules
    ) as running:
        connection = Connection(
            Server(running.ldap), ADMIN, ADMIN_PASSWORD, check_names=False, raise_exceptions=True
        )
        connection.bind()
        yield Place(
            connection,
            f"ou={UNIT},{servers.BASE}",
            settings(
                servers=(running.ldap,),
                unsafe_plain_ldap_on_loopback=True,
                base=f"ou={UNIT},{servers.BASE}",
                bind_dn=f"cn=reader,{servers.BASE}",
            ),
            READER_PASSWORD,
            {"entryUUID"},
        )
        connection.unbind()


@pytest.fixture(scope="session")
def ad(active_directory: Enclosed) -> Iterator[Place]:
    with samba.administrator(active_directory) as admin:
        base = f"OU={UNIT},{samba.BASE}"
        admin.add(base, ["organizationalUnit"])
        reader_dn = f"CN={READER},CN=Users,{samba.BASE}"
        admin.add(
            reader_dn,
            ["user"],
            {
                "sAMAccountName": READER,
                "unicodePwd": samba.quoted(READS),
                "userAccountControl": 512,
            },
        )
        yield Place(
            admin,
            base,
            settings(
                servers=(active_directory.ldaps,),
                ca_file=str(active_directory.ca_file),
                user_rdn="sAMAccountName",
                base=base,
                bind_dn=reader_dn,
            ),
            READS,
            {"objectGUID"},
        )


@pytest.fixture(scope="session")
def ds(dirsrv: Enclosed) -> Iterator[Place]:
    with ds389.administrator(dirsrv) as admin:
        with suppress(LDAPEntryAlreadyExistsResult):
            admin.add(ds389.BASE, ["domain"])
        base = f"ou={UNIT},{ds389.BASE}"
        reader_dn = f"cn=reader,{base}"
        admin.add(base, ["organizationalUnit"], {"aci": may_read(reader_dn, "userPassword")})
        admin.add(reader_dn, ["person"], {"sn": "x", "userPassword": READS})
        yield Place(
            admin,
            base,
            settings(
                servers=(dirsrv.ldaps,),
                ca_file=str(dirsrv.ca_file),
                base=base,
                bind_dn=reader_dn,
            ),
            READS,
            {"entryUUID", "nsUniqueId"},
        )


def may_read(dn: str, *hidden: str) -> str:
    return (
        f'(targetattr != "{" || ".join(hidden)}")(version 3.0; acl "reader"; '
        f'allow (read, search, compare) userdn = "ldap:///{dn}";)'
    )


@pytest.fixture(params=["open_ldap", "ad", "ds"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def people(place: Place) -> Iterator[Place]:
    """Ann and bob, removed afterwards."""
    for name in ("ann", "bob"):
        place.add(name)
    yield place
    kind = "user" if place.is_samba else "inetOrgPerson"
    place.admin.search(place.base, f"(objectClass={kind})", "LEVEL")
    for entry in list(place.admin.response):
        place.admin.delete(entry["dn"])


@pytest.fixture
def at_home(world: World, people: Place, tmp_path: Path) -> World:
    """Ann has an account with a device, bob has one without."""
    world.directory = people.client(tmp_path)
    world.add_admin("ada")
    for name in ("ann", "bob"):
        assert isinstance(begin(world, name), SignedIn)
    return world


def begin(world: World, name: str) -> State:
    return sign_in.with_password(world.ports, name, PASSWORD, "10.0.0.1")


def sync(world: World) -> synchronising.Synchronised:
    assert world.directory is not None
    return synchronising.sync(world.ports, world.directory, OPERATOR, lambda *_: None)


def shown_ids(world: World, name: str) -> Mapping[str, str]:
    assert world.directory is not None
    found = world.directory.find(name)
    assert found is not None
    return found.ids


def check_device(world: World, name: str, device: Device) -> None:
    state = begin(world, name)
    assert isinstance(state, CodeNeeded)
    state = sign_in.with_one_time_code(world.ports, state, device.code(world.clock()))
    assert isinstance(state, SignedIn)


def test_a_renamed_user_keeps_the_device(at_home: World, people: Place) -> None:
    device = at_home.equip("ann")
    assert set(at_home.account("ann").directory_ids) == people.ids
    people.rename("ann", "anna")
    with pytest.raises(SignInFailed):
        begin(at_home, "ann")
    check_device(at_home, "anna", device)
    assert at_home.accounts.get("ann") is None


def test_sync_renames_a_renamed_user(at_home: World, people: Place) -> None:
    device = at_home.equip("ann")
    people.rename("ann", "ann o'hara & son")
    found = sync(at_home)
    assert found.renamed == (synchronising.NameChange("ann", "ann o'hara & son"),)
    assert found.gone == ()
    check_device(at_home, "Ann O'Hara & Son", device)


def test_users_who_swap_names_keep_their_devices(at_home: World, people: Place) -> None:
    device = at_home.equip("ann")
    other = at_home.equip("bob")
    people.rename("ann", "between")
    people.rename("bob", "ann")
    people.rename("between", "bob")
    check_device(at_home, "bob", device)
    check_device(at_home, "ann", other)


@pytest.mark.usefixtures("library")
def test_a_user_is_found_by_each_id(at_home: World, people: Place) -> None:
    """Also by an id stored without its attribute."""
    directory = at_home.directory
    assert directory is not None
    ids = shown_ids(at_home, "ann")
    asked = [*({name: id_} for name, id_ in ids.items()), *({"": id_} for id_ in ids.values())]
    found = directory.find_by_ids([*asked, {"entryUUID": "no such"}, {}], lambda *_: None)
    assert [user.username if user else None for user in found] == ["ann"] * len(asked) + [None] * 2
    assert people.ids == set(ids)


@pytest.mark.parametrize("name", ["o'hara", "john doe", "r&d", "svc$", "a#b!c%d"])
def test_unusual_directory_names_can_sign_in(
    world: World, people: Place, tmp_path: Path, name: str
) -> None:
    people.add(name)
    world.directory = people.client(tmp_path)
    state = begin(world, f" {name.upper()}")
    assert isinstance(state, SignedIn)
    assert state.session.username == name
    assert name not in sync(world).gone


def test_an_id_that_appears_later_is_learned(world: World, ds: Place, tmp_path: Path) -> None:
    """389 fills in entryUUID in a background task; for the reader that is like a new right."""
    world.directory = ds.client(tmp_path)
    reader_dn = ds.settings["bind_dn"]
    usual, blind = (
        may_read(reader_dn, "userPassword"),
        may_read(reader_dn, "userPassword", "entryUUID"),
    )
    ds.add("late")
    try:
        ds.admin.modify(ds.base, {"aci": [(MODIFY_REPLACE, [blind])]})
        begin(world, "late")
        assert set(world.account("late").directory_ids) == {"nsUniqueId"}
        ds.admin.modify(ds.base, {"aci": [(MODIFY_REPLACE, [usual])]})
        assert sync(world).gone == ()
        assert set(world.account("late").directory_ids) == {"nsUniqueId", "entryUUID"}
        assert isinstance(begin(world, "late"), SignedIn)
    finally:
        ds.admin.modify(ds.base, {"aci": [(MODIFY_REPLACE, [usual])]})
        ds.admin.delete(ds.dn("late"))


def test_a_reader_without_rights_marks_nobody(world: World, ds: Place, tmp_path: Path) -> None:
    """389 then reports success with no results."""
    world.directory = ds.client(tmp_path)
    ds.add("seen")
    usual = may_read(ds.settings["bind_dn"], "userPassword")
    try:
        begin(world, "seen")
        ds.admin.modify(ds.base, {"aci": [(MODIFY_DELETE, [usual])]})
        with pytest.raises(DirectoryMisconfigured, match="cannot read the base"):
            sync(world)
        with pytest.raises(DirectoryMisconfigured, match="cannot read the base"):
            world.directory.find("seen")
        with pytest.raises(CannotUseDirectory):
            begin(world, "seen")
        assert world.account("seen").gone_since is None
        assert world.records.get("seen").password_attempts == {}
    finally:
        ds.admin.modify(ds.base, {"aci": [(MODIFY_ADD, [usual])]})
        ds.admin.delete(ds.dn("seen"))


def test_an_empty_base_marks_nobody(at_home: World, people: Place, tmp_path: Path) -> None:
    at_home.directory = people.client(tmp_path, base=people.settings["bind_dn"])
    with pytest.raises(synchronising.MostAreGone):
        sync(at_home)
    assert at_home.account("ann").gone_since is None
