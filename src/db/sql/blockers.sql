-- The sessions that hold locks on relations which conflict with SHARE ROW EXCLUSIVE.
--   $1 oid[]  the relations
SELECT DISTINCT
    'pid ' || l.pid
        || COALESCE(' (' || NULLIF(pg_catalog.concat_ws(', ', a.usename, NULLIF(a.application_name, ''), a.state), '') || ')', '')
        || COALESCE(': ' || NULLIF(pg_catalog.regexp_replace(pg_catalog.left(a.query, 60), '\s+', ' ', 'g'), ''), '')
        AS holder
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation'
  AND l.relation = ANY ($1::pg_catalog.oid[])
  AND l.granted
  AND l.pid <> pg_catalog.pg_backend_pid()
  AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
ORDER BY 1;
