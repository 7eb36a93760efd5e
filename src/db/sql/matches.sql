-- The schemas and relations that the patterns of a selection match. Runs under the session's own search_path, as a
-- pattern without a schema means what that path shows; hence every name and operator is qualified. What is a letter is
-- for the database's collation to say, as in psql; names have C since 12.
--   $1 text[]  regular expressions for schemas' names
--   $2 text[]  regular expressions for the schema of a relation; an empty string means: what search_path shows
--   $3 text[]  regular expressions for relations' names, one for each of $2
--   $4 text[]  the database's name, one for each of $2; NULL means: whichever it is
SELECT
    p.number::pg_catalog.int4 AS pattern,
    true AS is_schema,
    n.oid,
    n.nspname::pg_catalog.text AS name
FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS p (regex, number)
JOIN pg_catalog.pg_namespace AS n ON n.nspname::pg_catalog.text OPERATOR(pg_catalog.~) p.regex COLLATE pg_catalog."default"
UNION ALL
SELECT
    p.number::pg_catalog.int4,
    false,
    c.oid,
    c.relname::pg_catalog.text
FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[]),
        pg_catalog.unnest($4::pg_catalog.text[]))
    WITH ORDINALITY AS p (schema_regex, name_regex, database, number)
JOIN pg_catalog.pg_class AS c ON c.relname::pg_catalog.text OPERATOR(pg_catalog.~) p.name_regex COLLATE pg_catalog."default"
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'f', 'v', 'm', 'S'])
  AND (
        p.database IS NULL
        OR pg_catalog.current_database()::pg_catalog.text OPERATOR(pg_catalog.=) p.database
      )
  AND CASE
        WHEN p.schema_regex OPERATOR(pg_catalog.=) '' THEN pg_catalog.pg_table_is_visible(c.oid)
        ELSE n.nspname::pg_catalog.text OPERATOR(pg_catalog.~) p.schema_regex COLLATE pg_catalog."default"
      END
ORDER BY 2, 1, 4, 3;
