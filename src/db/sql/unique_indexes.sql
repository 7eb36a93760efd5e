-- Unique and exclusion indexes: by their names, or by the columns that they cover. That of a partition is described as
-- the one at the top of its tree, which holds for all of them. Runs on PostgreSQL 10 and later.
--   $1 name[]  names of indexes, which are those of their constraints; NULL: whatever the name
--   $2 text[]  names of the key columns, in any order; NULL: whatever columns
WITH RECURSIVE
found AS (
    SELECT i.indexrelid, i.indrelid, c.relname, n.nspname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
    JOIN pg_catalog.pg_class AS tc ON tc.oid = i.indrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE (i.indisunique OR i.indisexclusion)
      -- Temporary tables of other sessions cannot be looked at, and we have none.
      AND c.relpersistence <> 't'
      -- No NULL lets a plain search by the index of names pass: without a name the columns decide.
      AND ($1::pg_catalog.name[] IS NULL OR c.relname = ANY ($1::pg_catalog.name[]))
      AND (
            $2::pg_catalog.text[] IS NULL
            OR (
                n.nspname <> 'pg_catalog'
                -- Of a tree only its top.
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid)
                AND ARRAY(
                    SELECT a.attname::pg_catalog.text
                    FROM pg_catalog.generate_series(0, pg_catalog.array_upper(i.indoption, 1)) AS k (at)
                    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.at]
                    ORDER BY a.attname::pg_catalog.text COLLATE pg_catalog."C"
                ) = ARRAY(SELECT w.name FROM pg_catalog.unnest($2::pg_catalog.text[]) AS w (name) ORDER BY w.name COLLATE pg_catalog."C")
                AND i.indexprs IS NULL
            )
          )
),
up (found_oid, index_oid, depth) AS (
    SELECT f.indexrelid, f.indexrelid, 0
    FROM found AS f
  UNION ALL
    SELECT u.found_oid, h.inhparent, u.depth + 1
    FROM up AS u
    JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = u.index_oid
),
top AS (
    SELECT DISTINCT ON (u.found_oid) u.found_oid, u.index_oid
    FROM up AS u
    ORDER BY u.found_oid, u.depth DESC
)
SELECT
    i.indexrelid AS index_oid,
    n.nspname::pg_catalog.text AS index_schema,
    c.relname::pg_catalog.text AS index_name,
    tc.oid AS table_oid,
    tn.nspname::pg_catalog.text AS table_schema,
    tc.relname::pg_catalog.text AS table_name,
    f.nspname::pg_catalog.text AS found_schema,
    f.relname::pg_catalog.text AS found_name,
    fc.relname::pg_catalog.text AS found_table,
    fc.oid AS found_table_oid,
    tc.relkind::pg_catalog.text AS relkind,
    COALESCE(k.contype::pg_catalog.text, '') AS contype,
    COALESCE(k.condeferred, false) AS is_deferred,
    i.indisexclusion AS is_exclusion,
    NOT i.indimmediate AS is_deferrable,
    i.indisvalid AS is_valid,
    -- The column came with 15.
    COALESCE(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'true' AS nulls_not_distinct,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
    tn.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AS is_system,
    tc.relispartition AS is_partition,
    -- UPDATE is 2, INSERT is 3, DELETE is 4.
    ARRAY(
        SELECT DISTINCT r.ev_type::pg_catalog.text
        FROM pg_catalog.pg_rewrite AS r
        WHERE r.ev_class = tc.oid
          AND r.ev_type IN ('2', '3', '4')
        ORDER BY 1
    ) AS rules,
    pg_catalog.row_security_active(tc.oid) AS is_row_secured,
    pg_catalog.has_table_privilege(tc.oid, 'SELECT') AS can_read,
    pg_catalog.has_schema_privilege(tn.oid, 'USAGE') AS can_use_schema,
    parts.definitions,
    parts.columns,
    parts.types,
    parts.categories,
    parts.equalities,
    parts.collations,
    ARRAY(
        SELECT DISTINCT a.attname::pg_catalog.text
        FROM pg_catalog.pg_depend AS d
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.objid = i.indexrelid
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.refobjid = i.indrelid
          AND d.refobjsubid > 0
        ORDER BY 1
    ) AS depends_on,
    columns.names AS column_names,
    columns.types AS column_types,
    columns.insertable AS column_insertable,
    columns.draws AS column_draws,
    columns.is_primary AS column_is_primary,
    columns.computed_from AS column_computed_from
FROM found AS f
JOIN top AS t ON t.found_oid = f.indexrelid
JOIN pg_catalog.pg_index AS i ON i.indexrelid = t.index_oid
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS tc ON tc.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS tn ON tn.oid = tc.relnamespace
JOIN pg_catalog.pg_class AS fc ON fc.oid = f.indrelid
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.array_agg(pg_catalog.pg_get_indexdef(i.indexrelid, p.at + 1, false) ORDER BY p.at) AS definitions,
        pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY p.at) AS columns,
        -- With -1 the bare type is written: "character" alone would be character(1).
        pg_catalog.array_agg(pg_catalog.format_type(b.type_oid, -1) ORDER BY p.at) AS types,
        pg_catalog.array_agg(b.category ORDER BY p.at) AS categories,
        pg_catalog.array_agg(
            (
                SELECT pg_catalog.format('OPERATOR(%I.%s)', en.nspname, e.oprname)
                FROM pg_catalog.pg_amop AS ao
                JOIN pg_catalog.pg_operator AS e ON e.oid = ao.amopopr
                JOIN pg_catalog.pg_namespace AS en ON en.oid = e.oprnamespace
                JOIN pg_catalog.pg_am AS am ON am.oid = ao.amopmethod
                WHERE ao.amopfamily = oc.opcfamily
                  AND ao.amoplefttype = oc.opcintype
                  AND ao.amoprighttype = oc.opcintype
                  AND am.amname = 'btree'
                  AND ao.amopstrategy = 3
            )
            ORDER BY p.at
        ) AS equalities,
        pg_catalog.array_agg(
            (
                SELECT pg_catalog.format('%I.%I', con.nspname, co.collname)
                FROM pg_catalog.pg_collation AS co
                JOIN pg_catalog.pg_namespace AS con ON con.oid = co.collnamespace
                WHERE co.oid = i.indcollation[p.at]
            )
            ORDER BY p.at
        ) AS collations
    -- indoption has an entry for each key column, and none for INCLUDE columns, in every version.
    FROM pg_catalog.generate_series(0, pg_catalog.array_upper(i.indoption, 1)) AS p (at)
    JOIN pg_catalog.pg_attribute AS ia ON ia.attrelid = i.indexrelid AND ia.attnum = p.at + 1
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.at]
    JOIN pg_catalog.pg_opclass AS oc ON oc.oid = i.indclass[p.at]
    CROSS JOIN LATERAL (
        -- A domain's base type, as a cast to the domain would run its checks; of a domain over a domain the last one.
        WITH RECURSIVE base (type_oid, category, typtype, typbasetype) AS (
            SELECT ty.oid, ty.typcategory::pg_catalog.text, ty.typtype, ty.typbasetype
            FROM pg_catalog.pg_type AS ty
            WHERE ty.oid = COALESCE(a.atttypid, ia.atttypid)
          UNION ALL
            SELECT ty.oid, ty.typcategory::pg_catalog.text, ty.typtype, ty.typbasetype
            FROM base
            JOIN pg_catalog.pg_type AS ty ON ty.oid = base.typbasetype
            WHERE base.typtype = 'd'
        )
        SELECT base.type_oid, base.category
        FROM base
        WHERE base.typtype <> 'd'
    ) AS b
) AS parts
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY a.attnum) AS names,
        pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types,
        pg_catalog.array_agg(
            a.attidentity <> 'a'
            -- The column came with 12.
            AND COALESCE(pg_catalog.to_jsonb(a) ->> 'attgenerated', '') = ''
            ORDER BY a.attnum
        ) AS insertable,
        pg_catalog.array_agg(
            a.attidentity <> ''
            OR COALESCE(pg_catalog.strpos(
                ad.adbin::pg_catalog.text,
                -- concat() needs no cast from oid: with casts to text as PostgreSQL 8.2 had them, || would be ambiguous.
                (
                    SELECT pg_catalog.concat(
                        ':funcid ', 'pg_catalog.nextval(pg_catalog.regclass)'::pg_catalog.regprocedure::pg_catalog.oid, ' '
                    )
                )
            ) > 0, false)
            ORDER BY a.attnum
        ) AS draws,
        pg_catalog.array_agg(
            EXISTS (
                SELECT
                FROM pg_catalog.pg_index AS pk
                WHERE pk.indrelid = tc.oid
                  AND pk.indisprimary
                  AND a.attnum = ANY ((pk.indkey::pg_catalog.int2[])[0:pg_catalog.array_upper(pk.indoption, 1)])
            )
            ORDER BY a.attnum
        ) AS is_primary,
        -- The columns of a generated column's expression, as a JSON array.
        pg_catalog.array_agg(
            (
                SELECT pg_catalog.json_agg(DISTINCT sa.attname::pg_catalog.text)::pg_catalog.text
                FROM pg_catalog.pg_depend AS d
                JOIN pg_catalog.pg_attribute AS sa ON sa.attrelid = d.refobjid AND sa.attnum = d.refobjsubid
                -- Before 15 the column itself depends on them, and not its default.
                WHERE (
                    d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = ad.oid
                    OR d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.objid = a.attrelid AND d.objsubid = a.attnum
                  )
                  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.refobjid = a.attrelid
                  AND d.refobjsubid <> a.attnum
                  AND d.refobjsubid > 0
            )
            ORDER BY a.attnum
        ) AS computed_from
    FROM pg_catalog.pg_attribute AS a
    LEFT JOIN pg_catalog.pg_attrdef AS ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
    WHERE a.attrelid = tc.oid
      AND a.attnum > 0
      AND NOT a.attisdropped
) AS columns
ORDER BY tn.nspname, tc.relname, c.relname, f.nspname, f.relname;
