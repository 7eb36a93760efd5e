-- Every sequence of the database with every column that has to do with it: one row for a sequence and a column,
-- one row for a sequence without columns, and one row (sequence_oid NULL) for a column whose default calls nextval
-- on a name that is looked up at each call. No parameters. Runs on PostgreSQL 10 and later.
--
-- Written for ten thousand tables: every catalog is read whole and joined by hashing, what few columns need is looked
-- up for these only, and nothing that looks into the server's caches (privileges, pg_get_expr) is asked of every row.
WITH RECURSIVE
-- A domain can be made over a domain: follow it down to the type that holds the numbers.
domain_step (domain_oid, type_oid, typmod, depth) AS (
    SELECT t.oid, t.typbasetype, t.typtypmod, 0
    FROM pg_catalog.pg_type AS t
    WHERE t.typtype = 'd'
  UNION ALL
    SELECT d.domain_oid, t.typbasetype, CASE WHEN d.typmod = -1 THEN t.typtypmod ELSE d.typmod END, d.depth + 1
    FROM domain_step AS d
    JOIN pg_catalog.pg_type AS t ON t.oid = d.type_oid AND t.typtype = 'd'
),
-- Foreign tables and every table above one, with their servers.
remote_tree (table_oid, server_oid) AS (
    SELECT f.ftrelid, f.ftserver
    FROM pg_catalog.pg_foreign_table AS f
  UNION
    SELECT i.inhparent, r.server_oid
    FROM remote_tree AS r
    JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = r.table_oid
),
-- Where those are: name, host, hostaddr, port, dbname and service of each, one after the other; NULL where that is not
-- known.
remote (table_oid, servers) AS (
    SELECT r.table_oid, pg_catalog.array_agg(part.value ORDER BY r.server_oid, part.number)
    FROM remote_tree AS r
    LEFT JOIN pg_catalog.pg_foreign_server AS s ON s.oid = r.server_oid
    LEFT JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw AND w.fdwname = 'postgres_fdw'
    CROSS JOIN LATERAL pg_catalog.unnest(
        s.srvname::pg_catalog.text || ARRAY(
            SELECT CASE WHEN w.oid IS NOT NULL THEN (
                SELECT o.option_value
                FROM pg_catalog.pg_options_to_table(s.srvoptions) AS o
                WHERE o.option_name = wanted.name
            ) END
            FROM pg_catalog.unnest(ARRAY['host', 'hostaddr', 'port', 'dbname', 'service']) WITH ORDINALITY AS wanted (name, number)
            ORDER BY wanted.number
        )
    ) WITH ORDINALITY AS part (value, number)
    GROUP BY r.table_oid
),
schema AS (
    SELECT
        n.oid,
        n.nspname,
        n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AS is_system,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS can_use
    FROM pg_catalog.pg_namespace AS n
),
sequence AS (
    SELECT
        s.seqrelid AS oid,
        c.relname,
        n.nspname,
        n.can_use,
        c.relpersistence,
        -- Its owner has every privilege as long as nobody granted or revoked any.
        c.relacl IS NULL AND pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_all_ours,
        c.relowner,
        s.seqtypid,
        s.seqstart,
        s.seqincrement,
        s.seqmin,
        s.seqmax,
        s.seqcache,
        s.seqcycle,
        CASE
            WHEN n.is_system THEN 'system'
            WHEN c.relpersistence = 't' THEN 'temporary'
            WHEN c.oid IN (
                SELECT d.objid
                FROM pg_catalog.pg_depend AS d
                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                  AND d.deptype = 'e'
            ) THEN 'extension'
        END AS excluded
    FROM pg_catalog.pg_sequence AS s
    JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid AND c.relkind = 'S'
    JOIN schema AS n ON n.oid = c.relnamespace
),
-- How a stored expression begins that is nothing but nextval of a regclass constant, or a cast of that to integer or
-- smallint as an assignment makes it. All three functions take one argument: nothing more can follow.
shape (calls_nextval, is_plain) AS (
    SELECT
        '%:funcid ' || f.nextval || ' %',
        ARRAY[
            f.call,
            f.cast_begin || f.int4 || ' :funcresulttype 23' || f.cast_middle || f.call,
            f.cast_begin || f.int2 || ' :funcresulttype 21' || f.cast_middle || f.call
        ]
    FROM (
        SELECT
            p.nextval,
            p.int4,
            p.int2,
            '{FUNCEXPR :funcid ' AS cast_begin,
            ' :funcretset false :funcvariadic false :funcformat 2 :funccollid 0 :inputcollid 0 :args (' AS cast_middle,
            '{FUNCEXPR :funcid ' || p.nextval || ' :funcresulttype 20 :funcretset false :funcvariadic false '
                || ':funcformat 0 :funccollid 0 :inputcollid 0 :args ({CONST :consttype 2205 :consttypmod -1 '
                || ':constcollid 0 :constlen 4 :constbyval true :constisnull false %' AS call
        FROM (
            -- As text without a cast: with casts to text as PostgreSQL 8.2 had them, || would be ambiguous.
            SELECT
                pg_catalog.concat('pg_catalog.nextval(pg_catalog.regclass)'::pg_catalog.regprocedure::pg_catalog.oid),
                pg_catalog.concat('pg_catalog.int4(pg_catalog.int8)'::pg_catalog.regprocedure::pg_catalog.oid),
                pg_catalog.concat('pg_catalog.int2(pg_catalog.int8)'::pg_catalog.regprocedure::pg_catalog.oid)
        ) AS p (nextval, int4, int2)
    ) AS f
),
stored_default AS (
    SELECT
        ad.oid,
        ad.adrelid,
        ad.adnum,
        ad.adbin,
        ad.adbin::pg_catalog.text LIKE ANY ((SELECT shape.is_plain FROM shape)::pg_catalog.text[]) AS is_plain
    FROM pg_catalog.pg_attrdef AS ad
),
-- Which default or domain names which sequence as a regclass constant.
use (classid, objid, sequence_oid, is_excluded) AS (
    SELECT d.classid, d.objid, s.oid, s.excluded IS NOT NULL
    FROM pg_catalog.pg_depend AS d
    JOIN sequence AS s ON s.oid = d.refobjid
    WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.classid IN ('pg_catalog.pg_attrdef'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass)
),
link (sequence_oid, table_oid, attnum, deptype, default_names_it) AS (
    -- Owned (a) and identity (i). The same oid can occur in two catalogs, so both classes are checked.
    SELECT s.oid, d.refobjid, d.refobjsubid::pg_catalog.int2, d.deptype::pg_catalog.text, false
    FROM pg_catalog.pg_depend AS d
    JOIN sequence AS s ON s.oid = d.objid AND s.excluded IS NULL
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.objsubid = 0
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.refobjsubid > 0
      AND d.deptype IN ('a', 'i')
  UNION ALL
    -- Defaults that name the sequence, owned or not.
    SELECT u.sequence_oid, ad.adrelid, ad.adnum, NULL, true
    FROM use AS u
    JOIN stored_default AS ad ON ad.oid = u.objid
    WHERE u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
      AND NOT u.is_excluded
  UNION ALL
    -- Defaults of domains, which hold for the columns that have none of their own.
    SELECT u.sequence_oid, a.attrelid, a.attnum, NULL, true
    FROM use AS u
    JOIN pg_catalog.pg_attribute AS a ON a.atttypid = u.objid AND a.attnum > 0 AND NOT a.atthasdef AND NOT a.attisdropped
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
    WHERE u.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
      AND NOT u.is_excluded
  UNION ALL
    -- Defaults that call nextval on a name: no dependency, but the call is in the stored expression.
    SELECT NULL, ad.adrelid, ad.adnum, NULL, false
    FROM stored_default AS ad
    WHERE NOT EXISTS (
            SELECT
            FROM use AS u
            WHERE u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
              AND u.objid = ad.oid
          )
      AND ad.adbin::pg_catalog.text LIKE (SELECT shape.calls_nextval FROM shape)
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
-- Of the tables that have others below them: what a read of one locks, and how much it may have to read.
below (top_oid, table_oid) AS (
    SELECT l.table_oid, l.table_oid
    FROM linked_column AS l
    WHERE l.table_oid IN (SELECT i.inhparent FROM pg_catalog.pg_inherits AS i)
  UNION
    SELECT b.top_oid, i.inhrelid
    FROM below AS b
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.table_oid
),
tree (table_oid, tables, relations, pages) AS (
    SELECT
        b.top_oid,
        pg_catalog.count(*),
        pg_catalog.sum(
            1 + (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index AS i WHERE i.indrelid = b.table_oid)
        )::pg_catalog.int8,
        pg_catalog.sum(GREATEST(c.relpages, 0))::pg_catalog.int8
    FROM below AS b
    JOIN pg_catalog.pg_class AS c ON c.oid = b.table_oid
    GROUP BY b.top_oid
),
column_index AS (
    -- indoption has an entry for each key column, and none for INCLUDE columns, in every version.
    SELECT
        l.table_oid,
        l.attnum,
        pg_catalog.count(*) AS indexes,
        pg_catalog.bool_or(
            i.indisvalid AND (i.indisunique OR i.indisexclusion) AND i.indpred IS NULL
            AND pg_catalog.array_upper(i.indoption, 1) = 0 AND i.indkey[0] = l.attnum
        ) AS is_unique_alone,
        pg_catalog.bool_or(
            i.indisvalid AND (i.indisunique OR i.indisexclusion)
            AND l.attnum = ANY ((i.indkey::pg_catalog.int2[])[0:pg_catalog.array_upper(i.indoption, 1)])
        ) AS is_unique_partly,
        -- 403 is btree, whose oid is fixed.
        pg_catalog.bool_or(
            i.indisvalid AND ic.relam = 403 AND i.indpred IS NULL AND i.indkey[0] = l.attnum
            -- One in an order of somebody's own is of no help.
            AND i.indclass[0] < 16384::pg_catalog.oid
        ) AS is_leading
    FROM (SELECT DISTINCT k.table_oid, k.attnum FROM linked_column AS k) AS l
    JOIN pg_catalog.pg_index AS i ON i.indrelid = l.table_oid
    JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
    GROUP BY l.table_oid, l.attnum
),
described_column AS (
    SELECT
        l.sequence_oid,
        l.table_oid,
        l.deptype,
        l.default_names_it,
        ad.is_plain AND l.default_names_it AS is_plain_nextval,
        n.nspname AS table_schema,
        c.relname AS table_name,
        c.relkind::pg_catalog.text AS relkind,
        a.attname,
        a.attnum,
        a.atttypid,
        a.attidentity::pg_catalog.text AS attidentity,
        -- Since 18 a constraint may be NOT VALID yet, and children of a table may do without it.
        a.attnotnull AND NOT c.relhassubclass
            AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 180000 AS is_not_null,
        pg_catalog.format_type(a.atttypid, a.atttypmod) AS column_type,
        COALESCE(d.type_oid, a.atttypid) AS base_type,
        CASE WHEN a.atttypmod = -1 THEN COALESCE(d.typmod, -1) ELSE a.atttypmod END AS typmod,
        -- A default refers to no column, so it can be printed without its table: given the table, the server would
        -- lock it, and one table that somebody rebuilds would stop us. Only a generated column's expression has columns (VAR).
        CASE
            WHEN ad.is_plain AND l.default_names_it THEN NULL
            WHEN pg_catalog.strpos(ad.adbin::pg_catalog.text, '{VAR ') > 0 THEN 'an expression over other columns'
            WHEN ad.adbin IS NOT NULL THEN pg_catalog.pg_get_expr(ad.adbin, 0)
            WHEN l.default_names_it THEN (
                SELECT pg_catalog.pg_get_expr(t.typdefaultbin, 0)
                FROM pg_catalog.pg_type AS t
                WHERE t.oid = a.atttypid
            )
        END AS default_expression,
        -- Of a table those above it; of a view those under it.
        CASE
            WHEN c.relkind = 'v'
            THEN ARRAY(
                SELECT DISTINCT d.refobjid
                FROM pg_catalog.pg_rewrite AS w
                JOIN pg_catalog.pg_depend AS d
                    ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                   AND d.objid = w.oid
                   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                WHERE w.ev_class = c.oid
                  AND d.refobjid <> c.oid
                ORDER BY 1
            )
            ELSE COALESCE(above.parents, ARRAY[]::pg_catalog.oid[])
        END AS parents,
        r.servers AS remote_servers,
        c.relrowsecurity AND pg_catalog.row_security_active(c.oid) AS is_row_secured,
        o.is_all_ours OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') AS can_read,
        n.can_use AS can_use_schema,
        o.is_all_ours
            OR pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
            -- The privilege is known since 17; CASE keeps older servers from being asked for it.
            OR CASE
                WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000
                THEN pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')
                ELSE false
            END AS can_lock,
        -- An index of a parent does not reach to its children, unless they are partitions.
        COALESCE(ix.is_unique_alone AND (c.relkind <> 'r' OR tree.table_oid IS NULL), false) AS is_unique_alone,
        COALESCE(ix.is_unique_partly AND (c.relkind <> 'r' OR tree.table_oid IS NULL), false) AS is_unique_partly,
        COALESCE(ix.is_leading, false)
            AND (
                c.relkind <> 'r'
                OR tree.table_oid IS NULL
                -- Each child needs one of its own.
                OR NOT EXISTS (
                    SELECT
                    FROM below AS b
                    JOIN pg_catalog.pg_attribute AS ba ON ba.attrelid = b.table_oid AND ba.attname = a.attname
                    WHERE b.top_oid = l.table_oid
                      AND NOT EXISTS (
                            SELECT
                            FROM pg_catalog.pg_index AS bi
                            JOIN pg_catalog.pg_class AS bc ON bc.oid = bi.indexrelid AND bc.relam = 403
                            WHERE bi.indrelid = b.table_oid
                              AND bi.indisvalid
                              AND bi.indpred IS NULL
                              AND bi.indkey[0] = ba.attnum
                              AND bi.indclass[0] < 16384::pg_catalog.oid
                          )
                )
            ) AS is_indexed,
        c.relpersistence = 'u' AS is_table_unlogged,
        COALESCE(tree.tables, 1) AS tables,
        COALESCE(tree.relations, 1 + COALESCE(ix.indexes, 0)) AS relations,
        COALESCE(tree.pages, GREATEST(c.relpages, 0))
            * pg_catalog.to_number(pg_catalog.current_setting('block_size'), '9999999')::pg_catalog.int8 AS bytes
    FROM linked_column AS l
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = l.table_oid AND a.attnum = l.attnum AND NOT a.attisdropped
    -- Temporary tables of other sessions may draw from anything, and cannot be read.
    JOIN pg_catalog.pg_class AS c ON c.oid = l.table_oid AND c.relpersistence <> 't'
    JOIN schema AS n ON n.oid = c.relnamespace AND NOT n.is_system
    LEFT JOIN stored_default AS ad ON ad.adrelid = l.table_oid AND ad.adnum = l.attnum
    LEFT JOIN column_index AS ix ON ix.table_oid = l.table_oid AND ix.attnum = l.attnum
    LEFT JOIN tree ON tree.table_oid = l.table_oid
    LEFT JOIN remote AS r ON r.table_oid = l.table_oid
    LEFT JOIN (
        SELECT i.inhrelid, pg_catalog.array_agg(i.inhparent ORDER BY i.inhparent) AS parents
        FROM pg_catalog.pg_inherits AS i
        -- Not those that it is being detached from (since 14).
        WHERE pg_catalog.to_jsonb(i) ->> 'inhdetachpending' IS DISTINCT FROM 'true'
        GROUP BY i.inhrelid
    ) AS above ON above.inhrelid = l.table_oid
    LEFT JOIN (
        -- Of a chain of domains only its end.
        SELECT DISTINCT ON (s.domain_oid) s.domain_oid, s.type_oid, s.typmod
        FROM domain_step AS s
        ORDER BY s.domain_oid, s.depth DESC
    ) AS d ON d.domain_oid = a.atttypid
    CROSS JOIN LATERAL (
        SELECT c.relacl IS NULL AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
    ) AS o (is_all_ours)
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
    s.is_all_ours
        OR pg_catalog.pg_has_role(s.relowner, 'USAGE') AND pg_catalog.has_sequence_privilege(s.oid, 'UPDATE') AS is_ours,
    s.is_all_ours OR pg_catalog.has_table_privilege(s.oid, 'SELECT') AS can_read_sequence,
    s.can_use AS can_use_sequence_schema,
    s.is_all_ours OR pg_catalog.has_sequence_privilege(s.oid, 'USAGE, UPDATE') AS can_advance,
    c.table_oid,
    c.table_schema::pg_catalog.text,
    c.table_name::pg_catalog.text,
    c.relkind,
    c.attname::pg_catalog.text AS column_name,
    c.attnum,
    c.atttypid,
    c.column_type,
    c.base_type,
    c.typmod,
    c.deptype,
    c.attidentity,
    c.default_names_it,
    c.is_plain_nextval,
    c.default_expression,
    c.parents,
    c.remote_servers,
    c.is_row_secured,
    c.can_read,
    c.can_use_schema,
    c.can_lock,
    c.is_unique_alone,
    c.is_unique_partly,
    c.is_indexed,
    c.is_table_unlogged,
    c.tables,
    c.relations,
    c.is_not_null,
    c.bytes
FROM sequence AS s
FULL JOIN described_column AS c ON c.sequence_oid = s.oid
ORDER BY s.nspname, s.relname, c.table_schema, c.table_name, c.attname;
