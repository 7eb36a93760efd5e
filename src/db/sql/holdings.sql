-- What the database holds that plain serial and identity columns do not need: what it has none of, need not be read.
-- No parameters. Runs on PostgreSQL 10 and later. Written for a session that has just begun, to which every function
-- and operator is new; the numbers are oids below 16384, which are the same on every server.
SELECT
    -- The defaults that call nextval (1574), whatever they call it with.
    (
        SELECT pg_catalog.count(*)
        FROM pg_catalog.pg_attrdef AS ad
        WHERE ad.adbin::pg_catalog.text LIKE '%:funcid 1574 %'
    ) AS calling_defaults,
    -- A domain whose default names a regclass constant (2205): it holds for the columns that have none of their own.
    EXISTS (
        SELECT
        FROM pg_catalog.pg_type AS t
        WHERE t.typtype = 'd'
          AND t.typdefaultbin::pg_catalog.text LIKE '%:consttype 2205 %'
    ) AS has_domains,
    EXISTS (SELECT FROM pg_catalog.pg_inherits) AS has_inheritance,
    -- Those of users. Those in C (13) and inside the server (12) have no text.
    EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.oid >= 16384 AND p.prolang NOT IN (12, 13)) AS has_functions,
    pg_catalog.current_setting('is_superuser') AS has_all_privileges;
-- The defaults (pg_attrdef, 2604) and the rules (pg_rewrite, 2618) that name a sequence as a constant.
SELECT d.classid, d.objid, d.refobjid
FROM pg_catalog.pg_sequence AS s
-- pg_class
JOIN pg_catalog.pg_depend AS d ON d.refclassid = 1259 AND d.refobjid = s.seqrelid
WHERE d.classid IN (2604, 2618);
