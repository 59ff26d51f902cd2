import type { RuleId } from './rule.types.js';

/**
 * The explanation of a rule. Reports, SARIF and the documentation pages print it.
 *
 * @publicApi
 */
export interface Remedy {
  readonly title: string;
  /** The danger, in one or two sentences. */
  readonly danger: string;
  readonly steps: readonly string[];
  /** A migration that the rule refuses. */
  readonly refused: string;
  /** The code to write instead. */
  readonly instead: string;
}

const SET_INSTEAD = `@Backfill<Lead>({
  name: 'leads-status',
  entity: Lead,
  where: { status: IsNull() },
})
export class LeadsStatus implements SetBackfill<Lead> {
  set() {
    return { status: \`'new'\` };
  }
}`;

const COPY_INSTEAD = `@Backfill<Lead>({
  name: 'leads-to-contacts',
  entity: Lead,
  into: Contact,
  conflict: ['leadId'],
})
export class LeadsToContacts implements CopyBackfill<Lead, Contact> {
  copy(row: RowColumns<Lead>) {
    return { leadId: row.id, email: row.email };
  }
}`;

const PURGE_INSTEAD = `@Backfill<CallLog>({
  name: 'call-logs-test-calls',
  entity: CallLog,
  kind: 'purge',
  where: { isTest: true },
})
export class CallLogsTestCalls {}`;

const TRANSFORM_INSTEAD = `@Backfill<Lead>({
  name: 'leads-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['firstName', 'lastName'],
  writes: ['searchName'],
})
export class LeadsSearchName implements TransformBackfill<Lead> {
  transform(rows: readonly Lead[]) {
    return rows.map((lead) => ({ searchName: searchName(lead.firstName, lead.lastName) }));
  }
}`;

const PROCESS_INSTEAD = `@Backfill<Plan>({ name: 'plans-seed', entity: Plan, where: { seeded: false }, reads: ['id'] })
export class PlansSeed implements ProcessBackfill<Plan> {
  async process(batch: ProcessBatch<Plan>, manager: EntityManager) {
    for (const { id } of batch.rows) await manager.update(Plan, { id }, { seeded: true });
  }
}`;

const LOCKS =
  'The migration holds the row locks and its transaction until it ends. If another session locks one of the rows for longer than `lock_timeout`, the deployment fails.';

const MOVE = [
  'Keep the schema change in the migration. Make a new column nullable, or give it a DEFAULT.',
  'Move the data change into a backfill. It runs after the deployment in small committed batches, and it can be resumed.',
  'When the backfill is complete, add the constraint (NOT NULL, a foreign key) in a later migration.',
] as const;

function inMigration(body: string): string {
  return `class Example extends SchemaMigration {
  async up(queryRunner: QueryRunner) {
${body
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
  }
}`;
}

/**
 * The explanation of each rule.
 *
 * @publicApi
 */
export const REMEDIES = {
  update: {
    title: 'UPDATE in a migration',
    danger: `The statement rewrites rows during the deployment. ${LOCKS}`,
    steps: MOVE,
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
    instead: PROCESS_INSTEAD,
  },
  'insert-select': {
    title: 'INSERT … SELECT in a migration',
    danger: `It reads one table and fills another in one statement, which takes longer the larger the tables are. ${LOCKS}`,
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
    danger: `\`down\` cannot restore deleted rows, and cascades delete rows of other tables too. ${LOCKS}`,
    steps: [
      'First deploy an application version that ignores the rows.',
      'Delete the rows with a `purge` backfill, batch by batch.',
    ],
    refused: inMigration('await queryRunner.query(`DELETE FROM call_logs WHERE is_test`);'),
    instead: PURGE_INSTEAD,
  },
  merge: {
    title: 'MERGE in a migration',
    danger: `MERGE updates, inserts and deletes rows in one statement that joins two tables. ${LOCKS}`,
    steps: MOVE,
    refused: inMigration(
      'await queryRunner.query(`MERGE INTO contacts c USING leads l ON c.lead_id = l.id WHEN MATCHED THEN UPDATE SET email = l.email`);',
    ),
    instead: COPY_INSTEAD,
  },
  copy: {
    title: 'COPY … FROM in a migration',
    danger:
      'It loads rows from a file in one transaction. The file must exist in every environment, and an error in one row discards all rows.',
    steps: ['Load the rows outside the deployment, with a script.'],
    refused: inMigration(`await queryRunner.query(\`COPY countries FROM '/tmp/countries.csv' CSV\`);`),
    instead: PROCESS_INSTEAD,
  },
  truncate: {
    title: 'TRUNCATE in a migration',
    danger:
      'It takes an ACCESS EXCLUSIVE lock, so every query of the table waits. `down` cannot restore the rows.',
    steps: [
      'Make sure that the old version of the application, which still runs during the deployment, does not need the rows.',
      'Delete the rows with a `purge` backfill, or drop the table in a later migration when no code reads it.',
    ],
    refused: inMigration('await queryRunner.query(`TRUNCATE notifications`);'),
    instead: PURGE_INSTEAD,
  },
  'create-table-as': {
    title: 'CREATE TABLE AS in a migration',
    danger: `It copies rows during the deployment, into a table without keys, defaults or constraints. ${LOCKS}`,
    steps: [
      'Create the table with its columns, or with `CREATE TABLE … (LIKE … INCLUDING ALL)`.',
      'Fill it with a `copy` backfill.',
    ],
    refused: inMigration('await queryRunner.query(`CREATE TABLE contacts AS SELECT id, email FROM leads`);'),
    instead: COPY_INSTEAD,
  },
  'select-into': {
    title: 'SELECT INTO in a migration',
    danger: `It creates a table and copies rows into it during the deployment. ${LOCKS}`,
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
  'orm-write': {
    title: 'TypeORM writes in a migration',
    danger:
      'A manager, repository or entity uses the current entity class. After a later migration adds a column to the entity, this older migration fails on a new database, because the column does not exist yet. The write also runs during the deployment.',
    steps: MOVE,
    refused: inMigration("await queryRunner.manager.update(Lead, { status: IsNull() }, { status: 'new' });"),
    instead: SET_INSTEAD,
  },
  'query-builder-write': {
    title: 'A query builder writes in a migration',
    danger: `A query builder of \`connection\` can use another database connection, outside the migration's transaction. It can then wait for locks that the migration itself holds. ${LOCKS}`,
    steps: MOVE,
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
    danger: `A DO block is one statement in one transaction, even if it contains a loop with small batches. ${LOCKS}`,
    steps: MOVE,
    refused: inMigration(
      "await queryRunner.query(`DO $$ BEGIN UPDATE leads SET status = 'new' WHERE status IS NULL; END $$`);",
    ),
    instead: SET_INSTEAD,
  },
  'function-call-dml': {
    title: 'A called function that changes rows',
    danger: `The migration calls a function or procedure whose body changes rows. A reader of the migration does not see the change, and it takes as long as any other. ${LOCKS}`,
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
    danger: `The name of the helper shows that it changes data (\`execDml\`, and the names of \`--dml-helper\`). A longer timeout in the helper makes the deployment wait longer; it does not make the change safe. ${LOCKS}`,
    steps: MOVE,
    refused: inMigration(`await execDml(queryRunner, \`UPDATE leads SET status = 'new'\`);`),
    instead: SET_INSTEAD,
  },
  'cannot-decide': {
    title: 'Code that the guard cannot decide',
    danger: 'The guard could not read this code, which may change rows. Such code never passes.',
    steps: [
      'Write the SQL as a string in the migration, or import the helper from a source file of the project.',
      'If a person has reviewed the code and it changes no rows, suppress the finding: `// nestjs-backfill-ignore cannot-decide: <reason>`.',
    ],
    refused: inMigration('await queryRunner.query(process.env.MIGRATION_SQL);'),
    instead: inMigration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);'),
  },
  'not-schema-migration': {
    title: 'A migration without the run-time guard',
    danger:
      "A class that implements `MigrationInterface` directly receives TypeORM's own query runner. No guard refuses its data queries, and no `lock_timeout` limits how long its locks block the application.",
    steps: ['Extend `SchemaMigration`. `up` and `down` do not change.'],
    refused: `class AddStatus1757000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads ADD COLUMN status text\`);
  }
  async down(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads DROP COLUMN status\`);
  }
}`,
    instead: `class AddStatus1757000000000 extends SchemaMigration {
  async up(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads ADD COLUMN status text\`);
  }
  async down(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads DROP COLUMN status\`);
  }
}`,
  },
  'backfill-comment': {
    title: 'A comment that announces a backfill',
    danger:
      'A comment about a backfill often means that a data change is in this migration or is still to be written. This rule is a note: it does not fail the check.',
    steps: ['Write the backfill as a class, and name it in the comment.'],
    refused: inMigration(
      '// backfill the status of all leads\nawait queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);',
    ),
    instead: inMigration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);'),
  },
} as const satisfies Record<RuleId, Remedy>;
