"""Sign-in on a real OpenLDAP server: both ways to bind and to find roles."""

from pathlib import Path

import pytest

from cwtui.accounts import sign_in
from cwtui.accounts.directory_port import (
    CannotSearchDirectory,
    DirectoryMisconfigured,
    DirectoryUser,
    NoDirectoryUser,
    WrongDirectoryPassword,
)
from cwtui.accounts.errors import InvalidInput
from cwtui.accounts.roles import Permission
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import SignedIn
from cwtui.directory.client import LdapDirectory
from tests.accounts.world import HERE, World
from tests.directory.people import (
    ANY_CHARACTERS,
    GROUPS,
    PASSWORD,
    PEOPLE,
    WRONG,
    config,
    direct,
    plain,
    steps,
)
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture
def searching(tmp_path: Path, slapd: Slapd, ca_file: Path) -> LdapDirectory:
    return LdapDirectory(config(tmp_path, slapd.ldaps, ca_file=str(ca_file)))


@pytest.fixture
def direct_one(slapd: Slapd, ca_file: Path) -> LdapDirectory:
    return LdapDirectory(direct(slapd.ldaps, ca_file=str(ca_file)))


@pytest.fixture(params=["searching", "direct_one"])
def directory(request: pytest.FixtureRequest) -> LdapDirectory:
    found: LdapDirectory = request.getfixturevalue(request.param)
    return found


def test_a_right_password_returns_the_user(directory: LdapDirectory) -> None:
    user = directory.check_password("Alice ", PASSWORD)
    assert set(user.ids) == {"entryUUID"}
    assert user == DirectoryUser(
        username="alice",
        dn=f"uid=alice,{PEOPLE}",
        display_name="Alice Ärmel",
        roles=("connectware-admin", "minimum-access"),
        enabled=True,
        ids=user.ids,
    )


def test_a_group_gives_a_custom_role(tmp_path: Path, slapd: Slapd) -> None:
    world = World()
    world.settings(custom_roles={"help-desk": (Permission.READ_USERS,)})
    desk = {"help-desk": (f"cn=staff,{GROUPS}",)}
    world.directory = LdapDirectory(plain(tmp_path, slapd, roles=desk))
    state = sign_in.with_password(world.ports, "bob", PASSWORD, HERE)
    assert isinstance(state, SignedIn)
    assert state.session.permissions == {Permission.READ_USERS}
    assert world.account("bob").roles == ("help-desk",)


def test_a_password_is_sent_as_typed(directory: LdapDirectory) -> None:
    assert directory.check_password("any-characters", ANY_CHARACTERS).enabled


def test_wrong_password_and_unknown_name_look_the_same(directory: LdapDirectory) -> None:
    with pytest.raises(WrongDirectoryPassword) as wrong:
        directory.check_password("alice", WRONG)
    with pytest.raises(WrongDirectoryPassword) as nobody:
        directory.check_password("nobody", PASSWORD)
    assert str(wrong.value) == str(nobody.value) == "Username or password is wrong."
    assert not isinstance(wrong.value, NoDirectoryUser)


def test_an_unknown_name_costs_a_bind_too(
    searching: LdapDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that response times do not reveal which names exist."""
    from cwtui.directory.channel import Channel

    binds: list[str] = []
    bind = Channel.bind

    def counted(channel: Channel, dn: str, password: Secret) -> object:
        binds.append(dn)
        return bind(channel, dn, password)

    monkeypatch.setattr(Channel, "bind", counted)
    with pytest.raises(NoDirectoryUser):
        searching.check_password("nobody", PASSWORD)
    nobody = len(binds)
    assert binds[-1].endswith(f",{PEOPLE}")
    binds.clear()
    with pytest.raises(WrongDirectoryPassword):
        searching.check_password("alice", WRONG)
    assert len(binds) == nobody == 2


@pytest.mark.parametrize("password", ["", "\0", "\0secret", "\ud800", "a\nb"])
def test_passwords_a_server_may_treat_as_empty_are_refused(tmp_path: Path, password: str) -> None:
    """RFC 4513 section 5.1.2. The server does not exist; asking it would be another error."""
    for settings in (config(tmp_path, "ldaps://none.invalid"), direct("ldaps://none.invalid")):
        with pytest.raises(WrongDirectoryPassword):
            LdapDirectory(settings).check_password("alice", Secret(password))


def test_this_server_accepts_an_anonymous_bind(slapd: Slapd) -> None:
    """Why the test above matters: like many servers, it accepts an empty password."""
    from ldap3 import Connection, Server

    connection = Connection(Server(slapd.ldap), authentication="ANONYMOUS")
    try:
        assert connection.bind()
    finally:
        connection.unbind()


@pytest.mark.parametrize("name", ["*", "alice*", "(b", "a\\b", "a\0b", "a,b", "#a", "a=b", ""])
def test_impossible_names_are_not_sent(tmp_path: Path, name: str) -> None:
    nowhere = LdapDirectory(config(tmp_path, "ldaps://none.invalid"))
    with pytest.raises(InvalidInput):
        nowhere.check_password(name, PASSWORD)
    with pytest.raises(InvalidInput):
        nowhere.find(name)


@pytest.mark.parametrize("name", ["müller", "MÜLLER", "mu\u0308ller", "ىوسف"])
def test_umlauts_and_right_to_left_names_work(directory: LdapDirectory, name: str) -> None:
    user = directory.check_password(name, PASSWORD)
    assert user.username in {"müller", "ىوسف"}


def test_find_works_without_a_password(searching: LdapDirectory) -> None:
    found = searching.find("carol")
    assert found is not None
    assert (found.username, found.roles) == ("carol", ("connectware-admin",))
    assert searching.find("nobody") is None


def test_find_needs_a_bind_account(direct_one: LdapDirectory) -> None:
    with pytest.raises(CannotSearchDirectory):
        direct_one.find("alice")
    with pytest.raises(CannotSearchDirectory):
        direct_one.find_all(["alice"], lambda _done, _of: None)


def test_a_reused_name_has_another_id(searching: LdapDirectory, slapd: Slapd, library: str) -> None:
    name = f"reused-{library}"
    dn = f"uid={name},{PEOPLE}"
    entry = f"dn: {dn}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: {name}\ncn: x\nsn: x\n\n"
    slapd.add(entry)
    before = searching.find(name)
    slapd.add(f"dn: {dn}\nchangetype: delete\n\n{entry}")
    after = searching.find(name)
    assert before is not None
    assert after is not None
    assert before.dn == after.dn
    assert before.ids != after.ids


def test_two_entries_of_one_name_are_an_error(searching: LdapDirectory) -> None:
    """When many are looked up, that name is left out of the result; it is not gone either."""
    found = searching.find_all(["two", "alice", "nobody"], lambda _done, _of: None)
    assert found == {"alice": searching.find("alice"), "nobody": None}
    with pytest.raises(DirectoryMisconfigured, match="more than one entry for two"):
        searching.check_password("two", PASSWORD)


@pytest.mark.parametrize("bind", ["search", "direct"])
def test_the_search_filter_restricts_who_can_sign_in(
    tmp_path: Path, slapd: Slapd, bind: str
) -> None:
    plainly = {
        "search_filter": "(!(employeeType=guest))",
        "unsafe_plain_ldap_on_loopback": True,
    }
    settings = (
        config(tmp_path, slapd.ldap, **plainly)
        if bind == "search"
        else direct(slapd.ldap, **plainly)
    )
    directory = LdapDirectory(settings)
    with pytest.raises(NoDirectoryUser):
        directory.check_password("ruled-out", PASSWORD)
    assert directory.check_password("alice", PASSWORD).username == "alice"


def test_an_invalid_search_filter_is_named(tmp_path: Path, slapd: Slapd) -> None:
    directory = LdapDirectory(plain(tmp_path, slapd, search_filter="((a=b)(c=d))"))
    with pytest.raises(DirectoryMisconfigured, match="search_filter"):
        directory.find("alice")


def test_an_alias_gives_no_second_account(tmp_path: Path, slapd: Slapd, library: str) -> None:
    """It would have no second factor. Only the name in the DN counts."""
    name, alias = f"dora-{library}", f"dora.alias-{library}"
    dn = f"uid={name},{PEOPLE}"
    lines = f"objectClass: inetOrgPerson\nuid: {name}\nuid: {alias}\ncn: x\nsn: x\n"
    slapd.add(f"dn: {dn}\n{lines}userPassword: {PASSWORD.reveal()}\n\n")
    directory = LdapDirectory(plain(tmp_path, slapd))
    assert directory.check_password(name, PASSWORD).dn == dn
    with pytest.raises(NoDirectoryUser):
        directory.check_password(alias, PASSWORD)
    assert directory.find(alias) is None


@pytest.mark.parametrize(
    ("more", "roles"),
    [
        ({}, {"bob": ("minimum-access",), "carol": ("connectware-admin",)}),
        ({"nested": "memberOf"}, {"bob": ("minimum-access",), "carol": ("connectware-admin",)}),
        (
            {
                "member_attribute": "memberUid",
                "member_is": "uid",
                "roles": {"minimum-access": (f"cn=by-uid,{GROUPS}",)},
            },
            {"bob": ("minimum-access",), "carol": ()},
        ),
        (
            {"mode": "attribute", "roles": {}, "roles_attribute": "employeeType"},
            {"bob": ("minimum-access", "operators"), "carol": ()},
        ),
        # OpenLDAP does not know this rule, so nobody gets a role.
        ({"nested": "matching-rule"}, {"bob": (), "alice": ()}),
    ],
    ids=["member", "memberOf", "memberUid", "attribute", "rule-unknown"],
)
def test_roles_come_from_groups_or_an_attribute(
    tmp_path: Path, slapd: Slapd, more: dict[str, object], roles: dict[str, tuple[str, ...]]
) -> None:
    directory = LdapDirectory(plain(tmp_path, slapd, **more))
    for name, expected in roles.items():
        found = directory.find(name)
        assert found is not None
        assert found.roles == expected, name
        assert directory.check_password(name, PASSWORD) == found


def test_the_bind_account_sees_roles_if_there_is_one(tmp_path: Path, slapd: Slapd) -> None:
    more: dict[str, object] = {
        "roles": {"minimum-access": (f"cn=hidden,{GROUPS}",)},
        "unsafe_plain_ldap_on_loopback": True,
    }
    searching = LdapDirectory(config(tmp_path, slapd.ldap, **more))
    assert searching.check_password("alice", PASSWORD).roles == ("minimum-access",)
    alone = LdapDirectory(direct(slapd.ldap, **more))
    assert alone.check_password("alice", PASSWORD).roles == ()


def test_a_missing_group_gives_no_role_and_is_reported(tmp_path: Path, slapd: Slapd) -> None:
    gone = f"cn=gone,{GROUPS}"
    directory = LdapDirectory(plain(tmp_path, slapd, roles={"connectware-admin": (gone,)}))
    assert directory.check_password("alice", PASSWORD).roles == ()
    told = [step for step in steps(directory, "alice") if not step.ok]
    assert [step.what for step in told] == ["tls", "roles", "group"]
    assert gone in told[-1].sentence


def test_a_wrong_bind_password_is_a_configuration_error(tmp_path: Path, slapd: Slapd) -> None:
    settings = plain(tmp_path, slapd)
    (tmp_path / "reader-password").write_text("wrong")
    with pytest.raises(DirectoryMisconfigured, match="refuses the bind account cn=reader"):
        LdapDirectory(settings).check_password("alice", PASSWORD)


def test_a_changed_bind_password_is_read_again(tmp_path: Path, slapd: Slapd) -> None:
    directory = LdapDirectory(plain(tmp_path, slapd))
    right = (tmp_path / "reader-password").read_text()
    (tmp_path / "reader-password").write_text("wrong")
    with pytest.raises(DirectoryMisconfigured):
        directory.find("alice")
    (tmp_path / "reader-password").write_text(right)
    assert directory.find("alice") is not None


def test_a_missing_base_is_reported(tmp_path: Path, slapd: Slapd) -> None:
    directory = LdapDirectory(plain(tmp_path, slapd, base="ou=none,dc=example,dc=com"))
    with pytest.raises(DirectoryMisconfigured, match="base"):
        directory.find("alice")
