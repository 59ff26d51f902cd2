import type { Reviewed } from './reviewed-statement.ts';

const COLUMNS: readonly Reviewed[] = [
  ['a constant', 'ALTER TABLE leads ADD COLUMN is_vip boolean DEFAULT false NOT NULL'],
  ['an interval', `ALTER TABLE calls ADD duration interval DEFAULT '0 seconds'`],
  ['a setting is stable', `ALTER TABLE leads ADD COLUMN zone text DEFAULT current_setting('TimeZone')`],
  ['a cast constant', 'ALTER TABLE leads ADD COLUMN rank smallint DEFAULT 1::smallint'],
  ['a price', 'ALTER TABLE "calls" ADD COLUMN "price" numeric(12, 2) NOT NULL DEFAULT 0.00'],
  ['an empty list', `ALTER TABLE leads ADD COLUMN tags jsonb DEFAULT '[]'::jsonb NOT NULL`],
  ['an array', `ALTER TABLE leads ADD COLUMN ids bigint[] DEFAULT '{}'::bigint[]`],
  ['a range and a point', `ALTER TABLE leads ADD COLUMN p point, ADD COLUMN r int4range DEFAULT '[1,10)'`],
  ['LOCALTIMESTAMP', 'ALTER TABLE calls ADD COLUMN noted timestamp DEFAULT LOCALTIMESTAMP'],
  ['CURRENT_DATE', 'ALTER TABLE calls ADD COLUMN day date NOT NULL DEFAULT CURRENT_DATE'],
  ['bytes', `ALTER TABLE calls ADD COLUMN raw bytea DEFAULT '\\x00'::bytea`],
  ['an enum with a cast', `ALTER TABLE calls ADD COLUMN s public.stage NOT NULL DEFAULT 'won'::public.stage`],
  ['an expression of constants', `ALTER TABLE leads ADD COLUMN x text DEFAULT lower('ABC') || '-x'`],
  ['arithmetic', 'ALTER TABLE leads ADD COLUMN x int DEFAULT (1 + 2) * 3'],
  ['a parent', 'ALTER TABLE leads ADD COLUMN parent_id bigint REFERENCES leads (id) ON DELETE SET NULL'],
  ['a day of now', `ALTER TABLE leads ADD COLUMN z timestamptz DEFAULT date_trunc('day', now())`],
  ['the start of the transaction', 'ALTER TABLE leads ADD z timestamptz DEFAULT transaction_timestamp()'],
  [
    'the start of the statement',
    'ALTER TABLE leads ADD z timestamptz NOT NULL DEFAULT statement_timestamp()',
  ],
  ['the user', 'ALTER TABLE leads ADD COLUMN made_by text DEFAULT session_user'],
  ['a partitioned table', `ALTER TABLE events ADD COLUMN note text DEFAULT ''`],
  ['a nullable limit', 'ALTER TABLE ONLY public.leads ADD COLUMN IF NOT EXISTS city varchar(80) NULL'],
  [
    'an enum of this migration',
    `CREATE TYPE mood AS ENUM ('good', 'bad'); ALTER TABLE leads ADD COLUMN mood mood NOT NULL DEFAULT 'good'`,
  ],
  [
    'a domain of this migration',
    `CREATE DOMAIN hue AS text; ALTER TABLE leads ADD COLUMN hue hue DEFAULT 'red'`,
  ],
  [
    'a column and its comment',
    `ALTER TABLE leads ADD COLUMN vat text; COMMENT ON COLUMN leads.vat IS 'number'`,
  ],
  [
    'a constant that is taken away again later',
    `ALTER TABLE leads ADD COLUMN v int DEFAULT 1; ALTER TABLE leads ALTER v DROP DEFAULT`,
  ],
  [
    'a column of this migration with another name',
    'ALTER TABLE leads ADD COLUMN z text; ALTER TABLE leads RENAME COLUMN z TO zz; ALTER TABLE leads DROP COLUMN zz',
  ],
  ['an empty default', `ALTER TABLE leads ALTER COLUMN email SET DEFAULT ''`],
  ['two defaults', `ALTER TABLE leads ALTER score SET DEFAULT 0, ALTER note SET DEFAULT 'n/a'`],
  ['a default of a function', 'ALTER TABLE calls ALTER COLUMN id SET DEFAULT nextval($$numbers$$)'],
  ['a default less', 'ALTER TABLE leads ALTER room DROP DEFAULT'],
  [
    'a NULL more',
    'ALTER TABLE leads ALTER COLUMN old_id DROP NOT NULL, ALTER COLUMN old_id SET STATISTICS 200',
  ],
  ['no identity', 'ALTER TABLE loose ALTER COLUMN id DROP IDENTITY IF EXISTS'],
  [
    'a column that does not exist',
    'ALTER TABLE leads DROP COLUMN IF EXISTS "legacyId"',
    { needsCatalog: true },
  ],
];

const CONSTRAINTS_AND_TYPES: readonly Reviewed[] = [
  [
    'two CHECKs',
    `ALTER TABLE leads ADD CONSTRAINT a CHECK (score >= 0) NOT VALID, ADD CONSTRAINT b CHECK (note <> '') NOT VALID`,
  ],
  [
    'a deferrable key',
    'ALTER TABLE leads ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES tenants DEFERRABLE INITIALLY DEFERRED NOT VALID',
  ],
  [
    'a key of a key',
    'ALTER TABLE calls DROP CONSTRAINT calls_lead, ADD CONSTRAINT calls_lead FOREIGN KEY (lead_id) REFERENCES leads ON DELETE CASCADE NOT VALID',
  ],
  ['a CHECK less', 'ALTER TABLE leads DROP CONSTRAINT leads_code_check CASCADE'],
  [
    'a CHECK that replaces one',
    `ALTER TABLE leads DROP CONSTRAINT leads_checked, ADD CONSTRAINT c2 CHECK (checked <> '') NOT VALID`,
  ],
  ['a key with another name', 'ALTER TABLE leads RENAME CONSTRAINT leads_pkey TO "PK_leads"'],
  [
    'a deferrable UNIQUE of an index',
    'ALTER TABLE leads ADD CONSTRAINT u UNIQUE USING INDEX leads_old DEFERRABLE',
  ],
  ['a key that waits no more', 'ALTER TABLE calls ALTER CONSTRAINT calls_lead NOT DEFERRABLE'],
  ['VALIDATE by itself', 'ALTER TABLE leads VALIDATE CONSTRAINT leads_score', { alone: true }],
  ['one more character', 'ALTER TABLE leads ALTER COLUMN name TYPE varchar(51)'],
  ['two longer texts', 'ALTER TABLE leads ALTER "name" SET DATA TYPE varchar(60), ALTER note TYPE varchar'],
  ['a higher precision', 'ALTER TABLE public.leads ALTER COLUMN amount TYPE numeric(12, 2)'],
  ['the same precision', 'ALTER TABLE leads ALTER COLUMN amount TYPE numeric(10, 2)'],
  ['more digits of seconds', 'ALTER TABLE leads ALTER COLUMN at TYPE timestamp(4)'],
  ['more digits of an interval', 'ALTER TABLE leads ALTER COLUMN span TYPE interval(4)'],
  ['one more bit', 'ALTER TABLE leads ALTER COLUMN flags TYPE varbit(9)'],
  ['a text to a free domain', 'ALTER TABLE calls ALTER COLUMN direction TYPE label'],
  ['a longer indexed text', 'ALTER TABLE leads ALTER COLUMN email TYPE varchar(320)'],
  ['a text that stays with its default', `ALTER TABLE leads ALTER name TYPE text, ALTER name SET DEFAULT ''`],
];

const SETTINGS: readonly Reviewed[] = [
  ['toast', 'ALTER TABLE leads SET (toast_tuple_target = 4096, parallel_workers = 4)'],
  ['autovacuum', 'ALTER TABLE ONLY calls SET (autovacuum_analyze_threshold = 5000)'],
  ['storage', 'ALTER TABLE leads ALTER note SET STORAGE EXTENDED'],
  ['no row security', 'ALTER TABLE leads NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY'],
  ['no replica identity', 'ALTER TABLE calls REPLICA IDENTITY DEFAULT'],
  ['a trigger that is always on', 'ALTER TABLE calls ENABLE ALWAYS TRIGGER touch_calls'],
  ['a trigger with another name', 'ALTER TRIGGER touch_calls ON calls RENAME TO touch_each_call'],
  [
    'a policy that changes',
    'CREATE POLICY p ON leads USING (true); ALTER POLICY p ON leads USING (tenant_id = 1); DROP POLICY p ON leads',
  ],
  ['no policy', 'DROP POLICY IF EXISTS nothing ON calls'],
  ['an index parameter less', 'ALTER INDEX leads_email RESET (fillfactor)'],
  ['an owner of a view', 'ALTER VIEW open_leads OWNER TO CURRENT_USER'],
  ['a barrier of a view', 'ALTER VIEW open_leads SET (security_barrier = true)'],
  ['a default of a view', `ALTER VIEW open_leads ALTER COLUMN note SET DEFAULT 'x'`],
  ['a parameter of a materialized view', 'ALTER MATERIALIZED VIEW lead_counts SET (fillfactor = 90)'],
  ['a cost', 'ALTER FUNCTION app_zero() COST 10'],
  ['an owner of a function', 'ALTER FUNCTION public.touch() OWNER TO CURRENT_USER'],
  ['a step of a sequence', 'ALTER SEQUENCE numbers INCREMENT BY 2 OWNED BY NONE'],
  ['a right of a schema', 'GRANT USAGE ON SCHEMA app TO PUBLIC'],
  ['a right of columns', 'GRANT SELECT (id, note), UPDATE (note) ON leads TO PUBLIC'],
  ['later rights', 'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC'],
  [
    'comments',
    `COMMENT ON INDEX leads_email IS 'mail'; COMMENT ON TYPE stage IS 's'; COMMENT ON CONSTRAINT leads_score ON leads IS 'c'`,
  ],
  ['a comment less', 'COMMENT ON TABLE leads IS NULL'],
  ['an own limit', `SELECT set_config('lock_timeout', '2s', true)`],
  ['a limit of one second', `SET lock_timeout = '1s'`],
  ['a zone', `SET LOCAL TIME ZONE 'UTC'`],
  ['no check of bodies', 'SET LOCAL check_function_bodies = false'],
  ['a table of the wall', 'SHOW server_version'],
  ['a lock among migrations', 'SELECT pg_advisory_xact_lock(42)'],
  ['a lock that stops nobody', 'LOCK TABLE leads, calls IN ROW SHARE MODE'],
  ['ANALYZE of two tables', 'ANALYZE leads, calls (at)'],
  ['a query that locks nothing yet', 'SELECT count(*) FROM leads'],
  ['a look at the catalog', `SELECT column_name FROM information_schema.columns WHERE table_name = 'leads'`],
];

const OBJECTS: readonly Reviewed[] = [
  [
    'a table with an exclusion',
    'CREATE TABLE slots (room int, during tstzrange, EXCLUDE USING gist (during WITH &&))',
  ],
  [
    'a table with a generated column',
    'CREATE TABLE boxes (w int, h int, area int GENERATED ALWAYS AS (w * h) STORED, UNIQUE (w, h))',
  ],
  [
    'a table like another one',
    'CREATE TABLE calls_archive (LIKE calls INCLUDING DEFAULTS INCLUDING INDEXES)',
  ],
  [
    'partitions by hash',
    'CREATE TABLE hits (id bigint) PARTITION BY HASH (id); CREATE TABLE hits_0 PARTITION OF hits FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE INDEX ON hits (id)',
  ],
  [
    'a table without a log',
    'CREATE UNLOGGED TABLE IF NOT EXISTS sessions (sid varchar PRIMARY KEY, expires timestamptz NOT NULL) WITH (fillfactor = 70)',
  ],
  [
    'a table without rows',
    'CREATE TABLE leads_copy AS TABLE leads WITH NO DATA; CREATE INDEX ON leads_copy (id)',
  ],
  [
    'a join table of TypeORM',
    `CREATE TABLE "leads_tenants" ("leadsId" bigint NOT NULL, "tenantsId" bigint NOT NULL, CONSTRAINT "PK_lt" PRIMARY KEY ("leadsId", "tenantsId")); CREATE INDEX "IDX_l" ON "leads_tenants" ("leadsId"); CREATE INDEX "IDX_t" ON "leads_tenants" ("tenantsId"); ALTER TABLE "leads_tenants" ADD CONSTRAINT "FK_l" FOREIGN KEY ("leadsId") REFERENCES "leads"("id") ON DELETE CASCADE ON UPDATE CASCADE; ALTER TABLE "leads_tenants" ADD CONSTRAINT "FK_t" FOREIGN KEY ("tenantsId") REFERENCES "tenants"("id")`,
  ],
  ['a table in its schema', 'CREATE SCHEMA billing CREATE TABLE invoices (id bigint PRIMARY KEY)'],
  [
    'a new table that moves',
    'CREATE TABLE o (id bigint); ALTER TABLE o SET SCHEMA app; CREATE INDEX ON app.o (id)',
  ],
  [
    'a new table that changes',
    'CREATE TABLE o (id int, v text); ALTER TABLE o ALTER id TYPE bigint, ALTER v SET NOT NULL, ADD w uuid DEFAULT gen_random_uuid(); ALTER TABLE o ADD EXCLUDE USING btree (id WITH =)',
  ],
  ['a new table that goes', 'CREATE TABLE o (id bigint); LOCK TABLE o; DROP TABLE o'],
  [
    'a table in a block',
    `DO $$ BEGIN IF to_regclass('notes') IS NULL THEN CREATE TABLE notes (id bigint PRIMARY KEY, note text); CREATE INDEX ON notes (note); END IF; END $$`,
  ],
  [
    'a table and a view of it',
    'CREATE TABLE o (id bigint); CREATE VIEW v AS SELECT * FROM o; DROP VIEW v; ALTER TABLE o RENAME COLUMN id TO key',
  ],
  [
    'a temporary table',
    'CREATE TEMPORARY TABLE tmp (id int, n text); ALTER TABLE tmp ADD PRIMARY KEY (id); CREATE INDEX ON tmp (n); DROP TABLE tmp',
  ],
  [
    'a table of the audit with a trigger',
    'CREATE TABLE audit (id bigint, at timestamptz); CREATE TRIGGER t BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION touch()',
  ],
  [
    'a partition of a new table',
    `CREATE TABLE m (d date) PARTITION BY RANGE (d); CREATE TABLE m_1 (d date); ALTER TABLE m ATTACH PARTITION m_1 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`,
  ],
  [
    'a view of two tables',
    'CREATE VIEW pairs AS SELECT l.id, c.at FROM leads l JOIN calls c ON c.lead_id = l.id',
  ],
  [
    'a view in its place',
    'CREATE OR REPLACE VIEW open_leads AS SELECT id, name AS note, 1 AS more FROM bare',
  ],
  [
    'a recursive view',
    'CREATE RECURSIVE VIEW steps (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM steps WHERE n < 10',
  ],
  [
    'a materialized view without rows',
    'CREATE MATERIALIZED VIEW mv AS SELECT id FROM leads WITH NO DATA; CREATE UNIQUE INDEX ON mv (id)',
  ],
  ['a procedure', 'CREATE PROCEDURE nothing_much() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$'],
  [
    'a function of a trigger',
    'CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$',
  ],
  ['an aggregate', 'CREATE AGGREGATE longest (text) (SFUNC = text_larger, STYPE = text)'],
  ['a collation', `CREATE COLLATION german (provider = icu, locale = 'de', deterministic = true)`],
  ['a search configuration', 'CREATE TEXT SEARCH CONFIGURATION own (COPY = simple)'],
  [
    'a cast',
    'CREATE TYPE box2 AS (a int); CREATE FUNCTION to_box(int) RETURNS box2 LANGUAGE sql IMMUTABLE AS $$ SELECT ROW($1)::box2 $$; CREATE CAST (int AS box2) WITH FUNCTION to_box(int)',
  ],
  ['a range type', 'CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi)'],
  ['an enum value', `ALTER TYPE stage ADD VALUE IF NOT EXISTS 'archived'`],
  ['an enum value before another one', `ALTER TYPE stage ADD VALUE 'early' BEFORE 'new'`, { alone: true }],
  [
    'a domain that grows',
    `CREATE DOMAIN iban AS varchar(34) CHECK (VALUE ~ '^[A-Z]'); COMMENT ON DOMAIN iban IS 'x'`,
  ],
  ['statistics', 'CREATE STATISTICS st (mcv) ON email, code FROM leads; DROP STATISTICS st'],
  [
    'a sequence and its end',
    'CREATE SEQUENCE invoice_no; ALTER SEQUENCE invoice_no MAXVALUE 99999; DROP SEQUENCE invoice_no',
  ],
  ['an extension that is not there', 'DROP EXTENSION IF EXISTS pg_trgm'],
  ['a table that is not there', 'DROP TABLE IF EXISTS "old_sessions" CASCADE', { needsCatalog: true }],
  [
    'a function of this migration',
    'CREATE FUNCTION once() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; DROP FUNCTION once()',
  ],
  [
    'CASCADE of a function that nothing uses yet',
    'CREATE FUNCTION once(n int, OUT m text, VARIADIC l text[]) LANGUAGE sql AS $$ SELECT l[n] $$; DROP FUNCTION public.once(integer, text[]) CASCADE',
  ],
  [
    'CASCADE of a procedure without its arguments',
    'CREATE PROCEDURE app.once(int) LANGUAGE plpgsql AS $$ BEGIN END $$; DROP PROCEDURE app.once CASCADE',
  ],
  ['a publication of all tables', 'CREATE PUBLICATION everything FOR TABLE leads, calls'],
];

const SMALL_OR_CONCURRENT: readonly Reviewed[] = [
  ['NOT NULL of a small table', 'ALTER TABLE plans ALTER COLUMN note SET NOT NULL'],
  ['a CHECK of a small table', 'ALTER TABLE plans ADD CONSTRAINT c CHECK (length(name) < 20)'],
  ['a key within a small table', 'ALTER TABLE plans ADD COLUMN parent int DEFAULT 1 REFERENCES plans (id)'],
  ['serial of a small table', 'ALTER TABLE plans ADD COLUMN pos serial'],
  [
    'a stored column of a small table',
    'ALTER TABLE plans ADD COLUMN up text GENERATED ALWAYS AS (upper(name)) STORED',
  ],
  ['REINDEX of a small table', 'REINDEX TABLE plans'],
  ['CLUSTER of a small table', 'CLUSTER plans USING plans_pkey'],
  ['a shorter text of a small table', 'ALTER TABLE plans ALTER COLUMN name TYPE varchar(5)'],
  ['an unlogged small table', 'ALTER TABLE plans SET UNLOGGED'],
  ['an exclusion of a small table', 'ALTER TABLE plans ADD CONSTRAINT x EXCLUDE USING btree (id WITH =)'],
  ['VACUUM FULL of a small table', 'VACUUM FULL plans', { alone: true }],
  [
    'a unique index beside the writes',
    'CREATE UNIQUE INDEX CONCURRENTLY calls_at_id ON calls (at, id)',
    { alone: true },
  ],
  ['REINDEX beside the writes', 'REINDEX TABLE CONCURRENTLY calls', { alone: true }],
  ['VACUUM with options', 'VACUUM (ANALYZE, VERBOSE) leads', { alone: true }],
  ['an index less, beside the writes', 'DROP INDEX CONCURRENTLY leads_seen', { alone: true }],
];

/** Statements that were written after the rules: see `REVIEWED_HARMLESS`. */
export const FRESH_HARMLESS: readonly Reviewed[] = [
  ...COLUMNS,
  ...CONSTRAINTS_AND_TYPES,
  ...SETTINGS,
  ...OBJECTS,
  ...SMALL_OR_CONCURRENT,
];
