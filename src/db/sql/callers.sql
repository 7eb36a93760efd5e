-- Functions, views and rules that call nextval somewhere in their text, with the sequences that the catalog knows
-- them to use and with the place from which they are called. No parameters. Runs on PostgreSQL 10 and later.
WITH nextval_call (mark) AS (
    -- How a call of nextval looks in a stored expression.
    -- concat() needs no cast from oid: with casts to text as PostgreSQL 8.2 had them, || would be ambiguous.
    SELECT pg_catalog.concat(
        ':funcid ', 'pg_catalog.nextval(pg_catalog.regclass)'::pg_catalog.regprocedure::pg_catalog.oid, ' '
    )
)
SELECT
    'function ' || pg_catalog.format(
        '%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)
    ) AS caller,
    p.prosrc AS body,
    -- A body in standard SQL (BEGIN ATOMIC) is parsed when it is created, and then depends on its sequences.
    ARRAY(
        SELECT d.refobjid
        FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
          AND d.objid = p.oid
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        ORDER BY d.refobjid
    ) AS relation_oids,
    ARRAY(
        SELECT DISTINCT 'trigger on ' || pg_catalog.format('%I.%I', tn.nspname, tc.relname)
        FROM pg_catalog.pg_trigger AS t
        JOIN pg_catalog.pg_class AS tc ON tc.oid = t.tgrelid
        JOIN pg_catalog.pg_namespace AS tn ON tn.oid = tc.relnamespace
        WHERE t.tgfoid = p.oid
          AND NOT t.tgisinternal
        UNION
        SELECT DISTINCT 'default of ' || pg_catalog.format('%I.%I.%I', tn.nspname, tc.relname, ta.attname)
        FROM pg_catalog.pg_depend AS d
        JOIN pg_catalog.pg_attrdef AS ad ON ad.oid = d.objid
        JOIN pg_catalog.pg_class AS tc ON tc.oid = ad.adrelid
        JOIN pg_catalog.pg_namespace AS tn ON tn.oid = tc.relnamespace
        JOIN pg_catalog.pg_attribute AS ta ON ta.attrelid = ad.adrelid AND ta.attnum = ad.adnum
        WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
          AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
          AND d.refobjid = p.oid
        ORDER BY 1
    ) AS reached_by
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
-- What comes with the server has lower numbers: thousands of functions, and the rules of its views.
WHERE p.oid >= 16384
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  -- A function in C has no text.
  AND p.prolang NOT IN (SELECT l.oid FROM pg_catalog.pg_language AS l WHERE l.lanname IN ('c', 'internal'))
  AND p.oid NOT IN (
        SELECT d.objid
        FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
          AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          AND d.deptype = 'e'
      )
  AND (
        pg_catalog.strpos(pg_catalog.lower(p.prosrc), 'nextval') > 0
        OR pg_catalog.strpos(p.proargdefaults::pg_catalog.text, (SELECT mark FROM nextval_call)) > 0
        -- The column came with 14.
        OR pg_catalog.strpos(pg_catalog.to_jsonb(p) ->> 'prosqlbody', (SELECT mark FROM nextval_call)) > 0
      )
UNION ALL
SELECT
    pg_catalog.format(
        '%s %I.%I', CASE WHEN r.rulename = '_RETURN' THEN 'view' ELSE 'rule of' END, n.nspname, c.relname
    ),
    '',
    pg_catalog.array_agg(d.refobjid ORDER BY d.refobjid),
    ARRAY[]::pg_catalog.text[]
FROM pg_catalog.pg_depend AS d
JOIN pg_catalog.pg_class AS s ON s.oid = d.refobjid AND s.relkind = 'S'
JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  AND d.objid >= 16384
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  -- Not before it is known that a rule has to do with a sequence.
  AND CASE s.relkind
        WHEN 'S' THEN pg_catalog.strpos(r.ev_action::pg_catalog.text, (SELECT mark FROM nextval_call)) > 0
      END
GROUP BY 1, r.oid
ORDER BY 1;
