-- Sequences by schema and name.
--   $1 name[]  the schemas
--   $2 name[]  the names, one for each of $1
SELECT c.oid
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.name[]), pg_catalog.unnest($2::pg_catalog.name[])) AS w (schema, name)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
WHERE c.relkind = 'S'
ORDER BY c.oid;
