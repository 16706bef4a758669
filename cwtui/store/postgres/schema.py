"""The tables of a store, and how they are created and migrated by many hosts that start at once."""

from typing import Final

from cwtui.accounts.errors import CannotCheck, StoreMissing, StoreTooNew
from cwtui.language import _
from cwtui.store.postgres import audit, open_sessions
from cwtui.store.postgres.access import Database
from cwtui.store.postgres.transactions import Transaction
from cwtui.store.postgres.trips import Answer, Statement

VERSION: Final = 8
LOCK: Final = 0x63777475
"""The advisory lock of everyone who creates or migrates the schema: "cwtu"."""

_FIRST: Final = (
    "CREATE SCHEMA IF NOT EXISTS cwtui",
    "CREATE TABLE cwtui.schema_version (version integer NOT NULL)",
    # One row. Who changes accounts or settings locks it, so that rules see all accounts at once.
    """
    CREATE TABLE cwtui.organization (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        settings jsonb NOT NULL,
        needed_keys jsonb NOT NULL,
        accounts bigint NOT NULL
    )
    """,
    # All columns but `document` are made of it, so that queries find accounts quickly.
    """
    CREATE TABLE cwtui.account (
        username text COLLATE "C" PRIMARY KEY,
        document jsonb NOT NULL,
        listed json NOT NULL,
        folded_name text COLLATE "C" NOT NULL,
        origin text COLLATE "C" NOT NULL,
        roles text[] COLLATE "C" NOT NULL,
        enabled boolean NOT NULL,
        mfa_required boolean NOT NULL,
        has_second_factor boolean NOT NULL,
        created_at float8 NOT NULL,
        directory_ids text[] NOT NULL,
        ssh_keys text[] NOT NULL,
        place bigint NOT NULL
    )
    """,
    "CREATE INDEX account_directory_ids ON cwtui.account USING gin (directory_ids)",
    "CREATE INDEX account_ssh_keys ON cwtui.account USING gin (ssh_keys)",
    # For the first rows of a sorted list.
    "CREATE INDEX account_created ON cwtui.account (created_at, username)",
    "CREATE INDEX account_name ON cwtui.account ((folded_name = ''), folded_name, username)",
    "CREATE INDEX account_place ON cwtui.account (place)",
    """
    CREATE INDEX account_admin ON cwtui.account (username)
        WHERE enabled AND origin = 'local' AND 'connectware-admin' = ANY (roles)
    """,
    """
    CREATE TABLE cwtui.record (
        username text COLLATE "C" PRIMARY KEY,
        document jsonb NOT NULL,
        part smallint NOT NULL,
        waits_until float8 NOT NULL,
        last_sign_in float8
    )
    """,
    "CREATE INDEX record_part ON cwtui.record (part, username)",
    "CREATE INDEX record_waits ON cwtui.record (username) WHERE waits_until > 0",
    """
    CREATE TABLE cwtui.audit (
        n bigint PRIMARY KEY,
        act uuid NOT NULL UNIQUE,
        line bytea NOT NULL
    )
    """,
    # One row: the end of the chain, and its beginning, which is later in a log that was copied
    # from files after their oldest events were rotated out.
    """
    CREATE TABLE cwtui.audit_head (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        n bigint NOT NULL,
        previous text NOT NULL,
        hash text NOT NULL,
        first_n bigint NOT NULL DEFAULT 1,
        first_previous text NOT NULL DEFAULT repeat('0', 64)
    )
    """,
    # The only way to add an event for roles without rights to these tables. The update locks the
    # end of the chain, so that events are chained one after the other.
    """
    CREATE FUNCTION cwtui.append_event(act uuid, event text) RETURNS bytea
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
        WITH head AS (
            UPDATE cwtui.audit_head SET
                n = n + 1,
                previous = hash,
                hash = encode(sha256(convert_to(
                    concat('{"n":', n + 1, ',"previous":"', hash, '",', event), 'UTF8'
                )), 'hex')
            RETURNING n, previous
        )
        INSERT INTO cwtui.audit (n, act, line)
        SELECT head.n, append_event.act, convert_to(
            concat('{"n":', head.n, ',"previous":"', head.previous, '",', append_event.event),
            'UTF8'
        )
        FROM head
        RETURNING line
    $$
    """,
    # The transactions of the last hour, to look up one whose answer was lost.
    """
    CREATE TABLE cwtui.act (
        id uuid PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    "CREATE INDEX act_at ON cwtui.act (at)",
    "REVOKE ALL ON FUNCTION cwtui.append_event(uuid, text) FROM PUBLIC",
    """
    INSERT INTO cwtui.audit_head (n, previous, hash) VALUES (0, '', repeat('0', 64))
    """,
    "INSERT INTO cwtui.organization (settings, needed_keys, accounts) VALUES ('{}', '[]', 0)",
    "INSERT INTO cwtui.schema_version (version) VALUES (1)",
)
_BEGUN: Final = (
    # Attempts that count, but are not yet applied to the document (see attempts).
    "ALTER TABLE cwtui.record ADD COLUMN begun jsonb NOT NULL DEFAULT '[]'",
    "UPDATE cwtui.schema_version SET version = 3",
)
_FILTERS: Final = (
    "CREATE INDEX account_roles ON cwtui.account USING gin (roles) WITH (fastupdate = off)",
    # The owner of a database can create this extension, where its files are installed. Without it,
    # a text is searched in all rows. It may be in any schema, and no schema is searched.
    """
    DO $$ BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
        EXECUTE (
            SELECT format(
                'CREATE INDEX account_text ON cwtui.account'
                ' USING gin (username %1$I.gin_trgm_ops, folded_name %1$I.gin_trgm_ops)', nspname
            )
            FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
            WHERE extname = 'pg_trgm'
        );
    EXCEPTION
        WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object
            OR invalid_schema_name
        THEN NULL;
    END $$
    """,
    "UPDATE cwtui.schema_version SET version = 4",
)
_KEYRING: Final = (
    # Only if the hosts share the keyring: encrypted under a key that is not in the database.
    "ALTER TABLE cwtui.organization ADD COLUMN keyring jsonb",
    "UPDATE cwtui.schema_version SET version = 5",
)
_LIFE: Final = (
    # When accounts were last enabled, and when they expire.
    "ALTER TABLE cwtui.account ADD COLUMN enabled_at float8, ADD COLUMN expires_at float8",
    "CREATE INDEX account_expires ON cwtui.account (expires_at) WHERE expires_at IS NOT NULL",
    "UPDATE cwtui.schema_version SET version = 6",
)
_RARE: Final = (
    # For values that few accounts have. They are small, because equal values are kept once.
    "CREATE INDEX IF NOT EXISTS account_origin ON cwtui.account (origin)",
    "CREATE INDEX IF NOT EXISTS account_enabled ON cwtui.account (enabled)",
    "CREATE INDEX IF NOT EXISTS account_mfa ON cwtui.account (has_second_factor, mfa_required)",
    # The same as conditions.KIND, or no filter finds it.
    """
    CREATE INDEX IF NOT EXISTS account_password ON cwtui.account ((
        CASE WHEN listed -> 'password' IS NULL THEN 'elsewhere'
            WHEN listed -> 'initial_password_expires_at' IS NOT NULL THEN 'initial'
            WHEN listed -> 'must_change_password' IS NOT NULL THEN 'must-change'
            ELSE 'set' END
    ))
    """,
)
_MIGRATIONS: Final[dict[int, tuple[str, ...]]] = {
    1: _FIRST,
    2: (
        *open_sessions.TABLE,
        "DROP FUNCTION cwtui.append_event(uuid, text)",
        "UPDATE cwtui.schema_version SET version = 2",
    ),
    3: _BEGUN,
    4: _FILTERS,
    5: _KEYRING,
    6: _LIFE,
    7: ("UPDATE cwtui.schema_version SET version = 7",),
    8: (*audit.FUNCTION, "UPDATE cwtui.schema_version SET version = 8"),
}
"""The statements that lead to each version from the one before, in one transaction."""
_INDEXES: Final = {7: _RARE}
"""What is done before, each in a transaction of its own: a change of accounts waits for one index,
not for all. After an interruption they are repeated.
"""

_LOCKED: Final = Statement("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
_VERSION: Final = Statement("SELECT max(version) FROM cwtui.schema_version")
_MAY_MIGRATE: Final = Statement("SELECT has_schema_privilege('cwtui', 'CREATE')")
_FOUND: Final = Statement(
    "SELECT to_regclass('cwtui.schema_version') IS NOT NULL,"
    " to_regclass('cwtui.organization') IS NOT NULL"
)


def is_there(database: Database) -> bool:
    """Whether the database has a store. Raises CannotCheck."""
    (found,) = database.ask(_FOUND)
    return _is_there(found)


def create(database: Database) -> None:
    """Create the tables, unless they are there. Raises CannotCheck."""
    with database.change() as transaction:
        # Others who do the same wait here, and then find it done.
        transaction.run(_LOCKED)
        if not is_there_in(transaction):
            create_in(transaction)


def is_there_in(transaction: Transaction) -> bool:
    """Like `is_there`, in a transaction."""
    (found,) = transaction.run(_FOUND)
    return _is_there(found)


def create_in(transaction: Transaction) -> None:
    """Create the tables in a transaction whose caller holds the lock. Raises CannotCheck."""
    for number in range(1, VERSION + 1):
        for statement in (*_INDEXES.get(number, ()), *_MIGRATIONS[number]):
            transaction.later(Statement(_escaped(statement)))


def check(database: Database) -> None:
    """Migrate an older store to this version. Raises CannotCheck, and StoreTooNew."""
    first = version = _version_in(database)
    while version < VERSION:
        for index in _INDEXES.get(version + 1, ()):
            _step(database, version, index)
        _step(database, version, *_MIGRATIONS[version + 1])
        version = _version_in(database)
    if first < VERSION:
        with database.change() as transaction:
            transaction.run(_LOCKED)
            transaction.take_long()
            transaction.later(Statement("ANALYZE cwtui.account"))


def _step(database: Database, before: int, *statements: str) -> None:
    """Run these in one transaction, unless another host was first. Raises CannotCheck."""
    with database.change() as transaction:
        # Others who do the same wait here, and then find it done.
        _locked, found, may = transaction.run(_LOCKED, _VERSION, _MAY_MIGRATE)
        version = _version(found)
        if version != before:
            return
        if not may.rows[0][0]:
            raise CannotCheck(
                _(
                    "The database has schema {version}, and this version of cwtui needs {needed}. "
                    "As the owner of the tables, run any command, such as cwtui store check. Then "
                    "give each role its rights again: cwtui store grant ROLE",
                    version=version,
                    needed=VERSION,
                )
            )
        transaction.take_long()  # an index of a million rows takes seconds
        for statement in statements:
            transaction.later(Statement(_escaped(statement)))


def _version_in(database: Database) -> int:
    try:
        return _version(database.read(_VERSION)[1][0])
    except StoreMissing:
        version = _version(database.ask(_VERSION)[0])
        if version == VERSION:
            raise
        return version  # an old store has less than each read looks at


def _is_there(found: Answer) -> bool:
    has_version, has_organization = found.rows[0]
    if has_version != has_organization:
        raise CannotCheck(
            _(
                "The database has only part of a store of cwtui. Restore it from a backup. Nothing "
                "was changed."
            )
        )
    return bool(has_version)


def _version(found: Answer) -> int:
    version = int(found.rows[0][0] or 0)
    if version > VERSION:
        raise StoreTooNew(
            _(
                "The database has schema {version}, written by a newer version of cwtui. This "
                "version reads schemas up to {newest}. Install the newer version.",
                version=version,
                newest=VERSION,
            )
        )
    return version


def _escaped(statement: str) -> str:
    return statement.replace("%", "%%")
