import { Backfill, type ProcessBackfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { EntitySchema, type EntityManager } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { until } from '../../support/runs/until.ts';
import { TestDatabase } from '../../support/server/database.ts';

const ROWS = 1_200;
const PARTITIONS = 60;
/** Fewer than the partitions: a batch that looks for each of its rows in each partition reads more. */
const MAX_BLOCKS_PER_ROW = 30;

interface Event {
  readonly id: string;
  readonly v: number | null;
}

const EventSchema = new EntitySchema<Event>({
  name: 'Event',
  tableName: 'events',
  columns: { id: { type: 'uuid', primary: true }, v: { type: 'int', nullable: true } },
});
const options = { entity: 'Event', where: 'v IS NULL', batchSize: 100, order: 'key' } as const;

@Backfill<Event>({ ...options, name: 'set' })
class Set implements SetBackfill<Event> {
  set() {
    return { v: '1' };
  }
}

@Backfill<Event>({ ...options, name: 'transform', reads: ['id'], writes: ['v'] })
class Transform implements TransformBackfill<Event> {
  transform(rows: readonly Event[]) {
    return rows.map(() => ({ v: 1 }));
  }
}

@Backfill<Event>({ ...options, name: 'process', reads: ['id'] })
class Process implements ProcessBackfill<Event, 'id'> {
  async process(
    { rows }: { readonly rows: readonly Pick<Event, 'id'>[] },
    manager: EntityManager,
  ): Promise<void> {
    // As the library itself, it lets PostgreSQL choose the partition by the key.
    for (const { id } of rows) await manager.query('UPDATE events SET v = 1 WHERE id = $1', [id]);
  }
}

@Backfill<Event>({ ...options, name: 'purge', kind: 'purge' })
class Purge {}

describe(`a table with ${PARTITIONS} partitions, in key order`, () => {
  it.each(['set', 'transform', 'process', 'purge'])(
    'is changed by a `%s` that looks for each row in its own partition only',
    async (name) => {
      const database = await TestDatabase.create();
      await database.query(
        `CREATE TABLE events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), v int) PARTITION BY HASH (id)`,
      );
      for (let at = 0; at < PARTITIONS; at++)
        await database.query(
          `CREATE TABLE events_${at} PARTITION OF events FOR VALUES WITH (MODULUS ${PARTITIONS}, REMAINDER ${at});
          ALTER TABLE events_${at} SET (autovacuum_enabled = off)`,
        );
      await database.query(
        `INSERT INTO events SELECT gen_random_uuid() FROM generate_series(1, ${ROWS}); ANALYZE events`,
      );
      const counters = async () => {
        const [row] = await database.query<{ changed: number; blocks: number }>(
          `SELECT sum(n_tup_upd + n_tup_del)::int AS changed, sum(heap_blks_read + heap_blks_hit)::int AS blocks
            FROM pg_stat_user_tables JOIN pg_statio_user_tables USING (relid) WHERE pg_stat_user_tables.relname LIKE 'events\\_%'`,
        );
        return row ?? { changed: 0, blocks: 0 };
      };
      const before = await counters();
      const application = await TestApplication.start({
        database,
        entities: [EventSchema],
        backfills: [Set, Transform, Process, Purge],
        synchronize: false,
        module: { defaults: { pause: 0 } },
      });
      const { backfills } = await application.service.run({ names: [name] });
      // The end of its sessions publishes their counters.
      await application.stop();
      expect(backfills).toMatchObject([{ status: 'complete', updated: ROWS }]);
      await until(async () => (await counters()).changed === ROWS);
      const { blocks } = await counters();
      expect(blocks - before.blocks).toBeLessThan(MAX_BLOCKS_PER_ROW * ROWS);
      await database.drop();
    },
  );
});
