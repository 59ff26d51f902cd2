import { DataSource } from 'typeorm';
import { installLedger } from '../../libs/backfill/src/ledger/ledger.installer.ts';
import { Ledger } from '../../libs/backfill/src/ledger/ledger.ts';
import type { LeasedRange } from '../../libs/backfill/src/ledger/range.ts';
import { Parameters } from '../../libs/backfill/src/postgres/parameters.ts';
import type { Statement } from '../../libs/backfill/src/postgres/pipeline.ts';
import { text } from '../../libs/backfill/src/postgres/decoders.ts';
import { Session } from '../../libs/backfill/src/postgres/session.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { TestDatabase } from '../support/server/database.ts';

/** Enough that a search through all versions reads many times as many pages as one through the newest. */
const BATCHES = 3_000;

describe('while another session keeps an old snapshot open', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let session: Session;
  let holder: LockHolder;
  let range: LeasedRange;
  const ledger = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:test', leaseMs: 600_000 }).of({
    name: 'long',
    version: 1,
    table: '"long"',
  });

  beforeAll(async () => {
    database = await TestDatabase.create();
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    session = await Session.open(dataSource);
    await installLedger(session, 'nestjs_backfill');
    await ledger.locate(session);
    await ledger.status.open(session, 'set');
    await ledger.ranges.planSweep(session, null, [{ lower: null, upper: ['1000000'], file: null }]);
    range = (await ledger.leases.lease(session, null, { maxWorkers: 1, leaseScope: null })) as LeasedRange;
    holder = await LockHolder.hold(
      database,
      'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM nestjs_backfill.range',
    );
    for (let batch = 0; batch < BATCHES; batch++) await session.transaction([advance(), addProgress()]);
  });
  afterAll(async () => {
    await holder.release();
    await session.close();
    await dataSource.destroy();
    await database.drop();
  });

  function advance(): Statement {
    const parameters = new Parameters();
    const updates = ledger.ranges.advance(parameters, range, { cursor: `'["7"]'::jsonb`, updated: '1' });
    return { text: updates, values: parameters.values };
  }

  function addProgress(): Statement {
    const parameters = new Parameters();
    const insert = ledger.progress.add(parameters);
    return {
      text: `WITH nb_changed AS (SELECT unnest(ARRAY['acme', NULL]) AS nb_tenant) ${insert}`,
      values: parameters.values,
    };
  }

  /** The number of pages that the statement reads from the buffers. */
  async function pagesRead(statement: Statement): Promise<number> {
    const explained = { ...statement, text: `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.text}` };
    const plan = (await session.transaction([explained])).last.value(text);
    const hits = /"Shared Hit Blocks": (\d+)/.exec(plan)?.[1];
    return Number(hits);
  }

  it('a batch finds its range without reading the versions that earlier batches left', async () => {
    expect(await pagesRead(advance())).toBeLessThan(25);
  });

  it('a batch finds the progress of its tenants without reading the versions that earlier batches left', async () => {
    expect(await pagesRead(addProgress())).toBeLessThan(50);
  });

  it('the heartbeat, the cursor and the end of the lease read as little', async () => {
    const parameters = new Parameters();
    const cursor = ledger.ranges.cursor(parameters, range, (json) => json);
    expect(await pagesRead({ text: cursor, values: parameters.values })).toBeLessThan(25);
    expect(await pagesRead(ledger.leases.heartbeat(range))).toBeLessThan(25);
  });

  it('every batch is counted once, in the range and for each tenant', async () => {
    // Each call of `pagesRead` has run its statement.
    expect(await ledger.status.summary(session)).toMatchObject({
      batches: BATCHES + 1,
      updated: BATCHES + 1,
    });
    expect(await ledger.progress.tenants(session, null)).toMatchObject(
      ['acme', null].map((tenant) => ({ tenant, updated: BATCHES + 1 })),
    );
  });

  it('a process that lost its lease still cannot commit', async () => {
    const taken = await ledger.leases.leaseAgain(session, range);
    const moved = ledger.ranges.moveCursor(range, ['9']);
    await expect(session.transaction([moved])).rejects.toThrow('the lease has expired');
    expect(taken).toMatchObject({ id: range.id, cursor: ['7'] });
  });
});
