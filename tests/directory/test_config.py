"""The table [directory]: invalid settings are refused at load time with key and line."""

import re
from pathlib import Path

import pytest

from cwtui.config import loading
from cwtui.config.errors import ConfigError
from cwtui.directory.servers import Server
from cwtui.help import text

USUAL = """
[directory]
servers = ["ldaps://a.example.com", "ldap://b:1389"]
starttls = true
base = "ou=people,dc=example,dc=com"
"""
GROUPS = '[directory.roles]\nconnectware-admin = ["cn=admins,dc=example,dc=com"]\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CWTUI_CONFIG", "CWTUI_STORE", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cwtui.toml"


def refusal(file: Path, content: str) -> str:
    file.write_text(content)
    with pytest.raises(ConfigError) as refused:
        loading.load(str(file))
    return str(refused.value)


def changed(before: str, after: str) -> str:
    assert before in USUAL
    return USUAL.replace(before, after) + GROUPS


def test_without_the_table_there_is_no_directory(file: Path) -> None:
    file.write_text("[session]\nidle_minutes = 5\n")
    assert loading.load(str(file)).directory is None


def test_every_key_is_read(file: Path, tmp_path: Path) -> None:
    file.write_text(
        f"""{USUAL}
        ca_file = "~/ca.pem"
        bind_dn = "cn=reader,dc=example,dc=com"
        bind_password_file = "~/reader-password"
        client_certificate_file = "~/client.pem"
        user_rdn = "uid"
        search_filter = "(objectClass=person)"
        mode = "groups"
        member_attribute = "memberUid"
        member_is = "uid"
        nested = "off"
        connect_seconds = 1
        bind_seconds = 1.5
        search_seconds = 2
        total_seconds = 5
        {GROUPS}"""
    )
    found = loading.load(str(file)).directory
    assert found is not None
    assert found.parsed_servers == (
        Server("ldaps://a.example.com", "a.example.com", 636, "ldaps"),
        Server("ldap://b:1389", "b", 1389, "starttls"),
    )
    assert found.ca_file == str(tmp_path / "ca.pem")
    assert found.bind_password_file == str(tmp_path / "reader-password")
    assert found.client_certificate_file == str(tmp_path / "client.pem")
    assert (found.member_attribute, found.member_is) == ("memberUid", "uid")
    seconds = (found.connect_seconds, found.bind_seconds, found.search_seconds)
    assert (*seconds, found.total_seconds) == (1, 1.5, 2, 5)
    assert found.roles == {"connectware-admin": ("cn=admins,dc=example,dc=com",)}


def test_the_manuals_example_shows_the_defaults(file: Path) -> None:
    """Apart from hosts and DNs, its values are the defaults."""
    (example,) = re.findall(r"```toml\n(\[directory\].*?)```", text("ldap"), re.DOTALL)
    file.write_text(example)
    found = loading.load(str(file)).directory
    assert found is not None
    shown = {key for key in found.__struct_fields__ if f"\n{key} = " in example}
    own = {"servers", "starttls", "base", "bind_dn", "bind_password_file"}
    assert own < shown
    usual = dict(zip(found.__struct_fields__, found.__struct_defaults__, strict=True))
    assert {key: getattr(found, key) for key in shown - own} == {
        key: usual[key] for key in shown - own
    }


def test_the_defaults_keep_a_sign_in_under_ten_seconds(file: Path) -> None:
    file.write_text(USUAL + GROUPS)
    found = loading.load(str(file)).directory
    assert found is not None
    assert found.total_seconds < 10
    assert found.bind_dn == ""
    assert (found.user_rdn, found.mode, found.nested) == ("uid", "groups", "off")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("ldaps://h", Server("ldaps://h", "h", 636, "ldaps")),
        ("LDAPS://H/", Server("LDAPS://H/", "h", 636, "ldaps")),
        ("ldaps://[::1]:7", Server("ldaps://[::1]:7", "::1", 7, "ldaps")),
        ("ldap://h", Server("ldap://h", "h", 389, "starttls")),
    ],
)
def test_server_urls_are_parsed(file: Path, url: str, server: Server) -> None:
    file.write_text(changed('["ldaps://a.example.com", "ldap://b:1389"]', f'["ldap://x", "{url}"]'))
    found = loading.load(str(file)).directory
    assert found is not None
    assert found.parsed_servers[1] == server


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example.com",
        "http://a",
        "ldap:a",
        "ldaps://",
        "ldaps://a:x",
        "ldaps://a:70000",
        "ldaps://[::1",
        "ldaps://me:secret@a",
        "ldaps://a/dc=x",
        "ldaps://a?uid",
        "ldaps://a#x",
        "ldapi://%2frun%2fslapd",
    ],
)
def test_invalid_server_urls_are_refused(file: Path, url: str) -> None:
    content = changed('["ldaps://a.example.com", "ldap://b:1389"]', f'["ldap://x", "{url}"]')
    sentence = refusal(file, content)
    assert f"`servers` contains '{url}': use ldaps://HOST" in sentence
    assert "(line 3)" in sentence


PLAIN = 'servers = ["ldap://127.0.0.1"]\nunsafe_plain_ldap_on_loopback = true'
SERVERS = 'servers = ["ldaps://a.example.com", "ldap://b:1389"]\nstarttls = true'


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "[::1]", "localhost"])
def test_plain_ldap_is_allowed_to_this_host(file: Path, host: str) -> None:
    file.write_text(changed(SERVERS, PLAIN.replace("127.0.0.1", host)))
    found = loading.load(str(file)).directory
    assert found is not None
    assert found.parsed_servers[0].protection == "none"


ADD = 'base = "ou=people,dc=example,dc=com"'


@pytest.mark.parametrize(
    ("content", "sentence", "line"),
    [
        (changed(SERVERS, ""), "`servers` is missing", 2),
        (changed(SERVERS, "servers = []"), "`servers` is missing", 3),
        (changed("ldap://b:1389", "ldaps://a.example.com"), "the same server twice", 3),
        (changed("starttls = true", ""), "send passwords unencrypted: set starttls = true", 3),
        (changed(SERVERS, 'servers = ["ldap://127.0.0.1"]'), "would send passwords unencrypted", 3),
        (changed(SERVERS, PLAIN.replace("127.0.0.1", "10.0.0.1")), "allows only 127.0.0.1, ::1", 3),
        (changed(SERVERS, PLAIN.replace("127.0.0.1", "localhost.example.com")), "only 127", 3),
        (changed(SERVERS, f"{PLAIN}\nstarttls = true"), "cannot be combined", 4),
        (changed(SERVERS, PLAIN.replace("ldap:", "ldaps:")), "for ldap:// servers", 4),
        (changed(SERVERS, PLAIN + '\nca_file = "x"'), "`ca_file` has no effect", 5),
        (changed(', "ldap://b:1389"', ""), "`starttls` is for ldap:// servers", 4),
        (changed(ADD, ""), "`base` is missing", 2),
        (changed(ADD, 'base = "people"'), "`base` is not a DN", 5),
        (changed(ADD, f'{ADD}\nbind_dn = "cn=x"'), "`bind_dn` needs a password", 6),
        (changed(ADD, f'{ADD}\nbind_password_file = "x"'), "bind_dn, which is missing", 6),
        (changed(ADD, f'{ADD}\nbind_password_credential = "x"'), "bind_dn, which is missing", 6),
        (
            changed(ADD, f'{ADD}\nbind_dn = "cn=x"\nbind_password_credential = "../x"'),
            "a name without slashes",
            7,
        ),
        (
            changed(
                ADD,
                f'{ADD}\nbind_dn = "cn=x"\nbind_password_file = "x"\n'
                'bind_password_credential = "x"',
            ),
            "cannot be combined",
            8,
        ),
        (
            changed(ADD, f'{ADD}\nclient_certificate_credential = "../x"'),
            "`client_certificate_credential` must be a name without slashes",
            6,
        ),
        (
            changed(
                ADD,
                f'{ADD}\nclient_certificate_file = "x"\nclient_certificate_credential = "x"',
            ),
            "cannot be combined",
            7,
        ),
        (
            changed(SERVERS, PLAIN + '\nclient_certificate_file = "x"'),
            "`client_certificate_file` has no effect",
            5,
        ),
        (changed(ADD, f'{ADD}\nuser_rdn = "uid)(x"'), "`user_rdn` must be the name", 6),
        (changed(ADD, f'{ADD}\nuser_rdn = ""'), "`user_rdn` must be the name", 6),
        (changed(ADD, f'{ADD}\nsearch_filter = "a=b"'), "`search_filter` must be one filter", 6),
        (changed(ADD, f'{ADD}\nsearch_filter = "(a=b)(c=d)"'), "`search_filter` must be one", 6),
        (changed(ADD, f'{ADD}\nsearch_filter = "(a=b))"'), "`search_filter` must be one", 6),
        (changed(ADD, f'{ADD}\nsearch_filter = "(a=b"'), "`search_filter` must be one", 6),
        (changed(ADD, f'{ADD}\nmode = "attribute"'), "`roles_attribute` is missing", 2),
        (
            changed(ADD, f'{ADD}\nmode = "attribute"\nroles_attribute = "employeeType"'),
            '`roles` is for mode = "groups"',
            8,
        ),
        (
            USUAL + 'mode = "attribute"\nroles_attribute = "employeeType"\nnested = "memberOf"',
            '`nested` is for mode = "groups"',
            8,
        ),
        (
            USUAL + 'mode = "attribute"\nroles_attribute = "employeeType"\nmember_is = "uid"',
            '`member_is` is for mode = "groups"',
            8,
        ),
        (
            USUAL + 'mode = "attribute"\nroles_attribute = "x"\nmember_attribute = "m"',
            '`member_attribute` is for mode = "groups"',
            8,
        ),
        (USUAL, "`roles` is missing", 2),
        (USUAL + "[directory.roles]\n", "`roles` is missing", 6),
        (
            USUAL + '[directory.roles]\nminimum-access = ["admins"]\n',
            "`roles` needs a list of group DNs for 'min",
            6,
        ),
        (
            USUAL + "[directory.roles]\nminimum-access = []\n",
            "`roles` needs a list of group DNs for 'min",
            6,
        ),
        (
            USUAL + '[directory.roles]\n# who\nconnectware-admins = ["cn=a"]\n',
            "`roles.connectware-admins` is not a role. Names of built-in roles",
            8,
        ),
        (changed(ADD, f'{ADD}\nroles_attribute = "x"'), "`roles_attribute` is for mode", 6),
        (
            changed(ADD, f'{ADD}\nnested = "memberOf"\nmember_is = "uid"'),
            '`member_is` works only with nested = "off"',
            7,
        ),
        (
            changed(ADD, f'{ADD}\nnested = "memberOf"\nmember_attribute = "uniqueMember"'),
            '`member_attribute` works only with nested = "off"',
            7,
        ),
        (changed(ADD, f"{ADD}\nconnect_seconds = 9"), "longer than total_seconds", 6),
        (changed(ADD, f"{ADD}\ntotal_seconds = 61"), "directory.total_seconds", 6),
        (changed(ADD, f"{ADD}\nbind_seconds = 0"), "directory.bind_seconds", 6),
        (changed(ADD, f"{ADD}\nbind_seconds = nan"), "directory.bind_seconds", 6),
        (changed(ADD, f"{ADD}\nsearch_seconds = inf"), "directory.search_seconds", 6),
        (changed(ADD, f'{ADD}\nmode = "both"'), "directory.mode", 6),
        (changed(ADD, f'{ADD}\nbind_password = "x"'), "`bind_password`", 6),
        (USUAL + "[directory.roles]\na = [1]\n", "directory.roles", 6),
    ],
)
def test_settings_that_cannot_work_are_refused(
    file: Path, content: str, sentence: str, line: int
) -> None:
    said = refusal(file, content)
    assert said.startswith(f"{file}: ")
    assert sentence in said
    assert f"(line {line})" in said


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("[store]\nurl = 1\n", 2),
        ("store.url = 1\n", 1),
        ("# store.url\n\n[ store ] # here\n'url' = 1\n", 4),
        ("[passwords]\nbcrypt_cost = 12\n[session]\nidle_minutes = 0\n", 4),
        ("[store]\npassword = 1\n", 2),
        ("\n[stoer]\n", 2),
        ('"a b" = 1\n', None),
        ("session = {idle_minutes = 0}\n", None),
    ],
)
def test_errors_in_other_tables_name_the_line(file: Path, content: str, line: int | None) -> None:
    said = refusal(file, content)
    assert ("(line" in said) == (line is not None)
    assert line is None or f"(line {line})" in said
