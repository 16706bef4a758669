"""The role that `cwtui store grant` describes: it can do what cwtui does, and no more."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Final

import psycopg
import pytest

from cwtui.accounts.account_words import Facts, account_words
from cwtui.accounts.audit.lines import decode
from cwtui.accounts.audit.reading import verified
from cwtui.accounts.errors import CannotCheck
from cwtui.accounts.filter_language import parse
from cwtui.accounts.listing import BY_USERNAME
from cwtui.store.postgres import opening, rights, whole
from cwtui.store.postgres.access import Database
from tests.servers.postgres import TEMPLATE, Postgres
from tests.store.postgres.test_lost_connections import ACTS, state
from tests.store.samples import FULL
from tests.store.test_open_sessions_contract import opened

ROLE = 'cwtui "host" ü'
_AT: Final = '"at":"{}","event":"user.create","actor":"a","subject":"b","source":"c",'
_REST: Final = '"outcome":"success","reason":"{}"}}'
_NOW: Final = datetime.now(UTC).isoformat()
_LONG_AGO: Final = "2001-01-01T00:00:00+00:00"
ACCEPTED: Final = (
    f"{_AT.format(_NOW)}{_REST.format('x' * 64_000)}",
    # It happened while a host was cut off.
    f"{_AT.format(_LONG_AGO)}{_REST.format('while_cut_off=here/1/1')}",
)
REFUSED: Final = (
    *("one\ntwo", "one\rtwo", "x" * 65_001, None, "x", "}", '"x":1}', '"x":1}{"n":2}'),
    ACCEPTED[0].replace("x" * 64_000, "x" * 65_000),
    f'"n":900,{_AT.format(_NOW)}{_REST.format("")}',
    f'"\\u006e":900,{_AT.format(_NOW)}{_REST.format("")}',
    f'"previous":"0",{_AT.format(_NOW)}{_REST.format("")}',
    f"{_AT.format(_LONG_AGO)}{_REST.format('')}",
)
_PLANTED: Final = """
    CREATE FUNCTION public.planted() RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'as %', current_user; END $$;
    CREATE FUNCTION public.convert_to(text, text) RETURNS bytea LANGUAGE sql
        AS 'SELECT public.planted(); SELECT NULL::bytea';
    CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE sql
        AS 'SELECT public.planted(); SELECT NULL::text';
    CREATE FUNCTION public.has(text[], text[]) RETURNS boolean LANGUAGE sql
        AS 'SELECT public.planted(); SELECT true';
    CREATE OPERATOR public.@> (LEFTARG = text[], RIGHTARG = text[], FUNCTION = public.has);
    CREATE OPERATOR public.&& (LEFTARG = text[], RIGHTARG = text[], FUNCTION = public.has);
    CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE sql
        AS 'SELECT public.planted(); SELECT NULL::text';
    CREATE FUNCTION public.to_jsonb(cwtui.account) RETURNS jsonb LANGUAGE sql
        AS 'SELECT public.planted(); SELECT NULL::jsonb';
    CREATE FUNCTION public.left(text, bigint) RETURNS text LANGUAGE sql
        AS 'SELECT public.planted(); SELECT NULL::text';
"""
"""Better matches for what cwtui calls than the server's own."""
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


def test_functions_of_others_are_not_run_with_the_rights_of_the_store(
    postgres_server: Postgres,
) -> None:
    """Before PostgreSQL 15, everyone could create them in public, and so become its owner."""
    with postgres_server.database(TEMPLATE) as url:
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(_PLANTED.encode())
            with pytest.raises(psycopg.errors.RaiseException):
                other.execute("SELECT ARRAY['a'] @> ARRAY['b']")
        with closing(opening.parts(url)) as parts:
            for act in ACTS:
                act(parts)
            with parts.accounts.change() as change:
                change.put(FULL)
                assert change.of_person({"entryUUID": "x"}) == []
            query = parse("role:admin bob", account_words(Facts()), 0.0)
            assert parts.accounts.page(query, BY_USERNAME) == []
            assert parts.accounts.count(query) == 0
            assert len([*parts.accounts.all()]) == 2
            assert parts.keyring.version() is None
            assert parts.keyring.read() is None
            parts.sessions.begin(opened(1))
            assert parts.sessions.all() == [opened(1)]
            with whole.at_one_instant(Database(parts.connections)) as instant:
                assert instant.size().accounts == 2


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
            "ALTER FUNCTION cwtui.append_events SECURITY INVOKER",
            "ALTER FUNCTION cwtui.append_events SET search_path = pg_temp",
            "CREATE TRIGGER own BEFORE UPDATE ON cwtui.account EXECUTE FUNCTION tsvector_update()",
            "CREATE RULE own AS ON INSERT TO cwtui.account DO INSTEAD NOTHING",
            "CREATE POLICY own ON cwtui.audit",
            "CREATE INDEX ON cwtui.account (username)",
            "CREATE FUNCTION cwtui.own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE FUNCTION public.own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE SCHEMA other",
            "ALTER TABLE cwtui.audit DISABLE TRIGGER ALL",
            "ALTER TABLE cwtui.audit RENAME TO other",
            "COPY cwtui.audit (n, act, line) FROM STDIN",
            "COPY cwtui.account TO PROGRAM 'cat'",
            "COPY cwtui.account TO '/tmp/other'",
            "SELECT FROM cwtui.audit_head FOR SHARE",
            "SELECT FROM cwtui.audit FOR UPDATE",
            "DO $$ BEGIN LOCK TABLE cwtui.audit IN EXCLUSIVE MODE; END $$",
            "MERGE INTO cwtui.audit USING cwtui.act ON true WHEN MATCHED THEN DELETE",
            "TRUNCATE cwtui.account",
            "SET session_replication_role = replica",
            "SET session_authorization = 'postgres'",
            "SET ROLE postgres",
            "UPDATE pg_catalog.pg_class SET relname = 'other' WHERE relname = 'audit'",
            "SELECT pg_read_file('PG_VERSION')",
            "SELECT FROM pg_authid",
            "SELECT lo_import('/etc/passwd')",
            "ALTER DATABASE postgres SET search_path = pg_temp",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())
        for event in REFUSED:
            with pytest.raises((psycopg.errors.RaiseException, psycopg.DataError)):
                connection.execute(_APPEND, [event])
        for number, accepted in enumerate(ACCEPTED, 3):
            (line,) = connection.execute(_APPEND, [accepted]).fetchone() or (b"",)
            record = decode(line)
            assert record is not None
            assert record.n == number
    assert verified(opening.parts(url).audit, has_accounts=True).last is not None
