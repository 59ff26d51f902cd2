import type { EventEmitter } from 'node:events';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { MigrationStage } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

describe('the connections of the application’s pool', () => {
  it('have no listener more after twelve migrations with a transaction each', async () => {
    const migrations = Array.from({ length: 12 }, (_, at) =>
      migration(`Up${at}`, { up: `ALTER TABLE leads ADD COLUMN extra_${at} text` }),
    );
    await withDataSource(postgresDataSource(stage.database, migrations), async (dataSource) => {
      const { master } = dataSource.driver as unknown as { readonly master: EventEmitter };
      const clients = new Set<EventEmitter>();
      master.on('acquire', (client: EventEmitter) => clients.add(client));
      await dataSource.query('SELECT 1');
      const [first] = clients;
      const before = first?.listenerCount('error');
      await runMigrations(dataSource, { log: stage.log, transaction: 'each' });
      expect(await stage.columns()).toContain('extra_11');
      expect(before).toBeDefined();
      expect([...clients].map((client) => client.listenerCount('error'))).toEqual(
        [...clients].map(() => before),
      );
    });
  });
});
