import { DataInMigrationError } from '../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { hidden, MigrationStage, UPDATE } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

it.each([
  ['RESET ALL', []],
  [`SELECT set_config($1, 'off', false)`, ['track_counts']],
])(
  'a setting with an unknown name is refused, because the guard may need it: %s',
  async (sql, parameters) => {
    const Up = migration('Up', { up: (queryRunner) => queryRunner.query(sql, parameters) });
    const report = await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
      runMigrations(dataSource, { log: stage.log }),
    );
    expect(report.failed?.error).toBeInstanceOf(DataInMigrationError);
  },
);

describe('rows written while PostgreSQL’s counters are off', () => {
  const hiddenBody = hidden(UPDATE).replace(/^DO \$\$|\$\$$/g, '');
  const routine = (clause: string, body: string) =>
    `CREATE FUNCTION fill() RETURNS void LANGUAGE plpgsql ${clause} AS $$ ${body} $$`;
  const blind = hiddenBody.replace('BEGIN', `BEGIN PERFORM set_config('track_counts', 'off', true);`);

  describe.each([true, false])('inside a transaction: %s,', (transaction) => {
    it.each([
      ['by the function that writes them', [routine('', blind), 'SELECT fill()']],
      ['by its SET clause', [routine('SET track_counts = off', hiddenBody), 'SELECT fill()']],
      [
        'by a SET clause that is added later',
        [routine('', hiddenBody), 'ALTER FUNCTION fill() SET track_counts = off', 'SELECT fill()'],
      ],
      ['by SQL that cannot be read', [hidden('SET track_counts = off'), hidden(UPDATE)]],
      ['for the whole server', ['ALTER SYSTEM SET track_counts = off', hidden(UPDATE)]],
    ])('are refused if turned off %s', async (_how, statements) => {
      const Up = migration('Up', {
        transaction,
        up: async (queryRunner) => {
          for (const sql of statements) await queryRunner.query(sql);
        },
      });
      const report = await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
        runMigrations(dataSource, { log: stage.log }),
      );
      expect(report.failed?.error).toBeInstanceOf(DataInMigrationError);
      expect(await stage.notes()).toBe(0);
    });

    it('are refused if turned off by an existing function', async () => {
      await stage.database.query(routine('SET track_counts = off', hiddenBody));
      const Up = migration('Up', { transaction, up: 'SELECT fill()' });
      const report = await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
        runMigrations(dataSource, { log: stage.log }),
      );
      expect(report.failed?.error).toBeInstanceOf(DataInMigrationError);
      expect(await stage.notes()).toBe(0);
    });
  });
});
