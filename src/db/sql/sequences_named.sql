-- Sequences of a schema that have one of some names.
--   $1 text    the schema
--   $2 name[]  the names
SELECT c.oid
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1::pg_catalog.name
  AND c.relname = ANY ($2::pg_catalog.name[])
  AND c.relkind = 'S'
ORDER BY c.oid;
