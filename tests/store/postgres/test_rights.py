"""The role that `cwtui store grant` describes: it can do what cwtui does, and no more."""

import psycopg
import pytest

from cwtui.accounts.errors import CannotCheck
from cwtui.store.postgres import opening, rights
from tests.servers.postgres import Postgres
from tests.store.postgres.test_lost_connections import ACTS, state

ROLE = 'cwtui "host" ü'
_APPEND = "SELECT cwtui.append_events(ARRAY[gen_random_uuid()], ARRAY[%s]::text[])"


def test_the_role_can_use_the_store_but_not_change_the_log(postgres_server: Postgres) -> None:
    with postgres_server.database() as url:
        opening.create(url)
        with psycopg.connect(url, autocommit=True) as owner:
            quoted = psycopg.sql.Identifier(ROLE)
            owner.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN").format(quoted))
            try:
                _check(owner, url)
            finally:
                owner.execute(psycopg.sql.SQL("DROP OWNED BY {}").format(quoted))
                owner.execute(psycopg.sql.SQL("DROP ROLE {}").format(quoted))


def _check(owner: "psycopg.Connection[tuple[object, ...]]", url: str) -> None:
    as_role = psycopg.conninfo.make_conninfo(url, user=ROLE)
    with pytest.raises(CannotCheck, match="cwtui store grant"):
        opening.parts(as_role)
    owner.execute(rights.sql(ROLE).encode())
    parts = opening.parts(as_role)
    for act in ACTS:
        act(parts)
    assert state(parts) == (True, 1, 2)
    with parts.accounts.change() as change:
        change.remove("bob")
    parts.records.remove("bob")
    assert parts.records.banned() == {}
    parts.close()
    with psycopg.connect(as_role, autocommit=True) as connection:
        for forbidden in (
            "UPDATE cwtui.audit SET line = ''",
            "DELETE FROM cwtui.audit",
            "TRUNCATE cwtui.audit",
            "INSERT INTO cwtui.audit (n, act, line) VALUES (9, gen_random_uuid(), '')",
            "UPDATE cwtui.audit_head SET n = 0",
            "DELETE FROM cwtui.organization",
            "DROP TABLE cwtui.account",
            "CREATE TABLE cwtui.other ()",
            "UPDATE cwtui.schema_version SET version = 2",
            "DROP FUNCTION cwtui.append_events",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())
        for event in ("one\ntwo", "one\rtwo", "x" * 65_001, None):
            with pytest.raises(psycopg.errors.RaiseException):
                connection.execute(_APPEND, [event])
        assert connection.execute(_APPEND, ["x" * 65_000]).fetchone() is not None
