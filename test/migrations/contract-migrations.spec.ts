import {
  DangerousLockError,
  MigrationDeclarationError,
  RequirementNotMetError,
  UnprovableRequirementError,
} from '../../libs/backfill/src/migrations/migration.error.ts';
import { guardMigrations } from '../../libs/backfill/src/migrations/migration.guarding.ts';
import type { CompletionGate } from '../../libs/backfill/src/migrations/migration.options.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { migrationStatus } from '../../libs/backfill/src/migrations/run/migration.status.ts';
import { ADD_COLUMN, MigrationStage, UPDATE } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

describe('a contract migration', () => {
  const requires = ['leads-note'];
  const setNotNullNow = `ALTER TABLE leads ALTER note SET NOT NULL`;

  /** Complete when every lead has a note. */
  function backfills(): CompletionGate {
    const left = () => stage.count('leads WHERE note IS NULL');
    return {
      names: () => requires,
      prove: async () => ({ complete: (await left()) === 0, status: 'incomplete', left: await left() }),
      finish: async () =>
        void (await stage.database.query(`UPDATE leads SET note = 'done' WHERE note IS NULL`)),
    };
  }

  it('is refused while its backfill is incomplete, with the number of rows left and how to finish', async () => {
    const Up = migration('Contract', { up: setNotNullNow, requires });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log, gate: backfills() });
      expect(report.failed?.error).toBeInstanceOf(RequirementNotMetError);
      expect(report.failed?.error.message).toMatch(
        /leads-note: incomplete, 5 rows left[\s\S]*--backfill leads-note/,
      );
    });
  });

  it('is refused with the rows that became pending after its backfill was complete, without a contradiction', async () => {
    const Up = migration('Contract', { up: setNotNullNow, requires, onIncomplete: 'defer' });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const gate = { ...backfills(), prove: async () => ({ complete: false, status: 'complete', left: 5 }) };
      await runMigrations(dataSource, { log: stage.log, gate });
      expect(stage.lines.join()).toContain('leads-note (5 rows became pending since it was complete)');
      expect(stage.lines.join()).not.toContain('is complete');
    });
  });

  it('is refused if `requires` is not a list, with the correct form', async () => {
    const Up = migration('Contract', { up: setNotNullNow, requires: 'leads-note' as unknown as string[] });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log, gate: backfills() });
      expect(report.failed?.error).toBeInstanceOf(MigrationDeclarationError);
      expect(report.failed?.error.message).toContain('static readonly requires = [');
    });
  });

  it('may drop a column, because it belongs to a later release than the code that read it', async () => {
    const drop = 'ALTER TABLE leads DROP COLUMN note';
    const gate: CompletionGate = {
      ...backfills(),
      prove: async () => ({ complete: true, status: 'complete', left: 0 }),
    };
    const Early = migration('Early', { up: drop });
    const Contract = migration('Contract', { up: drop, requires });
    await withDataSource(postgresDataSource(stage.database, [Early]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log, gate });
      expect(report.failed?.error).toBeInstanceOf(DangerousLockError);
    });
    await withDataSource(postgresDataSource(stage.database, [Contract]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log, gate });
      expect(report.failed).toBeUndefined();
    });
  });

  it('runs when its backfill is proved complete', async () => {
    await stage.database.query(UPDATE);
    const Up = migration('Contract', { up: setNotNullNow, requires });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      expect(await runMigrations(dataSource, { log: stage.log, gate: backfills() })).toMatchObject({
        outcome: 'done',
      });
    });
  });

  it.each(['runMigrations', 'TypeORM'])(
    'runs the remaining batches first, outside its transaction, with `finish` (%s)',
    async (by) => {
      const Up = migration('Contract', { up: setNotNullNow, requires, finish: true });
      await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
        guardMigrations(dataSource, { log: stage.log, gate: backfills() });
        if (by === 'TypeORM') await dataSource.runMigrations({ transaction: 'each' });
        else expect(await runMigrations(dataSource, { log: stage.log })).toMatchObject({ outcome: 'done' });
      });
      expect(await stage.count(`leads WHERE note = 'done'`)).toBe(5);
    },
  );

  it.each(['each', 'all'] as const)(
    'stays pending with those after it, without failing, with `onIncomplete: defer` (%s)',
    async (transaction) => {
      const Before = migration('Before', { up: ADD_COLUMN });
      const Contract = migration('Contract', { up: setNotNullNow, requires, onIncomplete: 'defer' });
      const After = migration('After', { up: `CREATE TABLE later (id int)` });
      await withDataSource(
        postgresDataSource(stage.database, [Before, Contract, After]),
        async (dataSource) => {
          const options = { log: stage.log, gate: backfills(), transaction };
          expect(await runMigrations(dataSource, options)).toMatchObject({
            outcome: 'deferred',
            ran: [{ name: Before.name }],
            deferred: { name: Contract.name, waitsFor: [{ backfill: 'leads-note', left: 5 }] },
            pending: [Contract.name, After.name],
          });
          expect(await migrationStatus(dataSource)).toMatchObject({ waiting: [{ name: Contract.name }] });
          await stage.database.query(UPDATE);
          expect(await runMigrations(dataSource, options)).toMatchObject({ outcome: 'done', pending: [] });
        },
      );
    },
  );

  it.each([
    [
      'an unknown backfill',
      { requires: ['leads-notes'] },
      true,
      /"leads-notes", but no backfill with this name[\s\S]*Declared backfills: leads-note/,
    ],
    ['nothing that can prove it', { requires }, false, /cannot prove backfills/],
  ])('is refused by name with %s', async (_what, statics, withGate, message) => {
    const Up = migration('Contract', { up: setNotNullNow, ...statics });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const { failed } = await runMigrations(dataSource, {
        log: stage.log,
        ...(withGate && { gate: backfills() }),
      });
      expect(failed?.error).toBeInstanceOf(UnprovableRequirementError);
      expect(failed?.error.message).toMatch(message);
    });
  });
});

it('the status lists a required backfill that does not exist, and everything else', async () => {
  const Known = migration('Known', { requires: ['leads'] });
  const Unknown = migration('Unknown', { requires: ['lead', 'leads'] });
  const proving = {
    names: () => ['leads'],
    prove: () => Promise.resolve({ complete: false, status: 'running', left: 3 }),
    finish: () => Promise.resolve(),
  };
  await withDataSource(postgresDataSource(stage.database, [Known, Unknown]), async (dataSource) => {
    guardMigrations(dataSource, { log: stage.log, gate: proving });
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
