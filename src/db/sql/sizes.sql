-- How many bytes tables hold, each with all below it.
--   $1 oid[]  the tables
WITH RECURSIVE below (top_oid, table_oid) AS (
    SELECT w.oid, w.oid
    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
  UNION
    SELECT b.top_oid, i.inhrelid
    FROM below AS b
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.table_oid
)
SELECT
    b.top_oid AS table_oid,
    pg_catalog.sum(
        CASE
            -- Whoever rebuilds a table would keep us waiting for its size.
            WHEN b.table_oid = ANY (ARRAY(
                SELECT l.relation
                FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation'
                  AND l.mode = 'AccessExclusiveLock'
            ))
            THEN c.relpages * pg_catalog.to_number(pg_catalog.current_setting('block_size'), '9999999')::pg_catalog.int8
            ELSE pg_catalog.pg_relation_size(b.table_oid)
        END
    )::pg_catalog.int8 AS bytes
FROM below AS b
JOIN pg_catalog.pg_class AS c ON c.oid = b.table_oid AND c.relkind = 'r'
GROUP BY b.top_oid;
