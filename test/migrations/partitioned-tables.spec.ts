import { addForeignKey, addPrimaryKey, addUnique, dropIndex } from 'nestjs-backfill/steps';
import type { QueryRunner } from 'typeorm';
import type { MigrationDeclaration } from '../../libs/backfill/src/migrations/migration.options.ts';
import { MigrationStage } from '../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

type Step = (queryRunner: QueryRunner, table: string) => Promise<unknown>;

function run(
  up: (queryRunner: QueryRunner) => Promise<unknown>,
  declaration: MigrationDeclaration = {},
): Promise<unknown> {
  const Steps = migration('Steps', { transaction: false, up, ...declaration });
  return withDataSource(postgresDataSource(stage.database, [Steps]), (dataSource) =>
    dataSource.runMigrations(),
  );
}

/** Two partitions that are not small, so that the lock rules apply. */
const PARTITIONS = `
  CREATE TABLE crm."Calls 1" PARTITION OF crm.calls FOR VALUES FROM (1) TO (11000);
  CREATE TABLE calls_2 PARTITION OF crm.calls FOR VALUES FROM (11000) TO (22000);
  INSERT INTO crm.calls SELECT n, 1 FROM generate_series(1, 21999) n`;

beforeEach(async () => {
  await stage.database.query(
    `CREATE SCHEMA crm; CREATE TABLE crm.calls (id int NOT NULL, lead_id int) PARTITION BY RANGE (id)`,
  );
});

const STEPS: readonly (readonly [string, Step, string])[] = [
  ['addUnique()', (q, table) => addUnique(q, { table, columns: ['id'] }), 'calls_id_key'],
  ['addPrimaryKey()', (q, table) => addPrimaryKey(q, { table, columns: ['id'] }), 'calls_pkey'],
  [
    'addForeignKey()',
    (q, table) => addForeignKey(q, { table, columns: ['lead_id'], references: 'leads', onDelete: 'CASCADE' }),
    'calls_lead_id_fkey',
  ],
];

/** The valid constraints of the table, with the number of those of partitions that belong to them. */
function constraints(): Promise<unknown> {
  return stage.database.query(
    `SELECT k.conname AS name, (SELECT count(*)::int FROM pg_constraint c WHERE c.conparentid = k.oid) AS partitions
       FROM pg_constraint k LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype <> 'f'
      WHERE k.contype IN ('u', 'p', 'f') AND k.conrelid = 'crm.calls'::regclass AND k.convalidated AND i.indisvalid IS NOT FALSE`,
  );
}

function objects(): Promise<unknown> {
  return stage.database.query(
    `SELECT array(SELECT conname FROM pg_constraint WHERE connamespace = 'crm'::regnamespace ORDER BY 1) AS constraints,
            array(SELECT oid FROM pg_class WHERE relnamespace = 'crm'::regnamespace ORDER BY 1) AS relations`,
  );
}

async function version(): Promise<number> {
  const [server] = await stage.database.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  return server?.version ?? 0;
}

/** The SQL of a message, with the statement for the second partition that it leaves out. */
function sqlOf(message: string): string {
  const [table = ''] = /ALTER TABLE .*?;/.exec(message) ?? [];
  const [attach = ''] = /ALTER INDEX .*? ATTACH PARTITION .*?;/.exec(message) ?? [];
  return `${table} ${attach} ${attach.replace('"crm"."Calls 1', '"calls_2')}`;
}

describe.each(STEPS)('%s on a partitioned table', (name, step, constraint) => {
  it('changes nothing, and names the steps that do the same by partition', async () => {
    await stage.database.query(PARTITIONS);
    // Since PostgreSQL 18, its foreign keys can be NOT VALID.
    if (name !== 'addForeignKey()' || (await version()) < 180_000) {
      const before = await objects();
      const { message } = (await rejection(run((q) => step(q, 'crm.calls')))) as Error;
      expect(message).toMatch(/ cannot add \w+ to the partitioned table crm\.calls: .* Nothing was changed/);
      expect(message).toContain(
        `for each of its 2 partitions: await ${name.slice(0, -1)}queryRunner, { table: 'crm.Calls 1', columns: [`,
      );
      expect(await objects()).toEqual(before);
      for (const partition of ['crm.Calls 1', 'calls_2']) await run((q) => step(q, partition));
      const [, rule = ''] = /rules: \['(.*?)'\]/.exec(message) ?? [];
      await run((q) => q.query(sqlOf(message)), {
        allowsLocks: { reason: 'no row is read', rules: [rule as 'unique-constraint'] },
      });
    }
    await run((q) => step(q, 'crm.calls'));
    expect(await constraints()).toEqual([{ name: constraint, partitions: 2 }]);
  });

  it('does its work while the table has no partition', async () => {
    for (let times = 0; times < 2; times += 1) await run((q) => step(q, 'crm.calls'));
    await stage.database.query(PARTITIONS);
    expect(await constraints()).toEqual([{ name: constraint, partitions: 2 }]);
  });
});

it('addUnique() names the columns of the partition key that a constraint of the table must contain', async () => {
  await stage.database.query(PARTITIONS);
  const { message } = (await rejection(
    run((q) => addUnique(q, { table: 'crm.calls', columns: ['lead_id'] })),
  )) as Error;
  expect(message).toContain('must contain the partition key, and id is not among its columns');
});

it('dropIndex() of an index of a partitioned table changes nothing, and names the statement to send', async () => {
  await stage.database.query(`${PARTITIONS}; CREATE INDEX "By lead" ON crm.calls (lead_id)`);
  const before = await objects();
  const { message } = (await rejection(run((q) => dropIndex(q, 'crm.By lead')))) as Error;
  expect(message).toContain('an index of the partitioned table crm.calls');
  expect(await objects()).toEqual(before);
  const [sql = ''] = /DROP INDEX .*?;/.exec(message) ?? [];
  await run((q) => q.query(sql), { allowsLocks: { reason: 'short', rules: ['index-not-concurrent'] } });
  expect(await stage.database.query(`SELECT to_regclass('crm."By lead"') AS index`)).toEqual([
    { index: null },
  ]);
});

it.each(['UNIQUE', 'PRIMARY KEY'] as const)(
  'a %s of which the index of one partition is not attached is not taken as done',
  async (kind) => {
    const step = kind === 'UNIQUE' ? addUnique : addPrimaryKey;
    await stage.database.query(`${PARTITIONS};
      ALTER TABLE ONLY crm.calls ADD CONSTRAINT unattached ${kind} (id)`);
    const add = run((q) => step(q, { table: 'crm.calls', columns: ['id'], name: 'unattached' }));
    expect(((await rejection(add)) as Error).message).toMatch(
      /unattached of crm\.calls with an INVALID index: .*Nothing was changed/,
    );
  },
);
