import { LedgerWithNeighbours } from './neighbours.ts';

const STATES = `state, lease_owner IS NULL AS "isFree", fencing_token::int AS token`;
/** The ranges of the backfill as they are at first: done, leased, with an expired lease, and of tenant a. */
const DONE = { state: 'done', isFree: true, token: 5 };
const LEASED = { state: 'sweeping', isFree: false, token: 7 };
const EXPIRED = { state: 'sweeping', isFree: false, token: 8 };
const OF_TENANT = { state: 'settling', isFree: true, token: 9 };

describe('a change of the ranges of a backfill leaves those of other names, versions and tables alone', () => {
  const unchanged = LedgerWithNeighbours.forEachTest();
  let stage: LedgerWithNeighbours;
  beforeEach(() => {
    stage = unchanged.current;
  });
  const states = () => stage.ranges(STATES);

  it('a lease: a free range or one whose lease has expired, within the limit of workers', async () => {
    const { leases } = stage.ledger;
    const limit = { maxWorkers: 2, leaseScope: 'every' } as const;
    expect(await leases.lease(stage.session, null, { ...limit, maxWorkers: 1 })).toBeNull();
    expect(await leases.lease(stage.session, ['b'], limit)).toBeNull();
    const { id } = await stage.range(2);
    expect(await leases.lease(stage.session, null, { ...limit, except: [id] })).toBeNull();
    const range = await leases.lease(stage.session, null, limit);
    expect(range).toMatchObject({ id, token: '9', lower: ['9'], upper: ['20'], cursor: null, updated: 5 });
    expect(await leases.lease(stage.session, ['a'], limit)).toBeNull();
    const ofTenant = await leases.lease(stage.session, ['a'], { ...limit, leaseScope: ['a'] });
    expect(ofTenant).toMatchObject({ purpose: 'retry', state: 'settling', tenants: ['a'], token: '10' });
    expect(await states()).toEqual([
      DONE,
      LEASED,
      { ...EXPIRED, token: 9 },
      { ...OF_TENANT, isFree: false, token: 10 },
    ]);
  });

  it('the end of a lease: a release, an end of the range, and the expiry of a dead process', async () => {
    const { leases } = stage.ledger;
    const [leased, expired] = [await stage.range(1), await stage.range(2)];
    await leases.release(stage.session, { ...leased, token: '6' });
    await leases.finish(stage.session, { ...leased, token: '8' });
    expect(await states()).toEqual([DONE, LEASED, EXPIRED, OF_TENANT]);
    expect(await leases.releaseSurplus(stage.session, leased, { maxWorkers: 1, leaseScope: 'every' })).toBe(
      false,
    );
    expect(await leases.releaseSurplus(stage.session, leased, { maxWorkers: 0, leaseScope: ['a'] })).toBe(
      false,
    );
    expect(await leases.releaseSurplus(stage.session, leased, { maxWorkers: 0, leaseScope: 'every' })).toBe(
      true,
    );
    expect(await leases.releaseSurplus(stage.session, leased, { maxWorkers: 5, leaseScope: 'every' })).toBe(
      true,
    );
    await leases.finish(stage.session, leased);
    await leases.expire(stage.session, 'host:9:9');
    expect(await states()).toEqual([DONE, { ...LEASED, state: 'done', isFree: true }, EXPIRED, OF_TENANT]);
    await leases.expire(stage.session, 'host:2:1');
    expect((await states())[2]).toEqual({ ...EXPIRED, isFree: true, token: 9 });
    expect((await leases.leaseAgain(stage.session, expired))?.token).toBeUndefined();
    expect((await leases.leaseAgain(stage.session, { ...expired, token: '9' }))?.token).toBe('10');
    // The reply about the first attempt was lost.
    expect((await leases.leaseAgain(stage.session, { ...expired, token: '9' }))?.token).toBe('11');
    const beat = async (token: string) =>
      (await stage.session.transaction([leases.heartbeat({ ...expired, token })])).last.rows.length;
    expect([await beat('10'), await beat('11')]).toEqual([0, 1]);
  });

  it('a plan of ranges, unless the scope has an unfinished one', async () => {
    const { ranges } = stage.ledger;
    const planned = [
      { lower: null, upper: ['5'], file: null },
      { lower: ['5'], upper: ['8'], file: { table: '"public"."leads"', tableId: '77', fileNode: '88' } },
    ];
    await ranges.planSweep(stage.session, null, planned);
    await ranges.planSweep(stage.session, ['a'], planned);
    expect(await states()).toHaveLength(4);
    await ranges.planSweep(stage.session, ['b'], planned);
    await ranges.planSweep(stage.session, ['b'], planned);
    const facts = `tenants, purpose, lower_key, upper_key, cursor_key, window_lower_key, table_name, table_id::int, file_node::int`;
    const both = { tenants: ['b'], purpose: 'sweep' };
    const noFile = { table_name: null, table_id: null, file_node: null };
    const [low, low5, file] = [null, ['5'], { table_name: '"public"."leads"', table_id: 77, file_node: 88 }];
    expect((await stage.ranges(facts)).slice(4)).toEqual([
      { ...both, lower_key: low, upper_key: ['5'], cursor_key: low, window_lower_key: low, ...noFile },
      { ...both, lower_key: low5, upper_key: ['8'], cursor_key: low5, window_lower_key: low5, ...file },
    ]);
  });

  it('a split of a range above the window of its worker', async () => {
    const { id } = await stage.range(1);
    const split = async (middle: string, upper = '9', of = id) => {
      const isBefore = (left: string, right: string) => `(${left}->>0)::int < (${right}->>0)::int`;
      const part = stage.ledger.ranges.split({ id: of, upper: [upper], middle: [middle] }, isBefore);
      return (await stage.session.transaction([part])).last.rows.length;
    };
    expect(await split('5')).toBe(0);
    expect(await split('7', '8')).toBe(0);
    expect(await split('7', '9', (await stage.range(0)).id)).toBe(0);
    expect(await split('7')).toBe(1);
    expect(await split('7')).toBe(0);
    const [, shortened, ...others] = await stage.ranges('lower_key, upper_key, cursor_key, state');
    expect(shortened).toMatchObject({ lower_key: ['1'], upper_key: ['7'] });
    expect(others.at(-1)).toEqual({
      ...{ lower_key: ['7'], upper_key: ['9'], cursor_key: ['7'], state: 'sweeping' },
    });
  });

  it('a retry of rows in quarantine: of all, of some, of a tenant', async () => {
    const retry = (tenants: readonly string[] | null, keys: readonly string[][] | null) =>
      stage.ledger.ranges.planRetry(stage.session, tenants, keys);
    const skipped = async () =>
      (await stage.own('skipped_row', 'key, tenant')).map((row) => [String(row['key']), row['tenant']]);
    expect(await retry(['c'], null)).toBe(0);
    expect(await retry(null, [['1'], ['99']])).toBe(0);
    expect(await retry(['a'], [['3'], ['6']])).toBe(1);
    expect((await skipped()).sort()).toEqual([
      ['1', 'a'],
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'a'],
    ]);
    // The same rows are due already.
    expect(await retry(['a'], [['3']])).toBe(1);
    expect(await states()).toHaveLength(5);
    expect(await retry(null, [['3'], ['4']])).toBe(2);
    expect(await retry(null, null)).toBe(5);
    expect(await states()).toHaveLength(7);
    expect(await skipped()).toHaveLength(9);
  });

  it('the clean-up after a proof: of all rows, or of a tenant', async () => {
    const { ranges } = stage.ledger;
    await ranges.cleanUpAfterProof(stage.session, ['b', 'c']);
    expect(await states()).toEqual([DONE, LEASED, EXPIRED, OF_TENANT]);
    expect(await stage.own('skipped_row', 'key')).toEqual([{ key: ['1'] }, { key: ['1'] }]);
    await ranges.cleanUpAfterProof(stage.session, null);
    expect(await states()).toEqual([
      DONE,
      LEASED,
      { state: 'done', isFree: true, token: 9 },
      { state: 'done', isFree: true, token: 10 },
    ]);
    expect(await stage.own('skipped_row', 'key')).toEqual([]);
  });
});
