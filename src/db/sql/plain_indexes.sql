-- The indexes of users' tables. No parameters. Runs on PostgreSQL 10 and later.
SELECT
    i.indrelid,
    i.indisvalid,
    i.indisunique OR i.indisexclusion AS is_unique,
    i.indpred IS NULL AS is_whole,
    -- 403 is btree, whose oid is fixed.
    -- One in an order of somebody's own is of no help.
    ic.relam = 403 AND i.indclass[0] < 16384::pg_catalog.oid AS is_btree,
    -- indoption has an entry for each key column, and none for INCLUDE columns, in every version.
    pg_catalog.array_upper(i.indoption, 1) + 1 AS keys,
    i.indkey
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
-- What comes with the server has lower numbers; 99 is the schema of what large values are kept in.
WHERE i.indrelid >= 16384
  AND ic.relnamespace <> 99
ORDER BY i.indexrelid;
