-- What server this is, and what of it makes a scan less certain or a fix unwise. No parameters.
-- Runs on PostgreSQL 10 and later. Written for a session that has just begun, to which every function is new.
SELECT
    pg_catalog.current_database()::pg_catalog.text AS database,
    pg_catalog.current_setting('server_version') AS version,
    pg_catalog.version() AS full_version,
    CURRENT_USER::pg_catalog.text AS username,
    pg_catalog.pg_is_in_recovery() AS is_standby,
    pg_catalog.current_setting('server_version_num') AS version_num,
    pg_catalog.current_setting('max_locks_per_transaction') AS max_locks,
    pg_catalog.current_setting('max_connections') AS max_connections,
    pg_catalog.current_setting('max_prepared_transactions') AS max_prepared,
    -- A whole number: how a fraction is written depends on extra_float_digits.
    (
        pg_catalog.date_part('epoch', pg_catalog.current_setting('deadlock_timeout')::pg_catalog.interval) * 1000
    )::pg_catalog.int8 AS deadlock_ms,
    pg_catalog.array_to_string(ARRAY(SELECT e.extname FROM pg_catalog.pg_extension AS e), ', ') AS extensions,
    pg_catalog.array_to_string(ARRAY(
        SELECT pg_catalog.quote_ident(s.subname)
        FROM pg_catalog.pg_subscription AS s
        WHERE s.subenabled
          AND s.subdbid = (
            SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
        )
        ORDER BY s.subname
    ), ', ') AS subscriptions;
