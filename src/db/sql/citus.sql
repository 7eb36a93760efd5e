-- The node's group, and the tables that Citus knows of. No parameters. For databases with the extension citus.
SELECT
    (SELECT l.groupid FROM pg_catalog.pg_dist_local_group AS l) AS node_group,
    ARRAY(
        SELECT p.logicalrelid::pg_catalog.oid
        FROM pg_catalog.pg_dist_partition AS p
        ORDER BY p.logicalrelid::pg_catalog.oid
    ) AS tables;
