import { LOCK_DANGER, MOVE_STEPS } from './common-texts.js';
import { SET_INSTEAD, TRANSFORM_INSTEAD, inMigration } from './examples.js';
import type { Remedy } from './remedy.types.js';

/** Remedies for code, routines and helpers that change rows. */
export const CODE_REMEDIES = {
  'orm-write': {
    title: 'TypeORM writes in a migration',
    danger:
      'A manager, repository or entity uses the current entity class. After a later migration adds a column to the entity, this older migration fails on a new database, because the column does not exist yet. The write also runs during the deployment.',
    steps: MOVE_STEPS,
    refused: inMigration("await queryRunner.manager.update(Lead, { status: IsNull() }, { status: 'new' });"),
    instead: SET_INSTEAD,
  },
  'query-builder-write': {
    title: 'A query builder writes in a migration',
    danger: `A query builder of \`connection\` can use another database connection, outside the migration's transaction. It can then wait for locks that the migration itself holds. ${LOCK_DANGER}`,
    steps: MOVE_STEPS,
    refused: inMigration(
      `await queryRunner.connection.createQueryBuilder().update(Lead).set({ status: 'new' }).execute();`,
    ),
    instead: SET_INSTEAD,
  },
  'row-loop': {
    title: 'A loop over rows in a migration',
    danger:
      'The loop sends one statement for each row, all in one transaction that holds all row locks until it ends. A loop that takes a second on a laptop can take an hour in production.',
    steps: [
      'Move the computation into a `transform` backfill. It receives locked rows in batches, and the runner writes the results of each batch with one statement.',
      'If SQL can compute the value, use a `set` backfill, which is faster.',
    ],
    refused:
      inMigration(`const leads = await queryRunner.query(\`SELECT id, first_name, last_name FROM leads\`);
for (const lead of leads) {
  await queryRunner.query(\`UPDATE leads SET search_name = $1 WHERE id = $2\`, [searchName(lead), lead.id]);
}`),
    instead: TRANSFORM_INSTEAD,
  },
  'do-block-dml': {
    title: 'A DO block that changes rows',
    danger: `A DO block is one statement in one transaction, even if it contains a loop with small batches. ${LOCK_DANGER}`,
    steps: MOVE_STEPS,
    refused: inMigration(
      "await queryRunner.query(`DO $$ BEGIN UPDATE leads SET status = 'new' WHERE status IS NULL; END $$`);",
    ),
    instead: SET_INSTEAD,
  },
  'function-call-dml': {
    title: 'A called function that changes rows',
    danger: `The migration calls a function or procedure whose body changes rows. A reader of the migration does not see the change, and it takes as long as any other. ${LOCK_DANGER}`,
    steps: [
      'Keep CREATE FUNCTION in the migration: it is a schema change.',
      'Change the existing rows in a backfill.',
    ],
    refused:
      inMigration(`await queryRunner.query(\`CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$ UPDATE leads SET status = 'new' $$\`);
await queryRunner.query(\`SELECT fill()\`);`),
    instead: SET_INSTEAD,
  },
  'helper-dml': {
    title: 'A helper that changes data',
    danger: `The name of the helper shows that it changes data (\`execDml\`, and the names of \`--dml-helper\`). A longer timeout in the helper makes the deployment wait longer; it does not make the change safe. ${LOCK_DANGER}`,
    steps: MOVE_STEPS,
    refused: inMigration(`await execDml(queryRunner, \`UPDATE leads SET status = 'new'\`);`),
    instead: SET_INSTEAD,
  },
} as const satisfies Record<string, Remedy>;
