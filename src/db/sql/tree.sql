-- The tables that hold rows among a table and all below it, with how many relations a read of each locks.
--   $1 oid  the table
WITH RECURSIVE below (table_oid) AS (
    SELECT $1::pg_catalog.oid
  UNION
    SELECT i.inhrelid
    FROM below AS b
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.table_oid
)
SELECT
    c.oid AS table_oid,
    n.nspname::pg_catalog.text AS table_schema,
    c.relname::pg_catalog.text AS table_name,
    1 + (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid) AS relations
FROM below AS b
JOIN pg_catalog.pg_class AS c ON c.oid = b.table_oid AND c.relkind = 'r'
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY c.oid;
