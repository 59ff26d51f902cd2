const held = (...statements: readonly string[]) => `ALTER TABLE held ADD a int; ${statements.join('; ')}`;

/** Locks of one transaction, one after the other. */
const TRANSACTIONS = [
  held('ALTER TABLE held ADD b int', 'ALTER TABLE other ADD a int', 'ALTER TABLE third ADD a int'),
  held('DROP TABLE held, other', 'DROP TABLE third'),
  held('DROP TABLE other, held', 'LOCK TABLE third, other'),
  held('ALTER TABLE held RENAME TO kept', 'ALTER TABLE kept ADD b int', 'ALTER TABLE other ADD a int'),
  held('ALTER INDEX i RENAME TO j', 'ALTER SEQUENCE s RENAME TO r', 'ALTER TABLE i RENAME a TO b'),
  held('LOCK TABLE other IN SHARE MODE', 'LOCK TABLE third IN ROW EXCLUSIVE MODE', 'LOCK TABLE fourth'),
  held('LOCK TABLE a, b IN EXCLUSIVE MODE', 'LOCK TABLE c IN SHARE ROW EXCLUSIVE MODE'),
  held('LOCK TABLE other IN ACCESS SHARE MODE', 'LOCK TABLE other IN SHARE UPDATE EXCLUSIVE MODE'),
  held('CLUSTER other', 'CLUSTER', 'CLUSTER third USING i'),
  held(
    'CREATE INDEX ON other (a)',
    'ALTER TABLE other VALIDATE CONSTRAINT c',
    'CREATE TRIGGER t BEFORE INSERT ON third EXECUTE FUNCTION f()',
  ),
  held('ALTER TABLE other ADD FOREIGN KEY (a) REFERENCES third', 'ALTER TABLE fourth ADD b int'),
  'CREATE INDEX ON held (a); ALTER TABLE held ADD b int; ALTER TABLE other ADD b int',
  'CREATE INDEX ON held (a); ALTER TABLE other ADD b int; SELECT * FROM third',
  'CREATE INDEX ON held (a); ALTER TABLE held VALIDATE CONSTRAINT c; ALTER TABLE other VALIDATE CONSTRAINT c',
  'LOCK TABLE held IN SHARE MODE; SELECT * FROM other; SELECT * FROM other; REFRESH MATERIALIZED VIEW CONCURRENTLY m',
  'LOCK TABLE held IN SHARE MODE; LOCK TABLE held; LOCK TABLE other; SELECT * FROM third',
  'ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c, VALIDATE CONSTRAINT d',
  'ALTER TABLE a ADD x int, VALIDATE CONSTRAINT d; ALTER TABLE b ALTER x SET STATISTICS 5, VALIDATE CONSTRAINT d',
  'ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c, ADD x int; ALTER TABLE c ADD x int; ALTER TABLE d ADD x int',
  'ALTER TABLE a VALIDATE CONSTRAINT c; ALTER TABLE b ADD x int; ALTER TABLE a ADD x int',
  'ALTER TABLE a SET (fillfactor = 70); ALTER TABLE a ALTER b SET (n_distinct = 5), CLUSTER ON i; ALTER TABLE b ADD x int',
  'ALTER TABLE a SET (fillfactor = 70), ADD x int; ALTER TABLE b ADD x int; ALTER INDEX i SET (fillfactor = 70)',
  'ALTER INDEX i ATTACH PARTITION j; ALTER TABLE a ADD x int; ALTER INDEX i SET TABLESPACE fast',
  held(
    'CREATE TABLE z AS SELECT * FROM c WITH NO DATA',
    'CREATE MATERIALIZED VIEW m AS SELECT * FROM c WITH NO DATA',
    'SELECT * INTO y FROM c',
  ),
  held(
    'REFRESH MATERIALIZED VIEW CONCURRENTLY m',
    'REFRESH MATERIALIZED VIEW m',
    'REFRESH MATERIALIZED VIEW n WITH NO DATA',
  ),
  held('DROP OWNED BY me', 'DROP DATABASE d', 'ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b'),
  held('CREATE INDEX CONCURRENTLY ON other (a)', 'ALTER TABLE third ADD b int'),
  held(
    'CREATE TABLE made (id int)',
    'ALTER TABLE made ADD b int',
    'CREATE INDEX ON made (b)',
    'SELECT * FROM made',
  ),
  'ALTER TABLE a ADD x int; ALTER TABLE a ADD y int; SELECT * FROM b; SELECT * FROM b WHERE id = 1 FOR UPDATE; SELECT * FROM c FOR UPDATE; SELECT * FROM c LIMIT 1 FOR UPDATE',
];

/** DO blocks and functions that are nested so many times. */
const nested = (times: number) =>
  Array.from({ length: times }).reduce<string>(
    (inner, _, at) => `DO $d${at}$ BEGIN EXECUTE $q${at}$ ${inner} $q${at}$; END $d${at}$`,
    'DELETE FROM t',
  );
/** Each calls the next one, which is created after it. */
const chain = (times: number) =>
  Array.from({ length: times }, (_, at) => {
    const body = at === times - 1 ? 'DELETE FROM t RETURNING 1' : `SELECT f${at + 1}()`;
    return `CREATE FUNCTION f${at}() RETURNS int LANGUAGE sql AS '${body}'`;
  }).join('; ');
const NESTED = [...[5, 6, 7].map(nested), ...[2, 13, 14, 15].map((times) => `${chain(times)}; SELECT f0()`)];

/** Commands of ALTER TABLE, and settings of later statements. */
const COMMANDS = [
  'ALTER TABLE a SET LOGGED; ALTER TABLE a SET UNLOGGED; ALTER TABLE a SET TABLESPACE b; ALTER TABLE a SET ACCESS METHOD heap',
  'ALTER SEQUENCE s SET LOGGED; ALTER SEQUENCE s SET UNLOGGED; ALTER MATERIALIZED VIEW m SET ACCESS METHOD heap',
  'ALTER TABLE a ALTER b SET EXPRESSION AS (c + 1); ALTER TABLE a ALTER b DROP EXPRESSION',
  'ALTER TABLE a ALTER CONSTRAINT c ENFORCED; ALTER TABLE a ALTER CONSTRAINT c NOT ENFORCED; ALTER TABLE a ALTER CONSTRAINT c DEFERRABLE',
  'ALTER TABLE a ADD CHECK (b > 0) NOT ENFORCED; ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c NOT ENFORCED; ALTER TABLE a ADD CHECK (b > 0 AND c > 0)',
  'ALTER TABLE a ADD IF NOT EXISTS b int; ALTER TABLE a DROP COLUMN b; ALTER TABLE a ADD c int; ALTER TABLE a DROP COLUMN c; ALTER TABLE a DROP COLUMN IF EXISTS d',
  'ALTER TABLE a ADD b serial; ALTER TABLE a ADD c bigserial NOT NULL; ALTER TABLE a ADD d int GENERATED ALWAYS AS IDENTITY; ALTER TABLE a ADD e smallserial; ALTER TABLE a ADD f serial2; ALTER TABLE a ADD g serial4; ALTER TABLE a ADD h serial8',
  'ALTER TABLE a ADD b json; ALTER TABLE a ADD c json[]; ALTER TABLE a ADD d jsonb',
  'ALTER TABLE a ADD b int REFERENCES c; ALTER TABLE a ADD d int DEFAULT 1 REFERENCES c; ALTER TABLE a ADD e int CHECK (e > 0); ALTER TABLE a ADD f int UNIQUE; ALTER TABLE a ADD g int PRIMARY KEY',
  'ALTER TABLE a ADD b int NOT NULL; ALTER TABLE a ADD c int NOT NULL DEFAULT NULL; ALTER TABLE a ADD d int NOT NULL DEFAULT NULL::int; ALTER TABLE a ADD e int NOT NULL DEFAULT 1; ALTER TABLE a ADD f int NOT NULL GENERATED ALWAYS AS (1) STORED',
  'ALTER TABLE a ADD b int; ALTER TABLE a ALTER b TYPE bigint USING b; ALTER TABLE a ALTER b TYPE int USING b::int; ALTER TABLE a ALTER b TYPE text USING b::int',
  'ALTER TABLE a ADD b varchar(5); ALTER TABLE a ALTER b TYPE varchar(9) USING b; ALTER TABLE a ALTER b TYPE varchar(10) USING b::varchar; ALTER TABLE a ALTER b TYPE varchar(11) USING c; ALTER TABLE a ALTER b TYPE varchar(12) USING b::text',
  'ALTER TABLE a ADD b varchar(5); CREATE INDEX ON a (b); ALTER TABLE a ALTER b TYPE varchar(9) COLLATE "C"; ALTER TABLE c ALTER b TYPE text COLLATE "C"',
  'ALTER TABLE a ADD b numeric(5,1), ADD c numeric, ADD d numeric(5); -- next release\n ALTER TABLE a ALTER b TYPE numeric(5,1), ALTER b TYPE numeric(5,2), ALTER c TYPE numeric(5); ALTER TABLE a ALTER d TYPE numeric(5,0); ALTER TABLE a ALTER d TYPE numeric(6,0)',
  'ALTER TABLE a ADD b integer, ADD c boolean, ADD d decimal, ADD e real, ADD f double precision, ADD g character(3), ADD h smallint; -- next release\n ALTER TABLE a ALTER b TYPE int4, ALTER c TYPE bool, ALTER d TYPE numeric, ALTER e TYPE float4, ALTER f TYPE float8, ALTER g TYPE bpchar(3), ALTER h TYPE int2',
  'ALTER TABLE a ADD b timestamp without time zone, ADD c time without time zone, ADD d time with time zone, ADD e bit varying(3), ADD f bigint; -- next release\n ALTER TABLE a ALTER b TYPE timestamp, ALTER c TYPE time, ALTER d TYPE timetz, ALTER e TYPE varbit(3), ALTER f TYPE int8',
  'ALTER TABLE a ADD b text[], ADD c int[]; -- next release\n ALTER TABLE a ALTER b TYPE text, ALTER c TYPE bigint[], ALTER b TYPE varchar(3)[]',
  ...[
    '1',
    '2999',
    '3000',
    '3001',
    `'3s'`,
    `'4s'`,
    `'1min'`,
    `'2900000us'`,
    `'3100000us'`,
    `'0.5s'`,
    `'1h'`,
    `'1d'`,
    '0',
    `'x'`,
    'DEFAULT',
    `' 2 s '`,
  ].map((value) => `SET lock_timeout = ${value}`),
  `SET LOCAL Lock_Timeout = 0; SELECT set_config('lock_timeout', '0', true); RESET lock_timeout; ALTER ROLE r SET lock_timeout = 0; ALTER DATABASE d SET lock_timeout = '1s'; ALTER ROLE r SET work_mem = '1MB'; ALTER DATABASE d RESET lock_timeout; SET statement_timeout = 0`,
  'VACUUM FULL; VACUUM (FULL) a, b; VACUUM a; VACUUM (FULL false) a; ANALYZE a',
  'REINDEX TABLE a; REINDEX INDEX i; REINDEX SCHEMA s; REINDEX DATABASE d; REINDEX SYSTEM d; REINDEX TABLE CONCURRENTLY a',
  'ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID; ALTER DOMAIN d ADD CHECK (VALUE > 0); ALTER DOMAIN d VALIDATE CONSTRAINT c; ALTER DOMAIN d SET NOT NULL; ALTER DOMAIN d DROP NOT NULL; ALTER DOMAIN d SET DEFAULT 1',
  'ALTER TABLE a SET SCHEMA s; ALTER VIEW v SET SCHEMA s; ALTER MATERIALIZED VIEW m SET SCHEMA s; ALTER FOREIGN TABLE f SET SCHEMA s; ALTER SEQUENCE q SET SCHEMA s; ALTER TYPE t SET SCHEMA s; ALTER TABLE s.a ADD b int',
  'ALTER VIEW v RENAME TO w; ALTER MATERIALIZED VIEW m RENAME TO n; ALTER FOREIGN TABLE f RENAME TO g; ALTER VIEW v RENAME a TO b; ALTER FUNCTION f() RENAME TO g',
  `CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id smallserial, PRIMARY KEY (id)); CREATE TABLE c (id int DEFAULT nextval('s') PRIMARY KEY); CREATE TABLE d (id int2 GENERATED ALWAYS AS IDENTITY PRIMARY KEY); CREATE TABLE e (id bigserial PRIMARY KEY)`,
  `CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id serial, x int, PRIMARY KEY (id, x)); CREATE TABLE c (id serial); CREATE TABLE d (id int DEFAULT abs(1) PRIMARY KEY); CREATE TEMP TABLE e (id serial PRIMARY KEY); CREATE TABLE f (id serial2 PRIMARY KEY); CREATE TABLE g (id int, x serial, PRIMARY KEY (id))`,
  'ALTER TABLE a ADD EXCLUDE USING gist (b WITH &&); ALTER TABLE a ADD UNIQUE (b); ALTER TABLE a ADD CONSTRAINT c UNIQUE USING INDEX i; ALTER TABLE a ADD PRIMARY KEY (b); ALTER TABLE a ALTER b SET NOT NULL; ALTER TABLE a ADD PRIMARY KEY USING INDEX i',
];

/** Conditions, one part of which other conditions lack. */
const CONDITIONS = [
  'u.id = t.id + $1',
  'u.id = t.id + (SELECT 1 FROM v)',
  'u.id = t.id + abs(t.b)',
  '(true AND 1 = 1) OR a = 2',
  '(true AND a = 1) OR a = 2',
  '((a = 1) OR ((b = 2) AND c IN (SELECT d FROM e WHERE f = 3))) AND NOT g',
  'u.id <> t.id',
  'u.id = u.id',
  'a IS NULL OR b IS NULL',
  'a IS NULL',
  'u.a = t.a OR (u.a IS NULL AND t.b > 1)',
  'lower(a) IS NULL',
].map((condition) => `UPDATE t SET a = 1 FROM u WHERE ${condition} RETURNING a`);

/** Texts around statements, and what they run. */
const TEXTS = [
  '/* a /* b */ c */ -- d\n UPDATE t SET a = 1 /* e */ ; -- f\n /* g */ DELETE FROM t -- h',
  '-- only a comment',
  '/* ö */ SELECT 1; /* ü */ DELETE FROM t WHERE a = \'ö\'; UPDATE ö SET ü = 1 WHERE "ß" = 2',
  `SELECT '🙂', E'\\n'; UPDATE t SET a = '🙂' WHERE b = 1;;  ;`,
  'SELEC 1; UPDATE t SET a = 1',
  "SELECT '🙂🙂', FROM",
  `SELECT (1`,
  `PREPARE p AS DELETE FROM t; PREPARE q (int) AS SELECT $1; EXECUTE q(1); EXECUTE p; EXECUTE other; DEALLOCATE ALL; COMMIT PREPARED 'x'; PREPARE TRANSACTION 'x'; ROLLBACK PREPARED 'x'`,
  'EXPLAIN DELETE FROM t; EXPLAIN ANALYZE DELETE FROM t; EXPLAIN (ANALYZE false) DELETE FROM t; EXPLAIN (ANALYZE 0, ANALYZE on) DELETE FROM t; EXPLAIN (ANALYZE off) DELETE FROM t; EXPLAIN (ANALYZE 1) DELETE FROM t',
  `DECLARE c CURSOR WITH HOLD FOR SELECT f(); DECLARE c CURSOR FOR SELECT 1; COPY t FROM PROGRAM 'x'; COPY (SELECT 1) TO PROGRAM 'x'; COPY t FROM STDIN; COPY t TO STDOUT; COPY (DELETE FROM t RETURNING 1) TO STDOUT`,
  `DO LANGUAGE plpython3u 'x'; DO LANGUAGE sql 'DELETE FROM t'; DO LANGUAGE c 'x'; DO 'broken'; DO LANGUAGE SQL 'broken'; DO $$ BEGIN DELETE FROM t; BROKEN; END $$`,
  `DO $$ BEGIN COMMIT; END $$; DO $$ BEGIN START TRANSACTION; END $$; DO $$ BEGIN EXECUTE 'COMMIT'; END $$`,
  `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SET track_counts = off SET work_mem FROM CURRENT AS 'BEGIN RETURN 1; END'; ALTER FUNCTION f() SET track_counts = off; ALTER FUNCTION f() RESET ALL; ALTER SYSTEM SET work_mem = '1MB'; ALTER SYSTEM RESET ALL; SET a.b = true; SET c = 1, 2; SET d = -1.5; SET TIME ZONE 'UTC'; SET ROLE x; SET SESSION AUTHORIZATION y; SET TRANSACTION READ ONLY`,
  `CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT g(); DELETE FROM t WHERE a = 1; UPDATE u SET b = 2; END; SELECT f(); CREATE FUNCTION h() RETURNS int RETURN lo_create(1) + set_config('a', 'b', true)::int`,
  `CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; CREATE FUNCTION f(text, text) RETURNS int LANGUAGE sql AS 'TRUNCATE u; SELECT 1'; SELECT f(1); SELECT f(1, 2, 3); SELECT s.f(1); SELECT public.f(1)`,
  `CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; SELECT s.f(); SELECT f(); SELECT r.f(); CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT s.f()'; CREATE FUNCTION h() RETURNS int LANGUAGE sql AS 'SELECT g()'; SELECT h(); DO $$ BEGIN LOOP PERFORM h(); END LOOP; END $$`,
  `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT f() + other()'; SELECT f(); CREATE FUNCTION abs(t) RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; SELECT abs(1); SELECT pg_catalog.abs(1); CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT dblink(1)'; SELECT g()`,
  `CREATE FUNCTION wipe(int) RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; CREATE VIEW v AS SELECT wipe(1); CREATE OPERATOR CLASS o FOR TYPE int USING btree AS OPERATOR 1 <, FUNCTION 1 wipe(int, int), STORAGE int; CREATE CAST (int AS box) WITHOUT FUNCTION; CREATE CAST (int AS text) WITH FUNCTION wipe(int); CREATE TYPE r AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = wipe); CREATE AGGREGATE g (int) (SFUNC = wipe, STYPE = int)`,
  `CREATE FUNCTION wipe(int) RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING 1'; CREATE OPERATOR + (FUNCTION = wipe, LEFTARG = int); CREATE POLICY p ON t USING (wipe(1) > 0); CREATE DOMAIN d AS int CHECK (wipe(VALUE) > 0); ALTER DOMAIN d ADD CHECK (wipe(VALUE) > 0); CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION wipe(); ALTER TABLE t ALTER a SET DEFAULT wipe(1); ALTER TABLE t ADD b int DEFAULT wipe(1); ALTER TABLE t ALTER a TYPE int USING wipe(a); CREATE INDEX ON t (wipe(a))`,
  `CREATE TEMP TABLE x (a int) ON COMMIT DROP; INSERT INTO x VALUES (1); CREATE RULE r AS ON INSERT TO x DO DELETE FROM t; CREATE RULE r AS ON INSERT TO x DO DELETE FROM x; CREATE TRIGGER g AFTER INSERT ON x EXECUTE FUNCTION f(); COMMIT; INSERT INTO x VALUES (1)`,
  `CREATE TEMP TABLE x (a int) ON COMMIT DROP; DROP TABLE x; CREATE TEMP TABLE x AS SELECT 1; ALTER TABLE x RENAME TO y; COMMIT; INSERT INTO y VALUES (1); INSERT INTO x VALUES (1)`,
  `SELECT lo_creat(1), lo_from_bytea(0, ''), lo_truncate(1, 1), lo_truncate64(1, 1), lo_unlink(1), lowrite(1, ''), lo_get(1), loread(1, 1), x.lo_put(1, 1, ''), information_schema.lo_put(1, 1, '')`,
  `SELECT query_to_xmlschema('x', true, true, ''), query_to_xml_and_xmlschema('x', true, true, ''), ts_stat('x'), pg_catalog.ts_stat('x'), dblink_exec('x'), dblink_fetch('x'), set_config(a, b, c), set_config('X', NULL, true)`,
  'INSERT INTO t VALUES (1), (2); INSERT INTO t SELECT 1; INSERT INTO t SELECT 1 UNION ALL SELECT 2; INSERT INTO t DEFAULT VALUES; INSERT INTO t (a) SELECT b FROM (VALUES (1)) x (b); INSERT INTO t TABLE u; INSERT INTO t VALUES ((SELECT max(a) FROM u)); INSERT INTO t SELECT generate_series(1, 3)',
  'INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2 WHERE t.c = 3 RETURNING *; MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.b THEN UPDATE SET c = 1 WHEN NOT MATCHED THEN INSERT VALUES (1) WHEN MATCHED THEN DELETE',
  'MERGE INTO t USING (SELECT * FROM s.u JOIN v ON true) x ON t.a = x.a WHEN MATCHED THEN DO NOTHING; UPDATE t SET (a, b) = (SELECT 1, 2), c[1] = 3, d = DEFAULT FROM s.u, v WHERE t.a = u.a; UPDATE ONLY t AS x SET a = 1 WHERE x.b IS NULL AND x.c IS NULL; DELETE FROM t USING u, s.u WHERE t.a = u.a',
  'WITH a AS (DELETE FROM t RETURNING *), b AS (UPDATE u SET c = 1) INSERT INTO v SELECT * FROM a; WITH a AS (SELECT 1) DELETE FROM t WHERE b IN (SELECT * FROM a) AND c; TRUNCATE a, s.b; SELECT * INTO x FROM t; SELECT * INTO TEMP y FROM t; CREATE TABLE z AS SELECT 1; CREATE TEMP TABLE w AS SELECT 1; CREATE MATERIALIZED VIEW m AS SELECT 1; CREATE TABLE n AS SELECT 1 WITH NO DATA; CREATE TABLE o AS EXECUTE p',
];

/** Texts of EXECUTE, which PL/pgSQL builds. */
const DYNAMIC = [
  `EXECUTE 'DELETE FROM a' || ' WHERE b = ' || 1 || true;`,
  `EXECUTE concat('DELETE ', 'FROM a', ' WHERE b = ', quote_literal(x));`,
  `EXECUTE concat();`,
  `EXECUTE 'DELETE FROM a WHERE b = ' || true; EXECUTE 'DELETE FROM a WHERE b = ' || false || ' AND c = ' || 0;`,
  `EXECUTE format('DELETE FROM %2$s WHERE %% = %1$L', 1, 'a');`,
  `EXECUTE format('ALTER TABLE %-10I ADD %*s', t, 5, 'x');`,
  `EXECUTE format(t, 1); EXECUTE format('DROP TABLE %s', 'a'); EXECUTE format('DROP TABLE a');`,
  `EXECUTE 'DROP TABLE ' || t::regtype; EXECUTE 'DROP TABLE ' || t::text;`,
  `EXECUTE r.sql; EXECUTE t + 1; EXECUTE 'SELECT' 'x' ||; `,
  `t := t || 'x'; EXECUTE t;`,
  `t := u; u := t; EXECUTE t;`,
  `SELECT 'x' INTO t; FOR t IN SELECT 'x' LOOP EXECUTE t; END LOOP;`,
  `FOREACH t IN ARRAY ARRAY['x'] LOOP EXECUTE t; END LOOP;`,
  `EXECUTE 'SELECT 1' INTO t; EXECUTE t;`,
  `FETCH c INTO t; EXECUTE t; GET DIAGNOSTICS t = ROW_COUNT; EXECUTE t;`,
  `${[...'abcdefgh'].map((name) => `t := 'DROP TABLE ${name}';`).join(' ')} EXECUTE t; EXECUTE t || u;`,
  `${[...'abcdefghijklmnop'].map((name) => `t := 'DROP TABLE ${name}';`).join(' ')} EXECUTE t;`,
  `${[...'abcdefghijklmnopq'].map((name) => `t := 'DROP TABLE ${name}';`).join(' ')} EXECUTE t;`,
  `t := 'DROP TABLE a'; u := ' CASCADE'; u := ''; EXECUTE t || u;`,
  `EXECUTE 'COMMIT'; EXECUTE 'DO $x$ BEGIN DELETE FROM a; END $x$'; EXECUTE 'UPDAT' || t; EXECUTE '(insert' || t; EXECUTE 'grant ' || t;`,
  `EXECUTE 'SET lock_timeout = 0'; EXECUTE 'SET track_counts = ' || t; EXECUTE 'ALTER TABLE ' || t || ' ADD a int'; EXECUTE 'SELECT f()' || t;`,
  `FOR r IN EXECUTE 'DELETE FROM a RETURNING *' LOOP DELETE FROM b; END LOOP; RETURN QUERY EXECUTE 'DELETE FROM c'; OPEN c FOR EXECUTE 'DELETE FROM d RETURNING 1';`,
  `r.a := f(); r.b[1] := g(); u[2] := h(); t = 'x = y'; EXECUTE t;`,
  `WHILE f() LOOP EXIT WHEN g(); CONTINUE WHEN h(); END LOOP; RETURN f();`,
  `FOR i IN f()..g() BY h() LOOP NULL; END LOOP; RAISE NOTICE '%', f() USING HINT = g(); MOVE c; CASE f() WHEN 1 THEN DELETE FROM a; END CASE;`,
].map((code) => `DO $$ DECLARE r record; t text; u text := ''; BEGIN ${code} END $$`);

export const MORE_TEXTS: readonly string[] = [
  ...TRANSACTIONS,
  ...NESTED,
  ...COMMANDS,
  ...CONDITIONS,
  ...TEXTS,
  ...DYNAMIC,
];
