import type { RuleId } from './rule.types.js';

/** What a refusal teaches: the danger, why, what to do instead, with code. Messages, SARIF and the rule pages all print these. */
export interface Remedy {
  readonly title: string;
  /** What goes wrong, in one or two sentences. */
  readonly danger: string;
  readonly steps: readonly string[];
  /** A migration that the rule refuses. */
  readonly refused: string;
  /** What to write instead. */
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
  'It holds its row locks and keeps its transaction open until the whole migration ends; one busy row past `lock_timeout`, and the deployment fails.';

const MOVE = [
  'Leave the schema change in the migration; make a new column nullable, or give it a DEFAULT.',
  'Move the data change into a backfill: it runs after the deployment, in small committed batches, and can be resumed.',
  'When it is complete, tighten the schema (NOT NULL, the foreign key) in a later migration.',
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

export const REMEDIES = {
  update: {
    title: 'UPDATE in a migration',
    danger: `The statement rewrites rows inside the deployment. ${LOCKS}`,
    steps: MOVE,
    refused: inMigration(
      `await queryRunner.query(\`UPDATE leads SET status = 'new' WHERE status IS NULL\`);`,
    ),
    instead: SET_INSTEAD,
  },
  insert: {
    title: 'INSERT in a migration',
    danger:
      'Rows that are inserted by a migration exist in every environment that runs it, also where they do not belong, and a retry after a failure meets them again.',
    steps: [
      'Write constants that the application needs as a seed that it can run at any time (INSERT … ON CONFLICT DO NOTHING).',
      'Write rows that follow from other rows as a `copy` backfill.',
    ],
    refused: inMigration(`await queryRunner.query(\`INSERT INTO plans (name) VALUES ('free'), ('team')\`);`),
    instead: PROCESS_INSTEAD,
  },
  'insert-select': {
    title: 'INSERT … SELECT in a migration',
    danger: `It reads one table and fills another in one statement, as long as the larger of them. ${LOCKS}`,
    steps: [
      'Create the new table in the migration.',
      'Fill it with a `copy` backfill: a row is pending while the target has no row for it.',
      'Let the application write both until the backfill is complete.',
    ],
    refused: inMigration(
      'await queryRunner.query(`INSERT INTO contacts (lead_id, email) SELECT id, email FROM leads`);',
    ),
    instead: COPY_INSTEAD,
  },
  delete: {
    title: 'DELETE in a migration',
    danger: `Deleted rows cannot be brought back by \`down\`, and cascades delete more than the statement names. ${LOCKS}`,
    steps: [
      'Make the application ignore the rows first.',
      'Delete them with a `purge` backfill, batch by batch.',
    ],
    refused: inMigration('await queryRunner.query(`DELETE FROM call_logs WHERE is_test`);'),
    instead: PURGE_INSTEAD,
  },
  merge: {
    title: 'MERGE in a migration',
    danger: `MERGE updates, inserts and deletes rows in one statement over two tables. ${LOCKS}`,
    steps: MOVE,
    refused: inMigration(
      'await queryRunner.query(`MERGE INTO contacts c USING leads l ON c.lead_id = l.id WHEN MATCHED THEN UPDATE SET email = l.email`);',
    ),
    instead: COPY_INSTEAD,
  },
  copy: {
    title: 'COPY … FROM in a migration',
    danger:
      'It loads rows from a file in one transaction. The file has to be there in every environment, and a failure half-way loads nothing.',
    steps: ['Load the rows with a script or a seed outside the deployment.'],
    refused: inMigration(`await queryRunner.query(\`COPY countries FROM '/tmp/countries.csv' CSV\`);`),
    instead: PROCESS_INSTEAD,
  },
  truncate: {
    title: 'TRUNCATE in a migration',
    danger:
      'It takes an ACCESS EXCLUSIVE lock, behind which every query of the table waits, and the rows are gone for good.',
    steps: [
      'Ask whether the rows are needed by the version that is still running: it runs during the deployment.',
      'Delete them with a `purge` backfill, or drop the table when nothing reads it any more.',
    ],
    refused: inMigration('await queryRunner.query(`TRUNCATE notifications`);'),
    instead: PURGE_INSTEAD,
  },
  'create-table-as': {
    title: 'CREATE TABLE AS in a migration',
    danger: `It copies rows inside the deployment, into a table without keys, defaults or constraints. ${LOCKS}`,
    steps: [
      'Create the table with its columns, or with `CREATE TABLE … (LIKE … INCLUDING ALL)`.',
      'Fill it with a `copy` backfill.',
    ],
    refused: inMigration('await queryRunner.query(`CREATE TABLE contacts AS SELECT id, email FROM leads`);'),
    instead: COPY_INSTEAD,
  },
  'select-into': {
    title: 'SELECT INTO in a migration',
    danger: `It creates a table and copies rows into it inside the deployment. ${LOCKS}`,
    steps: ['Create the table with its columns.', 'Fill it with a `copy` backfill.'],
    refused: inMigration('await queryRunner.query(`SELECT id, email INTO contacts FROM leads`);'),
    instead: COPY_INSTEAD,
  },
  'large-object': {
    title: 'Large objects written in a migration',
    danger:
      'Large objects are rows of a system table that every object shares; writing many of them in one transaction bloats it.',
    steps: ['Write them from a `process` backfill, batch by batch.'],
    refused: inMigration(`await queryRunner.query(\`SELECT lo_from_bytea(0, picture) FROM leads\`);`),
    instead: PROCESS_INSTEAD,
  },
  'orm-write': {
    title: 'TypeORM writes in a migration',
    danger:
      'A manager, repository or entity writes with the entity of today: when a column is added tomorrow, this old migration fails on a new database. And it writes inside the deployment.',
    steps: MOVE,
    refused: inMigration("await queryRunner.manager.update(Lead, { status: IsNull() }, { status: 'new' });"),
    instead: SET_INSTEAD,
  },
  'query-builder-write': {
    title: 'A query builder writes in a migration',
    danger: `A builder that \`connection\` makes may run on another connection, outside the migration's transaction, and wait for locks that the migration itself holds. ${LOCKS}`,
    steps: MOVE,
    refused: inMigration(
      `await queryRunner.connection.createQueryBuilder().update(Lead).set({ status: 'new' }).execute();`,
    ),
    instead: SET_INSTEAD,
  },
  'row-loop': {
    title: 'A loop over rows in a migration',
    danger:
      'It reads rows, then sends one statement for each: as many round trips as there are rows, all in one transaction, all locks held to the end. What takes a second on a laptop takes an hour in production.',
    steps: [
      'Move the computation into a `transform` backfill: it gets locked rows batch by batch, and its results are written back in one statement a batch.',
      'Where SQL can compute the value, use `set`: it is faster still.',
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
    danger: `A data change inside PL/pgSQL is a data change: the block is one statement of one transaction, however it loops. ${LOCKS}`,
    steps: MOVE,
    refused: inMigration(
      "await queryRunner.query(`DO $$ BEGIN UPDATE leads SET status = 'new' WHERE status IS NULL; END $$`);",
    ),
    instead: SET_INSTEAD,
  },
  'function-call-dml': {
    title: 'A called function that changes rows',
    danger: `The migration calls a function or procedure whose body changes rows: hidden from a reader, and just as long. ${LOCKS}`,
    steps: [
      'Creating the function is schema, and may stay.',
      'What it does to existing rows belongs in a backfill.',
    ],
    refused:
      inMigration(`await queryRunner.query(\`CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$ UPDATE leads SET status = 'new' $$\`);
await queryRunner.query(\`SELECT fill()\`);`),
    instead: SET_INSTEAD,
  },
  'helper-dml': {
    title: 'A helper that changes data',
    danger: `The helper's name says that it changes data (\`execDml\` and the names given with \`--dml-helper\`). That it sets a longer timeout makes the deployment wait longer; it does not make the change safe. ${LOCKS}`,
    steps: MOVE,
    refused: inMigration(`await execDml(queryRunner, \`UPDATE leads SET status = 'new'\`);`),
    instead: SET_INSTEAD,
  },
  'cannot-decide': {
    title: 'What the guard cannot decide',
    danger: 'Code that could not be read may do anything; it is never passed silently.',
    steps: [
      'Write the SQL as a text in the migration, or import the helper from a file that can be read.',
      'When a person has read it and it changes no rows, say so: `// nestjs-backfill-ignore cannot-decide: <reason>`.',
    ],
    refused: inMigration('await queryRunner.query(process.env.MIGRATION_SQL);'),
    instead: inMigration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);'),
  },
  'not-schema-migration': {
    title: 'A migration without a guard at run time',
    danger:
      "A class that implements `MigrationInterface` itself gets TypeORM's own query runner: nothing refuses a data query, and no `lock_timeout` protects the tables that it alters.",
    steps: ['Extend `SchemaMigration`; `up` and `down` stay as they are.'],
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
      "Where a comment speaks of a backfill, a data change is near, in this migration or in somebody's to-do list. This rule only tells; it fails nothing.",
    steps: ['Write the backfill as a class, and let the comment name it.'],
    refused: inMigration(
      '// backfill the status of all leads\nawait queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);',
    ),
    instead: inMigration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);'),
  },
} as const satisfies Record<RuleId, Remedy>;
