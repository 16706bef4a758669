"""Commands and sign-ins on a store in a database, which they do not know of."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

import psycopg
import pytest
from msgspec.structs import replace as with_fields

from cwtui import services
from cwtui.accounts import devices, sign_in
from cwtui.accounts.audit.lines import START, decode
from cwtui.accounts.audit.reading import verified
from cwtui.accounts.credentials import backup_codes, passwords, totp
from cwtui.accounts.errors import SignInFailed
from cwtui.accounts.model import Device as Registered
from cwtui.accounts.model import SecondFactor
from cwtui.accounts.ports import Ports
from cwtui.accounts.secret import Secret
from cwtui.accounts.sign_in_states import CodeNeeded, SignedIn
from cwtui.config.errors import ConfigError
from cwtui.config.loading import load
from cwtui.store.postgres import opening
from cwtui.store.postgres.accounts import PostgresAccountStore
from tests.accounts.world import Device
from tests.cli.commands import PASSWORD, Host
from tests.cli.test_contract import KEY
from tests.servers.postgres import Postgres
from tests.store.postgres.counting import counted
from tests.store.test_open_sessions_contract import opened

HOSTS = 8


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "Ports", lambda **named: Ports(**named | {"bcrypt_cost": 4}))


@pytest.fixture
def host(tmp_path: Path, postgres_server: Postgres) -> Iterator[Host]:
    """A host whose configuration names an empty database."""
    with postgres_server.database() as url:
        made = Host(tmp_path)
        made.config.write_text(made.config.read_text().replace(str(made.store), url))
        yield made


def test_commands_do_the_same_as_with_files(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*args: str, status: int = 0, stdin: str = "") -> str:
        done = host.run(*args, stdin=stdin.encode())
        assert done.status == status, done
        return done.out + done.err

    assert "There is no store in the database" in run("user", "list", status=3)
    run("init", "--admin", "ada", "--password-stdin", stdin=PASSWORD)
    run("user", "add", "bob", "--display-name", "Bob \\ 'B'")
    assert [user["username"] for user in host.run("user", "list", "--json").json] == ["ada", "bob"]
    assert "ada" not in run("user", "list", "!role:admin created:today never")
    run("user", "set", "bob", "--disabled")
    run("settings", "set", "mfa", "required")
    run("key", "rotate")
    secret = ("--passwords-to", str(host.folder / "passwords.csv"))
    run("user", "import", "-", *secret, stdin="username,enabled\ncarla,no\n")
    exported = run("user", "export", "-")
    assert ["carla" in exported, "bob" in exported] == [True, True]
    assert "carla" in run("user", "list", "status:disabled")
    assert host.run("session", "list", "--json").json == []
    opening.parts(load(str(host.config)).database).sessions.begin(opened(1, "bob"))
    assert [one["username"] for one in host.run("session", "list", "--json").json] == ["bob"]
    run("user", "ssh-key", "add", "bob", stdin=f"{KEY}\n")
    assert run("ssh-keys", "bob") == ""  # disabled
    run("user", "set", "bob", "--enabled")
    assert run("ssh-keys", "bob").split()[:2] == KEY.split()[:2]
    run("user", "set", "bob", "--disabled")
    assert "nothing is damaged" in run("store", "check")
    assert "complete" in run("audit", "verify")
    assert "user.create" in run("audit")
    assert "database" in run("--paths")
    assert "no warning" in run("doctor", "store", "keyring", "audit")
    run("user", "remove", "bob", "--yes")
    assert "in the database" in run("store", "compact", status=1)
    assert 'TO "cwtui"' in run("store", "grant", "cwtui")
    run("store", "grant", "", status=2)
    assert not host.store.exists()
    # The keyring of another store is refused.
    host.keyring.rename(host.folder / "lost.json")
    monkeypatch.setenv("CWTUI_STORE", str(host.folder / "another"))
    run("init", "--admin", "eve", "--password-stdin", stdin=PASSWORD)
    monkeypatch.delenv("CWTUI_STORE")
    assert "lacks the key" in run("user", "list", status=3)
    (host.folder / "lost.json").replace(host.keyring)
    # What somebody else changed is found.
    with psycopg.connect(load(str(host.config)).database, autocommit=True) as connection:
        connection.execute("UPDATE cwtui.account SET enabled = false")
        assert "do not agree" in run("store", "check", status=1)
        connection.execute("UPDATE cwtui.audit SET line = '{}' WHERE n = 2")
        assert "is not an event" in run("audit", "verify", status=1)
        connection.execute("UPDATE cwtui.account SET document = '{}', enabled = true")
        assert "is damaged" in run("store", "check", status=1)


def test_events_about_the_whole_store_have_the_time_of_the_database(
    host: Host, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.run("init", "--admin", "ada", "--password-stdin", stdin=PASSWORD.encode())
    config, backup = load(str(host.config)), str(host.folder / "backup")
    begun = services.clock_of(config)()
    monkeypatch.setattr("time.time", lambda: 1000.0)
    with postgres_server.database() as other:
        copied = ("copy", config.database, other)
        for command in (("backup", backup), ("restore", backup, "--yes"), copied):
            done = host.run("store", *command)
            assert done.status == 0, done
        for url in (config.database, other):
            log = opening.parts(url).audit
            found = [decode(line.content) for line in log.lines(START)]
            at = {one.event: one.at.timestamp() for one in found if one is not None}
            assert {"store.backup", "store.restore", "store.copy"} <= at.keys()
            assert min(at[event] for event in at if event.startswith("store.")) >= begun - 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ('store.url = "postgresql://cwtui:secret@db/accounts"', "contains a password"),
        ('store.url = "postgresql://[db/accounts"', "not valid"),
        ('store.url = "mysql://db/accounts"', "Unknown kind of store"),
        ('store = {password_file = "a", password_credential = "b"}', "set only one"),
    ],
)
def test_unusable_databases_are_refused(tmp_path: Path, changed: str, sentence: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(changed)
    with pytest.raises(ConfigError, match=sentence) as raised:
        load(str(file))
    assert "secret" not in str(raised.value)


def test_the_password_comes_from_a_private_file(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "password"
    with host.config.open("a") as config:
        config.write(f'store.password_file = "{file}"\n')
    assert "Cannot read the database's password" in host.run("user", "list").err
    file.write_text("secret\n")
    file.chmod(0o644)
    assert "Other users can access" in host.run("user", "list").err
    file.chmod(0o600)
    assert "There is no store" in host.run("user", "list").err
    file.write_text("two\nlines\n")
    assert "on one line" in host.run("user", "list").err


def test_each_code_lets_in_one_of_many_hosts(host: Host) -> None:
    """They try at the same moment, with the same one-time code and the same backup code."""
    host.run("init", "--admin", "ada", "--password-stdin", stdin=PASSWORD.encode())
    all_ports = [services.connect(load(str(host.config))) for _ in range(HOSTS)]
    device = enrolled(all_ports[0])
    accounts = all_ports[0].accounts
    assert isinstance(accounts, PostgresAccountStore)
    # To find out that the account is not unused takes no trip more.
    used = all_ports[0].now() - 86400
    all_ports[0].records.update("alice", lambda one: (one.changed(last_sign_in=used), None))
    with accounts.change() as change:
        change.put_settings(with_fields(change.settings(), unused_days=90))
        alice = change.get("alice")
        assert alice is not None
        change.put(alice.changed(created_at=0.0))
    with counted(accounts._database.connections) as taken:
        state = sign_in.with_password(all_ports[0], "alice", Secret(PASSWORD), "10.0.0.1")
        assert isinstance(state, CodeNeeded)
        earlier = device.code(all_ports[0].now() - 30)
        assert isinstance(sign_in.with_code(all_ports[0], state, earlier, "code"), SignedIn)
    # What is counted, and what follows from it: for the password and for the code.
    assert len(taken) == 4
    for typed, field in (
        (device.code(all_ports[0].now()), "code"),
        (device.codes[0].reveal(), "backup_code"),
    ):
        results = at_once([partial(attempt, ports, state, typed, field) for ports in all_ports])
        assert results == {"SignedIn": 1, "refused": HOSTS - 1}
    after = all_ports[0].accounts.get("alice")
    assert after is not None
    assert after.second_factor is not None
    assert len(after.second_factor.backup_codes.hashes) == 9
    assert verified(all_ports[0].audit, has_accounts=True).findings == []


def enrolled(ports: Ports) -> Device:
    """The device of the new account alice."""
    device = Device(totp.new_secret(ports.random), backup_codes.new_codes(ports.random))
    hashed = backup_codes.hash_codes(device.codes, ports.keyring, 4)
    sealed = devices.sealed(ports.keyring, "alice", "", device.totp_secret)
    factor = SecondFactor(
        (Registered("Phone", sealed, ports.now()),), with_fields(hashed, acknowledged=True)
    )
    with ports.accounts.change() as change:
        ada = change.get("ada")
        assert ada is not None
        hashed_password = passwords.hash_password(Secret(PASSWORD), ports.keyring, 4)
        change.put(ada.changed(username="alice", password=hashed_password, second_factor=factor))
        change.put_settings(with_fields(change.settings(), code_limit=10))
    return device


def attempt(ports: Ports, state: CodeNeeded, typed: str, field: str) -> str:
    try:
        return type(sign_in.with_code(ports, state, typed, field)).__name__
    except SignInFailed:
        return "refused"


def at_once(acts: list[Callable[[], str]]) -> Counter[str]:
    gate, results = Barrier(len(acts)), list[str]()

    def work(act: Callable[[], str]) -> None:
        gate.wait(10)
        results.append(act())

    threads = [Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return Counter(results)
