"""`cwtui directory` against a real slapd: steps, output and exit status."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtui.accounts.model import Account, Origin
from tests.cli.commands import Host
from tests.directory.people import (
    ADMINS,
    GROUPS,
    LDIF,
    MEMBERSHIPS,
    PASSWORD,
    PEOPLE,
    READER,
    READER_PASSWORD,
    WRONG,
)
from tests.servers import slapd as servers
from tests.servers.certificates import Authority
from tests.servers.ports import free_port
from tests.servers.slapd import Slapd


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Slapd]:
    certificate = authority.certificate("good", "127.0.0.1")
    with servers.start(tmp_path_factory.mktemp("slapd"), certificate, LDIF) as running:
        running.add(MEMBERSHIPS)
        yield running


def configure(host: Host, ca_file: Path, *urls: str, more: str = "") -> None:
    secret = host.folder / "reader-password"
    secret.write_text(READER_PASSWORD)
    secret.chmod(0o600)
    written = ", ".join(f'"{url}"' for url in urls)
    with host.config.open("a") as config:
        config.write(
            f'[directory]\nservers = [{written}]\nca_file = "{ca_file}"\nbase = "{PEOPLE}"\n'
            f'bind_dn = "{READER}"\nbind_password_file = "{secret}"\n{more}'
            f'[directory.roles]\nconnectware-admin = ["{ADMINS}"]\n'
        )


@pytest.fixture
def asked(new_host: Host, slapd: Slapd, authority: Authority) -> Host:
    """A host without a store; the directory can be tested before anything is set up."""
    configure(new_host, authority.file, slapd.ldaps)
    return new_host


def lines(out: str) -> list[tuple[str, str]]:
    """Mark and name of each line."""
    return [(line.split()[0], line.split()[1]) for line in out.splitlines()]


def test_test_lists_each_step(asked: Host, slapd: Slapd) -> None:
    done = asked.run("directory", "test", "Alice")
    assert (done.status, done.err) == (0, "")
    steps = ["server", "tls", "bind", "search", "entry", "group", "roles", "attributes", "state"]
    assert lines(done.out) == [("✓", step) for step in steps]
    assert f"server      {slapd.ldaps} answers." in done.out
    assert f"Bound as {READER}." in done.out
    assert "for (uid=alice)." in done.out
    assert f"Found uid=alice,{PEOPLE}." in done.out
    assert f"Member of {ADMINS}." in done.out
    assert "Roles from groups: connectware-admin." in done.out
    assert "Display name Alice Ärmel" in done.out


def test_a_password_is_read_from_standard_input(asked: Host) -> None:
    right = asked.run(
        "directory", "test", "alice", "--password-stdin", stdin=PASSWORD.reveal().encode()
    )
    assert (right.status, right.err) == (0, "")
    assert ("✓", "password") in lines(right.out)
    wrong = asked.run(
        "directory", "test", "alice", "--password-stdin", stdin=WRONG.reveal().encode()
    )
    assert (wrong.status, wrong.err) == (1, "Username or password is wrong.\n")
    assert ("✗", "password") in lines(wrong.out)
    assert WRONG.reveal() not in wrong.out + wrong.err


@pytest.mark.parametrize(
    ("name", "status", "sentence", "mark"),
    [
        ("nobody", 4, "This name does not exist in the directory", ("✗", "entry")),
        ("locked", 1, "is disabled in the directory", ("✗", "state")),
    ],
)
def test_the_exit_status_says_who_cannot_sign_in(
    asked: Host, name: str, status: int, sentence: str, mark: tuple[str, str]
) -> None:
    done = asked.run("directory", "test", name)
    assert done.status == status
    assert sentence in done.err
    assert mark in lines(done.out)


@pytest.mark.parametrize(
    ("name", "roles", "says"),
    [
        ("bob", "", "no Connectware role"),
        ("alice", f'minimum-access = ["cn=gone,{GROUPS}"]\n', "Some groups"),
        ("bob", f'minimum-access = ["cn=gone,{GROUPS}"]\n', "Some groups"),
    ],
    ids=["no-role", "missing-group", "both"],
)
def test_a_missing_role_or_group_exits_with_status_1(
    asked: Host, name: str, roles: str, says: str
) -> None:
    """The status alone must not suggest that signing in works."""
    with asked.config.open("a") as config:
        config.write(roles)
    done = asked.run("directory", "test", name)
    assert done.status == 1
    assert says in done.err


def test_roles_unknown_to_cwtui_do_not_count(asked: Host) -> None:
    written = asked.config.read_text().partition("[directory.roles]")[0]
    asked.config.write_text(f'{written}mode = "attribute"\nroles_attribute = "employeeType"\n')
    assert asked.run("directory", "test", "alice").status == 0
    done = asked.run("directory", "test", "ruled-out")
    assert (done.status, done.err) == (
        1,
        "This user cannot sign in: the directory gives them no Connectware role.\n",
    )


def test_an_unsupported_matching_rule_names_the_setting(asked: Host) -> None:
    written = asked.config.read_text()
    asked.config.write_text(
        written.replace("[directory.roles]", 'nested = "matching-rule"\n[directory.roles]')
    )
    done = asked.run("directory", "test", "alice")
    assert done.status == 1
    assert 'nested = "matching-rule" works only with Active Directory' in done.out


def test_an_impossible_name_is_refused(asked: Host) -> None:
    done = asked.run("directory", "test", "a*")
    assert (done.status, done.out) == (2, "")


def test_an_unreachable_server_exits_with_status_3(new_host: Host, authority: Authority) -> None:
    dead = f"ldaps://127.0.0.1:{free_port()}"
    configure(new_host, authority.file, dead)
    done = new_host.run("directory", "test", "alice")
    assert done.status == 3
    assert done.out == f"✗ server      {dead} connection refused.\n"
    told = f"No directory server can be used: {dead} connection refused.\n"
    assert done.err == told
    new_host.run("init", "--admin", "ada", "--password-stdin", stdin=b"Ketzin.7-Havel")
    sync = new_host.run("directory", "sync")
    assert (sync.status, sync.out, sync.err) == (3, "", told)


def test_an_untrusted_certificate_is_explained(
    new_host: Host, slapd: Slapd, tmp_path: Path
) -> None:
    configure(new_host, Authority(tmp_path / "other", "Another").file, slapd.ldaps)
    done = new_host.run("directory", "test", "alice")
    assert done.status == 3
    assert "not trusted here: set ca_file" in done.out


def test_a_wrong_bind_password_is_explained(asked: Host) -> None:
    (asked.folder / "reader-password").write_text("wrong")
    done = asked.run("directory", "test", "alice")
    assert done.status == 3
    assert lines(done.out) == [("✓", "server"), ("✓", "tls")]
    assert "refuses the bind account" in done.err


def test_without_a_directory_the_test_exits_with_status_3(host: Host) -> None:
    done = host.run("directory", "test", "alice")
    assert (done.status, done.out) == (3, "")
    assert "no [directory] section" in done.err


def test_testing_the_directory_writes_nothing(asked: Host) -> None:
    before = asked.files()
    asked.run("directory", "test", "alice")
    assert asked.files() == before


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_the_test_runs_cleanly_in_its_own_process(asked: Host, encoding: str) -> None:
    """No ldap3 warning appears and no character causes an error."""
    done = asked.process(
        "directory",
        "test",
        "alice",
        "--password-stdin",
        stdin=PASSWORD.reveal().encode(),
        env={"PYTHONIOENCODING": encoding, "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")},
    )
    assert (done.status, done.err) == (0, "")
    assert len(done.out.splitlines()) == 10


# Syncing


@pytest.fixture
def synced(host: Host, slapd: Slapd, authority: Authority) -> Host:
    """A store with a present LDAP user, a missing one, and a local one with an LDAP namesake."""
    configure(host, authority.file, slapd.ldaps)
    accounts = [
        Account(username="alice", created_at=0.0, origin=Origin.LDAP),
        Account(username="gone", created_at=0.0, origin=Origin.LDAP),
        Account(username="bob", created_at=0.0),
    ]
    with host.ports().accounts.change() as change:
        change.put(*accounts)
    return host


def test_sync_marks_missing_and_shadowed_users(synced: Host) -> None:
    done = synced.run("directory", "sync")
    assert done.status == 0
    assert done.out.splitlines() == [
        "gone  not in the directory, disabled there, or a different person",
        "bob  local account, but the name also exists in the directory",
    ]
    assert done.err == (
        "0 renamed, 1 not in the directory, 0 found again, 1 local with the same name in the "
        "directory.\n"
    )
    again = synced.run("directory", "sync", "--json")
    assert again.json == {
        "changed": False,
        "gone": ["gone"],
        "found_again": [],
        "shadowing": ["bob"],
        "renamed": [],
        "blocked": [],
    }
    assert [(event["event"], event["subject"]) for event in synced.audit[-2:]] == [
        ("user.update", "bob"),
        ("user.update", "gone"),
    ]
    listed = {row["username"]: row for row in synced.run("user", "list", "--json").json}
    assert listed["gone"]["gone_since"] is not None
    assert listed["bob"]["in_directory_too"] is True
    shown = synced.run("user", "list").out
    assert "local, also in ldap" in shown
    assert "ldap, gone" in shown
    assert max(map(len, shown.splitlines())) <= 80


def put(host: Host, *accounts: Account) -> None:
    with host.ports().accounts.change() as change:
        change.put(*accounts)


def ldap_account(name: str, **ids: str) -> Account:
    return Account(username=name, created_at=0.0, origin=Origin.LDAP, directory_ids=ids)


def test_sync_renames_accounts_and_reports_blocked_ones(synced: Host) -> None:
    directory = synced.ports().directory
    assert directory is not None
    carol, alice = directory.find("carol"), directory.find("alice")
    assert carol is not None
    assert alice is not None
    put(synced, ldap_account("caroline", **carol.ids), ldap_account("ally", **alice.ids))
    done = synced.run("directory", "sync")
    assert done.status == 0
    assert done.out.splitlines()[:2] == [
        "caroline  renamed to carol",
        (
            "ally  not renamed to alice as in the directory: that name is taken, or the MFA "
            "secret cannot be read"
        ),
    ]
    assert done.err.startswith("1 renamed, 2 not in the directory, ")
    (event,) = [event for event in synced.audit if event["event"] == "user.rename"]
    assert (event["subject"], event["reason"]) == ("carol", "from the directory: before=caroline")
    put(synced, ldap_account("lina", **carol.ids))
    again = synced.run("directory", "sync", "--json").json
    assert again["changed"] is True
    assert again["blocked"] == [
        {"before": "ally", "after": "alice"},
        {"before": "lina", "after": "carol"},
    ]


def test_sync_that_finds_too_few_users_exits_with_status_1(synced: Host) -> None:
    put(synced, *(ldap_account(f"gone{number}") for number in range(3)))
    before = synced.files()
    done = synced.run("directory", "sync")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("4 of 5 LDAP users are missing in the directory, so nothing")
    assert synced.files() == before
    forced = synced.run("directory", "sync", "--force")
    assert forced.status == 0
    assert "4 not in the directory" in forced.err


def test_sync_with_an_unreadable_base_exits_with_status_3(
    host: Host, slapd: Slapd, authority: Authority
) -> None:
    configure(host, authority.file, slapd.ldaps)
    host.config.write_text(host.config.read_text().replace(PEOPLE, f"ou=nowhere,{PEOPLE}"))
    put(host, ldap_account("alice"))
    done = host.run("directory", "sync")
    assert (done.status, done.out) == (3, "")
    assert "cannot read the base" in done.err
    account = host.ports().accounts.get("alice")
    assert account is not None
    assert account.gone_since is None


def test_sync_shows_progress_on_a_terminal(synced: Host) -> None:
    done = synced.run("directory", "sync", terminal=True)
    assert done.status == 0
    assert "Asking the directory" in done.err


def test_sync_during_an_outage_marks_nobody(host: Host, authority: Authority) -> None:
    configure(host, authority.file, f"ldaps://127.0.0.1:{free_port()}")
    before = host.files()
    done = host.run("directory", "sync")
    assert (done.status, done.out) == (3, "")
    assert host.files() == before


def test_sync_without_a_directory_exits_with_status_3(host: Host) -> None:
    done = host.run("directory", "sync")
    assert done.status == 3
    assert "No directory is configured" in done.err
