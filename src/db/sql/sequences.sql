-- Every sequence of the database with every column that has to do with it: one row for a sequence and a column,
-- one row for a sequence without columns, and one row (sequence_oid NULL) for a column whose default calls nextval
-- on a name that is looked up at each call. No parameters. Runs on PostgreSQL 10 and later.
WITH RECURSIVE
-- A domain can be made over a domain: follow it down to the type that holds the numbers.
domain_base (domain_oid, type_oid, typmod) AS (
    SELECT t.oid, t.typbasetype, t.typtypmod
    FROM pg_catalog.pg_type AS t
    WHERE t.typtype = 'd'
  UNION ALL
    SELECT d.domain_oid, t.typbasetype, CASE WHEN d.typmod = -1 THEN t.typtypmod ELSE d.typmod END
    FROM domain_base AS d
    JOIN pg_catalog.pg_type AS t ON t.oid = d.type_oid AND t.typtype = 'd'
),
-- Foreign tables and every table above one.
remote_tree (table_oid) AS (
    SELECT c.oid
    FROM pg_catalog.pg_class AS c
    WHERE c.relkind = 'f'
  UNION
    SELECT i.inhparent
    FROM remote_tree AS r
    JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = r.table_oid
),
sequence AS (
    SELECT
        c.oid,
        c.relname,
        n.nspname,
        c.relnamespace,
        c.relowner,
        c.relpersistence,
        s.seqtypid,
        s.seqstart,
        s.seqincrement,
        s.seqmin,
        s.seqmax,
        s.seqcache,
        s.seqcycle,
        CASE
            WHEN n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') THEN 'system'
            WHEN c.relpersistence = 't' THEN 'temporary'
            WHEN EXISTS (
                SELECT
                FROM pg_catalog.pg_depend AS d
                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.objid = c.oid
                  AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                  AND d.deptype = 'e'
            ) THEN 'extension'
        END AS excluded
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = c.oid
    WHERE c.relkind = 'S'
),
link (sequence_oid, table_oid, attnum, deptype, default_names_it) AS (
    -- Owned (a) and identity (i). The same oid can occur in two catalogs, so both classes are checked.
    SELECT d.objid, d.refobjid, d.refobjsubid, d.deptype::pg_catalog.text, false
    FROM pg_catalog.pg_depend AS d
    JOIN sequence AS s ON s.oid = d.objid AND s.excluded IS NULL
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.objsubid = 0
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.refobjsubid > 0
      AND d.deptype IN ('a', 'i')
  UNION ALL
    -- Defaults that name the sequence as a regclass constant, owned or not.
    SELECT s.oid, ad.adrelid, ad.adnum, NULL, true
    FROM pg_catalog.pg_attrdef AS ad
    JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
       AND d.objid = ad.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN sequence AS s ON s.oid = d.refobjid AND s.excluded IS NULL
  UNION ALL
    -- Defaults of domains, which hold for the columns that have none of their own.
    SELECT s.oid, a.attrelid, a.attnum, NULL, true
    FROM pg_catalog.pg_depend AS d
    JOIN sequence AS s ON s.oid = d.refobjid AND s.excluded IS NULL
    JOIN pg_catalog.pg_attribute AS a ON a.atttypid = d.objid AND a.attnum > 0 AND NOT a.atthasdef AND NOT a.attisdropped
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
    WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  UNION ALL
    -- Defaults that call nextval on a name: no dependency, but the call is in the stored expression.
    SELECT NULL, ad.adrelid, ad.adnum, NULL, false
    FROM pg_catalog.pg_attrdef AS ad
    WHERE pg_catalog.strpos(
            ad.adbin::pg_catalog.text,
            ':funcid ' || 'pg_catalog.nextval(pg_catalog.regclass)'::pg_catalog.regprocedure::pg_catalog.oid || ' '
          ) > 0
      AND NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_depend AS d
            JOIN sequence AS s ON s.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
              AND d.objid = ad.oid
              AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          )
),
linked_column AS (
    SELECT
        l.sequence_oid,
        l.table_oid,
        l.attnum,
        pg_catalog.max(l.deptype) AS deptype,
        pg_catalog.bool_or(l.default_names_it) AS default_names_it
    FROM link AS l
    GROUP BY l.sequence_oid, l.table_oid, l.attnum
),
described_column AS (
    SELECT
        l.sequence_oid,
        l.table_oid,
        l.deptype,
        l.default_names_it,
        n.nspname AS table_schema,
        c.relname AS table_name,
        c.relkind::pg_catalog.text AS relkind,
        a.attname,
        a.attidentity::pg_catalog.text AS attidentity,
        a.attnotnull AS is_not_null,
        pg_catalog.format_type(a.atttypid, a.atttypmod) AS column_type,
        COALESCE(d.type_oid, a.atttypid) AS base_type,
        CASE WHEN a.atttypmod = -1 THEN COALESCE(d.typmod, -1) ELSE a.atttypmod END AS typmod,
        -- A default refers to no column, so it can be printed without its table: given the table, the server would
        -- lock it, and one table that somebody rebuilds would stop us. Only a generated column's expression has columns (VAR).
        CASE
            WHEN pg_catalog.strpos(ad.adbin::pg_catalog.text, '{VAR ') > 0 THEN 'an expression over other columns'
            WHEN ad.oid IS NULL AND l.default_names_it THEN pg_catalog.pg_get_expr(domain.typdefaultbin, 0)
            ELSE pg_catalog.pg_get_expr(ad.adbin, 0)
        END AS default_expression,
        -- Of a table those above it, unless it is being detached (since 14); of a view those under it.
        ARRAY(
            SELECT i.inhparent
            FROM pg_catalog.pg_inherits AS i
            WHERE i.inhrelid = c.oid
              AND pg_catalog.to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true'
            UNION
            SELECT d.refobjid
            FROM pg_catalog.pg_rewrite AS w
            JOIN pg_catalog.pg_depend AS d
                ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
               AND d.objid = w.oid
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            WHERE c.relkind = 'v'
              AND w.ev_class = c.oid
              AND d.refobjid <> c.oid
            ORDER BY 1
        ) AS parents,
        r.table_oid IS NOT NULL AS is_partly_remote,
        pg_catalog.row_security_active(c.oid) AS is_row_secured,
        pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') AS can_read,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS can_use_schema,
        pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
            -- The privilege is known since 17; CASE keeps older servers from being asked for it.
            OR CASE
                WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000
                THEN pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')
                ELSE false
            END AS can_lock,
        -- An index of a parent does not reach to its children, unless they are partitions.
        COALESCE(ix.is_unique_alone, false) AND NOT is_inherited.value AS is_unique_alone,
        COALESCE(ix.is_unique_partly, false) AND NOT is_inherited.value AS is_unique_partly,
        COALESCE(ix.is_leading, false) AS is_indexed,
        c.relpersistence = 'u' AS is_table_unlogged,
        tree.relations,
        tree.pages
    FROM linked_column AS l
    JOIN pg_catalog.pg_class AS c ON c.oid = l.table_oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = l.table_oid AND a.attnum = l.attnum AND NOT a.attisdropped
    LEFT JOIN domain_base AS d
        ON d.domain_oid = a.atttypid
       -- Of a chain of domains only its end.
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS t WHERE t.oid = d.type_oid AND t.typtype = 'd')
    LEFT JOIN pg_catalog.pg_attrdef AS ad ON ad.adrelid = l.table_oid AND ad.adnum = l.attnum
    LEFT JOIN pg_catalog.pg_type AS domain ON domain.oid = a.atttypid
    LEFT JOIN remote_tree AS r ON r.table_oid = l.table_oid
    LEFT JOIN LATERAL (
        -- indoption has an entry for each key column, and none for INCLUDE columns, in every version.
        SELECT
            pg_catalog.bool_or(
                (i.indisunique OR i.indisexclusion) AND i.indpred IS NULL
                AND pg_catalog.array_upper(i.indoption, 1) = 0 AND i.indkey[0] = l.attnum
            ) AS is_unique_alone,
            pg_catalog.bool_or(
                (i.indisunique OR i.indisexclusion)
                AND l.attnum = ANY ((i.indkey::pg_catalog.int2[])[0:pg_catalog.array_upper(i.indoption, 1)])
            ) AS is_unique_partly,
            pg_catalog.bool_or(am.amname = 'btree' AND i.indpred IS NULL AND i.indkey[0] = l.attnum) AS is_leading
        FROM pg_catalog.pg_index AS i
        JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
        JOIN pg_catalog.pg_am AS am ON am.oid = ic.relam
        WHERE i.indrelid = l.table_oid
          AND i.indisvalid
    ) AS ix ON true
    CROSS JOIN LATERAL (
        SELECT c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid)
    ) AS is_inherited (value)
    CROSS JOIN LATERAL (
        -- What a read of the table locks: it, all tables below it, and their indexes.
        WITH RECURSIVE below (oid) AS (
            SELECT c.oid
          UNION
            SELECT i.inhrelid
            FROM below AS b
            JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.oid
        )
        SELECT
            pg_catalog.count(DISTINCT b.oid) + pg_catalog.count(x.indexrelid) AS relations,
            (
                SELECT pg_catalog.sum(GREATEST(bc.relpages, 0))::pg_catalog.int8
                FROM below
                JOIN pg_catalog.pg_class AS bc ON bc.oid = below.oid
            ) AS pages
        FROM below AS b
        LEFT JOIN pg_catalog.pg_index AS x ON x.indrelid = b.oid
    ) AS tree
    -- Temporary tables of other sessions may draw from anything, and cannot be read.
    WHERE c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
)
SELECT
    s.oid AS sequence_oid,
    s.nspname::pg_catalog.text AS sequence_schema,
    s.relname::pg_catalog.text AS sequence_name,
    s.excluded,
    pg_catalog.format_type(s.seqtypid, NULL) AS data_type,
    s.seqstart AS start_value,
    s.seqincrement AS increment,
    s.seqmin AS min_value,
    s.seqmax AS max_value,
    s.seqcache AS cache_size,
    s.seqcycle AS cycle,
    s.relpersistence = 'u' AS is_unlogged,
    -- The owner, too, needs the privilege to set it. Of an object that has just been dropped the server answers NULL.
    pg_catalog.pg_has_role(s.relowner, 'USAGE') AND pg_catalog.has_sequence_privilege(s.oid, 'UPDATE') AS is_ours,
    pg_catalog.has_table_privilege(s.oid, 'SELECT') AS can_read_sequence,
    pg_catalog.has_schema_privilege(s.relnamespace, 'USAGE') AS can_use_sequence_schema,
    pg_catalog.has_sequence_privilege(s.oid, 'USAGE, UPDATE') AS can_advance,
    c.table_oid,
    c.table_schema::pg_catalog.text,
    c.table_name::pg_catalog.text,
    c.relkind,
    c.attname::pg_catalog.text AS column_name,
    c.column_type,
    c.base_type,
    c.typmod,
    c.deptype,
    c.attidentity,
    c.default_names_it,
    c.default_expression,
    c.parents,
    c.is_partly_remote,
    c.is_row_secured,
    c.can_read,
    c.can_use_schema,
    c.can_lock,
    c.is_unique_alone,
    c.is_unique_partly,
    c.is_indexed,
    c.is_table_unlogged,
    c.relations,
    c.is_not_null,
    c.pages
FROM sequence AS s
FULL JOIN described_column AS c ON c.sequence_oid = s.oid
ORDER BY s.nspname, s.relname, c.table_schema, c.table_name, c.attname;
