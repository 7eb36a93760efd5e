-- Those of some relations that still exist.
--   $1 oid[]  the relations
SELECT c.oid
FROM pg_catalog.pg_class AS c
WHERE c.oid = ANY ($1::pg_catalog.oid[])
ORDER BY c.oid;
