import { Parameters } from '../../../libs/backfill/src/postgres/parameters.ts';
import { toControlState } from '../../../libs/backfill/src/ledger/control.ledger.ts';
import { OverviewLedger } from '../../../libs/backfill/src/ledger/records/overview.ledger.ts';
import { RemovalLedger } from '../../../libs/backfill/src/ledger/records/removal.ledger.ts';
import { SampleLedger } from '../../../libs/backfill/src/ledger/records/sample.ledger.ts';
import { LedgerWithNeighbours } from './neighbours.ts';

describe('what is read about a backfill has no records of other names, versions and tables', () => {
  let stage: LedgerWithNeighbours;
  beforeAll(async () => {
    stage = await LedgerWithNeighbours.create();
  });
  afterAll(() => stage.stop());

  it('its status, with the sums of its ranges and the owner of a lease that has not expired', async () => {
    expect(await stage.ledger.status.read(stage.session)).toBe('running');
    expect(await stage.ledger.status.provedFor(stage.session)).toBeNull();
    expect(await stage.ledger.status.summary(stage.session)).toEqual({
      status: 'running',
      reason: 'Reason 1',
      waitingFor: 'Wait 1',
      startedAt: '2026-01-01T00:00:00.000Z',
      changedAt: '2026-01-02T00:00:00.000Z',
      provedAt: null,
      provedFor: null,
      pendingSeenAt: '2026-01-05T00:00:00.000Z',
      updated: 16,
      batches: 20,
      leasedBy: 'host:1:1',
    });
  });

  it('the facts for catch-up, and its drift since the first completion', async () => {
    const { catchUp } = stage.ledger;
    expect(await catchUp.record(stage.session, 'whole')).toEqual({
      status: 'running',
      sealedBy: null,
      newestVersion: 2,
      leasedBy: 'host:1:1',
      hasUnfinished: true,
      hasQuarantined: true,
      isPostponed: true,
      cursor: ['4'],
    });
    expect(await catchUp.newestVersion(stage.session)).toBe(2);
    expect(await catchUp.summary(stage.session)).toEqual({
      sealedBy: null,
      drift: { rows: 15, times: 1, lastAt: '2026-01-03T10:00:00.000Z' },
      looked: { at: '2026-01-04T00:00:00.000Z', index: 'index_1' },
    });
  });

  it('the settings in force: the newest of each, for the table or for every one', async () => {
    const { control } = stage.ledger;
    expect(await control.inForce(stage.session)).toEqual([
      { setting: 'batchSize', value: '601', by: 'me@host', why: 'Slow', at: '2026-01-02T00:00:00.000Z' },
      { setting: 'workers', value: '4', by: 'you@host', why: null, at: '2026-01-05T00:00:00.000Z' },
    ]);
    expect([...(await control.forEveryTarget(stage.session))]).toEqual([
      ['hold', 'paused'],
      ['workers', '4'],
    ]);
  });

  it('the status, the settings and the leases that a run reads with each batch', async () => {
    const read = async (
      tenants: readonly string[] | null,
      leaseScope: readonly string[] | null | 'every',
    ) => {
      const parameters = new Parameters();
      const text = stage.ledger.control.state(parameters, tenants, leaseScope);
      const { last } = await stage.session.send([
        { text: `SELECT (${text})::text`, values: parameters.values },
      ]);
      return last.value((json) => toControlState(String(json)));
    };
    const [done, leased, expired, retry] = await stage.ranges('id::text AS number');
    expect(done).toBeDefined();
    const state = { status: 'running', reason: 'Reason 1', settings: { batchSize: '601', workers: '4' } };
    expect(await read(null, null)).toEqual({
      ...state,
      leases: { leases: [`${String(leased?.['number'])}/7`], free: [expired?.['number']] },
    });
    expect(await read(['a'], 'every')).toEqual({
      ...state,
      leases: { leases: [`${String(leased?.['number'])}/7`], free: [retry?.['number']] },
    });
    expect(await read(['a'], ['a'])).toEqual({
      ...state,
      leases: { leases: [], free: [retry?.['number']] },
    });
  });

  it('the leases of other processes, also those that have expired', async () => {
    const { leases } = stage.ledger;
    expect(await leases.foreignLeases(stage.session, null)).toEqual([
      {
        owner: 'host:1:1',
        expiresInMs: expect.any(Number) as number,
        renewal: expect.stringMatching(/\/7$/) as string,
      },
      { owner: 'host:2:1', expiresInMs: 0, renewal: expect.stringMatching(/^2026-01-05.*\/8$/) as string },
    ]);
    const [first] = await leases.foreignLeases(stage.session, 'every');
    expect(first?.expiresInMs).toBeGreaterThan(1_000_000);
    expect(first?.expiresInMs).toBeLessThanOrEqual(3_600_000);
    expect(await leases.foreignLeases(stage.session, ['a'])).toEqual([]);
  });

  it('the numbers of its skipped rows and of those in quarantine, in total and by tenant', async () => {
    const { progress } = stage.ledger;
    expect(await progress.counts(stage.session, null)).toEqual({ skipped: 2, quarantined: 5 });
    expect(await progress.counts(stage.session, ['a'])).toEqual({ skipped: 1, quarantined: 2 });
    expect(await progress.counts(stage.session, ['c'])).toEqual({ skipped: 0, quarantined: 0 });
    const tenants = [
      {
        tenant: null,
        updated: 30,
        skipped: 0,
        quarantined: 1,
        lastTouchedAt: '2026-01-07T00:00:00.000Z',
      },
      { tenant: 'b', updated: 20, skipped: 1, quarantined: 2, lastTouchedAt: '2026-01-08T00:00:00.000Z' },
      { tenant: 'a', updated: 15, skipped: 1, quarantined: 2, lastTouchedAt: '2026-01-10T00:00:00.000Z' },
    ];
    expect(await progress.tenants(stage.session, null)).toEqual(tenants);
    expect(await progress.tenants(stage.session, ['a', 'c'])).toEqual(tenants.slice(2));
  });

  it('its rows in quarantine, page by page, and their errors', async () => {
    const { quarantine } = stage.ledger;
    const keys = (tenants: readonly string[] | null, after: readonly string[] | null, limit: number) =>
      quarantine.keys(stage.session, tenants, after, limit);
    expect(await keys(null, null, 3)).toEqual([['3'], ['4'], ['5']]);
    expect(await keys(null, ['5'], 3)).toEqual([['6'], ['7']]);
    expect(await keys(['a'], ['3'], 3)).toEqual([['4']]);
    expect(await quarantine.commonErrors(stage.session, 2)).toEqual([
      { error: 'too long', rows: 3 },
      { error: 'duplicate "x" (1)', rows: 1 },
    ]);
    expect(await quarantine.first(stage.session, 3)).toEqual([
      { key: ['6'], error: 'too long', attempts: 1 },
      { key: ['7'], error: 'too long', attempts: 1 },
      { key: ['4'], error: 'duplicate "y" (2)', attempts: 1 },
    ]);
  });

  it('the skipped rows of one range, page by page', async () => {
    const { skipped } = stage.ledger;
    const leased = await stage.range(1);
    expect(await skipped.list(stage.session, leased, null, 5)).toEqual([['1']]);
    expect(await skipped.list(stage.session, leased, ['1'], 5)).toEqual([]);
    expect(await skipped.list(stage.session, await stage.range(3), ['1'], 5)).toEqual([['2']]);
  });

  it('whether a range is unfinished, and which can be split', async () => {
    const { ranges } = stage.ledger;
    expect(await ranges.hasUnfinished(stage.session, null)).toBe(true);
    expect(await ranges.hasUnfinished(stage.session, ['a'])).toBe(true);
    expect(await ranges.hasUnfinished(stage.session, ['b'])).toBe(false);
    expect(await ranges.hasSplittable(stage.session, ['a'])).toBe(false);
    const parameters = new Parameters();
    const { last } = await stage.session.send([
      { text: ranges.splittable(parameters, null), values: parameters.values },
    ]);
    expect(last.rows.map((row) => row.slice(1))).toEqual([
      ['["9"]', '["5"]'],
      ['["20"]', '["9"]'],
    ]);
  });

  it('the points of its chart', async () => {
    const points = await new SampleLedger(stage.ledger).points(stage.session, 24);
    expect(points).toEqual([
      {
        at: expect.any(String) as string,
        ...{ rowsPerSecond: 20, remaining: 700, batchSize: 20, throttled: 0, waitingFor: 'a lock' },
      },
    ]);
  });

  it('what an overview of many backfills says of it', async () => {
    const overview = new OverviewLedger({ schema: 'nestjs_backfill' });
    const record = {
      ...{ name: 'names', ownTarget: 'public.leads', recordedTarget: 'public.leads', isReplaced: false },
      ...{ kind: 'set', status: 'running', reason: 'Reason 1', waitingFor: 'Wait 1' },
      ...{ waitingSince: '2026-01-01T00:00:00.000Z', updated: 16, batches: 20, skipped: 2, quarantined: 5 },
      ...{ remaining: 700, rowsPerSecond: 20, leasedBy: 'host:1:1', startedAt: '2026-01-01T00:00:00.000Z' },
      ...{ changedAt: '2026-01-02T00:00:00.000Z', completedAt: null, sealedBy: null },
      ...{ probedAt: '2026-01-04T00:00:00.000Z', isProvedOtherwise: false },
    };
    expect(await overview.own(stage.session, [stage.ledger.subject])).toEqual([record]);
    expect(
      await overview.own(stage.session, [
        { name: 'names', version: 3, table: '"leads"' },
        { ...stage.ledger.subject, table: '"people"' },
        { ...stage.ledger.subject, table: 'leads' },
      ]),
    ).toMatchObject([
      { recordedTarget: 'public.people', updated: 160_000 },
      { recordedTarget: 'public.leads', updated: 16 },
    ]);
    expect(await overview.counts(stage.session, [])).toEqual([
      { name: 'names', version: 1, status: 'running', targets: 1 },
      { name: 'names', version: 2, status: 'running', targets: 2 },
      { name: 'others', version: 2, status: 'running', targets: 1 },
    ]);
  });

  it('the records of its other tables, and of its name', async () => {
    const { targets } = stage.root;
    const names = { name: 'names', version: 2 };
    const others = await targets.others(
      stage.session,
      { ...names, declaration: null },
      { except: 'public.leads', limit: 5 },
    );
    expect(others).toMatchObject({ total: 1, complete: 0, first: [{ name: 'public.people' }] });
    expect((await targets.list(stage.session, names)).map(({ name, reason }) => [name, reason])).toEqual([
      ['public.leads', 'Reason 1'],
      ['public.people', 'Reason 10000'],
    ]);
    expect(await targets.find(stage.session, names, stage.ledger.target)).toMatchObject({
      name: 'public.leads',
      reason: 'Reason 1',
    });
    expect(
      (await targets.newestOf(stage.session, 'names')).map(({ name, reason }) => [name, reason]),
    ).toEqual([
      ['public.leads', 'Reason 1'],
      ['public.people', 'Reason 10000'],
    ]);
    expect(await targets.newestExcept(stage.session, ['names'])).toEqual([{ name: 'others', version: 2 }]);
    expect(await targets.newestExcept(stage.session, ['others'])).toEqual([{ name: 'names', version: 2 }]);
    const removal = new RemovalLedger({ schema: 'nestjs_backfill' });
    expect(await removal.find(stage.session, 'others')).toEqual({
      statuses: [{ status: 'running', records: 1 }],
      quarantined: 5,
      leasedBy: 'host:1:100',
    });
    expect(await removal.otherNames(stage.session, ['names'])).toEqual(['others']);
  });
});
