-- Every sequence of the database, each with the column that owns it. No parameters. Runs on PostgreSQL 10 and later.
--
-- Tells of plain serial and identity columns what sequences.sql tells, but for privileges and extensions, which are asked
-- for apart, and takes the server a third of the time: it is short, for planning takes longer than running it. The
-- numbers are oids below 16384, the same on every server.
SELECT
    s.seqrelid,
    n.nspname,
    c.relname,
    CASE
        WHEN n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') THEN 'system'
        WHEN c.relpersistence = 't' THEN 'temporary'
    END AS excluded,
    s.seqtypid,
    s.seqstart,
    s.seqincrement,
    s.seqmin,
    s.seqmax,
    s.seqcache,
    s.seqcycle,
    c.relpersistence = 'u' AS is_unlogged,
    d.deptype,
    t.oid AS table_oid,
    t.relname AS table_name,
    -- Nothing but an ordinary table, which cannot be temporary here, nor in another schema than its sequence.
    t.relkind = 'r' AND t.relpersistence <> 't' AND t.relnamespace = c.relnamespace
        AND NOT a.attisdropped AS is_ordinary,
    t.relpersistence = 'u' AS is_table_unlogged,
    GREATEST(t.relpages, 0)
        * pg_catalog.to_number(pg_catalog.current_setting('block_size'), '9999999')::pg_catalog.int8 AS bytes,
    a.attnum,
    a.attname,
    a.atttypid,
    a.attidentity,
    a.attnotnull AND NOT t.relhassubclass AS is_not_null,
    a.atthasdef,
    ad.oid AS default_oid,
    -- Whether it is plain, see sequences.sql.
    ad.adbin::pg_catalog.text LIKE ANY (ARRAY[
        '{FUNCEXPR :funcid 1574 :funcresulttype 20 :funcretset false :funcvariadic false :funcformat 0'
            ' :funccollid 0 :inputcollid 0 :args ({CONST :consttype 2205 :consttypmod -1 :constcollid 0'
            ' :constlen 4 :constbyval true :constisnull false %',
        '{FUNCEXPR :funcid 480 :funcresulttype 23 :funcretset false :funcvariadic false :funcformat 2'
            ' :funccollid 0 :inputcollid 0 :args ('
            '{FUNCEXPR :funcid 1574 :funcresulttype 20 :funcretset false :funcvariadic false :funcformat 0'
            ' :funccollid 0 :inputcollid 0 :args ({CONST :consttype 2205 :consttypmod -1 :constcollid 0'
            ' :constlen 4 :constbyval true :constisnull false %',
        '{FUNCEXPR :funcid 714 :funcresulttype 21 :funcretset false :funcvariadic false :funcformat 2'
            ' :funccollid 0 :inputcollid 0 :args ('
            '{FUNCEXPR :funcid 1574 :funcresulttype 20 :funcretset false :funcvariadic false :funcformat 0'
            ' :funccollid 0 :inputcollid 0 :args ({CONST :consttype 2205 :consttypmod -1 :constcollid 0'
            ' :constlen 4 :constbyval true :constisnull false %'
    ]) AS is_plain_nextval
FROM pg_catalog.pg_sequence AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid AND c.relkind = 'S'
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
-- Owned (a) and identity (i); pg_class on both sides.
LEFT JOIN pg_catalog.pg_depend AS d
    ON d.classid = 1259
   AND d.objid = s.seqrelid
   AND d.objsubid = 0
   AND d.refclassid = 1259
   AND d.refobjsubid > 0
   AND d.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
LEFT JOIN pg_catalog.pg_attrdef AS ad ON ad.adrelid = d.refobjid AND ad.adnum = d.refobjsubid
ORDER BY n.nspname, c.relname;
