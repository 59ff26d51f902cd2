import type { MigrationOptions } from '../../libs/backfill/src/migrations/migration.options.ts';
import { MigrationBlockedError } from '../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { hidden, MigrationStage } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

async function errorOf(
  script: Parameters<typeof migration>[1],
  mode: 'each' | 'none' = 'each',
  policy: MigrationOptions['policy'] = stage.quick.policy,
): Promise<unknown> {
  const dataSource = postgresDataSource(stage.database, [migration('Up', script)]);
  const report = await withDataSource(dataSource, (source) =>
    runMigrations(source, {
      ...stage.quick,
      transaction: mode,
      policy: { ...policy, lockAttempts: 2 },
    }),
  );
  return report.failed?.error;
}

const MODES = ['each', 'none'] as const;

describe.each(MODES)('in the transaction mode %s,', (mode) => {
  it.each([
    'INSERT INTO events VALUES (1)',
    'INSERT INTO events_1 VALUES (1)',
    hidden('INSERT INTO events VALUES (1)'),
    hidden('INSERT INTO events_1 VALUES (1)'),
  ])('an exempt table stands for its partitions, at every depth: %s', async (up) => {
    await stage.database.query(
      `CREATE TABLE events (id int) PARTITION BY LIST (id);
       CREATE TABLE events_all PARTITION OF events DEFAULT PARTITION BY LIST (id);
       CREATE TABLE events_1 PARTITION OF events_all FOR VALUES IN (1)`,
    );
    const allowsData = { reason: 'configuration', tables: ['events'] };
    expect(await errorOf({ up, allowsData }, mode)).toBeUndefined();
    expect(await stage.count('events')).toBe(1);
  });

  it('the exemption of a partition does not cover other partitions', async () => {
    await stage.database.query(
      `CREATE TABLE events (id int) PARTITION BY LIST (id);
       CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
       CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2)`,
    );
    const allowsData = { reason: 'configuration', tables: ['events_1'] };
    for (const up of ['INSERT INTO events_2 VALUES (2)', hidden('INSERT INTO events VALUES (2)')])
      expect(await errorOf({ up, allowsData }, mode)).toBeDefined();
    expect(await stage.count('events')).toBe(0);
  });

  it.each([
    'CREATE TEMP TABLE scratch (id int); INSERT INTO scratch VALUES (1)',
    'CREATE TEMP TABLE scratch AS SELECT id FROM leads; DELETE FROM scratch',
    'SELECT id INTO TEMPORARY scratch FROM leads',
    `DO $$ BEGIN CREATE TEMP TABLE scratch (id int); INSERT INTO scratch SELECT id FROM leads; TRUNCATE scratch; END $$`,
    hidden('CREATE TEMP TABLE scratch AS SELECT id FROM leads'),
  ])('rows of a temporary table are not data: %s', async (up) => {
    expect(await errorOf({ up }, mode)).toBeUndefined();
  });

  it('a table that has the name of a dropped temporary table is data', async () => {
    const up = 'CREATE TEMP TABLE leads (id int, note text); DROP TABLE leads; INSERT INTO leads VALUES (90)';
    expect(await errorOf({ up, locks: 'off' }, mode)).toBeDefined();
    expect(await stage.count('leads')).toBe(5);
  });

  it.each([
    'INSERT INTO leads VALUES (90)',
    `UPDATE leads SET note = 'x'`,
    'DELETE FROM leads',
    'TRUNCATE leads',
  ])('what a block rolls back does not count: %s', async (sql) => {
    const up = `DO $$ DECLARE q text := reverse('${[...sql].reverse().join('').replaceAll("'", "''")}'); BEGIN
        BEGIN EXECUTE q; RAISE EXCEPTION 'undo'; EXCEPTION WHEN raise_exception THEN NULL; END; END $$`;
    expect(await errorOf({ up }, mode)).toBeUndefined();
    expect([await stage.count('leads'), await stage.notes()]).toEqual([5, 0]);
  });
});

it('an INSERT of a block that is not rolled back counts, beside one that is', async () => {
  const insert = (id: number) => `EXECUTE reverse(')${id}( SEULAV sdael OTNI TRESNI')`;
  const up = `DO $$ BEGIN ${insert(19)}; BEGIN ${insert(29)}; RAISE EXCEPTION 'undo'; EXCEPTION WHEN raise_exception THEN NULL; END; END $$`;
  expect(await errorOf({ up })).toBeDefined();
  expect(await stage.count('leads')).toBe(5);
});

describe('a migration that does not get its lock', () => {
  const blocked = async (up: string, transaction: boolean): Promise<MigrationBlockedError> =>
    stage.database.session(async (client) => {
      await client.query('BEGIN; LOCK TABLE leads IN ACCESS SHARE MODE');
      const error = await errorOf({
        transaction,
        up: async (queryRunner) => {
          for (const sql of up.split(';')) await queryRunner.query(sql);
        },
      });
      await client.query('ROLLBACK');
      expect(error).toBeInstanceOf(MigrationBlockedError);
      return error as MigrationBlockedError;
    });

  it('names the statements that were committed before, without a transaction', async () => {
    const { message } = await blocked(
      'CREATE TABLE first (id int);ALTER TABLE leads ADD COLUMN city text',
      false,
    );
    expect(message).toContain('Already committed and not undone: CREATE TABLE first (id int).');
    expect(message).not.toContain('Nothing was changed');
    expect(await stage.count('first')).toBe(0);
  });

  it('says that nothing was changed, in a transaction', async () => {
    const { message } = await blocked(
      'CREATE TABLE first (id int);ALTER TABLE leads ADD COLUMN city text',
      true,
    );
    expect(message).toContain('Nothing was changed.');
  });
});

describe('TypeORM’s own statements in the migrations phase', () => {
  const phase = async (transaction: boolean): Promise<unknown> =>
    // Half of the timeout suffices for a slow machine to open a connection and read the blocking sessions.
    errorOf({ up: 'CREATE TABLE made (id int)', transaction }, 'each', {
      lockTimeout: 1_000,
      lockBackoff: 20,
    });

  it.each([
    ['the table of migrations is locked', 'LOCK TABLE migrations'],
    ['its rows are locked against new ones', 'LOCK TABLE migrations IN SHARE MODE'],
  ])('wait under the DDL policy and name the session that holds the lock, if %s', async (_what, lock) => {
    expect(await phase(true)).toBeUndefined();
    for (const transaction of [true, false])
      await stage.database.session(async (client) => {
        await stage.database.query(`DROP TABLE IF EXISTS made`);
        await client.query('BEGIN');
        await client.query(lock);
        stage.lines.length = 0;
        expect(await phase(transaction)).toBeInstanceOf(MigrationBlockedError);
        await client.query('ROLLBACK');
        expect(stage.lines.join('\n')).toMatch(/did not get its lock \(attempt 1 of 2\), blocked by .*test/);
      });
  });

  it('wait under the DDL policy while another session creates the table of migrations', async () => {
    await stage.database.session(async (client) => {
      await client.query('BEGIN; CREATE TABLE migrations (id serial, "timestamp" bigint, name text)');
      expect(await phase(true)).toBeInstanceOf(MigrationBlockedError);
      expect(stage.lines.join('\n')).toMatch(/did not get its lock .*blocked by .*test/);
      await client.query('ROLLBACK');
    });
    expect(await phase(true)).toBeUndefined();
  });

  it('record a migration without a transaction once, although its record waits for a lock', async () => {
    expect(await phase(true)).toBeUndefined();
    await stage.database.query('DROP TABLE made');
    let runs = 0;
    await stage.database.session(async (client) => {
      const error = await errorOf({
        transaction: false,
        locks: 'off',
        up: async (queryRunner) => {
          runs += 1;
          if (runs === 1) await client.query('BEGIN; LOCK TABLE migrations IN SHARE MODE');
          await queryRunner.query('CREATE TABLE made (id int)');
          stage.onWarning = () => void client.query('ROLLBACK');
        },
      });
      expect([error, runs]).toEqual([undefined, 1]);
    });
    expect(await stage.count('migrations')).toBe(2);
  });
});
