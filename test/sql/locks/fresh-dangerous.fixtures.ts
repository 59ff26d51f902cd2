import type { Reviewed } from './reviewed-statement.ts';

/** Builds, checks and rewrites of a large table, written after the rules: see `REVIEWED_DANGEROUS`. */
const BUILDS_AND_CHECKS: readonly Reviewed[] = [
  ['ONLY does not help a table without partitions', 'CREATE INDEX leads_active ON ONLY public.leads (seen)'],
  ['an index of a materialized view', 'CREATE UNIQUE INDEX ON "lead_counts" ("tenant_id", "id")'],
  ['a hash index', 'CREATE INDEX calls_dir ON calls USING hash (direction)'],
  ['an SP-GiST index', 'CREATE INDEX ON leads USING spgist (note)'],
  ['a partial unique index', 'CREATE UNIQUE INDEX uq ON leads (email) WHERE note IS NOT NULL'],
  ['an operator class', 'CREATE INDEX i ON leads (name varchar_pattern_ops)'],
  ['parameters of a build', 'CREATE INDEX i ON calls (at) WITH (fillfactor = 80) TABLESPACE pg_default'],
  ['two dropped indexes', 'DROP INDEX leads_email, leads_seen'],
  ['a dropped unique index', 'DROP INDEX IF EXISTS "public"."leads_old"'],
  ['REINDEX with another option', 'REINDEX (VERBOSE) TABLE leads'],
  ['an index that moves', 'ALTER INDEX leads_email SET TABLESPACE pg_default'],
  ['all indexes of a tablespace', 'ALTER INDEX ALL IN TABLESPACE pg_default SET TABLESPACE pg_default'],
  ['an index of one partition', 'CREATE INDEX ON events_2025 (id)'],
  ['an index that is replaced', 'DROP INDEX leads_seen; CREATE INDEX leads_seen ON leads (at, id)'],
  [
    'indexes that a loop finds in the catalog',
    `DO $x$ DECLARE r record; BEGIN FOR r IN SELECT indexname FROM pg_indexes WHERE tablename = 'calls' LOOP EXECUTE 'REINDEX INDEX ' || quote_ident(r.indexname); END LOOP; END $x$`,
  ],
  [
    'a CHECK with NO INHERIT',
    'ALTER TABLE leads ADD CONSTRAINT c CHECK (score IS NULL OR score < 100) NO INHERIT',
  ],
  ['a CHECK instead of NOT NULL', 'ALTER TABLE leads ADD CONSTRAINT c CHECK (tenant_id IS NOT NULL)'],
  [
    'a deferred key',
    'ALTER TABLE calls ADD FOREIGN KEY (lead_id) REFERENCES leads ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED',
  ],
  [
    'one of two keys is validated',
    'ALTER TABLE leads ADD CONSTRAINT a FOREIGN KEY (tenant_id) REFERENCES tenants NOT VALID, ADD CONSTRAINT b FOREIGN KEY (old_id) REFERENCES tenants',
  ],
  [
    'a constant column with a key',
    'ALTER TABLE leads ADD COLUMN owner_id bigint DEFAULT 5 CONSTRAINT fk_owner REFERENCES tenants (id) ON DELETE SET DEFAULT',
  ],
  [
    'two columns at once',
    'ALTER TABLE leads ALTER tenant_id SET NOT NULL, ALTER COLUMN "email" SET NOT NULL',
  ],
  [
    'NOT NULL of a column that is NULL everywhere',
    'ALTER TABLE leads ADD k int; ALTER TABLE leads ALTER k SET NOT NULL',
  ],
  [
    'a CHECK that is not validated proves nothing',
    'ALTER TABLE leads ADD CONSTRAINT c CHECK (tenant_id IS NOT NULL) NOT VALID; ALTER TABLE leads ALTER tenant_id SET NOT NULL',
  ],
  [
    'a CHECK validated under the lock of ADD',
    'ALTER TABLE leads ADD CONSTRAINT c CHECK (tenant_id > 0) NOT VALID; ALTER TABLE leads VALIDATE CONSTRAINT c',
  ],
  ['UNIQUE with INCLUDE', 'ALTER TABLE calls ADD CONSTRAINT u UNIQUE (at) INCLUDE (direction)'],
  ['two UNIQUE in one ALTER', 'ALTER TABLE leads ADD UNIQUE (email), ADD UNIQUE (code)'],
  ['UNIQUE of two columns', 'ALTER TABLE ONLY leads ADD CONSTRAINT "UQ_1" UNIQUE ("tenant_id", "email")'],
  ['a key with parameters', 'ALTER TABLE loose ADD CONSTRAINT p PRIMARY KEY (id) WITH (fillfactor = 90)'],
  ['an exclusion of ranges', 'ALTER TABLE leads ADD CONSTRAINT x EXCLUDE USING gist (during WITH &&)'],
  [
    'a key of an index with NULLs reads the rows',
    'ALTER TABLE bare ADD CONSTRAINT pk PRIMARY KEY USING INDEX bare_id',
  ],
  [
    'VALIDATE of a domain blocks writes of its tables',
    'ALTER DOMAIN positive VALIDATE CONSTRAINT positive_check',
  ],
  [
    'a CHECK of a new column that is NULL',
    'ALTER TABLE calls ADD COLUMN stars int CHECK (stars BETWEEN 1 AND 5)',
  ],
  ['a UNIQUE of a new column', `ALTER TABLE leads ADD COLUMN slug text NOT NULL DEFAULT '' UNIQUE`],
  [
    'a constraint that only a condition adds',
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'u') THEN ALTER TABLE calls ADD CONSTRAINT u UNIQUE (lead_id); END IF; END $$`,
  ],
  [
    'format() builds the statement',
    `DO $$ BEGIN EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET NOT NULL', 'leads', 'email'); END $$`,
  ],
  [
    'a function builds the index',
    `CREATE FUNCTION mk() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE INDEX ON calls (direction)'; RETURN 1; END $$; SELECT mk()`,
  ],
  [
    'a failed block changes nothing of the lock',
    `DO $$ BEGIN CREATE INDEX i ON leads (room); EXCEPTION WHEN duplicate_table THEN NULL; END $$`,
  ],
];

const REWRITES: readonly Reviewed[] = [
  ['bigint to text', 'ALTER TABLE leads ALTER COLUMN tenant_id TYPE text'],
  [
    'another time zone',
    `ALTER TABLE leads ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'Europe/Zurich'`,
  ],
  ['a timestamp to a date', 'ALTER TABLE leads ALTER COLUMN at TYPE date USING at::date'],
  ['an interval to text', 'ALTER TABLE leads ALTER COLUMN span TYPE text'],
  ['an address to text', 'ALTER TABLE leads ALTER COLUMN ip TYPE text'],
  ['an integer to numeric', 'ALTER TABLE leads ALTER COLUMN score TYPE numeric'],
  ['an integer to boolean', 'ALTER TABLE leads ALTER COLUMN score TYPE boolean USING score > 0'],
  ['text to bytea', 'ALTER TABLE leads ALTER COLUMN note TYPE bytea USING note::bytea'],
  ['a shorter varchar', 'ALTER TABLE leads ALTER COLUMN email TYPE varchar(50)'],
  ['numeric to money', 'ALTER TABLE leads ALTER COLUMN amount TYPE money'],
  ['a timestamp to a time', 'ALTER TABLE calls ALTER COLUMN at TYPE time USING at::time'],
  ['the column of a partitioned table', 'ALTER TABLE events ALTER COLUMN id TYPE int'],
  [
    'a timestamptz to varchar',
    'ALTER TABLE leads ALTER COLUMN "createdAt" TYPE varchar(30) USING "createdAt"::varchar',
  ],
  ['the same type with another value', 'ALTER TABLE leads ALTER COLUMN room TYPE int USING room + 1'],
  [
    'an enum that TypeORM replaces',
    `ALTER TYPE "stage" RENAME TO "stage_old"; CREATE TYPE "stage" AS ENUM('new', 'won', 'lost'); ALTER TABLE "leads" ALTER COLUMN "stage" DROP DEFAULT; ALTER TABLE "leads" ALTER COLUMN "stage" TYPE "stage" USING "stage"::"text"::"stage"`,
  ],
  [
    'ONLY and IF EXISTS',
    'ALTER TABLE IF EXISTS ONLY leads ALTER COLUMN amount SET DATA TYPE bigint USING round(amount)',
  ],
  ['a random text for each row', 'ALTER TABLE calls ADD COLUMN uid uuid DEFAULT md5(random()::text)::uuid'],
  [
    'a number of a sequence for each row',
    `ALTER TABLE calls ADD COLUMN pos bigint DEFAULT nextval('numbers')`,
  ],
  ['the time of day for each row', 'ALTER TABLE calls ADD COLUMN made text DEFAULT timeofday()'],
  [
    'a search vector',
    `ALTER TABLE leads ADD COLUMN fts tsvector GENERATED ALWAYS AS (to_tsvector('english', coalesce(note, ''))) STORED`,
  ],
  ['smallserial', 'ALTER TABLE leads ADD COLUMN k smallserial'],
  [
    'an identity with a start',
    'ALTER TABLE leads ADD COLUMN number int GENERATED ALWAYS AS IDENTITY (START 100)',
  ],
  ['the first of two columns is NOT NULL', 'ALTER TABLE leads ADD COLUMN a int NOT NULL, ADD COLUMN b int'],
  ['NOT NULL with the default NULL', 'ALTER TABLE leads ADD COLUMN x int NOT NULL DEFAULT NULL'],
  ['a constrained domain', 'ALTER TABLE leads ADD COLUMN x positive'],
  ['json with a default', `ALTER TABLE calls ADD COLUMN meta json DEFAULT '{}'::json`],
  [
    'a random default of all partitions',
    'ALTER TABLE events ADD COLUMN token uuid DEFAULT gen_random_uuid()',
  ],
  [
    'a variable holds the name',
    `DO LANGUAGE plpgsql $b$ DECLARE c text := 'score'; BEGIN EXECUTE 'ALTER TABLE leads ALTER COLUMN ' || c || ' TYPE bigint'; END $b$`,
  ],
  [
    'a function in SQL',
    `CREATE FUNCTION dd() RETURNS void LANGUAGE sql AS 'ALTER TABLE leads ALTER score TYPE bigint'; SELECT dd()`,
  ],
  ['UNLOGGED beside a parameter', 'ALTER TABLE bare SET UNLOGGED, SET (fillfactor = 70)'],
  ['VACUUM FULL of everything', 'VACUUM FULL', { alone: true }],
  ['CLUSTER of everything', 'CLUSTER', { alone: true }],
  ['CLUSTER that reports', 'CLUSTER VERBOSE leads USING leads_email'],
];

const BREAKS: readonly Reviewed[] = [
  [
    'another function of the name is new',
    'CREATE FUNCTION touch(int) RETURNS int LANGUAGE sql AS $$ SELECT $1 $$; DROP FUNCTION touch() CASCADE',
  ],
  [
    'a function that is replaced may be in use',
    'CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; DROP FUNCTION touch() CASCADE',
  ],
  ['a table that the old release reads', 'ALTER TABLE public.tenants RENAME TO organisations'],
  ['a column that the old release reads', 'ALTER TABLE "leads" RENAME COLUMN "createdAt" TO "created_at"'],
  ['a materialized view with another name', 'ALTER MATERIALIZED VIEW lead_counts RENAME TO counts_of_leads'],
  [
    'a column that may be an old one gets another name',
    'ALTER TABLE leads ADD COLUMN IF NOT EXISTS email text; ALTER TABLE leads RENAME COLUMN email TO mail',
  ],
  [
    'a column that may be an old one is dropped',
    'ALTER TABLE leads ADD COLUMN IF NOT EXISTS email text; ALTER TABLE leads DROP COLUMN email',
  ],
  ['a column of a view', 'ALTER VIEW open_leads RENAME COLUMN note TO remark'],
  ['a view renamed as a table', 'ALTER TABLE open_leads RENAME TO leads_open'],
  ['a view in another schema', 'ALTER VIEW open_leads SET SCHEMA app'],
  ['a dropped partition', 'DROP TABLE events_2025'],
  ['a domain takes its columns along', 'DROP DOMAIN positive CASCADE'],
  ['everything of a role', 'DROP OWNED BY CURRENT_USER CASCADE'],
  ['a column with another name by drop and add', 'ALTER TABLE leads DROP COLUMN email, ADD COLUMN mail text'],
  ['RESTRICT still drops it', 'ALTER TABLE calls DROP COLUMN lead_id RESTRICT'],
  [
    'tables that are swapped',
    'CREATE TABLE calls_new (LIKE calls INCLUDING ALL); ALTER TABLE calls RENAME TO calls_old; ALTER TABLE calls_new RENAME TO calls',
  ],
  ['an enum value that rows have', `ALTER TYPE public.stage RENAME VALUE 'new' TO 'fresh'`],
  ['two views', 'DROP VIEW IF EXISTS open_leads, nothing_v CASCADE'],
  [
    'a default beside another one',
    'ALTER TABLE leads ALTER "createdAt" DROP DEFAULT, ALTER score SET DEFAULT 1',
  ],
  [
    'a partition beside a large default one',
    `ALTER TABLE visits ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')`,
  ],
  [
    'a new partition beside a large default one',
    `CREATE TABLE visits_2030 PARTITION OF visits FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')`,
  ],
  [
    'a trigger of all partitions',
    'CREATE TRIGGER t AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION touch()',
  ],
  [
    'a trigger of the statement',
    'CREATE TRIGGER t AFTER UPDATE ON leads FOR EACH STATEMENT EXECUTE FUNCTION touch()',
  ],
  ['a rule that does more', 'CREATE OR REPLACE RULE r AS ON UPDATE TO leads DO ALSO NOTHING'],
  ['a partition less', 'ALTER TABLE events DETACH PARTITION events_2025; DROP TABLE events_2025'],
  ['a lock of two tables', 'LOCK TABLE leads, calls IN SHARE MODE'],
  ['NOWAIT holds it as long', 'LOCK leads IN EXCLUSIVE MODE NOWAIT'],
  ['the default is no limit', 'SET LOCAL lock_timeout TO DEFAULT'],
  ['RESET is no limit', 'RESET lock_timeout'],
  ['a function sets no limit', `SELECT set_config('lock_timeout', '0', true)`],
  ['a view without data cannot be read', 'REFRESH MATERIALIZED VIEW lead_counts WITH NO DATA'],
  ['all rows are locked', 'SELECT id FROM leads FOR NO KEY UPDATE'],
  [
    'three tables in one transaction',
    'ALTER TABLE tenants ADD a int; ALTER TABLE leads ADD a int; ALTER TABLE calls ADD a int',
  ],
  [
    'a key without room',
    'CREATE TABLE notes (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)',
    { onlyWarns: true },
  ],
];

/** Statements that were written after the rules. */
export const FRESH_DANGEROUS: readonly Reviewed[] = [...BUILDS_AND_CHECKS, ...REWRITES, ...BREAKS];
