-- The relations that are part of an extension. No parameters. Runs on PostgreSQL 10 and later.
SELECT e.objid
FROM pg_catalog.pg_depend AS e
-- pg_extension, pg_class
WHERE e.refclassid = 3079
  AND e.classid = 1259
  AND e.deptype = 'e';
