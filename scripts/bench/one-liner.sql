-- The line that is most often given as an answer, `SELECT setval('t_id_seq', (SELECT max(id) FROM t))`, written out for
-- every column that has a sequence of its own; psql is to run them.
SELECT format('SELECT setval(%L, (SELECT max(%I) FROM %s));', pg_get_serial_sequence(attrelid::regclass::text, attname), attname, attrelid::regclass)
FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid AND relkind IN ('r', 'p')
WHERE attnum > 0 AND NOT attisdropped AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND pg_get_serial_sequence(attrelid::regclass::text, attname) IS NOT NULL
ORDER BY attrelid::regclass::text, attnum;
