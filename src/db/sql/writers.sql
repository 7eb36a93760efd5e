-- The transactions that may have written to tables: those that hold a lock as writers take it, or a stronger one; and
-- those that may be adding a table with its rows to them (ATTACH PARTITION, INHERIT).
--   $1 oid[]  the tables; those below them in inheritance trees count, too
WITH RECURSIVE wanted (oid) AS (
    SELECT w.oid
    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
  UNION
    SELECT i.inhrelid
    FROM wanted AS w
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = w.oid
)
SELECT DISTINCT l.virtualtransaction AS writer
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
JOIN wanted AS w ON w.oid = l.relation
WHERE l.locktype = 'relation'
  AND l.granted
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND (
        l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        -- The table that is added is locked itself, which sets this apart from VACUUM and ANALYZE.
        OR l.mode = 'ShareUpdateExclusiveLock'
            AND l.virtualtransaction IN (
                SELECT a.virtualtransaction
                FROM pg_catalog.pg_locks AS a
                WHERE a.locktype = 'relation'
                  AND a.granted
                  AND a.mode = 'AccessExclusiveLock'
            )
  );
