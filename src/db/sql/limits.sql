-- The server's version as a number, and how many locks its table is sure to have room for. No parameters.
SELECT
    pg_catalog.current_setting('server_version_num'),
    pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8 * (
        pg_catalog.current_setting('max_connections')::pg_catalog.int8
        + pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int8
    )
