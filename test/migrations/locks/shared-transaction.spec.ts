import {
  DangerousLockError,
  MigrationDeclarationError,
} from '../../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../../libs/backfill/src/migrations/run/migration.phase.ts';
import { MigrationStage } from '../../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

const LARGE = `
  CREATE TABLE calls (id int PRIMARY KEY, at text);
  INSERT INTO leads SELECT n, 'x' FROM generate_series(6, 10600) n;
  INSERT INTO calls SELECT n, 'x' FROM generate_series(1, 10600) n`;

const FIRST = 'ALTER TABLE leads ADD COLUMN city text';

describe.each([
  ['several-tables-locked', 'ALTER TABLE calls ADD COLUMN city text'],
  ['scan-under-lock', 'SELECT max(at) FROM calls'],
  ['scan-under-lock', 'SELECT EXISTS (SELECT FROM calls WHERE at IS NULL)'],
])('the rule %s', (rule, second) => {
  const migrations = () => [FIRST, second].map((up) => migration('Up', { up }));

  it('knows the locks of earlier migrations in the same transaction', async () => {
    await stage.database.query(LARGE);
    const error = await rejection(
      withDataSource(postgresDataSource(stage.database, migrations()), (dataSource) =>
        dataSource.runMigrations({ transaction: 'all' }),
      ),
    );
    expect(error).toBeInstanceOf(DangerousLockError);
    expect((error as DangerousLockError).findings.map((finding) => finding.rule)).toEqual([rule]);
    const report = await withDataSource(postgresDataSource(stage.database, migrations()), (dataSource) =>
      runMigrations(dataSource, { log: stage.log, transaction: 'all' }),
    );
    expect(report.failed?.error).toBeInstanceOf(DangerousLockError);
    expect(await stage.columns()).toEqual(['id', 'note']);
  });

  it.each(['each', 'none'] as const)('knows that they are gone in the mode %s', async (transaction) => {
    await stage.database.query(LARGE);
    await withDataSource(postgresDataSource(stage.database, migrations()), (dataSource) =>
      dataSource.runMigrations({ transaction }),
    );
    expect(await stage.columns()).toEqual(['id', 'note', 'city']);
  });
});

it('an exemption of a rule that does not exist is refused, with the rule that was probably meant', async () => {
  const Up = migration('Up', {
    up: FIRST,
    allowsLocks: { reason: 'it is small', rules: ['index-not-concurent' as 'index-not-concurrent'] },
  });
  const error = await rejection(
    withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) => dataSource.runMigrations()),
  );
  expect(error).toBeInstanceOf(MigrationDeclarationError);
  expect((error as Error).message).toContain('rules that do not exist: index-not-concurent');
  expect((error as Error).message).toContain("Did you mean 'index-not-concurrent'?");
  expect(await stage.columns()).toEqual(['id', 'note']);
});
