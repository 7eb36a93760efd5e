-- The sessions and prepared transactions that hold locks which conflict with SHARE ROW EXCLUSIVE.
--   $1 oid[]  the relations; those below them in inheritance trees count, too
WITH RECURSIVE wanted (oid) AS (
    SELECT w.oid
    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
  UNION
    SELECT i.inhrelid
    FROM wanted AS w
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = w.oid
)
SELECT DISTINCT
    CASE
        WHEN l.pid IS NULL
        THEN 'a prepared transaction' || COALESCE(
            ' (ROLLBACK PREPARED ' || pg_catalog.quote_literal(x.gid) || ' or COMMIT PREPARED ends it)', ''
        )
        ELSE pg_catalog.concat('pid ', l.pid)
            || COALESCE(
                ' (' || NULLIF(pg_catalog.concat_ws(', ', a.usename, NULLIF(a.application_name, ''), a.state), '') || ')', ''
            )
            || COALESCE(
                ': ' || NULLIF(pg_catalog.regexp_replace(pg_catalog.left(a.query, 60), '\s+', ' ', 'g'), ''), ''
            )
    END AS holder
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
JOIN wanted AS w ON w.oid = l.relation
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
-- A prepared transaction has no pid; the lock on its own number tells which it is.
LEFT JOIN pg_catalog.pg_locks AS own
    ON l.pid IS NULL
   AND own.pid IS NULL
   AND own.locktype = 'transactionid'
   AND own.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_catalog.pg_prepared_xacts AS x ON x.transaction = own.transactionid
WHERE l.locktype = 'relation'
  AND l.granted
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
ORDER BY 1;
