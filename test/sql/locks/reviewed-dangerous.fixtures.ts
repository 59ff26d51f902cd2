import { READS_OF_ALL_ROWS } from './reviewed-reads.fixtures.ts';
import type { Reviewed } from './reviewed-statement.ts';

/**
 * Statements that most reviewers of migrations refuse on a large table in use. The judgement follows the rules that
 * strong_migrations, online_migrations, squawk and eugene agree on, and PostgreSQL's manual where they are silent.
 */
export const REVIEWED_DANGEROUS: readonly Reviewed[] = [
  // Indexes
  ['a build with a plain index blocks writes', 'CREATE INDEX idx_leads_name ON leads (name)'],
  ['the same, with a schema and quotes', 'CREATE INDEX "IDX_9f" ON "public"."leads" ("createdAt" DESC)'],
  ['a unique index reads every row too', 'CREATE UNIQUE INDEX uq_calls ON calls (lead_id, at)'],
  ['a covering index is a build', 'CREATE INDEX ON calls (lead_id) INCLUDE (direction)'],
  ['an expression index is a build', "CREATE INDEX i ON leads ((lower(email) || ''))"],
  ['a GIN index is the slowest build', "CREATE INDEX i ON leads USING gin (to_tsvector('simple', note))"],
  ['a BRIN index reads the table too', 'CREATE INDEX i ON calls USING brin (at)'],
  ['IF NOT EXISTS does not change the lock', 'CREATE INDEX IF NOT EXISTS new_i ON calls (direction)'],
  [
    'a second statement counts as the first',
    'ALTER TABLE leads ADD COLUMN x text; CREATE INDEX i ON leads (x)',
  ],
  ['an index of all partitions', 'CREATE INDEX ON events (id, at)'],
  ['DROP INDEX takes ACCESS EXCLUSIVE on the table', 'DROP INDEX public.leads_seen'],
  ['CASCADE does not weaken it', 'DROP INDEX leads_email CASCADE'],
  ['REINDEX blocks writes and index reads', 'REINDEX INDEX leads_seen'],
  ['REINDEX of a table builds all its indexes', 'REINDEX TABLE public.calls'],
  ['REINDEX of a schema builds all its indexes', 'REINDEX SCHEMA app', { alone: true }],
  [
    'a temporary table of the same name does not make the table new',
    'CREATE TEMP TABLE leads (room int); CREATE INDEX ON public.leads (tenant_id)',
  ],
  // Constraints
  [
    'a key checks the rows of both tables',
    'ALTER TABLE leads ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES tenants (id)',
  ],
  [
    'ONLY does not change the check',
    'ALTER TABLE ONLY calls ADD CONSTRAINT fk FOREIGN KEY (lead_id) REFERENCES leads (id) ON DELETE SET NULL',
  ],
  ['a key to the table itself', 'ALTER TABLE leads ADD FOREIGN KEY (old_id) REFERENCES leads (id)'],
  [
    'a key of a new column with a default is checked',
    'ALTER TABLE calls ADD COLUMN tenant_id bigint NOT NULL DEFAULT 1 REFERENCES tenants',
  ],
  [
    'a column and its key in one ALTER',
    'ALTER TABLE calls ADD COLUMN t bigint, ADD CONSTRAINT fk FOREIGN KEY (t) REFERENCES tenants',
  ],
  ['a CHECK reads every row', "ALTER TABLE calls ADD CONSTRAINT dir CHECK (direction IN ('in', 'out'))"],
  ['a CHECK inline in a new column', 'ALTER TABLE leads ADD COLUMN age int DEFAULT 0 CHECK (age >= 0)'],
  [
    'a CHECK that replaces another one',
    'ALTER TABLE leads DROP CONSTRAINT leads_score, ADD CONSTRAINT leads_score CHECK (score >= 0)',
  ],
  [
    'validated in the transaction that added it',
    'ALTER TABLE calls ADD CONSTRAINT fk FOREIGN KEY (lead_id) REFERENCES leads NOT VALID; ALTER TABLE calls VALIDATE CONSTRAINT fk',
  ],
  ['SET NOT NULL reads every row', 'ALTER TABLE calls ALTER direction SET NOT NULL'],
  [
    'SET NOT NULL next to a default',
    "ALTER TABLE bare ALTER COLUMN name SET DEFAULT '', ALTER COLUMN name SET NOT NULL",
  ],
  [
    'NOT NULL as a constraint reads every row',
    'ALTER TABLE bare ADD CONSTRAINT nn NOT NULL name',
    { since: 18 },
  ],
  [
    'UNIQUE builds an index under ACCESS EXCLUSIVE',
    'ALTER TABLE calls ADD CONSTRAINT u UNIQUE (lead_id, at)',
  ],
  [
    'NULLS NOT DISTINCT is a build too',
    'ALTER TABLE calls ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (lead_id)',
    { since: 15 },
  ],
  ['UNIQUE inline in a new column', 'ALTER TABLE leads ADD COLUMN IF NOT EXISTS handle varchar(40) UNIQUE'],
  ['a deferrable UNIQUE is a build too', 'ALTER TABLE bare ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED'],
  ['PRIMARY KEY builds an index', 'ALTER TABLE ONLY public.bare ADD CONSTRAINT bare_pk PRIMARY KEY (id)'],
  ['a key of two columns', 'ALTER TABLE bare ADD PRIMARY KEY (id, name)'],
  ['a new primary key column', 'ALTER TABLE bare ADD COLUMN pk uuid PRIMARY KEY DEFAULT gen_random_uuid()'],
  [
    'the old key dropped and a new one built',
    'ALTER TABLE leads DROP CONSTRAINT leads_pkey CASCADE, ADD PRIMARY KEY (old_id)',
  ],
  [
    'EXCLUDE cannot be built concurrently',
    'ALTER TABLE calls ADD CONSTRAINT x EXCLUDE USING btree (id WITH =)',
  ],
  [
    'a domain CHECK reads all tables of the domain',
    'ALTER DOMAIN positive ADD CONSTRAINT below CHECK (VALUE < 1000)',
  ],
  ['a domain NOT NULL reads all tables of the domain', 'ALTER DOMAIN label SET NOT NULL'],
  // Types
  ['int to bigint writes the table again', 'ALTER TABLE leads ALTER COLUMN score TYPE int8'],
  [
    'bigint to uuid, with USING',
    "ALTER TABLE bare ALTER COLUMN id TYPE uuid USING lpad(id::text, 32, '0')::uuid",
  ],
  ['bigint to int', 'ALTER TABLE calls ALTER COLUMN lead_id TYPE integer'],
  ['text to a limited varchar', 'ALTER TABLE leads ALTER COLUMN note TYPE character varying(255)'],
  ['varchar with a shorter limit', 'ALTER TABLE leads ALTER COLUMN name TYPE varchar(20)'],
  ['varchar to char', 'ALTER TABLE leads ALTER COLUMN name TYPE character(60)'],
  ['text to jsonb', 'ALTER TABLE calls ALTER COLUMN direction TYPE jsonb USING to_jsonb(direction)'],
  ['timestamptz to date', 'ALTER TABLE calls ALTER COLUMN at TYPE date'],
  ['timestamptz with a lower precision', 'ALTER TABLE calls ALTER COLUMN at TYPE timestamptz(0)'],
  ['a numeric with another scale', 'ALTER TABLE leads ALTER amount TYPE decimal(12,4)'],
  ['a numeric with a lower precision', 'ALTER TABLE leads ALTER amount TYPE numeric(6,2)'],
  [
    'an enum to text',
    'ALTER TABLE leads ALTER stage DROP DEFAULT, ALTER stage TYPE varchar USING stage::varchar',
  ],
  ['a text to an enum', "ALTER TABLE calls ALTER COLUMN direction TYPE stage USING 'new'::stage"],
  ['an interval with a lower precision', 'ALTER TABLE leads ALTER COLUMN span TYPE interval(0)'],
  ['varbit with a lower limit', 'ALTER TABLE leads ALTER COLUMN flags TYPE bit varying(4)'],
  ['a scalar to an array', 'ALTER TABLE leads ALTER COLUMN note TYPE text[] USING ARRAY[note]'],
  ['numeric to double precision', 'ALTER TABLE leads ALTER COLUMN amount TYPE double precision'],
  ['USING computes a value', 'ALTER TABLE leads ALTER COLUMN email TYPE text USING trim(email)'],
  ['two columns of two types', 'ALTER TABLE leads ALTER note TYPE text, ALTER score TYPE smallint'],
  ['a constrained domain checks each row', 'ALTER TABLE leads ALTER COLUMN score TYPE positive'],
  // New columns
  [
    'a random uuid for each row',
    'ALTER TABLE calls ADD COLUMN public_id uuid NOT NULL DEFAULT gen_random_uuid()',
  ],
  ['a clock for each row', 'ALTER TABLE calls ADD COLUMN seen_at timestamptz DEFAULT clock_timestamp()'],
  [
    'a random number inside an expression',
    'ALTER TABLE leads ADD COLUMN bucket int DEFAULT (random() * 100)::int',
  ],
  [
    'a volatile function of the application',
    'ALTER TABLE leads ADD COLUMN ref text DEFAULT public.app_token()::text',
  ],
  [
    'one of several columns is volatile',
    'ALTER TABLE leads ADD a int DEFAULT 1, ADD b uuid DEFAULT gen_random_uuid()',
  ],
  ['serial writes a number into each row', 'ALTER TABLE leads ADD COLUMN position serial'],
  ['bigserial, quoted', 'ALTER TABLE "calls" ADD COLUMN "seq" BIGSERIAL NOT NULL'],
  [
    'an identity column writes each row',
    'ALTER TABLE calls ADD COLUMN seq bigint GENERATED BY DEFAULT AS IDENTITY',
  ],
  [
    'a stored generated column writes each row',
    'ALTER TABLE leads ADD COLUMN total numeric GENERATED ALWAYS AS (amount * 2) STORED',
  ],
  ['a stored copy of another column', 'ALTER TABLE leads ADD COLUMN g int GENERATED ALWAYS AS (room) STORED'],
  ['NOT NULL without a default fails on rows', 'ALTER TABLE calls ADD COLUMN kind text NOT NULL'],
  ['NOT NULL before the type of an enum', 'ALTER TABLE "leads" ADD "kind" "stage" NOT NULL'],
  ['a constrained domain with a default', 'ALTER TABLE calls ADD COLUMN rank positive NOT NULL DEFAULT 5'],
  ['json has no equality', 'ALTER TABLE calls ADD COLUMN payload json'],
  // Renames and drops
  ['the old release reads the old name', 'ALTER TABLE calls RENAME TO phone_calls'],
  ['the same with IF EXISTS', 'ALTER TABLE IF EXISTS "leads" RENAME TO "people"'],
  ['the old release reads the old column', 'ALTER TABLE calls RENAME COLUMN direction TO way'],
  ['without the word COLUMN', 'ALTER TABLE leads RENAME note TO remark'],
  ['a schema with another name', 'ALTER SCHEMA app RENAME TO core'],
  ['a table in another schema', 'ALTER TABLE calls SET SCHEMA app'],
  ['a view with another name', 'ALTER VIEW open_leads RENAME TO leads_open'],
  ['an enum value with another name', "ALTER TYPE stage RENAME VALUE 'won' TO 'closed'"],
  ['a dropped column: the old release still names it', 'ALTER TABLE leads DROP COLUMN score'],
  ['the same with IF EXISTS and CASCADE', 'ALTER TABLE calls DROP COLUMN IF EXISTS direction CASCADE'],
  ['two dropped columns', 'ALTER TABLE leads DROP COLUMN note, DROP COLUMN room'],
  ['a dropped type takes its columns along', 'DROP TYPE stage CASCADE'],
  ['a dropped table', 'DROP TABLE IF EXISTS app.archive'],
  ['several dropped tables', 'DROP TABLE bare, loose CASCADE'],
  ['a dropped schema with its tables', 'DROP SCHEMA IF EXISTS app CASCADE'],
  ['a dropped view: the old release still reads it', 'DROP VIEW open_leads'],
  ['a dropped materialized view', 'DROP MATERIALIZED VIEW IF EXISTS lead_counts'],
  [
    'a view dropped, and another one created',
    'DROP VIEW IF EXISTS open_leads CASCADE; CREATE VIEW other AS SELECT 1 AS one',
  ],
  // Partitions, triggers, rules
  [
    'an unproven bound reads the partition',
    "ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2026-12-31')",
  ],
  ['DETACH takes ACCESS EXCLUSIVE on the parent', 'ALTER TABLE events DETACH PARTITION events_2025'],
  [
    'PARTITION OF takes ACCESS EXCLUSIVE on the parent',
    "CREATE TABLE events_2029 PARTITION OF events FOR VALUES FROM ('2029-01-01') TO ('2030-01-01')",
  ],
  [
    'a trigger of every write',
    'CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON leads FOR EACH ROW EXECUTE FUNCTION touch()',
  ],
  [
    'OR REPLACE takes the same lock',
    'CREATE OR REPLACE TRIGGER touch_calls BEFORE UPDATE ON calls FOR EACH ROW EXECUTE FUNCTION touch()',
    { since: 14 },
  ],
  [
    'a rule takes ACCESS EXCLUSIVE, and changes every query',
    'CREATE RULE keep AS ON DELETE TO calls DO INSTEAD NOTHING',
  ],
  ['REFRESH blocks reads of the view', 'REFRESH MATERIALIZED VIEW "lead_counts"'],
  // Whole-table work and locks
  ['CLUSTER writes the table again', 'CLUSTER calls USING calls_pkey'],
  ['VACUUM FULL writes the table again', 'VACUUM (FULL) calls', { alone: true }],
  ['SET UNLOGGED writes the table again', 'ALTER TABLE calls SET UNLOGGED'],
  ['SET TABLESPACE moves every byte', 'ALTER TABLE leads SET TABLESPACE pg_default'],
  ['the tables of a tablespace', 'ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default'],
  ['LOCK TABLE without a mode is ACCESS EXCLUSIVE', 'LOCK TABLE calls'],
  ['SHARE ROW EXCLUSIVE blocks writes', 'LOCK TABLE leads IN SHARE ROW EXCLUSIVE MODE'],
  ['no limit for the wait', 'SET LOCAL lock_timeout = 0'],
  ['a limit of minutes', "SET lock_timeout = '5min'"],
  ['no limit for a role', 'ALTER ROLE CURRENT_USER SET lock_timeout = 0'],
  [
    'a lock held while waiting for another one',
    'ALTER TABLE leads ADD COLUMN a int; ALTER TABLE bare ADD COLUMN a int',
  ],
  [
    'a table is read while another one is locked',
    'ALTER TABLE leads ADD COLUMN a int; SELECT count(*) FROM calls',
  ],
  [
    'a constraint is validated while another table is locked',
    'ALTER TABLE bare ADD COLUMN a int; ALTER TABLE leads VALIDATE CONSTRAINT leads_score',
  ],
  ['every row is locked until the end', 'SELECT * FROM leads FOR UPDATE'],
  ['the same for a weaker lock of rows', 'SELECT id FROM "calls" ORDER BY id FOR SHARE'],
  ['inserts that rely on the default fail', 'ALTER TABLE "leads" ALTER COLUMN "createdAt" DROP DEFAULT'],
  [
    'the old release does not know the column, and its inserts fail',
    "ALTER TABLE calls ADD COLUMN kind text NOT NULL DEFAULT ''; ALTER TABLE calls ALTER COLUMN kind DROP DEFAULT",
  ],
  ['CASCADE drops triggers without a word', 'DROP FUNCTION IF EXISTS touch() CASCADE'],
  ['CONCURRENTLY fails in a transaction', 'CREATE UNIQUE INDEX CONCURRENTLY i ON leads (email)'],
  ['DROP INDEX CONCURRENTLY fails too', 'DROP INDEX CONCURRENTLY IF EXISTS leads_seen'],
  // Code that runs DDL
  ['DDL in a DO block', 'DO $$ BEGIN ALTER TABLE leads ALTER COLUMN score TYPE bigint; END $$'],
  [
    'DDL that a DO block builds',
    `DO $$ BEGIN EXECUTE 'ALTER TABLE leads ADD CONSTRAINT u UNIQUE (' || 'email' || ')'; END $$`,
  ],
  [
    'a loop over tables',
    `DO $$ DECLARE t text; BEGIN FOR t IN SELECT 'leads' LOOP EXECUTE format('CREATE INDEX ON %I (id)', t); END LOOP; END $$`,
  ],
  [
    'a function that is called',
    `CREATE FUNCTION up_now() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE leads ALTER email SET NOT NULL; END $$; SELECT up_now()`,
  ],
  [
    'a procedure that is called',
    `CREATE PROCEDURE up_now() LANGUAGE plpgsql AS $$ BEGIN DROP TABLE calls; END $$; CALL up_now()`,
  ],
  [
    'a key that has no numbers left after 2 billion rows',
    'CREATE TABLE audit (id SERIAL PRIMARY KEY, at timestamptz)',
    { onlyWarns: true },
  ],
  [
    'IF NOT EXISTS of a table in use tells nothing about its columns',
    'CREATE TABLE IF NOT EXISTS calls (direction text NOT NULL); ALTER TABLE calls ALTER direction SET NOT NULL',
  ],
  ...READS_OF_ALL_ROWS,
];
