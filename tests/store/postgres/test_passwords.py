"""The password of the database: from a systemd credential, a service file and ~/.pgpass."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import conninfo

from tests.cli.commands import PASSWORD, Host
from tests.servers.postgres import ASKED, Postgres

SECRET = "a secret with blanks"
INIT = ("init", "--admin", "ada", "--password-stdin")
ROLE = f"""
    DO $$ BEGIN
        CREATE ROLE {ASKED} LOGIN PASSWORD '{SECRET}';
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
"""


@pytest.fixture
def url(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database of a role that is asked for its password, which is in the environment."""
    monkeypatch.setenv("PGPASSWORD", SECRET)
    postgres_server.execute(ROLE)
    with postgres_server.database() as found:
        name = conninfo.conninfo_to_dict(found)["dbname"]
        postgres_server.execute(f"ALTER DATABASE {name} OWNER TO {ASKED}")
        yield found.replace("postgres@", f"{ASKED}@")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def run(host: Host, url: str, *command: str) -> tuple[int, str]:
    done = host.run("--store", url, *command, stdin=PASSWORD.encode())
    return done.status, done.out + done.err


def test_the_password_comes_from_a_systemd_credential(
    host: Host, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with host.config.open("a") as config:
        config.write('store.password_credential = "database"\n')
    status, said = run(host, url, *INIT)
    assert status == 3
    assert "The systemd credential database is missing" in said
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "database").write_text("wrong\n")
    status, said = run(host, url, *INIT)
    assert status == 3
    assert "password authentication failed" in said
    (tmp_path / "database").write_text(f"{SECRET}\n")
    assert run(host, url, *INIT)[0] == 0
    status, said = run(host, url, "user", "list")
    assert status == 0
    assert "ada" in said


def test_the_password_comes_from_a_service_file_or_pgpass_and_not_from_the_environment(
    host: Host, url: str, postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = run(host, url, *INIT)
    assert status == 3
    assert "no password supplied" in said
    service, passes = tmp_path / "services", tmp_path / "pgpass"
    name = conninfo.conninfo_to_dict(url)["dbname"]
    lines = f"[plant]\nhost={postgres_server.folder}\ndbname={name}\nuser={ASKED}\n"
    service.write_text(lines)
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    monkeypatch.setenv("PGPASSWORD", SECRET)
    assert "no password supplied" in run(host, "postgresql://?service=plant", *INIT)[1]
    service.write_text(f"{lines}password={SECRET}\n")
    assert run(host, "postgresql://?service=plant", *INIT)[0] == 0
    passes.write_text(f"*:*:*:{ASKED}:{SECRET}\n")
    passes.chmod(0o600)
    status, said = run(host, f"{url}&passfile={passes}", "user", "list")
    assert status == 0
    assert "ada" in said
