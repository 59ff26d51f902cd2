import { LOCK_DANGER, MOVE_STEPS } from './common-texts.js';
import {
  SET_INSTEAD,
  COPY_INSTEAD,
  PURGE_INSTEAD,
  PROCESS_INSTEAD,
  SEED_INSTEAD,
  inMigration,
} from './examples.js';
import type { Remedy } from './remedy.types.js';

/** Remedies for SQL statements that change rows. */
export const STATEMENT_REMEDIES = {
  update: {
    title: 'UPDATE in a migration',
    danger: `The statement rewrites rows during the deployment. ${LOCK_DANGER}`,
    steps: MOVE_STEPS,
    refused: inMigration(
      `await queryRunner.query(\`UPDATE leads SET status = 'new' WHERE status IS NULL\`);`,
    ),
    instead: SET_INSTEAD,
  },
  insert: {
    title: 'INSERT in a migration',
    danger:
      'The rows appear in every environment that runs the migration, including those that do not need them. If the migration fails and runs again, the rows may already exist.',
    steps: [
      'Insert constants that the application needs with a seed script that can run at any time (INSERT … ON CONFLICT DO NOTHING).',
      'Insert rows that are computed from other rows with a `copy` backfill.',
    ],
    refused: inMigration(`await queryRunner.query(\`INSERT INTO plans (name) VALUES ('free'), ('team')\`);`),
    instead: SEED_INSTEAD,
  },
  'insert-select': {
    title: 'INSERT … SELECT in a migration',
    danger: `The statement reads one table and fills another. The larger the tables are, the longer it takes. ${LOCK_DANGER}`,
    steps: [
      'Create the new table in the migration.',
      'Fill it with a `copy` backfill. A source row is pending until the target has a row for it.',
      'Let the application write to both tables until the backfill is complete.',
    ],
    refused: inMigration(
      'await queryRunner.query(`INSERT INTO contacts (lead_id, email) SELECT id, email FROM leads`);',
    ),
    instead: COPY_INSTEAD,
  },
  delete: {
    title: 'DELETE in a migration',
    danger: `\`down\` cannot restore deleted rows, and cascades delete rows of other tables too. ${LOCK_DANGER}`,
    steps: [
      'First deploy an application version that ignores the rows.',
      'Delete the rows with a `purge` backfill, batch by batch.',
    ],
    refused: inMigration('await queryRunner.query(`DELETE FROM call_logs WHERE is_test`);'),
    instead: PURGE_INSTEAD,
  },
  merge: {
    title: 'MERGE in a migration',
    danger: `MERGE updates, inserts and deletes rows in one statement that joins two tables. ${LOCK_DANGER}`,
    steps: MOVE_STEPS,
    refused: inMigration(
      'await queryRunner.query(`MERGE INTO contacts c USING leads l ON c.lead_id = l.id WHEN MATCHED THEN UPDATE SET email = l.email`);',
    ),
    instead: COPY_INSTEAD,
  },
  copy: {
    title: 'COPY … FROM in a migration',
    danger:
      'COPY loads rows from a file in one transaction. The file must exist in every environment, and an error in one row discards all rows.',
    steps: ['Load the rows outside the deployment, with a script.'],
    refused: inMigration(`await queryRunner.query(\`COPY countries FROM '/tmp/countries.csv' CSV\`);`),
    instead: PROCESS_INSTEAD,
  },
  truncate: {
    title: 'TRUNCATE in a migration',
    danger:
      'TRUNCATE takes an ACCESS EXCLUSIVE lock, so every query of the table waits. `down` cannot restore the rows.',
    steps: [
      'Make sure that the old version of the application, which still runs during the deployment, does not need the rows.',
      'Delete the rows with a `purge` backfill, or drop the table in a later migration when no code reads it.',
    ],
    refused: inMigration('await queryRunner.query(`TRUNCATE notifications`);'),
    instead: PURGE_INSTEAD,
  },
  'create-table-as': {
    title: 'CREATE TABLE AS in a migration',
    danger: `The statement copies rows during the deployment, into a table without keys, defaults or constraints. ${LOCK_DANGER}`,
    steps: [
      'Create the table with its columns, or with `CREATE TABLE … (LIKE … INCLUDING ALL)`.',
      'Fill it with a `copy` backfill.',
    ],
    refused: inMigration('await queryRunner.query(`CREATE TABLE contacts AS SELECT id, email FROM leads`);'),
    instead: COPY_INSTEAD,
  },
  'select-into': {
    title: 'SELECT INTO in a migration',
    danger: `The statement creates a table and copies rows into it during the deployment. ${LOCK_DANGER}`,
    steps: ['Create the table with its columns.', 'Fill it with a `copy` backfill.'],
    refused: inMigration('await queryRunner.query(`SELECT id, email INTO contacts FROM leads`);'),
    instead: COPY_INSTEAD,
  },
  'large-object': {
    title: 'Large objects written in a migration',
    danger: 'All large objects share one system table. Many writes in one transaction bloat this table.',
    steps: ['Write the large objects in a `process` backfill, batch by batch.'],
    refused: inMigration(`await queryRunner.query(\`SELECT lo_from_bytea(0, picture) FROM leads\`);`),
    instead: PROCESS_INSTEAD,
  },
} as const satisfies Record<string, Remedy>;
