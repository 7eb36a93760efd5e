-- The line that is most often given as an answer, `SELECT setval('t_id_seq', (SELECT max(id) FROM t))`, written out for
-- every column that has a sequence of its own; psql is to run them.
SELECT format('SELECT setval(%L, (SELECT max(%I) FROM %s));', objid::regclass, attname, refobjid::regclass)
FROM pg_depend
JOIN pg_class ON pg_class.oid = objid AND relkind = 'S'
JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
ORDER BY refobjid::regclass::text, attnum;
