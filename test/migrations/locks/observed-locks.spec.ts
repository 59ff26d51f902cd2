import type { QueryRunner } from 'typeorm';
import { guardMigrations } from '../../../libs/backfill/src/migrations/migration.guarding.ts';
import { runMigrations } from '../../../libs/backfill/src/migrations/run/migration.phase.ts';
import type { MigrationPhaseReport } from '../../../libs/backfill/src/migrations/migration.report.ts';
import { renderMigrations } from '../../../libs/backfill/src/one-shot/output/text/migrate.renderer.ts';
import { expectSafeLocks, UnannouncedLockError } from '../../../libs/guard/src/testing/index.ts';
import { hidden, MigrationStage } from '../../support/migrations/migration-stage.ts';
import {
  migration,
  plainMigration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

async function migrate(
  scripts: readonly Parameters<typeof migration>[1][],
  transaction: 'all' | 'each' | 'none' = 'each',
): Promise<MigrationPhaseReport> {
  const migrations = scripts.map((script) => migration('Up', script));
  return withDataSource(postgresDataSource(stage.database, migrations), (dataSource) =>
    runMigrations(dataSource, { log: stage.log, transaction }),
  );
}

const TYPE = 'ALTER TABLE leads ALTER COLUMN id TYPE bigint';
const COLUMN = 'ALTER TABLE leads ADD COLUMN city text';

describe('the report of the migrations phase', () => {
  it.each(['each', 'none', 'all'] as const)(
    'names the strong locks of each migration and the tables that were written again, in the mode %s',
    async (mode) => {
      await stage.database.query('CREATE TABLE calls (id int)');
      const report = await migrate([{ up: `${TYPE};${COLUMN}` }, { up: 'CREATE INDEX ON calls (id)' }], mode);
      expect(report.failed).toBeUndefined();
      const heldMs: unknown = expect.any(Number);
      expect(report.ran.map(({ locks }) => locks)).toEqual([
        [
          {
            relation: 'public.leads',
            mode: 'AccessExclusiveLock',
            heldMs,
            rewritten: true,
            statement: `${TYPE}; ${COLUMN}`,
          },
        ],
        [
          {
            relation: 'public.calls',
            mode: 'ShareLock',
            heldMs,
            rewritten: false,
            statement: 'CREATE INDEX ON calls (id)',
          },
        ],
      ]);
      expect(
        renderMigrations({
          phase: 'migrate',
          outcome: 'done',
          dataSources: [{ dataSource: 'default', ...report }],
        }),
      ).toMatch(
        /locks: ACCESS EXCLUSIVE on public\.leads for .*, written again\n.*\n.*locks: SHARE on public\.calls for /,
      );
    },
  );

  it('names the statement that has taken a lock which no statement names, also after one that locks another table', async () => {
    await stage.database.query('CREATE TABLE calls (id int)');
    const unread = hidden('ALTER TABLE calls ADD COLUMN city text');
    const up = async (queryRunner: QueryRunner) => {
      await queryRunner.query(COLUMN);
      await queryRunner.query(unread);
    };
    const report = await migrate([{ up }]);
    const taken = report.ran.flatMap(({ locks = [] }) =>
      locks.map((lock) => [lock.relation, lock.statement]),
    );
    expect(taken).toEqual([
      ['public.leads', COLUMN],
      ['public.calls', expect.stringContaining('DECLARE r record')],
    ]);
  });

  it('counts the time of a lock from the statement that takes it to the end of the transaction', async () => {
    const up = async (queryRunner: QueryRunner) => {
      await queryRunner.query(COLUMN);
      await queryRunner.query('SELECT pg_sleep(0.2)');
    };
    const [ran] = (await migrate([{ up }])).ran;
    expect(ran?.locks?.[0]?.heldMs).toBeGreaterThanOrEqual(200);
    expect(ran?.locks?.[0]?.statement).toBe(COLUMN);
  });

  it('names the statement that took each lock, also those of partitions', async () => {
    await stage.database.query(
      'CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1)',
    );
    const onParts = 'ALTER TABLE parts ADD COLUMN city text';
    const onCheck = 'ALTER TABLE leads ADD CONSTRAINT c CHECK (id > 0) NOT VALID';
    const up = async (queryRunner: QueryRunner) => {
      for (const sql of [COLUMN, onParts, onCheck]) await queryRunner.query(sql);
    };
    const [ran] = (await migrate([{ up }])).ran;
    const takers = Object.fromEntries(
      (ran?.locks ?? []).map(({ relation, statement }) => [relation, statement]),
    );
    expect(takers).toEqual({
      'public.leads': COLUMN,
      'public.parts': onParts,
      'public.parts_1': onParts,
    });
  });

  it('shows that a statement between others wrote a table again', async () => {
    const up = async (queryRunner: QueryRunner) => {
      for (const sql of [COLUMN, TYPE, 'ALTER TABLE leads ADD COLUMN more text'])
        await queryRunner.query(sql);
    };
    const [ran] = (await migrate([{ up }])).ran;
    expect(ran?.locks).toMatchObject([{ relation: 'public.leads', rewritten: true, statement: COLUMN }]);
  });

  it('names a stronger lock on a table that an earlier migration of the transaction has locked', async () => {
    const { ran } = await migrate(
      [{ up: 'CREATE INDEX ON leads (note)' }, { up: COLUMN }, { up: TYPE }],
      'all',
    );
    expect(ran.map(({ locks = [] }) => locks.map(({ relation, mode }) => `${relation} ${mode}`))).toEqual([
      ['public.leads ShareLock'],
      ['public.leads AccessExclusiveLock'],
      [],
    ]);
  });

  it('leaves out tables that the migration creates, and locks under which reads and writes go on', async () => {
    const { ran } = await migrate([
      { up: 'CREATE TABLE made (id int); CREATE INDEX ON made (id)' },
      { up: 'CREATE INDEX CONCURRENTLY leads_note ON leads (note)', transaction: false },
    ]);
    expect(ran.map(({ locks }) => locks)).toEqual([undefined, undefined]);
  });
});

describe('a strong lock on a large table that the SQL does not name', () => {
  const LARGE = `INSERT INTO leads SELECT n, 'x' FROM generate_series(6, 10600) n; ANALYZE leads`;
  const warnings = () => stage.lines.filter((line) => line.includes('no lock rule could judge it'));

  it.each([
    ['ALTER TABLE leads ADD COLUMN city text', 'AccessExclusiveLock'],
    ['CREATE INDEX ON leads (note)', 'ShareLock'],
  ])('is in the log of the phase and of TypeORM’s own runner: %s', async (ddl, mode) => {
    await stage.database.query(LARGE);
    await migrate([{ up: hidden(ddl) }]);
    const expected = expect.stringContaining(`has taken ${mode} on public.leads, a large table`) as unknown;
    expect(warnings()).toEqual([expected]);
    const Up = migration('Up', { up: hidden('ALTER TABLE leads ALTER note SET STATISTICS 50; LOCK leads') });
    await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) => {
      guardMigrations(dataSource, { log: stage.log });
      return dataSource.runMigrations();
    });
    expect(warnings()).toHaveLength(2);
  });

  it('is not reported for a small table, a table that the SQL names, or a partition of it', async () => {
    await migrate([{ up: hidden('ALTER TABLE leads ADD COLUMN city text') }]);
    await stage.database.query(
      `${LARGE}; CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
       INSERT INTO parts SELECT 1 FROM generate_series(1, 10600); ANALYZE parts_1`,
    );
    await migrate([
      { up: `DO $$ BEGIN ALTER TABLE leads ADD COLUMN more text; END $$` },
      { up: 'ALTER TABLE parts ADD CONSTRAINT c CHECK (id > 0) NOT VALID; COMMENT ON TABLE parts IS $$x$$' },
      { up: hidden('SELECT count(*) FROM leads') },
    ]);
    expect(warnings()).toEqual([]);
  });
});

describe('expectSafeLocks()', () => {
  const check = (migrations: readonly (new () => object)[]): Promise<unknown> =>
    withDataSource(postgresDataSource(stage.database), (dataSource) =>
      expectSafeLocks(dataSource, migrations),
    );

  it.each([
    COLUMN,
    TYPE,
    'CREATE INDEX ON leads (note)',
    'DROP TABLE leads',
    'SELECT note FROM leads WHERE id > 2',
    'CREATE TABLE made (id int PRIMARY KEY); ALTER TABLE made ADD FOREIGN KEY (id) REFERENCES leads',
    'ALTER TABLE leads ADD CHECK (id > 0); ALTER TABLE leads ALTER note SET NOT NULL',
    `DO $$ BEGIN EXECUTE format('CREATE INDEX %I ON leads (note)', 'leads_note'); END $$`,
    'CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p DEFAULT; ALTER TABLE p ADD COLUMN x int',
  ])('passes if the rules announce what PostgreSQL does: %s', async (up) => {
    await stage.database.query(`UPDATE leads SET note = 'x'`);
    await check([
      plainMigration('Up', up),
      plainMigration('Next', 'ALTER TABLE IF EXISTS leads ADD COLUMN more int'),
    ]);
  });

  it.each([
    [hidden('ALTER TABLE leads ALTER COLUMN id TYPE bigint'), 'rewritten', 'AccessExclusiveLock'],
    [hidden('CREATE INDEX ON leads (note)'), 'scanned', 'ShareLock'],
    [hidden('ALTER TABLE leads ADD COLUMN city text'), 'locked', 'AccessExclusiveLock'],
  ])('fails if a statement takes a lock that the rules cannot see: %s', async (up, what, mode) => {
    for (const Up of [plainMigration('Up', up), migration('Guarded', { up })]) {
      const error = (await rejection(check([Up]))) as UnannouncedLockError;
      expect(error).toBeInstanceOf(UnannouncedLockError);
      expect(error.locks).toEqual([
        { migration: Up.name, statement: up, relation: 'public.leads', mode, what },
      ]);
      expect(error.message).toContain(`${mode} on public.leads`);
      await stage.database.query(
        'DROP TABLE leads; CREATE TABLE leads (id int, note text); INSERT INTO leads VALUES (1)',
      );
    }
  });

  it('fails if an event trigger locks another table', async () => {
    await stage.database.query(
      `CREATE TABLE calls (id int);
       CREATE FUNCTION react() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE calls; END $$;
       CREATE EVENT TRIGGER react ON ddl_command_end EXECUTE FUNCTION react()`,
    );
    const error = (await rejection(check([plainMigration('Up', COLUMN)]))) as UnannouncedLockError;
    expect(error.locks.map(({ relation }) => relation)).toEqual(['public.calls']);
  });
});
