-- What server this is, and what of it makes a scan less certain or a fix unwise. No parameters.
-- Runs on PostgreSQL 10 and later.
SELECT
    pg_catalog.current_database()::pg_catalog.text AS database,
    pg_catalog.current_setting('server_version') AS version,
    pg_catalog.version() AS full_version,
    CURRENT_USER::pg_catalog.text AS username,
    pg_catalog.pg_is_in_recovery() AS is_standby,
    ARRAY(
        SELECT e.extname::pg_catalog.text
        FROM pg_catalog.pg_extension AS e
        WHERE e.extname IN ('citus', 'bdr', 'spock')
        ORDER BY e.extname
    ) AS extensions,
    ARRAY(
        SELECT s.subname::pg_catalog.text
        FROM pg_catalog.pg_subscription AS s
        JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
        WHERE s.subenabled
          AND d.datname = pg_catalog.current_database()
        ORDER BY s.subname
    ) AS subscriptions;
