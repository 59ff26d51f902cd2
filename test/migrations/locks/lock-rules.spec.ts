import { DataSource, type QueryRunner } from 'typeorm';
import { DangerousLockError } from '../../../libs/backfill/src/migrations/migration.error.ts';
import { startLockRun } from '../../../libs/backfill/src/migrations/locks/lock.guard.ts';
import { guardMigrations } from '../../../libs/backfill/src/migrations/migration.guarding.ts';
import { isRestorable } from '../../../libs/sql/src/locks/dropped-objects.ts';
import { LOCK_EFFECTS } from '../../../libs/sql/src/locks/lock-effects.ts';
import { LOCK_RULES } from '../../../libs/sql/src/locks/lock.types.ts';
import {
  BREAKING,
  DANGEROUS,
  type Dangerous,
  OUTSIDE_TRANSACTION,
} from '../../sql/locks/dangerous-statements.fixtures.ts';
import { HARMLESS } from '../../sql/locks/harmless-statements.fixtures.ts';
import { LOCK_SCHEMA } from '../../sql/locks/lock-schema.ts';
import { migration, QueryRecorder, rejection } from '../../support/migrations/migrations.ts';
import { TestDatabase } from '../../support/server/database.ts';

let database: TestDatabase;
let dataSource: DataSource;
const sent: string[] = [];

beforeAll(async () => {
  database = await TestDatabase.create();
  await database.query(LOCK_SCHEMA);
  await database.query(`ALTER DATABASE ${database.name} SET timezone = 'UTC'`);
  dataSource = await new DataSource({
    type: 'postgres',
    url: database.url,
    logging: ['query'],
    logger: new QueryRecorder(sent),
  }).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

async function inTransaction(work: (queryRunner: QueryRunner) => Promise<unknown>): Promise<void> {
  const queryRunner = dataSource.createQueryRunner();
  await queryRunner.startTransaction();
  try {
    await work(queryRunner);
  } finally {
    await queryRunner.rollbackTransaction();
    await queryRunner.release();
  }
}

/** Runs the statement as a migration and rolls it back, so that each statement finds the same tables. */
function run(up: string): Promise<void> {
  sent.length = 0;
  startLockRun(dataSource);
  return inTransaction((queryRunner) => new (migration('Case', { up }))().up(queryRunner));
}

it('the list has a statement for each rule, and at least 200 statements', () => {
  const rules = new Set(DANGEROUS.map(([rule]) => rule));
  // The entities of a data source decide on drop-column-in-use.
  expect(LOCK_RULES.filter((rule) => !rules.has(rule))).toEqual(['drop-column-in-use']);
  expect(DANGEROUS.length).toBeGreaterThanOrEqual(90);
  expect(HARMLESS.length).toBeGreaterThanOrEqual(110);
});

/** Nothing fails for years. */
const isLow = ([rule]: Dangerous) => LOCK_EFFECTS[rule].severity === 'LOW';
/** What a statement has dropped may be created again until the transaction ends. */
const SENT_BEFORE = DANGEROUS.filter(([rule]) => isRestorable({ rule }));
const NOT_SENT = DANGEROUS.filter(([rule]) => !isRestorable({ rule })).filter((each) => !isLow(each));

it.each(DANGEROUS.filter(isLow))('a migration runs with a warning of the rule %s: %s', async (rule, sql) => {
  const lines: string[] = [];
  guardMigrations(dataSource, { log: { log: () => undefined, warn: (line) => void lines.push(line) } });
  await expect(run(sql)).resolves.toBeUndefined();
  expect(lines.join('\n')).toContain(`(rule: ${rule}`);
  expect(sent).toContain(sql);
});

it.each(SENT_BEFORE)('a migration is rolled back at its end, rule %s: %s', async (rule, sql) => {
  const error = await rejection(run(sql));
  expect((error as DangerousLockError).findings.map((finding) => finding.rule)).toEqual([rule]);
  expect((error as Error).message).toContain('The transaction is rolled back.');
});

it('a dropped view is refused before the statement runs, if no transaction can create it again', async () => {
  const queryRunner = dataSource.createQueryRunner();
  const Migration = migration('Case', { up: 'DROP VIEW open_leads', transaction: false });
  const error = await rejection(new Migration().up(queryRunner)).finally(() => queryRunner.release());
  expect((error as Error).message).toContain('The statement was not sent.');
});

it('a dropped view that a later statement creates again is not refused', async () => {
  const Migration = migration('Case', {
    up: async (queryRunner) => {
      await queryRunner.query('DROP VIEW open_leads');
      await queryRunner.query('CREATE VIEW open_leads AS SELECT 1 AS id');
    },
  });
  await expect(inTransaction((queryRunner) => new Migration().up(queryRunner))).resolves.toBeUndefined();
});

it.each(NOT_SENT)('a migration is refused before the statement runs, rule %s: %s', async (rule, sql) => {
  const error = await rejection(run(sql));
  expect(error).toBeInstanceOf(DangerousLockError);
  expect((error as DangerousLockError).findings.map((finding) => finding.rule)).toContain(rule);
  expect(sent).not.toContain(sql);
});

it.each(OUTSIDE_TRANSACTION)('without a transaction, rule %s refuses %s', async (rule, sql) => {
  const queryRunner = dataSource.createQueryRunner();
  const Migration = migration('Case', { up: sql, transaction: false });
  const error = await rejection(new Migration().up(queryRunner)).finally(() => queryRunner.release());
  expect((error as DangerousLockError).findings.map((finding) => finding.rule)).toEqual([rule]);
});

it.each([
  'CREATE INDEX IF NOT EXISTS leads_email ON leads (email)',
  'CREATE UNIQUE INDEX IF NOT EXISTS leads_old ON public.leads (old_id)',
])('a migration may run %s, because the index exists', async (sql) => {
  await expect(run(sql)).resolves.toBeUndefined();
});

it.each(HARMLESS)('a migration may run %s', async (sql) => {
  await expect(run(sql)).resolves.toBeUndefined();
  expect(sent).toContain(sql);
});

describe('a refusal', () => {
  it.each(NOT_SENT.filter(isFirstOfRule))(
    'of %s has the danger and the steps to take instead',
    async (rule, sql) => {
      const { message } = (await rejection(run(sql))) as Error;
      expect(message).toContain('The statement was not sent.');
      expect(message).toMatch(/at line \d+, column \d+ of the query/);
      expect(message).toContain('Why: ');
      expect(message).toContain('Do it in steps');
      expect(message).toContain(`docs/guard/rules/`);
      expect(message).toContain(`'${rule}'`);
    },
  );
});

function isFirstOfRule([rule]: Dangerous, index: number): boolean {
  return DANGEROUS.findIndex(([other]) => other === rule) === index;
}

it.each(BREAKING.slice(0, 3))('a small table does not excuse %s: %s', async (rule, sql) => {
  const error = await rejection(run(sql.replace(/\bleads\b/, 'plans')));
  expect((error as DangerousLockError).findings.map((finding) => finding.rule)).toContain(rule);
});
