import { COMMITS, inMigration, NEW_TABLE, QUEUE, SMALL_TABLE, withoutTransaction } from './common-texts.js';
import type { LockRemedy } from './lock-remedy.types.js';

/** Remedies for statements that read every row, or build an index, under a strong lock. */
export const SCAN_REMEDIES = {
  'index-not-concurrent': {
    title: 'An index that is built, dropped or built again while writes wait',
    danger: `CREATE INDEX takes SHARE and blocks every write for as long as it builds. DROP INDEX takes ACCESS EXCLUSIVE on the table. ${QUEUE}`,
    safeWhen: [
      NEW_TABLE,
      SMALL_TABLE,
      'CONCURRENTLY, outside a transaction.',
      'ON ONLY of a partitioned table.',
    ],
    steps: [
      'Declare a new index with `@OnlineIndex`. The indexes phase builds it concurrently after the migrations, and builds it again after a failure.',
      'Drop or rebuild an index with CONCURRENTLY, in a migration with `transaction = false`.',
    ],
    refused: inMigration('CREATE INDEX leads_email ON leads (email)'),
    instead: `@OnlineIndex({ name: 'leads_email', entity: Lead, columns: ['email'] })
export class LeadsEmail {}`,
  },
  'foreign-key-validated': {
    title: 'A foreign key that checks the existing rows at once',
    danger:
      'ADD FOREIGN KEY takes SHARE ROW EXCLUSIVE on both tables and reads every row. Until then, writes to both tables wait.',
    safeWhen: [NEW_TABLE, SMALL_TABLE, 'NOT VALID.', 'The key belongs to a new column without a default.'],
    steps: [
      'Add the key as NOT VALID: it checks new rows from then on.',
      'Validate it in its own transaction: reads and writes go on.',
      `Or call addForeignKey(), which does both. ${COMMITS}`,
    ],
    refused: inMigration(
      'ALTER TABLE calls ADD CONSTRAINT calls_lead FOREIGN KEY (lead_id) REFERENCES leads',
    ),
    instead: withoutTransaction(
      'ALTER TABLE calls ADD CONSTRAINT calls_lead FOREIGN KEY (lead_id) REFERENCES leads NOT VALID',
      'ALTER TABLE calls VALIDATE CONSTRAINT calls_lead',
    ),
  },
  'check-validated': {
    title: 'A CHECK that checks the existing rows at once',
    danger: `ADD CHECK takes ACCESS EXCLUSIVE and reads every row. VALIDATE CONSTRAINT does the same in the transaction of an earlier ALTER TABLE, whose lock is still held, and beside a stronger command in one ALTER TABLE. ${QUEUE}`,
    safeWhen: [NEW_TABLE, SMALL_TABLE, 'NOT VALID, validated in another transaction.'],
    steps: [
      'Add the CHECK as NOT VALID.',
      'Validate it in its own transaction: reads and writes go on.',
      COMMITS,
    ],
    refused: inMigration("ALTER TABLE leads ADD CONSTRAINT leads_stage CHECK (stage <> '')"),
    instead: withoutTransaction(
      "ALTER TABLE leads ADD CONSTRAINT leads_stage CHECK (stage <> '') NOT VALID",
      'ALTER TABLE leads VALIDATE CONSTRAINT leads_stage',
    ),
  },
  'set-not-null-scan': {
    title: 'SET NOT NULL without a proof',
    danger: `SET NOT NULL takes ACCESS EXCLUSIVE and reads every row. ${QUEUE}`,
    safeWhen: [
      NEW_TABLE,
      SMALL_TABLE,
      'A validated CHECK (column IS NOT NULL) proves it (since PostgreSQL 12).',
      'ADD CONSTRAINT … NOT NULL … NOT VALID (since PostgreSQL 18).',
    ],
    steps: [
      'Call setNotNull(): it adds a CHECK as NOT VALID, validates it under a weak lock, and then sets NOT NULL without reading the table.',
      COMMITS,
    ],
    refused: inMigration('ALTER TABLE leads ALTER COLUMN email SET NOT NULL'),
    instead: `class Example extends SchemaMigration {
  readonly transaction = false;
  async up(queryRunner: QueryRunner) {
    await setNotNull(queryRunner, 'leads', 'email');
  }
}`,
  },
  'unique-constraint': {
    title: 'A UNIQUE constraint that builds its index at once',
    danger: `ADD UNIQUE takes ACCESS EXCLUSIVE and builds an index. ${QUEUE}`,
    safeWhen: [NEW_TABLE, SMALL_TABLE, 'USING INDEX.'],
    steps: [
      'Build a unique index concurrently.',
      'Add the constraint with USING INDEX: it only changes the catalog.',
      COMMITS,
    ],
    refused: inMigration('ALTER TABLE leads ADD CONSTRAINT leads_email UNIQUE (email)'),
    instead: withoutTransaction(
      'CREATE UNIQUE INDEX CONCURRENTLY leads_email ON leads (email)',
      'ALTER TABLE leads ADD CONSTRAINT leads_email UNIQUE USING INDEX leads_email',
    ),
  },
  'primary-key-added': {
    title: 'A primary key that builds its index at once',
    danger: `ADD PRIMARY KEY takes ACCESS EXCLUSIVE, builds an index, and reads every row if a column can be null. ${QUEUE}`,
    safeWhen: [NEW_TABLE, SMALL_TABLE, 'USING INDEX, if its columns are NOT NULL.'],
    steps: [
      'Make the columns NOT NULL with setNotNull().',
      'Build a unique index concurrently.',
      'Add the key with USING INDEX: it only changes the catalog.',
    ],
    refused: inMigration('ALTER TABLE leads ADD PRIMARY KEY (id)'),
    instead: withoutTransaction(
      'CREATE UNIQUE INDEX CONCURRENTLY leads_pkey ON leads (id)',
      'ALTER TABLE leads ADD CONSTRAINT leads_pkey PRIMARY KEY USING INDEX leads_pkey',
    ),
  },
  'exclusion-constraint': {
    title: 'An exclusion constraint on an existing table',
    danger: `EXCLUDE takes ACCESS EXCLUSIVE and builds an index, and PostgreSQL cannot build that index concurrently. ${QUEUE}`,
    safeWhen: [NEW_TABLE, SMALL_TABLE],
    steps: [
      'Create a new table with the constraint, and fill it with a `copy` backfill; or check the rule with a trigger.',
      'If the table may be locked for the build, exempt the migration: `static readonly allowsLocks = { reason, rules }`.',
    ],
    refused: inMigration(
      'ALTER TABLE bookings ADD CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&)',
    ),
    instead: inMigration(
      'CREATE TABLE bookings_next (room int NOT NULL, during tstzrange NOT NULL, EXCLUDE USING gist (room WITH =, during WITH &&))',
    ),
  },
  'partition-attached-unchecked': {
    title: 'A partition that is attached without a CHECK',
    danger: `ATTACH PARTITION takes ACCESS EXCLUSIVE on the partition and reads every row of it. ${QUEUE}`,
    safeWhen: [NEW_TABLE, SMALL_TABLE, 'A validated CHECK of the partition proves its bound.'],
    steps: [
      'Add a CHECK with the bound to the partition, as NOT VALID.',
      'Validate it, then attach the partition, each in its own transaction.',
      'Drop the CHECK.',
    ],
    refused: inMigration(
      "ALTER TABLE calls ATTACH PARTITION calls_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    ),
    instead: withoutTransaction(
      "ALTER TABLE calls_2026 ADD CONSTRAINT calls_2026_bound CHECK (at IS NOT NULL AND at >= '2026-01-01' AND at < '2027-01-01') NOT VALID",
      'ALTER TABLE calls_2026 VALIDATE CONSTRAINT calls_2026_bound',
      "ALTER TABLE calls ATTACH PARTITION calls_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
      'ALTER TABLE calls_2026 DROP CONSTRAINT calls_2026_bound',
    ),
  },
  'partition-created': {
    title: 'A partition that is created in its place',
    danger: `CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE on the partitioned table, and reads the rows of a default partition. ${QUEUE}`,
    safeWhen: [
      NEW_TABLE,
      'The partitioned table is small: at most 10,000 rows and 8 MB.',
      'ATTACH PARTITION.',
    ],
    steps: [
      'Create the table with LIKE.',
      'Attach it: the partitioned table then needs SHARE UPDATE EXCLUSIVE only, and reads and writes go on.',
    ],
    refused: inMigration(
      "CREATE TABLE calls_2026 PARTITION OF calls FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    ),
    instead: inMigration(
      'CREATE TABLE calls_2026 (LIKE calls INCLUDING ALL)',
      "ALTER TABLE calls ATTACH PARTITION calls_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    ),
  },
  'partition-detached': {
    title: 'A partition that is detached while queries wait',
    danger: `DETACH PARTITION takes ACCESS EXCLUSIVE on the partitioned table. ${QUEUE}`,
    safeWhen: [
      NEW_TABLE,
      'The partitioned table is small: at most 10,000 rows and 8 MB.',
      'CONCURRENTLY (since PostgreSQL 14).',
    ],
    steps: [
      'Detach it with CONCURRENTLY: reads and writes go on.',
      COMMITS,
      'A table with a default partition has no CONCURRENTLY. Exempt the migration: `static readonly allowsLocks = { reason, rules }`.',
    ],
    refused: inMigration('ALTER TABLE calls DETACH PARTITION calls_2020'),
    instead: withoutTransaction('ALTER TABLE calls DETACH PARTITION calls_2020 CONCURRENTLY'),
  },
  'refresh-not-concurrent': {
    title: 'A materialized view that is refreshed while reads wait',
    danger: `REFRESH takes ACCESS EXCLUSIVE on the view for as long as its query runs. ${QUEUE}`,
    safeWhen: [NEW_TABLE, 'The view is small: at most 10,000 rows and 8 MB.', 'CONCURRENTLY.'],
    steps: [
      'Create a unique index on the view, and refresh it with CONCURRENTLY.',
      'Refresh it outside migrations, e.g. in a scheduled job.',
    ],
    refused: inMigration('REFRESH MATERIALIZED VIEW lead_counts'),
    instead: inMigration('REFRESH MATERIALIZED VIEW CONCURRENTLY lead_counts'),
  },
} as const satisfies Record<string, LockRemedy>;
