import { Logger } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Test } from '@nestjs/testing';
import type { DataSource, QueryRunner } from 'typeorm';
import {
  DataInMigrationError,
  MigrationBlockedError,
  MigrationDeclarationError,
  RequirementNotMetError,
  RowsWrittenError,
  UnprovableRequirementError,
} from '../../libs/backfill/src/migrations/migration.error.ts';
import { guardMigrations } from '../../libs/backfill/src/migrations/migration.guarding.ts';
import type {
  CompletionGate,
  MigrationOptions,
} from '../../libs/backfill/src/migrations/migration.options.ts';
import { migrationStatus, runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { addForeignKey, setNotNull } from '../../libs/backfill/src/migrations/safe-steps.ts';
import { TestDatabase } from '../support/database.ts';
import { gate } from '../support/gate.ts';
import { migration, plainMigration, postgres, rejection, withDataSource } from '../support/migrations.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await TestDatabase.create();
  await database.query(`CREATE TABLE leads (id int PRIMARY KEY, note text)`);
  await database.query(`INSERT INTO leads SELECT n FROM generate_series(1, 5) n`);
  lines.length = 0;
});
afterEach(() => database.drop());

const lines: string[] = [];
const log = { log: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
const quick: MigrationOptions = { log, policy: { lockTimeout: 200, lockBackoff: 20 } };

const addColumn = `ALTER TABLE leads ADD COLUMN IF NOT EXISTS extra text`;
const update = `UPDATE leads SET note = 'x'`;
/** Put together so that no text gives it away. */
const sly = (sql: string) =>
  `DO $$ DECLARE r record; BEGIN FOR r IN SELECT reverse('${[...sql].reverse().join('').replaceAll("'", "''")}') AS q LOOP EXECUTE r.q; END LOOP; END $$`;

describe.each(['all', 'each', 'none'] as const)('in TypeORM’s transaction mode %s', (transaction) => {
  it('schema changes go through and are noted', async () => {
    const Up = migration('Up', { up: addColumn, down: `ALTER TABLE leads DROP COLUMN extra` });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      expect(await dataSource.runMigrations({ transaction })).toHaveLength(1);
      expect(await columns()).toContain('extra');
      await dataSource.undoLastMigration({ transaction });
      expect(await columns()).not.toContain('extra');
    });
  });

  it('a change of rows is refused before it is sent, and the migration is not noted', async () => {
    const Up = migration('Up', { up: update });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      expect(await rejection(dataSource.runMigrations({ transaction }))).toBeInstanceOf(DataInMigrationError);
      expect(await dataSource.showMigrations()).toBe(true);
    });
    expect(await notes()).toBe(0);
  });

  it('rows that unreadable SQL writes are found by PostgreSQL’s counters, and rolled back', async () => {
    const Up = migration('Up', { up: sly(update) });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const error = await rejection(dataSource.runMigrations({ transaction }));
      expect(error).toBeInstanceOf(RowsWrittenError);
      expect((error as RowsWrittenError).written).toEqual([
        { table: 'public.leads', inserted: 0, updated: 5, deleted: 0, truncated: false },
      ]);
    });
    expect(await notes()).toBe(0);
  });

  it('a TRUNCATE by unreadable SQL is found and rolled back', async () => {
    const Up = migration('Up', { up: sly('TRUNCATE leads') });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const error = await rejection(dataSource.runMigrations({ transaction }));
      expect(error).toBeInstanceOf(RowsWrittenError);
      expect((error as Error).message).toContain('public.leads (truncated)');
    });
    expect(await count('leads')).toBe(5);
  });

  it('unreadable SQL that changes the schema alone passes', async () => {
    const Up = migration('Up', { up: sly(addColumn) });
    await withDataSource(postgres(database, [Up]), (dataSource) => dataSource.runMigrations({ transaction }));
    expect(await columns()).toContain('extra');
  });
});

it('migrationsRun runs behind the guard as well', async () => {
  const Up = migration('Up', { up: update });
  expect(await rejection(postgres(database, [Up], { migrationsRun: true }).initialize())).toBeInstanceOf(
    DataInMigrationError,
  );
});

it('one transaction for all is refused, with the remedy, where a migration asks for none', async () => {
  const Add = migration('Add', { up: addColumn });
  const Alone = migration('Alone', { up: 'CREATE TABLE alone ()', transaction: false });
  await withDataSource(postgres(database, [Add, Alone]), async (dataSource) => {
    const report = await runMigrations(dataSource, { log, transaction: 'all' });
    expect(report).toMatchObject({ outcome: 'failed', failed: { name: Alone.name }, ran: [] });
    expect(report.failed?.error.message).toContain("transaction: 'each'");
  });
  expect(await columns()).not.toContain('extra');
});

describe('rows that a statement writes which only reads', () => {
  beforeEach(async () => {
    await database.query(
      `CREATE FUNCTION fill(int DEFAULT 1, int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE leads SET note = 'x'; RETURN 1; END $$`,
    );
    await database.query('CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = fill)');
    await database.query('CREATE VIEW filling AS SELECT fill() AS filled');
  });

  describe.each([true, false])('inside of a transaction: %s,', (transaction) => {
    it.each([
      ['a view', 'SELECT * FROM filling'],
      ['an operator', 'SELECT 1 ### 2'],
      ['a query inside a text', `SELECT query_to_xml('SELECT fill()', true, true, '')`],
      ['EXPLAIN ANALYZE', 'EXPLAIN ANALYZE SELECT * FROM filling'],
      ['COPY … TO', `COPY (SELECT * FROM filling) TO STDOUT`],
      ['a prepared statement', 'PREPARE fills AS SELECT * FROM filling; EXECUTE fills'],
      ['a cursor that outlives the transaction', 'DECLARE c CURSOR WITH HOLD FOR SELECT * FROM filling'],
      ['a computed default', 'ALTER TABLE leads ADD COLUMN g int DEFAULT (1 ### 2)'],
    ])('are found by way of %s, and rolled back', async (_what, sql) => {
      const Up = migration('Up', { up: sql, transaction });
      const report = await withDataSource(postgres(database, [Up]), (dataSource) =>
        runMigrations(dataSource, { log }),
      );
      expect(report.failed?.error.name).toMatch(/^(RowsWrittenError|DataInMigrationError)$/);
      expect(await database.query('SELECT FROM leads WHERE note IS NOT NULL')).toEqual([]);
    });
  });
});

it.each([
  ['RESET ALL', []],
  [`SELECT set_config($1, 'off', false)`, ['track_counts']],
])('a setting that is not named could be one that the guard relies on: %s', async (sql, parameters) => {
  const Up = migration('Up', { up: (queryRunner) => queryRunner.query(sql, parameters) });
  const report = await withDataSource(postgres(database, [Up]), (dataSource) =>
    runMigrations(dataSource, { log }),
  );
  expect(report.failed?.error).toBeInstanceOf(DataInMigrationError);
});

describe('a migration without a transaction', () => {
  it('tells what was already committed when a later statement is refused', async () => {
    const Up = migration('Up', {
      transaction: false,
      up: async (queryRunner) => {
        await queryRunner.query(addColumn);
        await queryRunner.query(update);
      },
    });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const error = await rejection(dataSource.runMigrations({ transaction: 'each' }));
      expect((error as Error).message).toContain('Already committed and not undone:');
      expect((error as Error).message).toContain(addColumn);
    });
    expect(await columns()).toContain('extra');
  });

  it('may build an index concurrently', async () => {
    const Up = migration('Up', {
      transaction: false,
      up: 'CREATE INDEX CONCURRENTLY leads_note ON leads (note)',
    });
    await withDataSource(postgres(database, [Up]), (dataSource) =>
      dataSource.runMigrations({ transaction: 'each' }),
    );
    expect(await database.query(`SELECT FROM pg_indexes WHERE indexname = 'leads_note'`)).toHaveLength(1);
  });

  it('may not commit inside of SQL that cannot be read', async () => {
    const Up = migration('Up', {
      transaction: false,
      up: `DO $$ DECLARE r record; BEGIN FOR r IN SELECT 'SELECT 1' AS q LOOP EXECUTE r.q; COMMIT; END LOOP; END $$`,
    });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const error = await rejection(dataSource.runMigrations({ transaction: 'each' }));
      expect((error as Error).message).toContain('commits by itself and cannot be read');
    });
  });
});

it('rows written before a COMMIT of the migration’s own are found before it', async () => {
  const Up = migration('Up', { transaction: false, up: `BEGIN; ${sly(update)}; COMMIT` });
  await withDataSource(postgres(database, [Up]), async (dataSource) => {
    expect(await rejection(dataSource.runMigrations({ transaction: 'each' }))).toBeInstanceOf(
      RowsWrittenError,
    );
  });
  expect(await notes()).toBe(0);
});

it.each(['COMMIT', 'ROLLBACK', 'COMMIT AND CHAIN', 'BEGIN; COMMIT AND CHAIN'])(
  'rows written after a %s of the migration’s own are rolled back',
  async (control) => {
    const Up = migration('Up', {
      up: async (queryRunner) => {
        await queryRunner.query(control);
        await queryRunner.query(sly(update));
      },
    });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log });
      expect(report.failed?.error).toBeInstanceOf(RowsWrittenError);
    });
    expect(await notes()).toBe(0);
  },
);

describe('rows that are written while PostgreSQL’s counters are off', () => {
  const slyBody = sly(update).replace(/^DO \$\$|\$\$$/g, '');
  const routine = (clause: string, body: string) =>
    `CREATE FUNCTION fill() RETURNS void LANGUAGE plpgsql ${clause} AS $$ ${body} $$`;
  const blind = slyBody.replace('BEGIN', `BEGIN PERFORM set_config('track_counts', 'off', true);`);

  describe.each([true, false])('inside of a transaction: %s,', (transaction) => {
    it.each([
      ['by the function that writes them', [routine('', blind), 'SELECT fill()']],
      ['by its SET clause', [routine('SET track_counts = off', slyBody), 'SELECT fill()']],
      [
        'by a SET clause that it gets later',
        [routine('', slyBody), 'ALTER FUNCTION fill() SET track_counts = off', 'SELECT fill()'],
      ],
      ['by SQL that cannot be read', [sly('SET track_counts = off'), sly(update)]],
      ['for the whole server', ['ALTER SYSTEM SET track_counts = off', sly(update)]],
    ])('%s, are refused', async (_how, statements) => {
      const Up = migration('Up', {
        transaction,
        up: async (queryRunner) => {
          for (const sql of statements) await queryRunner.query(sql);
        },
      });
      const report = await withDataSource(postgres(database, [Up]), (dataSource) =>
        runMigrations(dataSource, { log }),
      );
      expect(report.failed?.error).toBeInstanceOf(DataInMigrationError);
      expect(await notes()).toBe(0);
    });

    it('by a function that was there before, are refused', async () => {
      await database.query(routine('SET track_counts = off', slyBody));
      const Up = migration('Up', { transaction, up: 'SELECT fill()' });
      const report = await withDataSource(postgres(database, [Up]), (dataSource) =>
        runMigrations(dataSource, { log }),
      );
      expect(report.failed?.error).toBeInstanceOf(DataInMigrationError);
      expect(await notes()).toBe(0);
    });
  });
});

describe('rows that an event trigger writes behind a schema change', () => {
  beforeEach(async () => {
    await database.query(`CREATE TABLE ddl_log (tag text)`);
    await database.query(
      `CREATE FUNCTION note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ddl_log VALUES (tg_tag); END $$`,
    );
    await database.query('CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION note_ddl()');
    await database.query('DELETE FROM ddl_log');
  });

  it.each([
    ['in the migration’s transaction', { up: addColumn }],
    [
      'in a transaction that it opens and commits itself',
      { transaction: false, up: `BEGIN; ${addColumn}; COMMIT` },
    ],
  ])('are found before they are committed, %s', async (_where, script) => {
    const Up = migration('Up', script);
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      // TypeORM's own tables come first: the trigger notes them too.
      await dataSource.showMigrations();
      await database.query('DELETE FROM ddl_log');
      expect(await rejection(dataSource.runMigrations({ transaction: 'each' }))).toBeInstanceOf(
        RowsWrittenError,
      );
    });
    expect([await count('ddl_log'), await columns()]).toEqual([0, ['id', 'note']]);
  });

  it('pass where they are exempt', async () => {
    const Up = migration('Up', {
      up: addColumn,
      allowsData: { reason: 'the log of DDL', tables: ['public.ddl_log'] },
    });
    await withDataSource(postgres(database, [Up]), (dataSource) => dataSource.runMigrations());
    expect(await columns()).toContain('extra');
  });
});

describe('an exemption', () => {
  const allowsData = { reason: 'three rows of configuration', tables: ['leads'] };

  it('lets the named table be changed, and says so at each run', async () => {
    const Up = migration('Up', { up: update, allowsData });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log });
      expect(report).toMatchObject({ outcome: 'done', ran: [{ allowsData: allowsData.reason }] });
      expect((await migrationStatus(dataSource)).exempt).toMatchObject([allowsData]);
    });
    expect(await notes()).toBe(5);
    expect(lines.join('\n')).toContain('may change rows of leads: three rows of configuration');
  });

  it('covers no other table', async () => {
    await database.query('CREATE TABLE calls (id int)');
    const Up = migration('Up', { up: `${update}; DELETE FROM calls`, allowsData });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      expect(await rejection(dataSource.runMigrations())).toBeInstanceOf(DataInMigrationError);
    });
  });

  it('needs a reason', async () => {
    const Up = migration('Up', { up: update, allowsData: { reason: ' ', tables: ['leads'] } });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      expect(String(await rejection(dataSource.runMigrations()))).toContain('without a reason');
    });
  });
});

it('the refusal teaches: migration, statement, place, rule, the danger, the backfill to write, and the exemption', async () => {
  const Up = migration('AddNote', { up: `\n  UPDATE leads SET note = upper('x') WHERE id > 3` });
  await withDataSource(postgres(database, [Up]), async (dataSource) => {
    const { message } = (await rejection(dataSource.runMigrations())) as Error;
    for (const part of [
      /AddNote\d+\.up\(\) changes rows of leads/,
      /UPDATE leads SET note = upper\('x'\) WHERE id > 3/,
      /line 2, column 3/,
      /rule: update/,
      /lock_timeout/,
      /@Backfill<Lead>\(\{/,
      /where: 'id > 3 AND note IS NULL'/,
      /note: `upper\('x'\)`/,
      /allowsData = \{ reason: '…', tables: \['leads'\] \}/,
    ])
      expect(message).toMatch(part);
  });
});

describe('grandfathered migrations', () => {
  it('run as they are, and are counted; all others are guarded', async () => {
    const Old = plainMigration('Old', update);
    const New = plainMigration('New', 'DELETE FROM leads');
    await withDataSource(postgres(database, [Old, New]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log, grandfathered: [Old.name] });
      expect(report).toMatchObject({
        outcome: 'failed',
        grandfathered: [Old.name],
        failed: { name: New.name },
      });
      expect(report.failed?.error).toBeInstanceOf(DataInMigrationError);
    });
    expect(lines.join('\n')).toContain(`1 grandfathered migration runs without the guard: ${Old.name}`);
    expect([await notes(), await count('leads')]).toEqual([5, 5]);
  });
});

it('a refusal surfaces once and at once, though @nestjs/typeorm repeats initialize()', async () => {
  Logger.overrideLogger(false);
  let tries = 0;
  const Up = migration('Up', {
    up: async (queryRunner: QueryRunner) => {
      tries += 1;
      await queryRunner.query(update);
    },
  });
  const { type, url } = { type: 'postgres' as const, url: database.url };
  const booting = Test.createTestingModule({
    imports: [TypeOrmModule.forRoot({ type, url, migrations: [Up], migrationsRun: true })],
  }).compile();
  expect(await rejection(booting)).toBeInstanceOf(DataInMigrationError);
  expect(tries).toBe(1);
});

describe('a lock that somebody else holds', () => {
  /** Half of the lock timeout must do to ask who holds the lock, on a machine that is busy as well. */
  const unhurried = { ...quick, policy: { ...quick.policy, lockTimeout: 2_000 } };

  it('is waited for in several tries, and each names the holder', async () => {
    const holder = await database.connect('the holder');
    await holder.query('BEGIN; LOCK TABLE leads');
    const Up = migration('Up', { up: addColumn });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const running = runMigrations(dataSource, unhurried);
      await until(() => lines.some((line) => line.includes('did not get its lock')));
      await holder.query('COMMIT');
      expect(await running).toMatchObject({ outcome: 'done' });
    });
    await holder.end();
    expect(lines.join('\n')).toMatch(
      /blocked by pid \d+ \(the holder\), idle in transaction, .*LOCK TABLE leads/,
    );
  });

  it('is given up in the end, with the holder named and nothing changed', async () => {
    const holder = await database.connect('the holder');
    await holder.query('BEGIN; LOCK TABLE leads');
    const Up = migration('Up', { up: `CREATE TABLE fresh (id int); ${addColumn}` });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, {
        ...unhurried,
        policy: { ...unhurried.policy, lockAttempts: 2 },
      });
      expect(report).toMatchObject({ outcome: 'failed', pending: [Up.name] });
      expect(report.failed?.error).toBeInstanceOf(MigrationBlockedError);
      expect(report.failed?.error.message).toMatch(/2 attempts.*\n.*\(the holder\)/);
    });
    await holder.query('ROLLBACK');
    await holder.end();
    expect(await database.query(`SELECT FROM pg_tables WHERE tablename = 'fresh'`)).toHaveLength(0);
  });

  it.each([
    ['each', undefined],
    ['all', undefined],
    ['each', false],
  ] as const)(
    'is waited for under TypeORM’s own runner too (%s, transaction = %s)',
    async (mode, transaction) => {
      const holder = await database.connect('the holder');
      await holder.query('BEGIN; LOCK TABLE leads');
      const Up = migration('Up', { up: addColumn, ...(transaction !== undefined && { transaction }) });
      const dataSource = postgres(database, [Up]);
      guardMigrations(dataSource, quick);
      await withDataSource(dataSource, async () => {
        const running = dataSource.runMigrations({ transaction: mode });
        await until(() => lines.some((line) => line.includes('did not get its lock')));
        await holder.query('COMMIT');
        expect(await running).toHaveLength(1);
      });
      await holder.end();
    },
  );
});

describe('two processes that migrate at once', () => {
  it('run each migration once: the other waits and finds nothing to do', async () => {
    const opened = gate();
    let runs = 0;
    const Up = migration('Up', {
      up: async (queryRunner) => {
        runs += 1;
        await opened.promise;
        await queryRunner.query(addColumn);
      },
    });
    await withDataSource(postgres(database, [Up]), (one) =>
      withDataSource(postgres(database, [Up]), async (two) => {
        const first = runMigrations(one, { log });
        await until(() => runs === 1);
        const second = runMigrations(two, { log });
        await until(() => lines.some((line) => line.startsWith('Waiting for "migrate"')));
        opened.resolve();
        expect(await first).toMatchObject({ outcome: 'done' });
        expect(await second).toMatchObject({ outcome: 'nothing-to-do', waitedForOther: true });
      }),
    );
    expect(runs).toBe(1);
  });

  it('a dead holder keeps the next waiting for no longer than its lease', async () => {
    const Up = migration('Up', { up: addColumn });
    await withDataSource(postgres(database, []), (dataSource) => runMigrations(dataSource, { log }));
    await database.query(
      `UPDATE nestjs_backfill.deploy_lease SET owner = 'dead', expires_at = clock_timestamp() + interval '700 ms', fencing_token = 99`,
    );
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      expect(await runMigrations(dataSource, { log })).toMatchObject({
        outcome: 'done',
        waitedForOther: true,
      });
    });
  });

  it('a pool of one connection, used by a long statement, does not let the lease run out', async () => {
    let runs = 0;
    const Slow = migration('Slow', {
      transaction: false,
      up: async (queryRunner) => {
        runs += 1;
        await queryRunner.query('SELECT pg_sleep(2)');
        await queryRunner.query(addColumn);
      },
    });
    const small = () => postgres(database, [Slow], { extra: { max: 1 } });
    await withDataSource(small(), (one) =>
      withDataSource(small(), async (two) => {
        const first = runMigrations(one, { log, lease: 900 });
        await until(() => runs === 1);
        const second = runMigrations(two, { log, lease: 900 });
        expect(await first).toMatchObject({ outcome: 'done' });
        expect(await second).toMatchObject({ outcome: 'nothing-to-do', waitedForOther: true });
      }),
    );
    expect(runs).toBe(1);
  });

  it('one that was overtaken before it began begins nothing, with a transaction or without', async () => {
    const overtake = () =>
      database.query(
        `UPDATE nestjs_backfill.deploy_lease SET owner = 'other', fencing_token = fencing_token + 1`,
      );
    const First = migration('First', { up: addColumn, requires: ['leads'] });
    const Second = migration('Second', {
      transaction: false,
      up: 'CREATE TABLE second ()',
      requires: ['last'],
    });
    const proving = {
      names: () => ['leads', 'last'],
      prove: async (name: string) => {
        if (name === 'last') await overtake();
        return { complete: true, status: 'complete' };
      },
      finish: () => Promise.resolve(),
    };
    await withDataSource(postgres(database, [First, Second]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log, gate: proving });
      expect(report.ran.map(({ name }) => name)).toEqual([First.name]);
      expect(report.failed?.error.name).toBe('DeployLeaseLostError');
    });
    expect(await database.query(`SELECT FROM pg_class WHERE relname = 'second'`)).toEqual([]);
  });

  it('one that was overtaken while it stalled commits nothing', async () => {
    const [reached, overtaken] = [gate(), gate()];
    const Up = migration('Up', {
      up: async (queryRunner) => {
        await queryRunner.query(addColumn);
        reached.resolve();
        await overtaken.promise;
      },
    });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const running = runMigrations(dataSource, { log });
      await reached.promise;
      await database.query(
        `UPDATE nestjs_backfill.deploy_lease SET owner = 'other', fencing_token = fencing_token + 1`,
      );
      overtaken.resolve();
      const report = await running;
      expect(report.outcome).toBe('failed');
      expect(report.failed?.error.name).toBe('DeployLeaseLostError');
    });
    expect(await columns()).not.toContain('extra');
  });
});

describe('a contract migration', () => {
  const requires = ['leads-note'];
  const setNotNullNow = `ALTER TABLE leads ALTER note SET NOT NULL`;

  /** Complete when no lead is without a note. */
  function backfills(): CompletionGate {
    const left = () => count('leads WHERE note IS NULL');
    return {
      names: () => requires,
      prove: async () => ({ complete: (await left()) === 0, status: 'incomplete', left: await left() }),
      finish: async () => void (await database.query(`UPDATE leads SET note = 'done' WHERE note IS NULL`)),
    };
  }

  it('is refused while its backfill is not complete, and says how much is left and how to finish', async () => {
    const Up = migration('Contract', { up: setNotNullNow, requires });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log, gate: backfills() });
      expect(report.failed?.error).toBeInstanceOf(RequirementNotMetError);
      expect(report.failed?.error.message).toMatch(
        /leads-note: incomplete, 5 rows left[\s\S]*--backfill leads-note/,
      );
    });
  });

  it('is refused when it names what it requires without a list, and says how to write it', async () => {
    const Up = migration('Contract', { up: setNotNullNow, requires: 'leads-note' as unknown as string[] });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log, gate: backfills() });
      expect(report.failed?.error).toBeInstanceOf(MigrationDeclarationError);
      expect(report.failed?.error.message).toContain('static readonly requires = [');
    });
  });

  it('runs once its backfill is proved complete', async () => {
    await database.query(update);
    const Up = migration('Contract', { up: setNotNullNow, requires });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      expect(await runMigrations(dataSource, { log, gate: backfills() })).toMatchObject({ outcome: 'done' });
    });
  });

  it.each(['runMigrations', 'TypeORM'])(
    'with `finish` runs the rest first, outside of its transaction (%s)',
    async (by) => {
      const Up = migration('Contract', { up: setNotNullNow, requires, finish: true });
      await withDataSource(postgres(database, [Up]), async (dataSource) => {
        guardMigrations(dataSource, { log, gate: backfills() });
        if (by === 'TypeORM') await dataSource.runMigrations({ transaction: 'each' });
        else expect(await runMigrations(dataSource, { log })).toMatchObject({ outcome: 'done' });
      });
      expect(await count(`leads WHERE note = 'done'`)).toBe(5);
    },
  );

  it.each(['each', 'all'] as const)(
    'with `onIncomplete: defer` is left pending with those behind it, without failing (%s)',
    async (transaction) => {
      const Before = migration('Before', { up: addColumn });
      const Contract = migration('Contract', { up: setNotNullNow, requires, onIncomplete: 'defer' });
      const After = migration('After', { up: `CREATE TABLE later (id int)` });
      await withDataSource(postgres(database, [Before, Contract, After]), async (dataSource) => {
        const options = { log, gate: backfills(), transaction };
        expect(await runMigrations(dataSource, options)).toMatchObject({
          outcome: 'deferred',
          ran: [{ name: Before.name }],
          deferred: { name: Contract.name, waitsFor: [{ backfill: 'leads-note', left: 5 }] },
          pending: [Contract.name, After.name],
        });
        expect(await migrationStatus(dataSource)).toMatchObject({ waiting: [{ name: Contract.name }] });
        await database.query(update);
        expect(await runMigrations(dataSource, options)).toMatchObject({ outcome: 'done', pending: [] });
      });
    },
  );

  it.each([
    [
      'an unknown backfill',
      { requires: ['leads-notes'] },
      true,
      /"leads-notes", but no backfill with this name[\s\S]*Declared backfills: leads-note/,
    ],
    ['nobody who can prove it', { requires }, false, /cannot prove backfills/],
  ])('with %s is refused by name', async (_what, statics, withGate, message) => {
    const Up = migration('Contract', { up: setNotNullNow, ...statics });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      const { failed } = await runMigrations(dataSource, { log, ...(withGate && { gate: backfills() }) });
      expect(failed?.error).toBeInstanceOf(UnprovableRequirementError);
      expect(failed?.error.message).toMatch(message);
    });
  });
});

it('the status tells a required backfill that does not exist, and everything else all the same', async () => {
  const Known = migration('Known', { requires: ['leads'] });
  const Unknown = migration('Unknown', { requires: ['lead', 'leads'] });
  const proving = {
    names: () => ['leads'],
    prove: () => Promise.resolve({ complete: false, status: 'running', left: 3 }),
    finish: () => Promise.resolve(),
  };
  await withDataSource(postgres(database, [Known, Unknown]), async (dataSource) => {
    guardMigrations(dataSource, { log, gate: proving });
    expect((await migrationStatus(dataSource)).waiting).toEqual([
      { name: Known.name, waitsFor: [{ backfill: 'leads', complete: false, status: 'running', left: 3 }] },
      {
        name: Unknown.name,
        waitsFor: [
          { backfill: 'lead', status: 'not declared' },
          { backfill: 'leads', complete: false, status: 'running', left: 3 },
        ],
      },
    ]);
  });
});

describe('safe steps', () => {
  it('set NOT NULL and add a foreign key in steps that each commit, and can be run again after a failure', async () => {
    await database.query('CREATE TABLE calls (id int PRIMARY KEY, lead_id int)');
    await database.query('INSERT INTO calls VALUES (1, 999)');
    const Up = migration('Safe', {
      transaction: false,
      up: async (queryRunner) => {
        await setNotNull(queryRunner, 'public.leads', 'note');
        await addForeignKey(queryRunner, {
          table: 'calls',
          columns: ['lead_id'],
          references: 'leads',
          onDelete: 'CASCADE',
        });
      },
    });
    await withDataSource(postgres(database, [Up]), async (dataSource: DataSource) => {
      expect(await runMigrations(dataSource, { log })).toMatchObject({ outcome: 'failed' });
      await database.query(update);
      expect(await runMigrations(dataSource, { log })).toMatchObject({ outcome: 'failed' });
      await database.query('DELETE FROM calls');
      expect(await runMigrations(dataSource, { log })).toMatchObject({ outcome: 'done' });
    });
    const constraints = await database.query(
      `SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f') AND convalidated`,
    );
    expect(constraints).toEqual([{ conname: 'calls_lead_id_fkey' }]);
  });

  it('are refused inside of a transaction', async () => {
    const Up = migration('Safe', { up: (queryRunner) => setNotNull(queryRunner, 'leads', 'note') });
    await withDataSource(postgres(database, [Up]), async (dataSource) => {
      expect((await runMigrations(dataSource, { log })).failed?.error.message).toContain(
        'transaction = false',
      );
    });
  });
});

async function columns(): Promise<readonly string[]> {
  const rows = await database.query<{ column_name: string }>(
    `SELECT column_name FROM information_schema.columns WHERE table_name = 'leads'`,
  );
  return rows.map((row) => row.column_name);
}

async function count(from: string): Promise<number> {
  const [row] = await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${from}`);
  return row?.n ?? -1;
}

function notes(): Promise<number> {
  return count('leads WHERE note IS NOT NULL');
}
