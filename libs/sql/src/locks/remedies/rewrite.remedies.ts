import { inMigration, NEW_TABLE, QUEUE, SMALL_TABLE } from './common-texts.js';
import type { LockRemedy } from './lock-remedy.types.js';

const EXPAND = [
  'Expand: add a new column that may be null, and let the application write both columns.',
  'Fill it with a backfill.',
  'Contract: in a later migration with `requires`, read the new column only and drop the old one.',
] as const;

/** Remedies for statements that write the whole table again. */
export const REWRITE_REMEDIES = {
  'type-rewrite': {
    title: 'A change of type that writes the table again',
    danger: `The new type has other bytes, so that PostgreSQL writes every row and every index again under ACCESS EXCLUSIVE. Indexes and CHECK constraints of the column can be built or checked again even if the rows stay. TypeORM drops the column and adds it again, so that its values are lost. ${QUEUE}`,
    safeWhen: [
      NEW_TABLE,
      SMALL_TABLE,
      'varchar becomes longer, or loses its limit; varchar becomes text; numeric gets more digits with the same scale; timestamp, time and interval get more digits; timestamp becomes timestamptz or the reverse while TimeZone is UTC; cidr becomes inet. The check needs the old type: from earlier migrations or the catalog.',
    ],
    steps: EXPAND,
    refused: inMigration('ALTER TABLE leads ALTER COLUMN score TYPE bigint'),
    instead: inMigration('ALTER TABLE leads ADD COLUMN score_big bigint'),
  },
  'volatile-default': {
    title: 'A new column with a default that is computed for each row',
    danger: `PostgreSQL stores a constant default once. (Before version 11 it writes a constant too.) It computes a volatile function, such as gen_random_uuid() or clock_timestamp(), for each row, and writes the whole table again under ACCESS EXCLUSIVE. ${QUEUE}`,
    safeWhen: [
      NEW_TABLE,
      SMALL_TABLE,
      'The default is a constant, or calls stable functions only, such as now().',
    ],
    steps: [
      'Add the column without the default.',
      'Set the default in a second statement: it applies to new rows only.',
      'Fill the existing rows with a backfill.',
    ],
    refused: inMigration('ALTER TABLE leads ADD COLUMN token uuid DEFAULT gen_random_uuid()'),
    instead: inMigration(
      'ALTER TABLE leads ADD COLUMN token uuid',
      'ALTER TABLE leads ALTER COLUMN token SET DEFAULT gen_random_uuid()',
    ),
  },
  'stored-generated': {
    title: 'A stored generated column on an existing table',
    danger: `PostgreSQL computes it for each row and writes the whole table again under ACCESS EXCLUSIVE. ${QUEUE}`,
    safeWhen: [NEW_TABLE, SMALL_TABLE, 'The column is VIRTUAL (since PostgreSQL 18).'],
    steps: [
      'On PostgreSQL 18, add it as VIRTUAL.',
      'Otherwise add an ordinary column, keep it current with a trigger, and fill it with a backfill.',
    ],
    refused: inMigration(
      'ALTER TABLE leads ADD COLUMN email_lower text GENERATED ALWAYS AS (lower(email)) STORED',
    ),
    instead: inMigration('ALTER TABLE leads ADD COLUMN email_lower text'),
  },
  'serial-added': {
    title: 'A serial or identity column on an existing table',
    danger: `Each row gets a number, so that PostgreSQL writes the whole table again under ACCESS EXCLUSIVE. ${QUEUE}`,
    safeWhen: [NEW_TABLE, SMALL_TABLE],
    steps: [
      'Add a bigint column that may be null, and a sequence.',
      'Set nextval() as its default: it applies to new rows only.',
      'Fill the existing rows with a backfill.',
    ],
    refused: inMigration('ALTER TABLE leads ADD COLUMN number bigserial'),
    instead: inMigration(
      'ALTER TABLE leads ADD COLUMN number bigint',
      'CREATE SEQUENCE leads_number_seq OWNED BY leads.number',
      "ALTER TABLE leads ALTER COLUMN number SET DEFAULT nextval('leads_number_seq')",
    ),
  },
  'cluster-or-vacuum-full': {
    title: 'CLUSTER, VACUUM FULL, or another command that writes the table again',
    danger: `CLUSTER, VACUUM FULL, SET TABLESPACE, SET LOGGED, SET UNLOGGED and SET ACCESS METHOD write the whole table again under ACCESS EXCLUSIVE. ${QUEUE}`,
    safeWhen: [NEW_TABLE, SMALL_TABLE],
    steps: [
      'Leave maintenance out of migrations. pg_repack or pg_squeeze does the same while the application runs.',
    ],
    refused: inMigration('CLUSTER leads USING leads_by_tenant'),
    instead: `pg_repack --table leads --order-by tenant_id`,
  },
} as const satisfies Record<string, LockRemedy>;
