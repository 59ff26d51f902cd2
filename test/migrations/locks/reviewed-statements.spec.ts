import { DataSource } from 'typeorm';
import { guardMigrations } from '../../../libs/backfill/src/migrations/migration.guarding.ts';
import { DangerousLockError } from '../../../libs/backfill/src/migrations/migration.error.ts';
import { startLockRun } from '../../../libs/backfill/src/migrations/locks/lock.guard.ts';
import { LOCK_SCHEMA } from '../../sql/locks/lock-schema.ts';
import { BLIND_DANGEROUS, BLIND_HARMLESS } from '../../sql/locks/blind-statements.fixtures.ts';
import { FRESH_DANGEROUS } from '../../sql/locks/fresh-dangerous.fixtures.ts';
import { FRESH_HARMLESS } from '../../sql/locks/fresh-harmless.fixtures.ts';
import { REVIEWED_DANGEROUS } from '../../sql/locks/reviewed-dangerous.fixtures.ts';
import { REVIEWED_HARMLESS } from '../../sql/locks/reviewed-harmless.fixtures.ts';
import { asCase, type Reviewed } from '../../sql/locks/reviewed-statement.ts';
import { migration, rejection } from '../../support/migrations/migrations.ts';
import { TestDatabase } from '../../support/server/database.ts';

let database: TestDatabase;
let dataSource: DataSource;
let version: number;

beforeAll(async () => {
  database = await TestDatabase.create();
  await database.query(LOCK_SCHEMA);
  await database.query(`ALTER DATABASE ${database.name} SET timezone = 'UTC'`);
  dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  version = Number.parseInt((dataSource.driver as { version?: string }).version ?? '', 10);
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** Runs the statement as a migration; in a transaction, it is rolled back. */
async function run([, up, { alone } = {}]: Reviewed): Promise<unknown> {
  startLockRun(dataSource);
  const queryRunner = dataSource.createQueryRunner();
  if (!alone) await queryRunner.startTransaction();
  try {
    const Migration = migration('Case', { up, ...(alone && { transaction: false }) });
    return await new Migration().up(queryRunner);
  } finally {
    if (!alone) await queryRunner.rollbackTransaction();
    await queryRunner.release();
  }
}

/** Statements that are not rolled back come last. */
const HARMLESS = [...REVIEWED_HARMLESS, ...FRESH_HARMLESS, ...BLIND_HARMLESS].sort(
  ([, , a], [, , b]) => Number(a?.alone === true) - Number(b?.alone === true),
);

const DANGEROUS = [...REVIEWED_DANGEROUS, ...FRESH_DANGEROUS, ...BLIND_DANGEROUS];

function onlyWarns([, , where]: Reviewed): boolean {
  return where?.onlyWarns === true;
}

function isKnown([, , { since = 0 } = {}]: Reviewed): boolean {
  return version >= since;
}

it('the reviewed list has at least 210 dangerous and 240 harmless statements', () => {
  expect(DANGEROUS.length).toBeGreaterThanOrEqual(210);
  expect(HARMLESS.length).toBeGreaterThanOrEqual(240);
});

it.each(DANGEROUS.filter(onlyWarns).map(asCase))(
  'a migration runs with a warning, because $why: $sql',
  async ({ reviewed }) => {
    const lines: string[] = [];
    const log = { log: () => undefined, warn: (line: string) => void lines.push(line) };
    guardMigrations(dataSource, { log });
    await expect(run(reviewed)).resolves.toBeUndefined();
    expect(lines.join('\n')).toMatch(/\(rule: [a-z-]+/);
  },
);

it.each(DANGEROUS.filter((reviewed) => !onlyWarns(reviewed)).map(asCase))(
  'a migration is refused, because $why: $sql',
  async ({ reviewed }) => {
    if (!isKnown(reviewed)) return;
    expect(await rejection(run(reviewed))).toBeInstanceOf(DangerousLockError);
  },
);

it.each(HARMLESS.map(asCase))('a migration passes, because $why: $sql', async ({ reviewed }) => {
  if (!isKnown(reviewed)) return;
  await expect(run(reviewed)).resolves.toBeUndefined();
});
