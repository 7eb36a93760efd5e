-- Sequences by schema and name: a row for each that is asked for, in order, with its oid or NULL.
--   $1 name[]  the schemas
--   $2 name[]  the names, one for each of $1
SELECT c.oid
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.name[]), pg_catalog.unnest($2::pg_catalog.name[]))
    WITH ORDINALITY AS w (schema, name, number)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind = 'S'
ORDER BY w.number;
