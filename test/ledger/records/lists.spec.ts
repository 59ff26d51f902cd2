import { RecordListLedger } from '../../../libs/backfill/src/ledger/records/record-list.ledger.ts';
import { LedgerWithNeighbours } from './neighbours.ts';

describe('a list for people has no records of other names, versions and tables', () => {
  let stage: LedgerWithNeighbours;
  beforeAll(async () => {
    stage = await LedgerWithNeighbours.create();
  });
  afterAll(() => stage.stop());

  it('its history, the newest entry first, in parts', async () => {
    const list = new RecordListLedger(stage.ledger);
    const { total, items } = await list.history(stage.session, { limit: 100, offset: 0 });
    expect(total).toBe(12);
    expect(items.map(({ what, before, after, reason }) => [what, before, after, reason])).toEqual([
      ['throttled', null, null, 'Load 1'],
      ['maxRows', null, 'as declared', null],
      ['workers', null, '4', null],
      ['maxRows', null, '7', null],
      ['workers', null, '3', null],
      ['status', 'complete', 'running', 'Drift 1'],
      ['pause', null, 'as declared', null],
      ['status', 'running', 'complete', 'Done'],
      ['batchSize', null, '601', 'Slow'],
      ['batchSize', null, '500', null],
      ['pause', null, '5', null],
      ['status', 'pending', 'running', 'First run'],
    ]);
    const part = await list.history(stage.session, { limit: 2, offset: 5 });
    expect(part).toEqual({ total: 12, items: items.slice(5, 7) });
  });

  it('its tenants, found and sorted', async () => {
    const list = new RecordListLedger(stage.ledger);
    const tenants = async (
      search: string | null,
      column: 'tenant' | 'updated',
      direction: 'ASC' | 'DESC',
    ) => {
      const window = { search, column, direction, limit: 2, offset: 0 };
      const { total, items } = await list.tenants(stage.session, window);
      return [total, ...items.map(({ tenant, updated }) => [tenant, updated])];
    };
    expect(await tenants(null, 'updated', 'DESC')).toEqual([3, [null, 30], ['b', 20]]);
    expect(await tenants(null, 'updated', 'ASC')).toEqual([3, ['a', 15], ['b', 20]]);
    expect(await tenants(null, 'tenant', 'DESC')).toEqual([3, ['b', 20], ['a', 15]]);
    expect(await tenants('A', 'tenant', 'ASC')).toEqual([1, ['a', 15]]);
    expect(await tenants('%', 'tenant', 'ASC')).toEqual([0]);
    expect(await tenants('_', 'tenant', 'ASC')).toEqual([0]);
  });

  it('the groups of its rows in quarantine, and the rows of a group', async () => {
    const list = new RecordListLedger(stage.ledger);
    const last = '2026-01-07T00:00:00.000Z';
    expect(await list.quarantineGroups(stage.session)).toEqual([
      {
        ...{ error: 'duplicate … (#)', example: 'duplicate "x" (1)', code: '23505', rows: 2 },
        ...{ keys: [['4'], ['3']], lastTriedAt: '2026-01-10T00:00:00.000Z' },
      },
      {
        ...{ error: 'too long', example: 'too long', code: '22001', rows: 2, keys: [['6'], ['5']] },
        lastTriedAt: last,
      },
      {
        ...{ error: 'too long', example: 'too long', code: null, rows: 1, keys: [['7']] },
        lastTriedAt: last,
      },
    ]);
    const keys = async (error: string | null, chosen: readonly string[][] | null, offset = 0) => {
      const { total, items } = await list.quarantinedRows(
        stage.session,
        { error, keys: chosen },
        { limit: 2, offset },
      );
      return [total, ...items.map(({ key }) => key[0])];
    };
    expect(await keys(null, null)).toEqual([5, '6', '7']);
    expect(await keys(null, null, 3)).toEqual([5, '5', '3']);
    expect(await keys('duplicate … (#)', null)).toEqual([2, '4', '3']);
    expect(await keys('too long', [['3'], ['5']])).toEqual([1, '5']);
  });

  it('its open ranges: those with a lease come first, and an expired lease is none', async () => {
    const { total, items } = await new RecordListLedger(stage.ledger).openRanges(stage.session);
    expect(total).toBe(3);
    expect(items.map(({ state, leasedBy, updated, lower }) => [state, leasedBy, updated, lower])).toEqual([
      ['sweeping', 'host:1:1', 3, '["1"]'],
      ['sweeping', null, 5, '["9"]'],
      ['settling', null, 7, null],
    ]);
    expect(items.map(({ leaseExpiresAt }) => leaseExpiresAt === null)).toEqual([false, true, true]);
  });
});
