-- What server this is, and what of it makes a scan less certain or a fix unwise. No parameters.
-- Runs on PostgreSQL 10 and later.
SELECT
    pg_catalog.current_database()::pg_catalog.text AS database,
    pg_catalog.current_setting('server_version') AS version,
    pg_catalog.version() AS full_version,
    CURRENT_USER::pg_catalog.text AS username,
    pg_catalog.pg_is_in_recovery() AS is_standby,
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000 AS major,
    -- How many locks the server's table is sure to have room for, all sessions together.
    pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8 * (
        pg_catalog.current_setting('max_connections')::pg_catalog.int8
        + pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int8
    ) AS lock_table,
    (
        SELECT pg_catalog.min(e.extname::pg_catalog.text)
        FROM pg_catalog.pg_extension AS e
        WHERE e.extname IN ('citus', 'bdr', 'spock')
    ) AS extension,
    (
        SELECT pg_catalog.string_agg(s.subname::pg_catalog.text, ', ' ORDER BY s.subname)
        FROM pg_catalog.pg_subscription AS s
        JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
        WHERE s.subenabled
          AND d.datname = pg_catalog.current_database()
    ) AS subscriptions;
