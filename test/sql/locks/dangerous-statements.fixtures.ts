import type { LockRule } from '../../../libs/sql/src/locks/lock.types.ts';

/** A statement that a rule refuses on a large table. */
export type Dangerous = readonly [rule: LockRule, sql: string];

/** Statements that build an index, or read or write the whole table, under a strong lock. */
export const SCANNING: readonly Dangerous[] = [
  ['index-not-concurrent', 'CREATE INDEX leads_tenant ON leads (tenant_id)'],
  ['index-not-concurrent', 'CREATE INDEX "IDX_a0f1" ON "leads" ("tenant_id", "score") '],
  ['index-not-concurrent', 'CREATE UNIQUE INDEX IF NOT EXISTS leads_id2 ON public.leads USING btree (id)'],
  ['index-not-concurrent', "CREATE INDEX leads_open ON leads (id) WHERE stage = 'new'"],
  ['index-not-concurrent', 'CREATE INDEX ON leads (lower(email))'],
  ['index-not-concurrent', 'CREATE INDEX archive_note ON app.archive USING hash (note)'],
  ['index-not-concurrent', 'CREATE INDEX events_id ON events (id)'],
  ['index-not-concurrent', 'CREATE INDEX counts_tenant ON lead_counts (tenant_id)'],
  ['index-not-concurrent', 'CREATE INDEX leads_room ON ONLY leads (room)'],
  ['index-not-concurrent', 'DROP INDEX leads_email'],
  ['index-not-concurrent', 'DROP INDEX IF EXISTS "public"."leads_email"'],
  ['index-not-concurrent', 'REINDEX TABLE leads'],
  ['index-not-concurrent', 'REINDEX INDEX leads_email'],
  ['index-not-concurrent', 'REINDEX (VERBOSE) TABLE leads'],
  [
    'index-not-concurrent',
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'leads_tenant') THEN CREATE INDEX leads_tenant ON leads (tenant_id); END IF; END $$`,
  ],
  ['index-not-concurrent', `DO $$ BEGIN EXECUTE 'CREATE INDEX leads_tenant ON leads (tenant_id)'; END $$`],
  [
    'foreign-key-validated',
    'ALTER TABLE calls ADD CONSTRAINT calls_lead2 FOREIGN KEY (lead_id) REFERENCES leads (id)',
  ],
  [
    'foreign-key-validated',
    'ALTER TABLE "calls" ADD CONSTRAINT "FK_1" FOREIGN KEY ("lead_id") REFERENCES "leads"("id") ON DELETE CASCADE ON UPDATE NO ACTION',
  ],
  ['foreign-key-validated', 'ALTER TABLE leads ADD FOREIGN KEY (tenant_id) REFERENCES tenants'],
  [
    'foreign-key-validated',
    'ALTER TABLE calls ADD FOREIGN KEY (lead_id) REFERENCES leads DEFERRABLE INITIALLY DEFERRED',
  ],
  ['foreign-key-validated', 'ALTER TABLE calls ADD COLUMN plan_id int DEFAULT 1 REFERENCES plans'],
  ['scan-under-lock', 'ALTER TABLE leads ADD COLUMN city text; SELECT count(direction) FROM calls'],
  [
    'scan-under-lock',
    'ALTER TABLE calls ADD COLUMN city text; ALTER TABLE leads VALIDATE CONSTRAINT leads_score',
  ],
  [
    'scan-under-lock',
    'ALTER TABLE leads ADD COLUMN city text; CREATE MATERIALIZED VIEW counts AS SELECT count(direction) FROM calls',
  ],
  [
    'scan-under-lock',
    'ALTER TABLE leads ADD COLUMN city text; DO $$ BEGIN IF (SELECT count(direction) FROM calls) = 0 THEN RAISE; END IF; END $$',
  ],
  ['rows-locked', 'SELECT id FROM leads FOR UPDATE'],
  ['rows-locked', 'SELECT id FROM app.archive WHERE note IS NULL FOR KEY SHARE'],
  ['rows-locked', 'WITH l AS (SELECT id FROM leads FOR NO KEY UPDATE) SELECT count(*) FROM l'],
  ['check-validated', 'ALTER TABLE leads ADD CONSTRAINT c CHECK (id > 0)'],
  ['check-validated', 'ALTER TABLE leads ADD CHECK (char_length(email) < 200)'],
  ['check-validated', 'ALTER TABLE app.archive ADD CONSTRAINT c CHECK (id IS NOT NULL)'],
  ['check-validated', 'ALTER TABLE leads ADD COLUMN rank int CHECK (rank > 0)'],
  [
    'check-validated',
    'ALTER TABLE bare ADD CONSTRAINT n CHECK (name IS NOT NULL) NOT VALID; ALTER TABLE bare VALIDATE CONSTRAINT n',
  ],
  ['check-validated', 'ALTER TABLE leads ADD CONSTRAINT c CHECK (id > 0) NOT VALID, VALIDATE CONSTRAINT c'],
  ['check-validated', 'ALTER TABLE leads ADD COLUMN city text, VALIDATE CONSTRAINT leads_score'],
  ['set-not-null-scan', 'ALTER TABLE bare ALTER COLUMN name SET NOT NULL'],
  ['set-not-null-scan', 'ALTER TABLE "leads" ALTER COLUMN "email" SET NOT NULL'],
  ['set-not-null-scan', 'ALTER TABLE IF EXISTS bare ALTER name SET NOT NULL, ALTER id SET NOT NULL'],
  [
    'set-not-null-scan',
    'ALTER TABLE bare ADD CONSTRAINT n CHECK (name IS NOT NULL) NOT VALID; ALTER TABLE bare ALTER name SET NOT NULL',
  ],
  ['unique-constraint', 'ALTER TABLE leads ADD CONSTRAINT u UNIQUE (email)'],
  ['unique-constraint', 'ALTER TABLE "leads" ADD CONSTRAINT "UQ_1" UNIQUE ("tenant_id", "email")'],
  ['unique-constraint', 'ALTER TABLE leads ADD UNIQUE (email)'],
  ['unique-constraint', 'ALTER TABLE leads ADD COLUMN slug text UNIQUE'],
  ['primary-key-added', 'ALTER TABLE bare ADD PRIMARY KEY (id)'],
  ['primary-key-added', 'ALTER TABLE "bare" ADD CONSTRAINT "PK_1" PRIMARY KEY ("id")'],
  ['primary-key-added', 'ALTER TABLE bare ADD PRIMARY KEY USING INDEX bare_id'],
  ['exclusion-constraint', 'ALTER TABLE leads ADD CONSTRAINT e EXCLUDE USING gist (during WITH &&)'],
  ['exclusion-constraint', 'ALTER TABLE bare ADD EXCLUDE USING btree (id WITH =)'],
  [
    'partition-attached-unchecked',
    "ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
  ],
  ['partition-attached-unchecked', 'ALTER TABLE events ATTACH PARTITION events_2026 DEFAULT'],
  [
    'partition-attached-unchecked',
    "CREATE TABLE visits_2030 (LIKE visits); ALTER TABLE visits ATTACH PARTITION visits_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
  ],
  [
    'index-not-concurrent',
    'CREATE SCHEMA more; CREATE TABLE more.leads (id int); CREATE INDEX leads_tenant ON leads (tenant_id)',
  ],
  ['refresh-not-concurrent', 'REFRESH MATERIALIZED VIEW lead_counts'],
  ['refresh-not-concurrent', 'REFRESH MATERIALIZED VIEW public.lead_counts WITH DATA'],
];

/** Statements that write the whole table again. */
export const REWRITING: readonly Dangerous[] = [
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN score TYPE bigint'],
  ['type-rewrite', 'ALTER TABLE "leads" ALTER COLUMN "score" TYPE numeric(12,2)'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN room SET DATA TYPE text'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN room TYPE positive'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN room TYPE label'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN note TYPE varchar(200)'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN email TYPE varchar(50)'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN amount TYPE numeric(10,3)'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN amount TYPE numeric(8,2)'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN note TYPE text USING lower(note)'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN note TYPE jsonb USING note::jsonb'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN seen TYPE date'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN at TYPE timestamp(0)'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN name TYPE char(50)'],
  [
    'type-rewrite',
    `ALTER TABLE "leads" ALTER COLUMN "stage" DROP DEFAULT, ALTER COLUMN "stage" TYPE text USING "stage"::text`,
  ],
  [
    'type-rewrite',
    `ALTER TYPE stage RENAME TO stage_old; CREATE TYPE stage AS ENUM ('new', 'won', 'lost'); ALTER TABLE leads ALTER stage DROP DEFAULT; ALTER TABLE leads ALTER COLUMN stage TYPE stage USING stage::text::stage`,
  ],
  ['type-rewrite', 'ALTER TABLE leads ADD COLUMN rank positive DEFAULT 1'],
  ['volatile-default', 'ALTER TABLE leads ADD COLUMN token uuid DEFAULT gen_random_uuid()'],
  ['volatile-default', 'ALTER TABLE "leads" ADD "token" uuid NOT NULL DEFAULT gen_random_uuid()'],
  ['volatile-default', 'ALTER TABLE leads ADD COLUMN made timestamptz NOT NULL DEFAULT clock_timestamp()'],
  ['volatile-default', 'ALTER TABLE leads ADD COLUMN luck float8 DEFAULT random()'],
  ['volatile-default', 'ALTER TABLE leads ADD COLUMN slug text DEFAULT md5(random()::text)'],
  ['volatile-default', "ALTER TABLE leads ADD COLUMN number bigint DEFAULT nextval('numbers')"],
  ['volatile-default', 'ALTER TABLE leads ADD COLUMN token uuid DEFAULT app_token()'],
  ['volatile-default', 'ALTER TABLE leads ADD COLUMN "when" text DEFAULT timeofday()'],
  [
    'stored-generated',
    'ALTER TABLE leads ADD COLUMN email_lower text GENERATED ALWAYS AS (lower(email)) STORED',
  ],
  [
    'stored-generated',
    `ALTER TABLE leads ADD "search" tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(note, ''))) STORED NOT NULL`,
  ],
  ['serial-added', 'ALTER TABLE leads ADD COLUMN number bigserial'],
  ['serial-added', 'ALTER TABLE "leads" ADD "number" SERIAL NOT NULL'],
  ['serial-added', 'ALTER TABLE leads ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY'],
  ['serial-added', 'ALTER TABLE bare ADD COLUMN key bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY'],
  ['cluster-or-vacuum-full', 'CLUSTER leads USING leads_pkey'],
  ['cluster-or-vacuum-full', 'ALTER TABLE app.archive SET UNLOGGED'],
  ['cluster-or-vacuum-full', 'ALTER TABLE bare SET UNLOGGED'],
];

/** Statements that only run outside a transaction. */
export const OUTSIDE_TRANSACTION: readonly Dangerous[] = [
  ['cluster-or-vacuum-full', 'VACUUM FULL leads'],
  ['cluster-or-vacuum-full', 'VACUUM (FULL, ANALYZE) leads'],
];

/** Statements whose danger is not the time for which they hold a lock. */
export const BREAKING: readonly Dangerous[] = [
  ['not-null-without-default', 'ALTER TABLE leads ADD COLUMN city text NOT NULL'],
  ['not-null-without-default', 'ALTER TABLE "plans" ADD "city" character varying NOT NULL'],
  ['not-null-without-default', 'ALTER TABLE leads ADD COLUMN city text DEFAULT NULL NOT NULL'],
  ['rename-table', 'ALTER TABLE leads RENAME TO prospects'],
  ['rename-table', 'ALTER TABLE "public"."plans" RENAME TO "offers"'],
  ['rename-table', 'ALTER TABLE leads SET SCHEMA app'],
  ['rename-table', 'ALTER VIEW open_leads RENAME TO some_leads'],
  ['rename-table', 'ALTER SCHEMA app RENAME TO old_app'],
  ['rename-table', 'ALTER MATERIALIZED VIEW lead_counts RENAME TO counts'],
  ['type-rewrite', 'ALTER TABLE leads DROP COLUMN note; ALTER TABLE leads ADD COLUMN note varchar(200)'],
  ['type-rewrite', 'ALTER TABLE "leads" DROP COLUMN "room", ADD "room" bigint'],
  ['rename-column', 'ALTER TABLE leads RENAME COLUMN email TO mail'],
  ['rename-column', 'ALTER TABLE "plans" RENAME "name" TO "title"'],
  ['rename-column', 'ALTER VIEW open_leads RENAME COLUMN note TO remark'],
  ['default-dropped', 'ALTER TABLE leads ALTER COLUMN "createdAt" DROP DEFAULT'],
  [
    'default-dropped',
    "ALTER TABLE leads ADD COLUMN kind text NOT NULL DEFAULT 'a'; ALTER TABLE leads ALTER kind DROP DEFAULT",
  ],
  ['drop-function', 'DROP FUNCTION touch() CASCADE'],
  ['drop-function', 'DROP ROUTINE IF EXISTS public.app_zero CASCADE'],
  ['drop-column', 'ALTER TABLE leads DROP COLUMN note CASCADE'],
  ['drop-column', 'ALTER TABLE "leads" DROP COLUMN "amount"'],
  ['drop-column', 'DROP TYPE stage CASCADE'],
  ['drop-view', 'DROP VIEW open_leads'],
  ['drop-view', 'DROP MATERIALIZED VIEW IF EXISTS public.lead_counts'],
  [
    'partition-created',
    "CREATE TABLE events_2028 PARTITION OF events FOR VALUES FROM ('2028-01-01') TO ('2029-01-01')",
  ],
  ['partition-detached', 'ALTER TABLE events DETACH PARTITION events_2025'],
  ['trigger-on-large-table', 'CREATE RULE keep AS ON DELETE TO leads DO INSTEAD NOTHING'],
  ['lock-timeout-raised', 'ALTER ROLE CURRENT_USER SET lock_timeout = 0'],
  ['drop-table', 'DROP TABLE calls'],
  ['drop-table', 'DROP TABLE IF EXISTS "app"."archive" CASCADE'],
  ['drop-table', 'DROP TABLE plans, bare'],
  ['drop-table', 'DROP SCHEMA app CASCADE'],
  ['enum-value-renamed', "ALTER TYPE stage RENAME VALUE 'new' TO 'open'"],
  ['enum-value-renamed', `ALTER TYPE "public"."stage" RENAME VALUE 'won' TO 'sold'`],
  ['lock-table', 'LOCK TABLE leads'],
  ['lock-table', 'LOCK TABLE leads IN ACCESS EXCLUSIVE MODE NOWAIT'],
  ['lock-table', 'LOCK leads, calls IN SHARE ROW EXCLUSIVE MODE'],
  ['lock-table', 'LOCK TABLE plans IN EXCLUSIVE MODE'],
  ['lock-table', 'LOCK TABLE leads IN SHARE MODE'],
  ['lock-timeout-raised', 'SET lock_timeout = 0'],
  ['lock-timeout-raised', "SET LOCAL lock_timeout = '10min'"],
  ['lock-timeout-raised', "SET lock_timeout TO '30s'"],
  ['lock-timeout-raised', 'RESET lock_timeout'],
  ['lock-timeout-raised', "SELECT set_config('lock_timeout', '0', true)"],
  ['lock-timeout-raised', 'SET SESSION lock_timeout TO DEFAULT'],
  [
    'trigger-on-large-table',
    'CREATE TRIGGER touch BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION touch()',
  ],
  [
    'trigger-on-large-table',
    'CREATE CONSTRAINT TRIGGER touch AFTER INSERT ON "leads" DEFERRABLE FOR EACH ROW EXECUTE PROCEDURE touch()',
  ],
  ['json-column', 'ALTER TABLE leads ADD COLUMN extra json'],
  ['json-column', `ALTER TABLE "plans" ADD "extra" json NOT NULL DEFAULT '{}'`],
  ['integer-key', 'CREATE TABLE logs (id serial PRIMARY KEY, line text)'],
  [
    'integer-key',
    'CREATE TABLE "logs" ("id" SERIAL NOT NULL, "line" text, CONSTRAINT "PK_2" PRIMARY KEY ("id"))',
  ],
  ['integer-key', 'CREATE TABLE logs (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)'],
  ['integer-key', "CREATE TABLE logs (id integer DEFAULT nextval('numbers') PRIMARY KEY)"],
  ['integer-key', 'CREATE TABLE logs (id smallserial PRIMARY KEY)'],
  ['several-tables-locked', 'ALTER TABLE leads ADD COLUMN city text; ALTER TABLE calls ADD COLUMN city text'],
  [
    'several-tables-locked',
    'ALTER TABLE leads DROP CONSTRAINT leads_score; ALTER TABLE calls ALTER COLUMN direction SET DEFAULT 1',
  ],
  ['concurrently-in-transaction', 'CREATE INDEX CONCURRENTLY leads_tenant ON leads (tenant_id)'],
  ['concurrently-in-transaction', 'DROP INDEX CONCURRENTLY leads_email'],
  ['concurrently-in-transaction', 'REINDEX INDEX CONCURRENTLY leads_email'],
  ['concurrently-in-transaction', 'ALTER TABLE events DETACH PARTITION events_2025 CONCURRENTLY'],
  ['concurrently-in-transaction', 'VACUUM leads'],
];

/** The change of a type with the indexes or the checks of the column only. */
export const CHECKING: readonly Dangerous[] = [
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN code TYPE varchar(30)'],
  ['type-rewrite', 'ALTER TABLE leads ALTER COLUMN email TYPE varchar(100) COLLATE "C"'],
];

/** Statements of which every rule needs at least one. */
export const DANGEROUS: readonly Dangerous[] = [...SCANNING, ...REWRITING, ...CHECKING, ...BREAKING];
