-- What the role may do with each sequence and with the column that owns it, unless it may do everything.
-- No parameters. Runs on PostgreSQL 10 and later. Of an object that has just been dropped the server answers NULL.
SELECT
    s.seqrelid,
    -- The owner, too, needs the privilege to set it.
    so.is_all_ours
        OR pg_catalog.pg_has_role(c.relowner, 'USAGE')
            AND pg_catalog.has_sequence_privilege(c.oid, 'UPDATE') AS is_ours,
    so.is_all_ours OR pg_catalog.has_table_privilege(c.oid, 'SELECT') AS can_read_sequence,
    so.is_all_ours OR pg_catalog.has_sequence_privilege(c.oid, 'USAGE, UPDATE') AS can_advance,
    pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS can_use_schema,
    t.relrowsecurity AND pg_catalog.row_security_active(t.oid) AS is_row_secured,
    o.is_all_ours OR pg_catalog.has_column_privilege(t.oid, d.refobjsubid::pg_catalog.int2, 'SELECT') AS can_read,
    o.is_all_ours
        OR pg_catalog.has_table_privilege(t.oid, 'UPDATE, DELETE, TRUNCATE')
        -- The privilege is known since 17; CASE keeps older servers from being asked for it.
        OR CASE
            WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000
            THEN pg_catalog.has_table_privilege(t.oid, 'MAINTAIN')
            ELSE false
        END AS can_lock
FROM pg_catalog.pg_sequence AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
-- Owned (a) and identity (i); pg_class on both sides.
LEFT JOIN pg_catalog.pg_depend AS d
    ON d.classid = 1259
   AND d.objid = s.seqrelid
   AND d.objsubid = 0
   AND d.refclassid = 1259
   AND d.refobjsubid > 0
   AND d.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
CROSS JOIN LATERAL (SELECT c.relacl IS NULL AND pg_catalog.pg_has_role(c.relowner, 'USAGE')) AS so (is_all_ours)
CROSS JOIN LATERAL (SELECT t.relacl IS NULL AND pg_catalog.pg_has_role(t.relowner, 'USAGE')) AS o (is_all_ours);
