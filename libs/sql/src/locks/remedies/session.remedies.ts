import { inMigration, NEW_TABLE, QUEUE, SMALL_TABLE, withoutTransaction } from './common-texts.js';
import type { LockRemedy } from './lock-remedy.types.js';

/** Remedies for locks and settings of the transaction. */
const BOUNDED_ROWS =
  'A condition on a value bounds the rows, or a LIMIT without GROUP BY, DISTINCT and aggregates. With ORDER BY, a LIMIT needs an index of the column that sorts.';

export const SESSION_REMEDIES = {
  'several-tables-locked': {
    title: 'Locks on several tables in one transaction',
    danger:
      'The transaction keeps the lock of the first table while it waits for the second. A transaction of the application that uses the tables in the other order deadlocks with it, and all others wait for both.',
    safeWhen: [NEW_TABLE, SMALL_TABLE, 'The statements run without a transaction.'],
    steps: [
      'Write one migration for each table.',
      "With `migrationsTransactionMode: 'all'`, TypeORM's default, migrations share a transaction: set it to 'each'.",
      'Or declare `transaction = false`.',
    ],
    refused: inMigration('ALTER TABLE leads ADD COLUMN a text', 'ALTER TABLE calls ADD COLUMN b text'),
    instead: withoutTransaction('ALTER TABLE leads ADD COLUMN a text', 'ALTER TABLE calls ADD COLUMN b text'),
  },
  'scan-under-lock': {
    title: 'A table that is read while the transaction holds a lock',
    danger: `The transaction keeps the lock of an earlier statement until it ends. While a later statement reads a large table, everything that needs the locked table waits. ${QUEUE}`,
    safeWhen: [
      NEW_TABLE,
      SMALL_TABLE,
      BOUNDED_ROWS,
      'The statements run without a transaction, or the query comes first.',
    ],
    steps: [
      'Send the query before the first statement that takes a lock, or in a migration of its own.',
      'Or declare `transaction = false`.',
    ],
    refused: inMigration('ALTER TABLE leads ADD COLUMN stage text', 'SELECT count(*) FROM calls'),
    instead: inMigration('SELECT count(*) FROM calls', 'ALTER TABLE leads ADD COLUMN stage text'),
  },
  'lock-table': {
    title: 'LOCK TABLE',
    danger: `The lock is held until the transaction ends, whatever the statements after it do. ${QUEUE}`,
    safeWhen: [NEW_TABLE, 'The mode is SHARE UPDATE EXCLUSIVE or weaker.'],
    steps: ['Leave it out: each statement takes the lock that it needs, for as long as it needs it.'],
    refused: inMigration('LOCK TABLE leads IN ACCESS EXCLUSIVE MODE'),
    instead: inMigration('ALTER TABLE leads ADD COLUMN stage text'),
  },
  'rows-locked': {
    title: 'A query that locks every row of a table',
    danger:
      'SELECT … FOR UPDATE or FOR SHARE without a condition writes a lock into each row, which reads and writes the whole table. Updates and deletes of the rows wait until the transaction ends.',
    safeWhen: [NEW_TABLE, SMALL_TABLE, BOUNDED_ROWS],
    steps: [
      'Leave FOR UPDATE out: a schema migration changes no rows.',
      'To change rows, write a backfill: its batches lock few rows for a short time.',
    ],
    refused: inMigration('SELECT id FROM leads FOR UPDATE'),
    instead: inMigration('SELECT id FROM leads LIMIT 1'),
  },
  'lock-timeout-raised': {
    title: 'A lock timeout that is raised or turned off',
    danger: `A statement that waits for its lock makes every later query of the table wait behind it. The lock timeout bounds this time. ${QUEUE}`,
    safeWhen: ['The value is at most that of the policy (5 s).'],
    steps: [
      'Leave it out: after the timeout, the migration is rolled back and tried again.',
      'To change the limit for all migrations, set `migrations: { policy: { lockTimeout } }`.',
    ],
    refused: inMigration("SET lock_timeout = '10min'"),
    instead: inMigration("SET LOCAL lock_timeout = '2s'"),
  },
  'trigger-on-large-table': {
    title: 'A trigger or rule on a large table',
    danger:
      'CREATE TRIGGER takes SHARE ROW EXCLUSIVE: it waits for running writes, and later writes wait for it. Then every write runs the trigger, also each batch of a backfill. CREATE RULE takes ACCESS EXCLUSIVE, and PostgreSQL then rewrites each query of its kind.',
    safeWhen: [NEW_TABLE, SMALL_TABLE],
    steps: [
      'Measure what the trigger costs for each write.',
      'Create it in a migration of its own, so that its lock is held for an instant, and exempt this migration: `static readonly allowsLocks = { reason, rules }`.',
    ],
    refused: inMigration('CREATE TRIGGER touch BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION touch()'),
    instead: `class TouchLeads extends SchemaMigration {
  static readonly allowsLocks = { reason: 'measured: 3 µs for each write', rules: ['trigger-on-large-table'] };
  async up(queryRunner: QueryRunner) {
    await queryRunner.query(\`CREATE TRIGGER touch BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION touch()\`);
  }
}`,
  },
  'concurrently-in-transaction': {
    title: 'CONCURRENTLY or VACUUM inside a transaction',
    danger: 'PostgreSQL refuses it: the migration fails, and the deployment stops.',
    safeWhen: ['The migration declares `transaction = false`, and the statement is sent alone.'],
    steps: ['Declare `transaction = false`.', 'Send the statement alone, without others in the same string.'],
    refused: inMigration('CREATE INDEX CONCURRENTLY leads_email ON leads (email)'),
    instead: withoutTransaction('CREATE INDEX CONCURRENTLY leads_email ON leads (email)'),
  },
} as const satisfies Record<string, LockRemedy>;
