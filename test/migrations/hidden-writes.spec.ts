import type { MigrationInterface, QueryRunner } from 'typeorm';
import { RowsWrittenError } from '../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { itSince } from '../support/server/since.ts';
import { ADD_COLUMN, hidden, MigrationStage, UPDATE } from '../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

describe('rows written by a statement that seems to read', () => {
  beforeEach(async () => {
    await stage.database.query(
      `CREATE FUNCTION fill(int DEFAULT 1, int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE leads SET note = 'x'; RETURN 1; END $$`,
    );
    await stage.database.query('CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = fill)');
    await stage.database.query('CREATE VIEW filling AS SELECT fill() AS filled');
  });

  describe.each([true, false])('inside a transaction: %s,', (transaction) => {
    it.each([
      ['a view', 'SELECT * FROM filling'],
      ['an operator', 'SELECT 1 ### 2'],
      ['a query in a string', `SELECT query_to_xml('SELECT fill()', true, true, '')`],
      ['EXPLAIN ANALYZE', 'EXPLAIN ANALYZE SELECT * FROM filling'],
      ['COPY … TO', `COPY (SELECT * FROM filling) TO STDOUT`],
      ['a prepared statement', 'PREPARE fills AS SELECT * FROM filling; EXECUTE fills'],
      ['a cursor WITH HOLD', 'DECLARE c CURSOR WITH HOLD FOR SELECT * FROM filling'],
      ['a computed default', 'ALTER TABLE leads ADD COLUMN g int DEFAULT (1 ### 2)'],
    ])('are found through %s and rolled back', async (_what, sql) => {
      const Up = migration('Up', { up: sql, transaction });
      const report = await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
        runMigrations(dataSource, { log: stage.log }),
      );
      expect(report.failed?.error.name).toMatch(/^(RowsWrittenError|DataInMigrationError)$/);
      expect(await stage.database.query('SELECT FROM leads WHERE note IS NOT NULL')).toEqual([]);
    });
  });
});

describe.each([true, false])('a deferred trigger, inside a transaction: %s,', (transaction) => {
  const HOOK = `CREATE CONSTRAINT TRIGGER later AFTER INSERT ON`;
  const DEFERRED = `DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fill()`;
  const run = (up: string) => {
    const Up = migration('Up', { up, transaction, allowsData: { reason: 'test', tables: ['plans'] } });
    return withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
      runMigrations(dataSource, { log: stage.log }),
    );
  };

  it.each([
    ['a temporary table', `CREATE TEMP TABLE t (id int); ${HOOK} t ${DEFERRED}; INSERT INTO t VALUES (1)`],
    ['an exempt table', 'INSERT INTO plans VALUES (1)'],
  ])('of %s is found before it writes rows at the commit', async (_what, sql) => {
    await stage.database.query(
      `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE leads SET note = 'x'; RETURN NULL; END $$;
       CREATE TABLE plans (id int); ${HOOK} plans ${DEFERRED}`,
    );
    const report = await run(sql);
    expect(report.failed?.error).toBeInstanceOf(RowsWrittenError);
    expect([await stage.notes(), await stage.count('plans')]).toEqual([0, 0]);
  });

  it('that changes no other row passes', async () => {
    await stage.database.query(
      `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM leads; RETURN NULL; END $$;
       CREATE TABLE plans (id int); ${HOOK} plans ${DEFERRED}`,
    );
    expect((await run('INSERT INTO plans VALUES (1)')).failed).toBeUndefined();
    expect(await stage.count('plans')).toBe(1);
  });
});

it('a deferred trigger that waits for the commit of one transaction is that of the migration that fired it', async () => {
  await stage.database.query(
    `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE leads SET note = 'x'; RETURN NULL; END $$;
     CREATE TABLE plans (id int);
     CREATE CONSTRAINT TRIGGER later AFTER INSERT ON plans DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fill()`,
  );
  class First1700000000001 implements MigrationInterface {
    async up(runner: QueryRunner) {
      await runner.query('INSERT INTO plans VALUES (1)');
    }
    async down() {}
  }
  const Second = migration('Second', {
    up: `SELECT set_config('work_mem', '8MB', true); COMMENT ON TABLE plans IS 'x'`,
  });
  await withDataSource(
    postgresDataSource(stage.database, [First1700000000001, Second]),
    async (dataSource) => {
      const done = await dataSource.runMigrations({ transaction: 'all' });
      expect(done).toHaveLength(2);
    },
  );
  expect(await stage.notes()).toBeGreaterThan(0);
});

describe.each([true, false])('dynamic SQL inside a transaction: %s,', (transaction) => {
  it.each([
    ['inserts', `INSERT INTO leads VALUES (6, 'x')`, { inserted: 1, updated: 0, deleted: 0 }],
    ['updates', `UPDATE leads SET note = 'x' WHERE id < 3`, { inserted: 0, updated: 2, deleted: 0 }],
    ['deletes', 'DELETE FROM leads WHERE id > 2', { inserted: 0, updated: 0, deleted: 3 }],
    ['truncates', 'TRUNCATE leads', { inserted: 0, updated: 0, deleted: 0, truncated: true }],
  ])('that %s is refused with the number of rows, and rolled back', (_what, sql, rows) =>
    expectRefused(sql, rows),
  );

  itSince(15)('that merges is refused with the number of rows, and rolled back', () =>
    expectRefused(
      `MERGE INTO leads l USING generate_series(5, 7) n ON l.id = n WHEN MATCHED THEN DELETE
        WHEN NOT MATCHED THEN INSERT VALUES (n, 'x')`,
      { inserted: 2, updated: 0, deleted: 1 },
    ),
  );

  async function expectRefused(sql: string, rows: object): Promise<void> {
    const Up = migration('Up', { up: hidden(sql), transaction });
    const report = await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
      runMigrations(dataSource, { log: stage.log }),
    );
    expect(report.failed?.error).toMatchObject({
      name: 'RowsWrittenError',
      written: [{ table: 'public.leads', truncated: false, ...rows }],
    });
    expect(await stage.database.query('SELECT id, note FROM leads ORDER BY id')).toEqual(
      [1, 2, 3, 4, 5].map((id) => ({ id, note: null })),
    );
  }
});

it('rows written before the migration’s own COMMIT are found before it', async () => {
  const Up = migration('Up', { transaction: false, up: `BEGIN; ${hidden(UPDATE)}; COMMIT` });
  await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
    expect(await rejection(dataSource.runMigrations({ transaction: 'each' }))).toBeInstanceOf(
      RowsWrittenError,
    );
  });
  expect(await stage.notes()).toBe(0);
});

it.each(['COMMIT', 'ROLLBACK', 'COMMIT AND CHAIN', 'BEGIN; COMMIT AND CHAIN'])(
  'rows written after the migration’s own %s are rolled back',
  async (control) => {
    const Up = migration('Up', {
      up: async (queryRunner) => {
        await queryRunner.query(control);
        await queryRunner.query(hidden(UPDATE));
      },
    });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log });
      expect(report.failed?.error).toBeInstanceOf(RowsWrittenError);
    });
    expect(await stage.notes()).toBe(0);
  },
);

describe('rows written by an event trigger during a schema change', () => {
  beforeEach(async () => {
    await stage.database.query(`CREATE TABLE ddl_log (tag text)`);
    await stage.database.query(
      `CREATE FUNCTION note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ddl_log VALUES (tg_tag); END $$`,
    );
    await stage.database.query(
      'CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION note_ddl()',
    );
    await stage.database.query('DELETE FROM ddl_log');
  });

  it.each([
    ['in the migration’s transaction', { up: ADD_COLUMN }],
    ['in a transaction of the migration’s own', { transaction: false, up: `BEGIN; ${ADD_COLUMN}; COMMIT` }],
  ])('are found before the commit, %s', async (_where, script) => {
    const Up = migration('Up', script);
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      // TypeORM's own tables are created first, because the trigger logs them too.
      await dataSource.showMigrations();
      await stage.database.query('DELETE FROM ddl_log');
      expect(await rejection(dataSource.runMigrations({ transaction: 'each' }))).toBeInstanceOf(
        RowsWrittenError,
      );
    });
    expect([await stage.count('ddl_log'), await stage.columns()]).toEqual([0, ['id', 'note']]);
  });

  it('pass if they are exempt', async () => {
    const Up = migration('Up', {
      up: ADD_COLUMN,
      allowsData: { reason: 'the log: stage.log of DDL', tables: ['public.ddl_log'] },
    });
    await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
      dataSource.runMigrations(),
    );
    expect(await stage.columns()).toContain('extra');
  });
});
