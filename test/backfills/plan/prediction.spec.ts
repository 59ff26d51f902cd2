import { Backfill, type BackfillOptions, type SetBackfill } from 'nestjs-backfill';
import type { BackfillPlan } from 'nestjs-backfill/reports';
import { IsNull } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { startEmbedded, type TestServer } from '../../support/server/server.ts';
import { Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

const ROWS = 30_000;
const PENDING: Omit<BackfillOptions<Lead>, 'name'> = {
  entity: Lead,
  where: { searchName: IsNull() },
  pause: 0,
};

/** Declares a backfill that sets `searchName` to an expression. */
function sets(name: string, expression: string, options: Partial<BackfillOptions<Lead>> = {}) {
  class Sets implements SetBackfill<Lead> {
    set() {
      return { searchName: expression };
    }
  }
  Backfill<Lead>({ ...PENDING, ...options, name })(Sets);
  return Sets;
}

let server: TestServer;
beforeAll(async () => {
  server = await startEmbedded();
});
afterAll(() => server.stop());

describe('the prediction of a plan', () => {
  const stage = Stage.for({
    // No other database writes WAL.
    server: () => server.url,
    entities: LEAD_TABLES,
    backfills: [
      sets('stripes', 'left(lower(name), 14)', { order: 'page' }),
      sets('by-key', 'left(lower(name), 14)', { order: 'key' }),
      sets('constant', `'none'`, { order: 'page' }),
      sets('first', 'name'),
      sets('at-run-time', 'name || clock_timestamp()', { order: 'page' }),
    ],
  });

  const planned = async (name: string) => {
    const { plan } = await stage.application.service.plan({ names: [name] });
    return plan[0] as BackfillPlan;
  };
  const facts = async () => {
    const [row] = await stage.query<{ wal: number; heap: number }>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS wal, pg_relation_size('leads')::float8 AS heap`,
    );
    return row as { wal: number; heap: number };
  };

  // The ledger exists before.
  beforeAll(() => stage.run('first'));

  beforeEach(async () => {
    await stage.query('TRUNCATE leads');
    await stage.query('ALTER TABLE leads SET (autovacuum_enabled = off)');
    await stage.query(
      `INSERT INTO leads (id, tenant_id, name) SELECT i, '1', 'Lead ' || md5(i::text) || repeat('x', 100) FROM generate_series(1, ${ROWS}) AS i`,
    );
    await stage.query('VACUUM (ANALYZE) leads');
    await stage.query('CHECKPOINT');
  });

  it.each(['stripes', 'by-key'])('is close to the WAL and the growth of the run: %s', async (name) => {
    const { prediction } = await planned(name);
    const before = await facts();
    expect(await stage.run(name)).toMatchObject({ status: 'complete', updated: ROWS });
    const after = await facts();
    const [wal, growth] = [after.wal - before.wal, after.heap - before.heap];
    expect(Math.abs((prediction?.walBytes ?? 0) / wal - 1)).toBeLessThan(0.25);
    expect(Math.abs((prediction?.tableGrowthBytes ?? 0) / growth - 1)).toBeLessThan(0.2);
    expect(prediction?.ms).toBeGreaterThan(0);
  });

  it('says that stripes write less WAL and grow the table less than one UPDATE', async () => {
    const { ways, prediction } = await planned('stripes');
    const [stripes, update] = [ways.find(({ way }) => way === 'stripes'), ways.at(-1)];
    expect(update?.way).toBe('one-update');
    expect(stripes?.isDeclared).toBe(true);
    expect(stripes?.walBytes).toBeLessThan(0.9 * (update?.walBytes ?? 0));
    expect(stripes?.growthBytes).toBeLessThan(0.7 * (update?.growthBytes ?? 0));
    expect(prediction?.heapOnlyShare).toBeGreaterThan(0.5);
  });

  it('names the dead rows for autovacuum, and its threshold', async () => {
    expect((await planned('stripes')).prediction?.autovacuumFrom).toBeNull();
    await stage.query('ALTER TABLE leads RESET (autovacuum_enabled)');
    const { prediction } = await planned('by-key');
    expect(prediction?.autovacuumFrom).toBe(50 + 0.2 * ROWS);
    expect(prediction?.deadRows).toBe(ROWS);
  });

  it('names a default instead of a constant, and a virtual column instead of an expression of the row', async () => {
    const cheapest = async (name: string) => (await planned(name)).ways[0];
    expect(await cheapest('constant')).toMatchObject({ way: 'default', walBytes: 0, isDeclared: false });
    expect(await cheapest('stripes')).toMatchObject({ way: 'virtual-column', walBytes: 0 });
    expect(['stripes', 'page-order', 'key-order']).toContain((await cheapest('at-run-time'))?.way);
  });

  it('skips rows that another session has locked, and changes nothing', async () => {
    const lock = await LockHolder.hold(stage.database, 'SELECT FROM leads WHERE id % 2 = 0 FOR UPDATE');
    const before = await stage.query('SELECT xmin::text, ctid::text FROM leads ORDER BY id');
    expect(await planned('stripes')).toMatchObject({
      warnings: [],
      prediction: expect.any(Object) as object,
    });
    expect(await planned('by-key')).toMatchObject({ warnings: [], prediction: expect.any(Object) as object });
    expect(await stage.query('SELECT xmin::text, ctid::text FROM leads ORDER BY id')).toEqual(before);
    await lock.release();
  });
});
