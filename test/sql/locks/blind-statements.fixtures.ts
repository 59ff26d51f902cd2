import type { Reviewed } from './reviewed-statement.ts';

/** Dangers that the rules did not see when lists of statements were written without knowledge of them. */
export const BLIND_DANGEROUS: readonly Reviewed[] = [
  [
    'the proof is dropped by the same ALTER TABLE',
    'ALTER TABLE leads ALTER COLUMN checked SET NOT NULL, DROP CONSTRAINT leads_checked',
  ],
  [
    'the proof is dropped before',
    'ALTER TABLE leads DROP CONSTRAINT leads_checked; ALTER TABLE leads ALTER COLUMN checked SET NOT NULL',
  ],
  [
    'the bound is no longer proven',
    `ALTER TABLE events_2027 DROP CONSTRAINT events_2027_at_check; ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')`,
  ],
  ['a CHECK of the column is checked again', 'ALTER TABLE leads ALTER COLUMN price TYPE numeric(9,2)'],
  ['inserts no longer get a number', 'ALTER TABLE numbered ALTER COLUMN id DROP IDENTITY'],
  ['CASCADE drops the default of a key', 'DROP SEQUENCE serials_id_seq CASCADE'],
  ['CASCADE drops a default that calls nextval()', 'DROP SEQUENCE app."Tickets" CASCADE'],
  [
    'the query itself sets another time zone',
    `SET LOCAL TIME ZONE 'Europe/Berlin'; ALTER TABLE leads ALTER COLUMN seen TYPE timestamp`,
  ],
];

/** Harmless statements that the rules reported then. */
export const BLIND_HARMLESS: readonly Reviewed[] = [
  ['a CHECK proves it among other things', 'ALTER TABLE leads ALTER COLUMN stated SET NOT NULL'],
  [
    'the proof is dropped afterwards',
    'ALTER TABLE leads ALTER COLUMN checked SET NOT NULL; ALTER TABLE leads DROP CONSTRAINT leads_checked',
  ],
  ['a CHECK that is not valid is not checked again', 'ALTER TABLE leads ALTER COLUMN name TYPE varchar(60)'],
  [
    'the column exists, so that nothing is written',
    'ALTER TABLE leads ADD COLUMN IF NOT EXISTS tenant_id bigint NOT NULL',
    { needsCatalog: true },
  ],
  [
    'the column exists, so that its default is not computed',
    'ALTER TABLE leads ADD COLUMN IF NOT EXISTS note text DEFAULT random()',
    { needsCatalog: true },
  ],
  [
    'the query itself sets UTC',
    `SET LOCAL TIME ZONE 'UTC'; ALTER TABLE leads ALTER COLUMN seen TYPE timestamp`,
  ],
  [
    'CREATE SCHEMA creates the table in the schema',
    'CREATE SCHEMA fin CREATE TABLE books (id bigint); CREATE INDEX ON fin.books (id)',
  ],
  [
    'a foreign key proves no bound',
    `ALTER TABLE events_2027 DROP CONSTRAINT events_2027_lead; ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')`,
  ],
  ['no default uses the sequence', 'DROP SEQUENCE numbers CASCADE'],
  ['there is no such sequence', 'DROP SEQUENCE IF EXISTS nothing_numbers CASCADE'],
  [
    'the only user of the sequence is new',
    `CREATE TABLE counted (id bigint DEFAULT nextval('numbers')); DROP SEQUENCE numbers CASCADE`,
  ],
  [
    'another sequence comes in its place',
    `DROP SEQUENCE serials_id_seq CASCADE; CREATE SEQUENCE counted; ALTER TABLE serials ALTER COLUMN id SET DEFAULT nextval('counted')`,
  ],
  ['the sequence is new', 'CREATE SEQUENCE fresh; DROP SEQUENCE fresh CASCADE'],
  [
    'the identity comes back',
    'ALTER TABLE numbered ALTER COLUMN id DROP IDENTITY; ALTER TABLE numbered ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY',
  ],
];
