"""The keyring in the database, under a key that is not in it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cwtui import services
from cwtui.accounts.errors import KeyringMissing, StoreDamaged
from cwtui.accounts.session import Operator
from cwtui.accounts.upkeep import key_rotation
from cwtui.config.loading import load
from cwtui.keyring.file_keyring import FileKeyring
from tests.accounts.world import NOW
from tests.cli.commands import PASSWORD, Host
from tests.servers.postgres import Postgres

OPERATOR = Operator("root")


@pytest.fixture
def host(tmp_path: Path, postgres_server: Postgres) -> Iterator[Host]:
    """A host whose keyring is in the database, with one account."""
    with postgres_server.database() as url:
        made = Host(tmp_path)
        made.config.write_text(made.config.read_text().replace(str(made.store), url))
        assert (
            made.run("init", "--admin", "ada", "--password-stdin", stdin=PASSWORD.encode()).status
            == 0
        )
        outer = tmp_path / "outer" / "key.json"
        said = made.run("key", "to-database", str(outer), "--json")
        assert said.json == {"changed": True, "file": str(outer)}
        assert (said.status, "in_database = true" in said.err) == (0, True), said
        made.config.write_text(made.config.read_text().replace(str(made.keyring), str(outer)))
        with made.config.open("a") as config:
            config.write("keyring.in_database = true\n")
        yield made


def execute(host: Host, statement: str) -> None:
    with psycopg.connect(load(str(host.config)).database, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_rotation_on_one_host_is_seen_by_the_others(host: Host) -> None:
    host.keyring.unlink()
    here, there = (services.connect(load(str(host.config))) for _ in range(2))
    first = there.keyring.active
    sealed = there.keyring.seal(b"secret", b"ada")
    done = key_rotation.rotate(here, OPERATOR, lambda *_: None)
    assert done.made
    # Each answer of the database tells the others.
    assert there.accounts.get("ada") is not None
    assert here.keyring.active == there.keyring.active == done.key != first
    assert there.keyring.unseal(sealed, b"ada") == b"secret"
    assert services.connect(load(str(host.config))).keyring.active == done.key
    with here.keyring.change() as change:
        change.add_pepper("0123abcd", bytes(32), NOW)
    assert there.accounts.get("ada") is not None
    assert there.keyring.pepper("0123abcd") == bytes(32)
    assert host.run("key", "status").status == 0
    assert "All hosts use it" in host.run("key", "rotate").err
    doctor = host.run("doctor", "keyring")
    assert doctor.status == 0, doctor
    assert "encrypted under" in doctor.out
    assert "nothing is damaged" in host.run("store", "check").err + host.run("store", "check").out


def test_a_keyring_that_cannot_be_opened_is_refused(host: Host) -> None:
    """At a start, and while it is in use."""
    outer = load(str(host.config)).keyring_file
    kept = outer.read_bytes()
    ports = services.connect(load(str(host.config)))
    outer.unlink()
    with pytest.raises(KeyringMissing, match="missing"):
        ports.keyring.names_key  # noqa: B018  it reads
    FileKeyring.create(outer, NOW)
    with pytest.raises(KeyringMissing, match="encrypted under the key"):
        ports.keyring.names_key  # noqa: B018  it reads
    assert "encrypted under the key" in host.run("user", "list").err
    outer.write_bytes(kept)
    assert ports.keyring.names_key
    execute(
        host, "UPDATE cwtui.organization SET keyring = jsonb_set(keyring, '{nonce}', '\"AAAA\"')"
    )
    ports.accounts.get("ada")
    with pytest.raises(StoreDamaged, match="changed outside"):
        ports.keyring.names_key  # noqa: B018  it reads
    assert "changed outside" in host.run("user", "list").err
    execute(host, "UPDATE cwtui.organization SET keyring = NULL")
    said = host.run("user", "list")
    assert (said.status, "There is no keyring" in said.err) == (3, True)


def test_a_keyring_is_moved_back(host: Host, tmp_path: Path) -> None:
    assert "already" in host.run("key", "to-database", str(tmp_path / "other.json")).err
    before = services.connect(load(str(host.config))).keyring.all_keys()
    file = tmp_path / "back" / "keyring.json"
    outer = load(str(host.config)).keyring_file
    link = tmp_path / "link.json"
    link.symlink_to("nothing")
    taken = host.run("key", "to-file", str(link))
    assert (taken.status, "already exists" in taken.err, link.is_symlink()) == (5, True, True)
    said = host.run("key", "to-file", str(file), "--json")
    assert (said.status, said.json) == (0, {"changed": True, "file": str(file)})
    host.config.write_text(
        host.config.read_text().replace(str(outer), str(file)).replace("= true", "= false")
    )
    ports = services.connect(load(str(host.config)))
    assert ports.keyring.all_keys() == before
    assert "false" in host.run("key", "to-file", str(tmp_path / "again.json")).err
    assert "itself" in host.run("key", "to-database", str(file)).err
    assert "key.move" in host.run("audit").out
